// The lineage of a group: the tree of its generations, as far as this client knows their records. Whether a record is
// valid depends on its parent alone; which generation counts is for rule.ts to say.

import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import type { Operation, Record, RosterEntry, SignedRecord } from '../wire/record.ts';
import { applyOperation, changedRoster, type Roster, rosterDigest, withJoined } from './roster.ts';

/** A generation by its record, and what the records up to it make of the group. */
export interface Generation {
  /** The agreement id. */
  readonly id: Bytes;
  /** Null for the first one that is known here: the founding, or where the history begins. */
  readonly parent: Generation | null;
  readonly signed: SignedRecord;
  readonly record: Record;
  readonly roster: Roster;
  readonly name: string;
  /** How many records change the roster between the first one that is known and this. */
  readonly changes: number;
}

/** By `bytesKey` of the id; parents stand before their children. */
export type Lineage = ReadonlyMap<string, Generation>;

/**
 * The first generation that is known.
 * @param roster  with the ids at which its members joined
 * @throws CliquetError `agreement-invalid` if this is not the record's roster
 */
export function firstGeneration(
  id: Bytes,
  signed: SignedRecord,
  record: Record,
  roster: Roster,
  name: string,
): Generation {
  if (!sameBytes(rosterDigest(roster, id), record.rosterDigest)) throw refused('roster');
  return { id, parent: null, signed, record, roster, name, changes: 0 };
}

/**
 * What a record makes of its parent, if it is valid; the signature is the caller's to check.
 * @param find  a generation by its id, for the removals that a carry names
 * @throws CliquetError `agreement-invalid`
 */
export function nextGeneration(
  parent: Generation,
  id: Bytes,
  signed: SignedRecord,
  record: Record,
  find: (id: Bytes) => Generation | undefined,
): Generation {
  if (!sameBytes(record.group, parent.record.group)) throw refused('group');
  if (record.parent === null || !sameBytes(record.parent, parent.id)) throw refused('parent');
  if (record.number !== parent.record.number + 1) throw refused('number');
  checkPermission(parent, record, find);
  const roster = applyOperation(parent.roster, record.operation);
  if (!sameBytes(rosterDigest(roster), record.rosterDigest)) throw refused('roster');
  return followingGeneration(parent, id, signed, record);
}

/** The same of a record that was checked before. */
export function followingGeneration(parent: Generation, id: Bytes, signed: SignedRecord, record: Record): Generation {
  const { operation } = record;
  const roster = withJoined(changedRoster(parent.roster, operation), id);
  const changes = parent.changes + (changesRoster(operation) ? 1 : 0);
  return { id, parent, signed, record, roster, name: operation.name ?? parent.name, changes };
}

/**
 * Anybody may leave the roster as it is, leave the group or step down, and carry out a removal that stands elsewhere;
 * an admin may do everything, but to those only who stand after it.
 */
function checkPermission(parent: Generation, record: Record, find: (id: Bytes) => Generation | undefined): void {
  const { operation, because } = record;
  const author = positionOf(parent.roster, record.author);
  const entry = parent.roster[author];
  if (entry === undefined) throw refused('author');
  const { removed, roles, added } = operation;
  const current = (position: number) => parent.roster[position]?.role;
  if (roles.some(({ position, role }) => current(position) === role)) throw refused('operation');
  if (because.length > 0) {
    const removals = because.map(find);
    const named = removals.every((other) => other !== undefined && isRemoval(other));
    const due = new Set(removals.flatMap((other) => (other ? removedBy(other) : [])).map(entryKey));
    const isDue = removed.every((position) => {
      const victim = parent.roster[position];
      return victim !== undefined && due.has(entryKey(victim));
    });
    const isPure = removed.length > 0 && roles.length === 0 && added.length === 0 && operation.name === null;
    if (!named || !isDue || !isPure) throw refused('carry');
    return;
  }
  if (!takesAdmin(parent, record)) return;
  if (entry.role !== 'admin' || struckBy(operation).some((position) => position < author)) throw refused('permission');
}

/** Whether only an admin may do what a record does: anybody may keep the roster, carry, leave and step down. */
export function takesAdmin(parent: Generation, { author, operation, because }: Record): boolean {
  if (because.length > 0 || !changesRoster(operation)) return false;
  const { removed, roles, added } = operation;
  const isAlone = added.length === 0 && removed.length + roles.length === 1;
  return !isAlone || struckBy(operation)[0] !== positionOf(parent.roster, author);
}

/** The positions of those who are removed or demoted. */
function struckBy({ removed, roles }: Operation): number[] {
  return [...removed, ...roles.filter(({ role }) => role === 'member').map(({ position }) => position)];
}

/** Whether an operation changes who is in the group, or as what. */
function changesRoster({ removed, roles, added }: Operation): boolean {
  return removed.length + roles.length + added.length > 0;
}

/** Whether a generation removes or demotes somebody by its own author's will. */
export function isRemoval(generation: Generation): boolean {
  if (generation.record.because.length > 0 || generation.parent === null) return false;
  return removedBy(generation).length > 0 || demotedBy(generation).length > 0;
}

/** The entries of the parent's roster that a generation takes out. */
export function removedBy({ parent, record }: Generation): RosterEntry[] {
  return record.operation.removed.flatMap((position) => parent?.roster[position] ?? []);
}

/** The entries of the parent's roster that are admins no more. */
export function demotedBy({ parent, record }: Generation): RosterEntry[] {
  const demoted = record.operation.roles.filter(({ role }) => role === 'member');
  return demoted.flatMap(({ position }) => parent?.roster[position] ?? []);
}

/** A member by where and when it came: who is removed and added again is another entry. */
export function entryKey({ hrid, joined }: RosterEntry): string {
  return `${bytesKey(hrid)}/${joined === null ? '' : bytesKey(joined)}`;
}

/** @returns −1 if the client is not in the roster */
export function positionOf(roster: Roster, hrid: Bytes): number {
  return roster.findIndex((entry) => sameBytes(entry.hrid, hrid));
}

/** From the first known generation to this one. */
export function pathTo(generation: Generation): Generation[] {
  const path: Generation[] = [];
  for (let at: Generation | null = generation; at !== null; at = at.parent) path.push(at);
  return path.reverse();
}

/** Whether `ancestor` is on the path to `generation`, or is it. */
export function isOnPath(ancestor: Generation, generation: Generation): boolean {
  let at: Generation | null = generation;
  while (at !== null && at.record.number > ancestor.record.number) at = at.parent;
  return at === ancestor;
}

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}
