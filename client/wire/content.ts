// What a message says, before padding. `id` stays the same when a message is sent again under a new generation.
//
//   Content  [type, id 16, …, reports]
//     0 empty  a contribution only
//     1 text   text
//     2 bytes  mediaType, data
//
// `reports` tells all members of clones that the sender has noticed, with the evidence.

import { bytes, bytesUpTo, list, struct, text, uint, union, type ValueOf } from './codec.ts';
import { hashBytes, maxContentBytes, maxMembers, messageIdBytes, signatureBytes } from './limits.ts';

/** All that the signature of a message covers, so that anybody in the group can verify it. */
export const SignedHeader = struct('signed header', {
  vector: list(uint(), maxMembers, 2),
  digest: bytes(hashBytes),
  /** SHA-256 of nonce ‖ outer ‖ inner. */
  bodyHash: bytes(hashBytes),
  signature: bytes(signatureBytes),
});
export type SignedHeader = ValueOf<typeof SignedHeader>;

/** Two different messages that one member signed under one number. */
export const CloneReport = struct('clone report', {
  position: uint(maxMembers - 1),
  first: SignedHeader,
  second: SignedHeader,
});
export type CloneReport = ValueOf<typeof CloneReport>;

const id = bytes(messageIdBytes);
/** Clone reports that one message carries at most. */
export const maxReports = 4;
const reports = list(CloneReport, maxReports);

/** Text as it can be sent: well-formed, and without byte order marks at its start, which decoders drop. */
export function normalText(text: string): string {
  return text.toWellFormed().replace(/^\uFEFF+/, '');
}

export const Content = union('content', {
  empty: struct('empty content', { id, reports }),
  text: struct('text content', { id, text: text(maxContentBytes), reports }),
  bytes: struct('bytes content', { id, mediaType: text(128), data: bytesUpTo(maxContentBytes), reports }),
});
export type Content = ValueOf<typeof Content>;
