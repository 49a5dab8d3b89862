// What the person sends, stored before anything else happens: content waits here until the queue is drained and it can
// be sealed.

import { entryKey } from '../protocol/lineage.ts';
import { currentVector } from '../protocol/ratchet.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { type Body, readBody, writeBody } from '../wire/content-body.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxReadIds } from '../wire/limits.ts';
import { addMessage, type Found, findMessages, putMessage, sentKey } from './history.ts';
import { loadLineage } from './lineages.ts';
import { deleteMessage, editMessage, setTimer } from './messages.ts';
import { loadRatchet } from './ratchets.ts';
import { archives, type GroupRecord, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

/** What a message is beside what it says. */
export interface Heading {
  readonly id: Bytes;
  readonly reply: Bytes | null;
  readonly asksReceipt: boolean;
}

/**
 * Stores a message to send. With an id that was used in this group before, nothing happens: a program that was killed
 * may simply say the same again.
 * @param now  seconds since 1970
 * @throws CliquetError `not-accepted`, `not-member`, `not-registered`, `group-lost`, `content-too-large`; RangeError for an extension's name
 */
export async function sendMessage(
  tx: Transaction,
  group: GroupRecord,
  heading: Heading,
  said: Body,
  now: number,
): Promise<void> {
  const hrid = assertOpen(tx, group);
  const timerSeconds = tx.get(tables.conversations, bytesKey(group.id))?.timerSeconds ?? null;
  const content: Content = {
    ...heading,
    ...writeBody(said),
    sentAt: now,
    timerSeconds,
    reports: [],
    earlier: [],
    again: null,
  };
  const number = await addMessage(tx, group.id, hrid, content, true, now);
  if (number !== null) putUnsent(tx, group, content);
}

/**
 * Changes a text of this client.
 * @throws CliquetError `message-unknown`, `not-own-message`, and as sendMessage()
 */
export async function sendEdit(
  tx: Transaction,
  group: GroupRecord,
  id: Bytes,
  target: Bytes,
  text: string,
  now: number,
): Promise<void> {
  assertOpen(tx, group);
  const found = await findOwn(tx, group, target);
  const body = writeBody({ type: 'edit', target, text });
  editMessage(tx, group.id, found, id, text, now);
  putUnsent(tx, group, plainContent(id, body, now));
}

/**
 * Takes a message of this client back: here at once, at the others' when they hear of it. What was not sealed yet is
 * not sent at all, nor are edits of it.
 * @throws CliquetError `message-unknown`, `not-own-message`, and as sendMessage()
 */
export async function sendDeletion(
  tx: Transaction,
  group: GroupRecord,
  id: Bytes,
  target: Bytes,
  now: number,
): Promise<void> {
  assertOpen(tx, group);
  const found = await findOwn(tx, group, target);
  deleteMessage(tx, group.id, found);
  tx.delete(archives.sent, sentKey(group.id, target));
  const ofGroup = tx.all(tables.unsent).filter(({ value }) => sameBytes(value.group, group.id));
  for (const { key, value } of ofGroup) {
    if (isEditOf(value.content, target)) tx.delete(tables.unsent, key);
  }
  const waiting = ofGroup.find(({ value }) => sameBytes(value.content.id, target));
  if (waiting === undefined) putUnsent(tx, group, plainContent(id, writeBody({ type: 'deletion', target }), now));
  else tx.delete(tables.unsent, waiting.key);
}

function isEditOf(content: Content, target: Bytes): boolean {
  const body = readBody(content);
  return body?.type === 'edit' && sameBytes(body.target, target);
}

/** Tells the authors of messages that asked for it, once each, that the person has read them: all that bear the id. */
export async function sendReceipts(
  tx: Transaction,
  group: GroupRecord,
  nextId: () => Bytes,
  read: readonly Bytes[],
  now: number,
): Promise<void> {
  assertOpen(tx, group);
  const ids: Bytes[] = [];
  for (const id of read) {
    const isDue = ({ record }: Found) => !record.isOwn && record.asksReceipt && !record.receiptSent;
    const due = (await findMessages(tx, group.id, id)).filter(isDue);
    for (const found of due) {
      putMessage(tx, group.id, { ...found, record: { ...found.record, receiptSent: true } });
    }
    if (due.length > 0) ids.push(id);
  }
  for (let i = 0; i < ids.length; i += maxReadIds) {
    const body = writeBody({ type: 'read', ids: ids.slice(i, i + maxReadIds) });
    putUnsent(tx, group, plainContent(nextId(), body, now));
  }
}

/** From now on, the group's messages disappear so long after they came; null: they stay. */
export function sendTimer(tx: Transaction, group: GroupRecord, id: Bytes, seconds: number | null, now: number): void {
  const sender = assertOpen(tx, group);
  putUnsent(tx, group, plainContent(id, writeBody({ type: 'timer', seconds }), now));
  // For what is sent from here meanwhile; its place among the others' is known when it is sealed.
  const ratchet = loadRatchet(tx, group.generation);
  if (ratchet !== undefined)
    setTimer(tx, group.id, seconds, { generation: ratchet.number, vector: currentVector(ratchet), id, sender });
}

/** Content that is nothing but its body. @param sentAt seconds since 1970 */
export const plainContent = (id: Bytes, body: ReturnType<typeof writeBody>, sentAt: number): Content => ({
  id,
  sentAt,
  ...body,
  reply: null,
  timerSeconds: null,
  asksReceipt: false,
  reports: [],
  earlier: [],
  again: null,
});

/** An empty message: it moves the group key on, and says nothing. */
export const emptyContent = (id: Bytes, now: number): Content => plainContent(id, writeBody({ type: 'empty' }), now);

/**
 * What is said while the group's keys are being restored waits for them, and what is said between two registrations for
 * the second one; but who is registered as somebody else does not come back.
 * @returns this client's HRID in the group
 */
function assertOpen(tx: Transaction, { status, generation, roster }: GroupRecord): Bytes {
  if (status === 'removed' || status === 'left') throw new CliquetError('not-member');
  if (status === 'invited' || status === 'declined') throw new CliquetError('not-accepted');
  const ratchet = loadRatchet(tx, generation);
  const own = tx.get(tables.identity, '')?.hrid ?? ratchet?.members[ratchet.self]?.hrid;
  if (own === undefined) throw new CliquetError('not-registered');
  if (!roster.some(({ hrid }) => sameBytes(hrid, own))) throw new CliquetError('group-lost');
  return own;
}

async function findOwn(tx: Transaction, group: GroupRecord, id: Bytes) {
  const [found] = await findMessages(tx, group.id, id);
  if (found === undefined || found.record.deleted) throw new CliquetError('message-unknown');
  if (!found.record.isOwn) throw new CliquetError('not-own-message');
  return found;
}

export function putUnsent(tx: Transaction, group: Pick<GroupRecord, 'id'>, content: Content): void {
  const next = Number(tx.all(tables.unsent).at(-1)?.key ?? -1) + 1;
  tx.put(tables.unsent, numberKey(next), { group: group.id, content });
}

/**
 * A content that is sent again, as it can be sealed in the present generation: those who have come since it was said must
 * not read it, so that it is told to be withheld if there are any. Deletions and timers say nothing of what was said.
 */
export function sayableAgain(reader: Reader, { id, roster }: GroupRecord, content: Content): Content {
  const { again } = content;
  const body = readBody(content);
  if (again === null || body?.type === 'deletion' || body?.type === 'timer') return content;
  const before = new Set(loadLineage(reader, id).get(bytesKey(again))?.roster.map(entryKey));
  if (roster.every((entry) => before.has(entryKey(entry)))) return content;
  const target = body?.type === 'edit' ? body.target : null;
  return { ...plainContent(content.id, writeBody({ type: 'withheld', target }), content.sentAt), again };
}
