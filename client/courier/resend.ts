// Content that a member who comes back has not confirmed is said again: sealed in the present generation, under its old id.

import { coveredBy, type Ratchet } from '../protocol/ratchet.ts';
import { sentPrefix } from '../state/history.ts';
import { loadLineage } from '../state/lineages.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { archives, type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { putUnsent } from '../state/unsent.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { readBody } from '../wire/content-body.ts';
import type { HeldGeneration } from '../wire/record.ts';

/** Contents that are sent again for one member at most: the newest. */
const maxAgain = 256;

/**
 * Says again what a member who has come back has not confirmed, as far as it had something of before to go on from.
 * Whoever comes back with nothing reads nothing of before.
 */
export async function sendAgainTo(
  tx: Transaction,
  group: GroupRecord,
  member: Bytes,
  held: HeldGeneration | null,
): Promise<void> {
  if (held === null) return;
  const heldNumber = loadLineage(tx, group.id).get(bytesKey(held.generation))?.record.number ?? 0;
  await sendAgain(tx, group, (ratchet, number) => {
    const of = ratchet.members.find(({ hrid }) => sameBytes(hrid, member));
    if (of === undefined) return false;
    // What it has confirmed it may have lost since, as with an older copy of its store.
    if (ratchet.number > heldNumber) return true;
    const isHeld = sameBytes(ratchet.generation, held.generation);
    const has = isHeld && held.vector !== null ? held.vector[ratchet.self] : coveredBy(of, ratchet.self);
    return (has ?? 0) <= number;
  });
}

/** Says everything again that somebody has not confirmed: this client itself has come back. */
export async function sendAgainToAll(tx: Transaction, group: GroupRecord): Promise<void> {
  await sendAgain(tx, group, () => true);
}

async function sendAgain(
  tx: Transaction,
  group: GroupRecord,
  isMissed: (ratchet: Ratchet, number: number) => boolean,
): Promise<void> {
  const sent = await tx.list(archives.sent, sentPrefix(group.id));
  const ofGroup = tx.all(tables.unsent).filter(({ value }) => sameBytes(value.group, group.id));
  const waiting = ofGroup.map(({ value }) => bytesKey(value.content.id));
  const missed = sent.filter(({ value: { generation, number, content } }) => {
    if (sameBytes(generation, group.generation) || waiting.includes(bytesKey(content.id))) return false;
    const ratchet = loadRatchet(tx, generation);
    return ratchet === undefined || isMissed(ratchet, number);
  });
  missed.sort((a, b) => a.value.content.sentAt - b.value.content.sentAt || a.value.number - b.value.number);
  for (const { value } of missed.slice(-maxAgain)) {
    if (!stillCounts(tx, group, value.content)) continue;
    putUnsent(tx, group, { ...value.content, again: value.content.again ?? value.generation });
  }
}

/** A timer that another one has replaced is not set again. */
function stillCounts(reader: Reader, { id }: GroupRecord, content: Content): boolean {
  if (readBody(content)?.type !== 'timer') return true;
  const setBy = reader.get(tables.conversations, bytesKey(id))?.timerSetBy;
  return setBy != null && sameBytes(setBy.id, content.id);
}
