// Rosters: who is in a generation, in fixed order, newcomers at the end.

import { isIdentityKey } from '../crypto/curves-noble.ts';
import { hashLabeled } from '../crypto/hash.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { list, struct } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxMembers } from '../wire/limits.ts';
import { type Operation, RosterEntry } from '../wire/record.ts';

const RosterEntries = struct('roster', { entries: list(RosterEntry, maxMembers, 1) });
export type Roster = readonly RosterEntry[];

/**
 * What an operation makes of the parent's roster; newcomers have `joined: null` until the agreement has an id.
 * @throws CliquetError `agreement-invalid` if positions do not exist or stand twice, a member or key stands twice, or
 *   the size is not 1 to 256; `agreement-invalid` for keys that are none
 */
export function applyOperation(parent: Roster, operation: Operation): Roster {
  const touched = [...operation.removed, ...operation.roles.map(({ position }) => position)];
  if (new Set(touched).size !== touched.length || touched.some((position) => position >= parent.length)) {
    throw new CliquetError('agreement-invalid', 'operation');
  }
  const roster = changedRoster(parent, operation);
  checkRoster(roster, operation.added);
  return roster;
}

/** A roster that a member has told, and that nobody here has made. @throws CliquetError `agreement-invalid` as above, or if somebody has not joined */
export function checkTold(roster: Roster): void {
  checkRoster(roster, roster);
  if (roster.some(({ joined }) => joined === null)) throw new CliquetError('agreement-invalid', 'joined');
}

/** The same of an operation that was checked before. */
export function changedRoster(parent: Roster, operation: Operation): Roster {
  const removed = new Set(operation.removed);
  const changed = new Map(operation.roles.map(({ position, role }) => [position, role]));
  const kept = parent
    .map((entry, position) => ({ ...entry, role: changed.get(position) ?? entry.role }))
    .filter((_, position) => !removed.has(position));
  return [...kept, ...operation.added.map((added) => ({ ...added, joined: null }))];
}

/** @param unseen  those whose keys were not checked before */
function checkRoster(roster: Roster, unseen: readonly { readonly pk: Bytes }[]): void {
  if (roster.length < 1 || roster.length > maxMembers) throw new CliquetError('agreement-invalid', 'group size');
  for (const column of ['hrid', 'pk'] as const) {
    if (hasTwice(roster.map((entry) => entry[column]))) throw new CliquetError('agreement-invalid', 'member twice');
  }
  if (!unseen.every(({ pk }) => isIdentityKey(pk))) throw new CliquetError('agreement-invalid', 'key');
}

/** Whether something stands twice in a list of HRIDs or keys. */
export function hasTwice(items: readonly Bytes[]): boolean {
  return new Set(items.map(bytesKey)).size !== items.length;
}

/** The digest that a record commits to; those whom it adds count with `joined: null`. @param id the agreement's, if it has one */
export function rosterDigest(roster: Roster, id?: Bytes): Bytes {
  const isNew = ({ joined }: RosterEntry) => id !== undefined && joined !== null && sameBytes(joined, id);
  const entries = roster.map((entry) => (isNew(entry) ? { ...entry, joined: null } : entry));
  return hashLabeled('roster', RosterEntries.encode({ entries }));
}

/** The roster once the agreement's id is known. */
export function withJoined(roster: Roster, agreementId: Bytes): Roster {
  return roster.map((entry) => (entry.joined === null ? { ...entry, joined: agreementId } : entry));
}
