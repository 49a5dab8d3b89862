// Which generation of a group counts, by what is known of its lineage; what becomes of the group when that is another one
// than before, and what the application is told of it.

import { dueRemovals } from '../protocol/history.ts';
import { keptOf, maxRecords } from '../protocol/kept.ts';
import {
  demotedBy,
  entryKey,
  type Generation,
  isOnPath,
  isRemoval,
  type Lineage,
  pathTo,
  positionOf,
  removedBy,
} from '../protocol/lineage.ts';
import { Rule } from '../protocol/rule.ts';
import { emit } from '../state/events.ts';
import { markPresent } from '../state/generations.ts';
import { noteUnheld } from '../state/healing.ts';
import { forgetGroup, loadLineage, saveLineage } from '../state/lineages.ts';
import { type GroupRecord, type StoredEvent, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { tell } from './invitations.ts';
import { abandonOutgoing, abandonUnsent } from './outbox.ts';

/** A removal that does not count is known to be void by then. */
const removalSeconds = 7 * 24 * 3600;

/**
 * Keeps what is known of a group now, and moves to the generation that counts by it.
 * @param before   the lineage as it was
 * @param lineage  as it is
 * @param now      seconds since 1970
 */
export async function settleGroup(
  tx: Transaction,
  own: Bytes,
  group: GroupRecord,
  before: Lineage,
  lineage: Lineage,
  now: number,
): Promise<GroupRecord> {
  const tip = saveLineage(tx, group.id, lineage);
  const { roster, name } = tip;
  const since = sameBytes(group.generation, tip.id) ? group.since : now;
  // By what is kept: nobody carries out what is let go.
  const kept = loadLineage(tx, group.id);
  const pendings = dueRemovals(kept, kept.get(bytesKey(tip.id)) ?? tip);
  const pending = pendings.length > 0;
  // A removal acts from the moment it is known, also before somebody carries it out.
  const due = pendings.find(({ entries }) => entries.some(({ hrid }) => sameBytes(hrid, own)));
  if (positionOf(roster, own) < 0 || due !== undefined) {
    const by = due?.removal.record.author ?? removerOf(lineage, tip, own);
    return group.status === 'removed' ? group : endMembership(tx, own, group, by, now);
  }
  const status = group.status === 'removed' ? 'active' : group.status;
  const settled: GroupRecord = { ...group, status, generation: tip.id, roster, name, since, pending };
  tx.put(tables.groups, bytesKey(group.id), settled);
  markPresent(tx, group.id, tip.id, now);
  noteUnheld(tx, group.id, own, before, kept);
  const old = before.size > 0 ? lineage.get(bytesKey(group.generation)) : undefined;
  if (old !== undefined) await tellChanges(tx, settled, old, tip);
  // The removal does not count any more: nobody has let this client in.
  if (group.status === 'removed') {
    emit(tx, { type: 'returned', group: group.id, member: own, by: null, whole: true });
  }
  return settled;
}

/**
 * Where all that is known is too much to be kept, what would not be kept is not taken in.
 * @throws CliquetError `agreement-invalid`
 */
export function assertRoom(lineage: Lineage, generation: Generation): void {
  if (lineage.size <= maxRecords || keptOf(lineage).generations.includes(generation)) return;
  throw new CliquetError('agreement-invalid', 'too many branches');
}

/**
 * This client is not in the group any more: nothing more is sent there. What was removed by somebody else keeps its keys
 * for a time: that removal may turn out not to count.
 */
async function endMembership(
  tx: Transaction,
  own: Bytes,
  group: GroupRecord,
  by: Bytes,
  now: number,
): Promise<GroupRecord> {
  const isOwn = sameBytes(by, own);
  const ended: GroupRecord = { ...group, status: isOwn ? 'left' : 'removed', since: now, pending: false };
  // What was held back of an invitation goes with it.
  if (group.status === 'invited') {
    for (const { key } of tx.all(tables.held, `${bytesKey(group.id)}/`)) tx.delete(tables.held, key);
  }
  tx.put(tables.groups, bytesKey(group.id), ended);
  if (!isOwn || group.status === 'lost') await abandonOutgoing(tx, group.id, 'not-member');
  else await abandonUnsent(tx, group.id, 'not-member'); // what is sealed was said before
  if (isOwn || group.status === 'invited') forgetGroup(tx, group.id);
  emit(tx, { type: 'removed', group: group.id, by });
  return ended;
}

/**
 * Why a member of some generation is not listened to: somebody else's standing removal that names it, or for which the
 * generation is void that it was added in.
 */
export function strikeOf(reader: Reader, group: GroupRecord, generation: Bytes, hrid: Bytes): Generation | null {
  const isMember = (entry: { readonly hrid: Bytes }) => sameBytes(entry.hrid, hrid);
  const isInTip = group.roster.some(isMember);
  if (!group.pending && isInTip) return null;
  const lineage = loadLineage(reader, group.id);
  const of = lineage.get(bytesKey(generation));
  const entry = of?.roster.find(isMember);
  const rule = new Rule(lineage);
  const strikes = (each: Generation) =>
    isRemoval(each) &&
    !sameBytes(each.record.author, hrid) &&
    removedBy(each).some((removed) => entry !== undefined && entryKey(removed) === entryKey(entry)) &&
    rule.stands(each);
  const removal = [...lineage.values()].find(strikes);
  return removal ?? (isInTip || of === undefined ? null : rule.voiding(of));
}

/** Who has taken this client out, also if somebody else has carried it out. */
function removerOf(lineage: Lineage, tip: Generation, own: Bytes): Bytes {
  const removesOwn = (each: Generation) => removedBy(each).some(({ hrid }) => sameBytes(hrid, own));
  const removal = pathTo(tip).findLast(removesOwn) ?? tip;
  const decided = removal.record.because.flatMap((id) => lineage.get(bytesKey(id)) ?? []).find(removesOwn);
  return (decided ?? removal).record.author;
}

/** The last one in a group leaves it, or one whose keys are lost: nobody can be told. */
export async function leaveAlone(tx: Transaction, own: Bytes, group: GroupRecord, now: number): Promise<void> {
  await endMembership(tx, own, group, own, now);
}

/** Lets go what was kept of groups that this client was removed from. @param now seconds since 1970 */
export function dropRemoved(tx: Transaction, now: number): void {
  for (const { value } of tx.all(tables.groups)) {
    if (value.status === 'removed' && value.since + removalSeconds <= now) forgetGroup(tx, value.id);
  }
}

/** What does not count any more is undone, from the newest on; what counts instead is told in its order. */
async function tellChanges(tx: Transaction, group: GroupRecord, old: Generation, tip: Generation): Promise<void> {
  const undone = pathTo(old).filter((each) => !isOnPath(each, tip));
  const done = pathTo(tip).filter((each) => !isOnPath(each, old));
  for (const generation of undone.reverse()) {
    const event = changeOf(generation, true);
    if (changesAnything(event)) await tell(tx, group, event);
  }
  for (const generation of done) await tell(tx, group, changeOf(generation, false));
}

type ChangedEvent = Extract<StoredEvent, { type: 'changed' }>;

const changesAnything = ({ added, removed, promoted, demoted, name }: ChangedEvent) =>
  added.length + removed.length + promoted.length + demoted.length > 0 || name !== null;

function changeOf(generation: Generation, undone: boolean): ChangedEvent {
  const { record, parent } = generation;
  const { added, roles, name } = record.operation;
  const hrids = (entries: readonly { readonly hrid: Bytes }[]) => entries.map(({ hrid }) => hrid);
  const promoted = roles
    .filter(({ role }) => role === 'admin')
    .flatMap(({ position }) => parent?.roster[position] ?? []);
  return {
    type: 'changed',
    group: record.group,
    by: record.author,
    added: hrids(added),
    removed: hrids(removedBy(generation)),
    promoted: hrids(promoted),
    demoted: hrids(demotedBy(generation)),
    name,
    carried: record.because.length > 0,
    undone,
  };
}
