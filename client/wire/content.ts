// What a message says, before padding: who said what when, and by what name the body goes. `id` stays the same when a
// message is sent again under a new generation.
//
//   Content  [id 16, sentAt, kind, version, body, reply 16 | null, timerSeconds | null, asksReceipt, reports, earlier, again 32 | null]
//
// The body is opaque here: content-body.ts reads the kinds of this version. A kind with a dot in its name
// (org.example.poll) belongs to an application, and its body is what that application defines. So whoever does not know
// a kind or its version still opens the message and goes on.
//
// `reports` tells all members of clones that the sender has noticed, with the evidence. `earlier` says how far the sender
// has come in generations before this one, so that the others know what is confirmed there and what is still to come.

import { type Bytes, concatBytes } from './bytes.ts';
import { bytes, bytesUpTo, flag, list, nullable, struct, text, uint, type ValueOf } from './codec.ts';
import {
  hashBytes,
  maxContentBodyBytes,
  maxKindLength,
  maxMembers,
  maxTimerSeconds,
  messageIdBytes,
  signatureBytes,
} from './limits.ts';

/** All that the signature of a message covers, so that anybody in the group can verify it. */
export const SignedHeader = struct('signed header', {
  vector: list(uint(), maxMembers, 1),
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

/** Clone reports that one message carries at most. */
export const maxReports = 4;

/** How far the sender has come in an earlier generation. */
export const Earlier = struct('earlier generation', {
  generation: bytes(hashBytes),
  /** What it has opened there, and sent. */
  vector: list(uint(), maxMembers, 1),
  /** Over the transcripts at `vector`. */
  digest: bytes(hashBytes),
  /** How many of its own messages there say something. */
  contents: uint(),
});
export type Earlier = ValueOf<typeof Earlier>;

/** Earlier generations that one message tells of at most. */
export const maxEarlier = 4;

export const Content = struct('content', {
  id: bytes(messageIdBytes),
  /** By the sender's clock, in seconds since 1970. */
  sentAt: uint(),
  kind: text(maxKindLength),
  /** Of the body's format, by kind. */
  version: uint(),
  body: bytesUpTo(maxContentBodyBytes),
  /** The message that this one answers. */
  reply: nullable(bytes(messageIdBytes)),
  /** The message disappears so long after it was received; for its sender, after it was sealed. */
  timerSeconds: nullable(uint(maxTimerSeconds)),
  /** The sender would like to know when it was read. */
  asksReceipt: flag,
  reports: list(CloneReport, maxReports),
  earlier: list(Earlier, maxEarlier),
  /** The generation in which it was sent first, if it is sent again for those who have missed it. */
  again: nullable(bytes(hashBytes)),
});
export type Content = ValueOf<typeof Content>;

/**
 * A content as it stands in a message. Those that were sealed before groups had more than one generation end with their
 * reports.
 * @throws CliquetError `malformed`
 */
export function decodeContent(bytes: Bytes): Content {
  const isOld = bytes[0] === 0x89;
  if (!isOld) return Content.decode(bytes);
  return Content.decode(concatBytes(new Uint8Array([0x8b]), bytes.subarray(1), new Uint8Array([0x80, 0xf6])));
}

/** Whether a message says something: empty ones, requests and receipts count for nobody's duty to contribute. */
export function isContent({ kind }: Content): boolean {
  return kind !== 'empty' && kind !== 'missing' && kind !== 'read';
}
