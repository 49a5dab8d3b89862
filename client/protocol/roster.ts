// Rosters: who is in a generation, in fixed order, newcomers at the end.

import { isIdentityKey } from '../crypto/curves-noble.ts';
import { hashLabeled } from '../crypto/hash.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { bytes, list, nullable, oneOf, struct, type ValueOf } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { hashBytes, maxMembers } from '../wire/limits.ts';
import { type Operation, roles } from '../wire/record.ts';

export const RosterEntry = struct('roster entry', {
  hrid: bytes(hashBytes),
  pk: bytes(hashBytes),
  /** The agreement that added the member; null while that is the one being made. */
  joined: nullable(bytes(hashBytes)),
  role: oneOf(...roles),
});
export type RosterEntry = ValueOf<typeof RosterEntry>;

const RosterEntries = struct('roster', { entries: list(RosterEntry, maxMembers, 2) });
export type Roster = readonly RosterEntry[];

/**
 * What an operation makes of the parent's roster; newcomers have `joined: null` until the agreement has an id.
 * @throws CliquetError `agreement-invalid` if positions do not exist or stand twice, a member or key stands twice, or
 *   the size is not 2 to 256; `agreement-invalid` for keys that are none
 */
export function applyOperation(parent: Roster, operation: Operation): Roster {
  const removed = new Set(operation.removed);
  const changed = new Map(operation.roles.map(({ position, role }) => [position, role]));
  const touched = [...operation.removed, ...operation.roles.map(({ position }) => position)];
  if (new Set(touched).size !== touched.length || touched.some((position) => position >= parent.length)) {
    throw new CliquetError('agreement-invalid', 'operation');
  }
  const kept = parent
    .map((entry, position) => ({ ...entry, role: changed.get(position) ?? entry.role }))
    .filter((_, position) => !removed.has(position));
  const roster = [...kept, ...operation.added.map((added) => ({ ...added, joined: null }))];
  checkRoster(roster);
  if (!operation.added.every(({ pk }) => isIdentityKey(pk))) throw new CliquetError('agreement-invalid', 'key');
  return roster;
}

function checkRoster(roster: Roster): void {
  if (roster.length < 2 || roster.length > maxMembers) throw new CliquetError('agreement-invalid', 'group size');
  for (const column of ['hrid', 'pk'] as const) {
    if (hasTwice(roster.map((entry) => entry[column]))) throw new CliquetError('agreement-invalid', 'member twice');
  }
}

/** Whether something stands twice in a list of HRIDs or keys. */
export function hasTwice(items: readonly Bytes[]): boolean {
  return new Set(items.map(bytesKey)).size !== items.length;
}

/** The digest that a record commits to; newcomers count with `joined: null`. */
export function rosterDigest(roster: Roster): Bytes {
  return hashLabeled('roster', RosterEntries.encode({ entries: roster }));
}

/** The roster once the agreement's id is known. */
export function withJoined(roster: Roster, agreementId: Bytes): Roster {
  return roster.map((entry) => (entry.joined === null ? { ...entry, joined: agreementId } : entry));
}
