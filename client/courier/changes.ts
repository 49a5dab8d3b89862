// What a person changes in a group: a generation that carries it is opened, and opened again by itself on the one that
// counts when another has got ahead of it.

import { canCarry, dueRemovals } from '../protocol/history.ts';
import { entryKey, type Generation, isOnPath, type Lineage, positionOf } from '../protocol/lineage.ts';
import { Rule } from '../protocol/rule.ts';
import { loadLineage } from '../state/lineages.ts';
import { type Change, type ChangeRecord, type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxMembers, settledSeconds } from '../wire/limits.ts';
import type { Operation } from '../wire/record.ts';
import { nothing, openNext, type Plan } from './opener.ts';
import type { Registered } from './registered.ts';

/**
 * Changes a group. What is so already is left as it is.
 * @throws CliquetError `not-permitted`, `group-size`, and as openNext()
 */
export async function changeGroup(client: Registered, group: Bytes, changes: readonly Change[]): Promise<void> {
  const plan = (tx: Transaction, _: GroupRecord, tip: Generation) => {
    const planned = planChanges(client.self.hrid, tip, changes);
    if (planned === null) forgetDisplaced(tx, group, changes);
    return planned;
  };
  await carryOut(client, group);
  await openNext(client, group, plan, {
    after: (tx, { generation }) => {
      forgetDisplaced(tx, group, changes);
      keepChange(tx, { group, generation: generation.id, changes, since: client.now() });
    },
  });
}

/** Opens a generation that carries out the removals that stand and are not carried out yet. */
export async function carryOut(client: Registered, group: Bytes): Promise<void> {
  await openNext(client, group, (_, { pending }, tip, lineage) => (pending ? planCarry(tip, lineage) : null));
}

/** One removal for each member to be taken out, as many as can be told. */
function planCarry(tip: Generation, lineage: Lineage): Plan | null {
  const because: Generation[] = [];
  const due = new Set<string>();
  for (const { removal, entries } of dueRemovals(lineage, tip)) {
    if (entries.every((entry) => due.has(entryKey(entry)))) continue;
    if (!canCarry(lineage, tip, [...because, removal])) continue;
    because.push(removal);
    for (const entry of entries) due.add(entryKey(entry));
  }
  if (due.size === 0) return null;
  const removed = [...tip.roster.keys()].filter((position) => {
    const entry = tip.roster[position];
    return entry !== undefined && due.has(entryKey(entry));
  });
  return { operation: { ...nothing, removed }, because, returned: [] };
}

function planChanges(own: Bytes, tip: Generation, changes: readonly Change[]): Plan | null {
  const removed: number[] = [];
  const roles: Operation['roles'][number][] = [];
  const added: Operation['added'][number][] = [];
  let name: string | null = null;
  for (const change of changes) {
    const position = 'hrid' in change ? positionOf(tip.roster, change.hrid) : -1;
    const entry = tip.roster[position];
    switch (change.type) {
      case 'add':
        if (entry === undefined) added.push({ hrid: change.hrid, pk: change.pk, role: 'member' });
        break;
      case 'remove':
        if (entry !== undefined && sameJoin(entry.joined, change.joined)) removed.push(position);
        break;
      case 'role':
        if (entry !== undefined && entry.role !== change.role) roles.push({ position, role: change.role });
        break;
      case 'rename':
        if (tip.name !== change.name) name = change.name;
    }
  }
  const operation: Operation = { removed, roles, added, name };
  if (removed.length + roles.length + added.length === 0 && name === null) return null;
  assertPermitted(own, tip, operation);
  return { operation, because: [], returned: [] };
}

const sameJoin = (a: Bytes | null, b: Bytes | null) => a !== null && b !== null && sameBytes(a, b);

