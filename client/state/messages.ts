// What a message does to its group's history when it is opened or sent: it is added, or it changes another one of the
// same author, or says what was read, or sets the timer. And what the application is told of it.

import { positionOf } from '../protocol/lineage.ts';
import type { Step } from '../protocol/step.ts';
import { type Bytes, bytesKey, compareBytes, sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { type Body, readBody, writeBody } from '../wire/content-body.ts';
import { CliquetError } from '../wire/errors.ts';
import {
  addMessage,
  dropEdits,
  eraseMessage,
  type Found,
  findMessage,
  findMessages,
  findOwnMessage,
  putMessage,
  startOwnTimer,
} from './history.ts';
import { loadLineage } from './lineages.ts';
import { maxChangedBy, type StoredEvent, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

/** A message that was opened. */
export interface OpenedContent {
  readonly group: Bytes;
  readonly sender: Bytes;
  readonly content: Content;
  readonly step: Step;
  /** The number of the generation in which it was sealed. */
  readonly generation: number;
}

/**
 * Takes a message of somebody else into the history.
 * @param now  seconds since 1970
 * @returns what the application is to be told, if anything
 * @throws CliquetError `malformed` for a known kind of content whose body is not what it should be; `not-own-message`
 *   if it would change a message of another author; `duplicate` if it has come before
 */
export async function receiveContent(tx: Transaction, opened: OpenedContent, now: number): Promise<StoredEvent | null> {
  const { group, sender, content, step, generation } = opened;
  const body = readBody(content);
  switch (body?.type) {
    case 'empty':
    case 'missing':
      return { type: 'contribution', group, sender, step };
    case 'edit': {
      const target = await findTarget(tx, group, body.target, sender);
      if (target === null || target.record.deleted) return null;
      if (target.record.changedBy.some((id) => sameBytes(id, content.id))) throw new CliquetError('duplicate');
      editMessage(tx, group, target, content.id, body.text, now);
      return { type: 'edited', group, message: target.number, text: body.text };
    }
    case 'deletion': {
      const target = await findTarget(tx, group, body.target, sender);
      if (target === null) return null;
      if (target.record.deleted) throw new CliquetError('duplicate');
      deleteMessage(tx, group, target);
      return { type: 'deleted', group, message: target.number };
    }
    case 'read': {
      const ids = await noteReader(tx, group, sender, body.ids);
      return ids.length === 0 ? null : { type: 'read', group, reader: sender, ids };
    }
    case 'timer': {
      const order = { generation, vector: step.vector, id: content.id, sender };
      const isNewest = setTimer(tx, group, body.seconds, order);
      return isNewest ? { type: 'timer', group, by: sender, seconds: body.seconds } : null;
    }
    case 'withheld': {
      const { target } = body;
      const found = await findMessage(tx, group, target ?? content.id, sender);
      if (found && (target === null || found.record.changedBy.some((id) => sameBytes(id, content.id))))
        throw new CliquetError('duplicate');
      return wasIn(tx, group, content.again) ? { type: 'missed', group, sender, count: 1 } : null;
    }
    default: {
      // What this version cannot read is kept all the same: a newer one may.
      const message = await addMessage(tx, group, sender, content, false, now);
      if (message === null) throw new CliquetError('duplicate');
      return { type: 'message', group, message, step };
    }
  }
}

/** Whether this client was in a generation of a group, as far as it knows. */
function wasIn(reader: Reader, group: Bytes, generation: Bytes | null): boolean {
  const own = reader.get(tables.identity, '')?.hrid;
  if (generation === null || own == null) return false;
  return positionOf(loadLineage(reader, group).get(bytesKey(generation))?.roster ?? [], own) >= 0;
}

/** What becomes true when this client's message is sealed. @param now seconds since 1970 */
export async function noteSealed(
  tx: Transaction,
  group: Bytes,
  content: Content,
  { generation, step, sender }: { readonly generation: number; readonly step: Step; readonly sender: Bytes },
  now: number,
): Promise<void> {
  await startOwnTimer(tx, group, content.id, now);
  const body = readBody(content);
  if (body?.type !== 'timer') return;
  setTimer(tx, group, body.seconds, { generation, vector: step.vector, id: content.id, sender });
}

/**
 * The message that an edit or a deletion is about, or null if it is not here any more.
 * @throws CliquetError `not-own-message`
 */
async function findTarget(tx: Transaction, group: Bytes, id: Bytes, author: Bytes): Promise<Found | null> {
  const found = await findMessage(tx, group, id, author);
  if (found !== undefined) return found;
  if ((await findMessages(tx, group, id)).length > 0) throw new CliquetError('not-own-message');
  return null;
}

/** @throws CliquetError `malformed` if there is no text to change */
export function editMessage(
  tx: Transaction,
  group: Bytes,
  found: Found,
  changedBy: Bytes,
  text: string,
  now: number,
): void {
  const { record } = found;
  if (record.said && record.said.kind !== 'text') throw new CliquetError('malformed', 'an edit of what is no text');
  const said = record.said && writeBody({ type: 'text', text });
  const changes = [...record.changedBy, changedBy].slice(-maxChangedBy);
  putMessage(tx, group, { ...found, record: { ...record, said, editedAt: now, changedBy: changes } });
}

export function deleteMessage(tx: Transaction, group: Bytes, found: Found): void {
  eraseMessage(tx, group, { ...found, record: { ...found.record, deleted: true } });
  dropEdits(tx, (other, number) => number === found.number && sameBytes(other, group));
}

/** @returns those of the ids that are news: own messages that asked for it */
async function noteReader(tx: Transaction, group: Bytes, reader: Bytes, ids: readonly Bytes[]): Promise<Bytes[]> {
  const news: Bytes[] = [];
  for (const id of ids) {
    const found = await findOwnMessage(tx, group, id);
    if (!found?.record.asksReceipt) continue;
    const { readBy } = found.record;
    if (readBy.some((other) => sameBytes(other, reader))) continue;
    putMessage(tx, group, { ...found, record: { ...found.record, readBy: [...readBy, reader] } });
    news.push(id);
  }
  return news;
}

/**
 * Sets the group's timer, unless a newer message has said otherwise. Of two messages the newer one is that of the later
 * generation, then that whose sender had opened more, then that of the greater id, then that of the greater sender: all
 * members arrive at the same timer, in whatever order they come.
 * @returns whether it is the newest
 */
export function setTimer(
  tx: Transaction,
  group: Bytes,
  seconds: Extract<Body, { type: 'timer' }>['seconds'],
  { vector, ...by }: Omit<TimerOrder, 'count'> & { readonly vector: readonly number[] },
): boolean {
  const conversation = tx.get(tables.conversations, bytesKey(group));
  if (conversation === undefined) return false;
  const order = { ...by, count: vector.reduce((sum, each) => sum + each, 0) };
  const before = conversation.timerSetBy;
  if (before !== null && compareOrders(before, order) > 0) return false;
  tx.put(tables.conversations, bytesKey(group), { ...conversation, timerSeconds: seconds, timerSetBy: order });
  return true;
}

type TimerOrder = NonNullable<ReturnType<(typeof tables.conversations)['struct']['decode']>['timerSetBy']>;

const compareOrders = (a: TimerOrder, b: TimerOrder) =>
  a.generation - b.generation || a.count - b.count || compareBytes(a.id, b.id) || compareBytes(a.sender, b.sender);
