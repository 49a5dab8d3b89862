// What an agreement is about: the record, whose hash is the agreement id, and the details that it commits to.
//
//   Record   [group 32, parent 32|null, number, author HRID 32, rosterDigest 32, operation, [because 32…], H(g) 32, H(details) 32]
//   Details  [Base|null, [SignedRecord…], [[leaf 32, origin]…], [returned…]]
//
// The new roster is never sent: it is what the operation makes of the parent's roster, in fixed order with newcomers at
// the end, and `rosterDigest` says whether both sides came to the same. The history holds the records from some earlier
// generation on, and the base its roster and name, so that newcomers come to the same too.

import { bytes, bytesUpTo, list, nullable, oneOf, struct, text, uint, union, type ValueOf } from './codec.ts';
import { hashBytes, maxBecause, maxHistory, maxMembers, maxNameLength, signatureBytes } from './limits.ts';

const position = uint(maxMembers - 1);

export const roles = ['admin', 'member'] as const;
/**
 * What a member may do.
 * @category Groups
 */
export type Role =
  /** Also change who is in the group, and who is an admin: but for members who came before it. */
  | 'admin'
  /** Talk, rename the group, and leave it. */
  | 'member';

export const RosterEntry = struct('roster entry', {
  hrid: bytes(hashBytes),
  pk: bytes(hashBytes),
  /** The agreement that added the member; null while that is the one being made. */
  joined: nullable(bytes(hashBytes)),
  role: oneOf(...roles),
});
export type RosterEntry = ValueOf<typeof RosterEntry>;

export const Operation = struct('operation', {
  /** Positions in the parent's roster. */
  removed: list(position, maxMembers),
  roles: list(struct('role change', { position, role: oneOf(...roles) }), maxMembers),
  added: list(struct('newcomer', { hrid: bytes(hashBytes), pk: bytes(hashBytes), role: oneOf(...roles) }), maxMembers),
  /** The group's name from here on; null leaves it as it is. */
  name: nullable(text(maxNameLength)),
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
  because: list(bytes(hashBytes), maxBecause),
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
  /** What so many messages of the member name in an earlier generation; 0: its first leaf there. */
  contribution: struct('contribution leaf', { generation: bytes(hashBytes), from: uint() }),
});
export type LeafOrigin = ValueOf<typeof LeafOrigin>;

/** A group as it stood after some record. */
export const Base = struct('base', {
  roster: list(RosterEntry, maxMembers, 1),
  name: text(maxNameLength),
});
export type Base = ValueOf<typeof Base>;

/** A generation of which a client still has the export secret, and what it has opened there, if it knows. */
export const HeldGeneration = struct('held generation', {
  generation: bytes(hashBytes),
  vector: nullable(list(uint(), maxMembers, 1)),
});
export type HeldGeneration = ValueOf<typeof HeldGeneration>;

export const Details = struct('agreement details', {
  /** The group as the first record of the history left it; null for a founding. */
  base: nullable(Base),
  /** Parents before their children; the last record of the path is the parent of this agreement. */
  history: list(SignedRecord, maxHistory),
  /** In roster order. */
  leaves: list(struct('first leaf', { leaf: bytes(hashBytes), origin: LeafOrigin }), maxMembers, 1),
  /** Members who had lost their state and come back with this generation. */
  returned: list(
    struct('returned member', {
      position,
      /** The newest generation that they still had; null: nothing of before. */
      held: nullable(HeldGeneration),
    }),
    maxMembers,
  ),
});
export type Details = ValueOf<typeof Details>;

export const AgreementBody = struct('agreement body', {
  signed: SignedRecord,
  details: bytesUpTo(128 * 1024),
});
export type AgreementBody = ValueOf<typeof AgreementBody>;

/** What those learn whom a generation removes: its record, with those before it that they may not have. */
export const Notice = struct('notice', { history: list(SignedRecord, maxHistory, 1) });
export type Notice = ValueOf<typeof Notice>;
