// What an agreement is about: the record, whose hash is the agreement id, and the details that it commits to.
//
//   Record   [group 32, parent 32|null, number, author HRID 32, rosterDigest 32, operation, [because 32…], H(g) 32, H(details) 32]
//   Details  [name, purpose, [[leaf 32, origin]…], parentVector|null, parentTranscript|null, [SignedRecord…]]
//
// A roster is never sent whole: it is what the operation makes of the parent's roster, in fixed order with newcomers
// at the end, and `rosterDigest` says whether both sides came to the same.

import { bytes, bytesUpTo, list, nullable, oneOf, struct, text, uint, union, type ValueOf } from './codec.ts';
import { hashBytes, maxMembers, maxNameLength, signatureBytes } from './limits.ts';

const position = uint(maxMembers - 1);

export const roles = ['admin', 'member'] as const;
export type Role = (typeof roles)[number];

export const Operation = struct('operation', {
  /** Positions in the parent's roster. */
  removed: list(position, maxMembers),
  roles: list(struct('role change', { position, role: oneOf(...roles) }), maxMembers),
  added: list(struct('newcomer', { hrid: bytes(hashBytes), pk: bytes(hashBytes), role: oneOf(...roles) }), maxMembers),
});
export type Operation = ValueOf<typeof Operation>;

export const Record = struct('record', {
  group: bytes(hashBytes),
  /** The agreement that this one follows; null for the one that founds the group. */
  parent: nullable(bytes(hashBytes)),
  /** The parent's number plus one; 0 for the founding. */
  number: uint(),
  author: bytes(hashBytes),
  rosterDigest: bytes(hashBytes),
  operation: Operation,
  /** Removals that this record carries out; empty unless it is a carry. */
  because: list(bytes(hashBytes), maxMembers),
  secretCommitment: bytes(hashBytes),
  detailsHash: bytes(hashBytes),
});
export type Record = ValueOf<typeof Record>;

/** The signature is the author's, over "cliquet/1 agreement" ‖ record. */
export const SignedRecord = struct('signed record', {
  record: bytesUpTo(32 * 1024),
  signature: bytes(signatureBytes),
});
export type SignedRecord = ValueOf<typeof SignedRecord>;

/** Where a member's first leaf of a generation comes from; whoever knows the origin checks it. */
export const LeafOrigin = union('leaf origin', {
  /** Fresh, by the author for itself. */
  author: struct('author leaf', {}),
  /** The leaf of this key package (its id). */
  package: struct('package leaf', { id: bytes(hashBytes) }),
  /** The contribution that this message of the member carried, in an earlier generation. */
  message: struct('message leaf', { generation: bytes(hashBytes), number: uint() }),
});
export type LeafOrigin = ValueOf<typeof LeafOrigin>;

export const purposes = ['found', 'change', 'carry', 'refresh', 'rejoin'] as const;

export const Details = struct('agreement details', {
  /** The group's name from here on. */
  name: text(maxNameLength),
  purpose: oneOf(...purposes),
  /** In roster order. */
  leaves: list(struct('first leaf', { leaf: bytes(hashBytes), origin: LeafOrigin }), maxMembers, 2),
  parentVector: nullable(list(uint(), maxMembers)),
  parentTranscript: nullable(bytes(hashBytes)),
  history: list(SignedRecord, 1024),
});
export type Details = ValueOf<typeof Details>;

export const AgreementBody = struct('agreement body', {
  signed: SignedRecord,
  details: bytesUpTo(128 * 1024),
});
export type AgreementBody = ValueOf<typeof AgreementBody>;