/** The rules of checkPermission() in lineage.ts, told as an error for people. */
function assertPermitted(own: Bytes, tip: Generation, { removed, roles, added }: Operation): void {
  if (tip.roster.length - removed.length + added.length > maxMembers) throw new CliquetError('group-size');
  const self = positionOf(tip.roster, own);
  const struck = [...removed, ...roles.filter(({ role }) => role === 'member').map(({ position }) => position)];
  const isOwn = added.length === 0 && removed.length + roles.length === 1 && struck[0] === self;
  const touchesRoster = removed.length + roles.length + added.length > 0;
  const isAdmin = tip.roster[self]?.role === 'admin';
  if (touchesRoster && !isOwn && (!isAdmin || struck.some((position) => position < self))) {
    throw new CliquetError('not-permitted');
  }
}

function keepChange(tx: Transaction, record: ChangeRecord): void {
  const prefix = `${bytesKey(record.group)}/`;
  const last = tx.all(tables.changes, prefix).at(-1)?.key.slice(prefix.length);
  tx.put(tables.changes, prefix + numberKey(Number(last ?? -1) + 1), record);
}

/** Changes of this client that still stand, and that another generation has got ahead of. */
export function displacedChanges(
  reader: Reader,
  { id, generation }: GroupRecord,
): { readonly key: string; readonly value: ChangeRecord }[] {
  const kept = reader.all(tables.changes, `${bytesKey(id)}/`);
  if (kept.length === 0) return [];
  const lineage = loadLineage(reader, id);
  const tip = lineage.get(bytesKey(generation));
  return kept.filter(({ value }) => {
    const opened = lineage.get(bytesKey(value.generation));
    return tip !== undefined && opened !== undefined && !isOnPath(opened, tip);
  });
}

/** What a person has changed since is not made again: it would undo that, and what others have made of it. */
function forgetDisplaced(tx: Transaction, id: Bytes, changes: readonly Change[]): void {
  const group = tx.get(tables.groups, bytesKey(id));
  if (group === undefined) return;
  const subjects = new Set(changes.map(subjectOf));
  for (const { key, value } of displacedChanges(tx, group)) {
    const left = value.changes.filter((change) => !subjects.has(subjectOf(change)));
    if (left.length === 0) tx.delete(tables.changes, key);
    else if (left.length < value.changes.length) tx.put(tables.changes, key, { ...value, changes: left });
  }
}

/** Two changes of one subject cannot both be so: the name, a member's role, whether somebody is in. */
function subjectOf(change: Change): string {
  if (change.type === 'rename') return 'name';
  return `${change.type === 'role' ? 'role' : 'member'} ${bytesKey(change.hrid)}`;
}

/** Opens a displaced change again; one that does not stand any more, or changes nothing any more, is dropped. */
export async function changeAgain(client: Registered, key: string, { group, generation }: ChangeRecord): Promise<void> {
  const { state, self, now } = client;
  const isVoid = await state.transact((tx) => {
    const lineage = loadLineage(tx, group);
    const opened = lineage.get(bytesKey(generation));
    return opened === undefined || !new Rule(lineage).stands(opened);
  });
  let isDone = false;
  try {
    if (!isVoid) {
      // Read each time: the person may have changed the same meanwhile.
      const changesIn = (tx: Transaction) => tx.get(tables.changes, key)?.changes ?? [];
      const opened = await openNext(client, group, (tx, _, tip) => planChanges(self.hrid, tip, changesIn(tx)), {
        // With it: a client that ends here would open it once more, over what others have changed since.
        after: (tx, { generation: { id } }) =>
          tx.put(tables.changes, key, { group, generation: id, changes: changesIn(tx), since: now() }),
      });
      isDone = opened !== null;
    }
  } catch (error) {
    // What this client may not do any more, or nobody can: it is told by what counts instead.
    if (!(error instanceof CliquetError) || error.retry || error.code === 'store-unwritable') throw error;
  }
  if (!isDone) await state.transact((tx) => tx.delete(tables.changes, key));
}

/** What no competing generation can undo any more. @param now seconds since 1970 */
export function dropOldChanges(tx: Transaction, now: number): void {
  for (const { key, value } of tx.all(tables.changes)) {
    if (value.since + settledSeconds < now) tx.delete(tables.changes, key);
  }
}
