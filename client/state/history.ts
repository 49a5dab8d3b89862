// The history of each group: a numbered record a message, this client's own included. How long the content stays is the
// group's rule; the record itself stays at least as long as the relay may deliver, so that no message is taken twice
// and everybody changes only what is their own.

import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { settledSeconds } from '../wire/limits.ts';
import { archives, type HistoryRecord, type HistoryRule, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

const daySeconds = 24 * 3600;
/** Records that are looked at with one commit when a group's old ones go. */
const pageSize = 256;

export interface Found {
  readonly number: number;
  readonly record: HistoryRecord;
}

export const historyPrefix = (group: Bytes): string => `${bytesKey(group)}/`;
export const historyKey = (group: Bytes, number: number): string => historyPrefix(group) + numberKey(number);
const expiryKey = (at: number, group: Bytes, number: number) =>
  `${numberKey(at)}.${bytesKey(group)}.${numberKey(number)}`;
/** Where an own content stands that is not confirmed yet. */
export const sentKey = (group: Bytes, id: Bytes): string => sentPrefix(group) + bytesKey(id);
export const sentPrefix = (group: Bytes): string => historyPrefix(group);
/** An id counts for its sender alone: whoever takes another's changes nothing for that one's message. */
const idPrefix = (group: Bytes, id: Bytes) => `${historyPrefix(group)}${bytesKey(id)}/`;
const idKey = (group: Bytes, id: Bytes, sender: Bytes) => idPrefix(group, id) + bytesKey(sender);

/** A group that has come to be here, perhaps again. @returns the number of the next message */
export function startConversation(tx: Transaction, group: Bytes, rule?: HistoryRule): number {
  const before = tx.get(tables.conversations, bytesKey(group));
  if (before !== undefined) return before.nextMessage;
  const history = rule ?? tx.get(tables.settings, '')?.history ?? { type: 'none' };
  tx.put(tables.conversations, bytesKey(group), { nextMessage: 0, history, timerSeconds: null, timerSetBy: null });
  return 0;
}

/**
 * Adds a message to the history of its group.
 * @param now  seconds since 1970
 * @returns its number, or null if there is a message of this id by this sender already
 */
export async function addMessage(
  tx: Transaction,
  group: Bytes,
  sender: Bytes,
  content: Content,
  isOwn: boolean,
  now: number,
): Promise<number | null> {
  const conversation = tx.get(tables.conversations, bytesKey(group));
  if (conversation === undefined) return null;
  if (await findMessage(tx, group, content.id, sender)) return null;
  const { id, kind, version, body, reply, timerSeconds, asksReceipt, sentAt } = content;
  const number = conversation.nextMessage;
  tx.put(tables.conversations, bytesKey(group), { ...conversation, nextMessage: number + 1 });
  tx.put(archives.messageNumbers, idKey(group, id, sender), { number });
  const expiresAt = timerSeconds === null || isOwn ? null : now + timerSeconds;
  tx.put(archives.history, historyKey(group, number), {
    id,
    sender,
    isOwn,
    // An own message need not be told to the application: without a history nothing of it is kept here.
    said: isOwn && conversation.history.type === 'none' ? null : { kind, version, body },
    reply,
    asksReceipt,
    sentAt: Math.min(sentAt, now),
    receivedAt: now,
    editedAt: null,
    changedBy: [],
    timerSeconds,
    expiresAt,
    deleted: false,
    ended: null,
    readBy: [],
    receiptSent: false,
  });
  if (expiresAt !== null) tx.put(tables.expiring, expiryKey(expiresAt, group, number), { group, message: number });
  return number;
}

export async function findMessage(reader: Reader, group: Bytes, id: Bytes, sender: Bytes): Promise<Found | undefined> {
  const found = await reader.read(archives.messageNumbers, idKey(group, id, sender));
  const record = found && (await reader.read(archives.history, historyKey(group, found.number)));
  return record && { number: found.number, record };
}

/** The messages that bear an id, of each sender one at most: this client's own first, then as they came. */
export async function findMessages(reader: Reader, group: Bytes, id: Bytes): Promise<Found[]> {
  const found: Found[] = [];
  for (const { value } of await reader.list(archives.messageNumbers, idPrefix(group, id))) {
    const record = await reader.read(archives.history, historyKey(group, value.number));
    if (record !== undefined) found.push({ number: value.number, record });
  }
  return found.sort((a, b) => Number(b.record.isOwn) - Number(a.record.isOwn) || a.number - b.number);
}

export async function findOwnMessage(reader: Reader, group: Bytes, id: Bytes): Promise<Found | undefined> {
  return (await findMessages(reader, group, id)).find(({ record }) => record.isOwn);
}

/** Changes a record of which something is still there. */
export function putMessage(tx: Transaction, group: Bytes, { number, record }: Found): void {
  tx.put(archives.history, historyKey(group, number), record);
}

/** Takes the content out of a record; what stays says nothing of it. */
export function eraseMessage(tx: Transaction, group: Bytes, { number, record }: Found): void {
  if (record.expiresAt !== null) tx.delete(tables.expiring, expiryKey(record.expiresAt, group, number));
  if (record.isOwn && record.expiresAt !== null) tx.delete(archives.sent, sentKey(group, record.id));
  putMessage(tx, group, { number, record: { ...record, said: null, expiresAt: null } });
}

/** This client's message is on its way: from now on it disappears as it does for the others. */
export async function startOwnTimer(tx: Transaction, group: Bytes, id: Bytes, now: number): Promise<void> {
  const found = await findOwnMessage(tx, group, id);
  if (!found?.record.said || found.record.timerSeconds === null) return;
  const expiresAt = now + found.record.timerSeconds;
  putMessage(tx, group, { ...found, record: { ...found.record, expiresAt } });
  tx.put(tables.expiring, expiryKey(expiresAt, group, found.number), { group, message: found.number });
}

/** This client's message will not be sent, or was never confirmed; null: it has come through after all. */
export async function endMessage(
  tx: Transaction,
  group: Bytes,
  id: Bytes,
  ended: HistoryRecord['ended'],
): Promise<void> {
  const found = await findOwnMessage(tx, group, id);
  if (found) putMessage(tx, group, { ...found, record: { ...found.record, ended } });
}

/** Once the application has heard a message, a group without a history forgets what it said. */
export async function forgetTold(tx: Transaction, group: Bytes, number: number): Promise<void> {
  if (tx.get(tables.conversations, bytesKey(group))?.history.type === 'none') await forgetMessage(tx, group, number);
}

/** What a message said goes; that it was there stays. */
export async function forgetMessage(tx: Transaction, group: Bytes, number: number): Promise<void> {
  const record = await tx.read(archives.history, historyKey(group, number));
  if (record?.said) eraseMessage(tx, group, { number, record });
}

/**
 * Erases what has disappeared, a page at a time.
 * @returns when the next message does, in seconds since 1970; null if none will
 */
export async function expireMessages(tx: Transaction, now: number): Promise<number | null> {
  const page = tx.all(tables.expiring).slice(0, pageSize);
  const due = page.filter(({ key }) => Number(key.slice(0, 16)) <= now);
  if (due.length > 0) {
    const gone = new Set(due.map(({ value }) => historyKey(value.group, value.message)));
    dropEdits(tx, (group, number) => gone.has(historyKey(group, number)));
  }
  for (const { key, value } of due) {
    const record = await tx.read(archives.history, historyKey(value.group, value.message));
    if (record !== undefined) eraseMessage(tx, value.group, { number: value.message, record });
    tx.delete(tables.expiring, key);
  }
  const next = tx.all(tables.expiring)[0];
  return next === undefined ? null : Number(next.key.slice(0, 16));
}

/** Of a message that has disappeared or was deleted the application will not hear edits either: their text goes too. */
export function dropEdits(tx: Transaction, isGone: (group: Bytes, number: number) => boolean): void {
  for (const table of [tables.events, tables.held]) {
    for (const { key, value } of tx.all(table)) {
      if (value.type === 'edited' && isGone(value.group, value.message)) tx.delete(table, key);
    }
  }
}

/** The messages of a group that the application has still to hear. */
export function messagesDue(reader: Reader, group: Bytes): ReadonlySet<number> {
  const due = new Set<number>();
  for (const { value } of [...reader.all(tables.events), ...reader.all(tables.held, historyPrefix(group))]) {
    if (value.type === 'message' && sameBytes(value.group, group)) due.add(value.message);
  }
  return due;
}

/**
 * Lets a page of a group's old messages go, as its rule says.
 * @param from   the number to look on from
 * @param due    messages that the application has still to hear: they stay
 * @param isNew  whether the rule has just changed; else what it says of younger messages was done before
 * @returns the number to go on from, or null when there is nothing older than the rule allows
 */
export async function retireMessages(
  tx: Transaction,
  group: Bytes,
  from: number,
  due: ReadonlySet<number>,
  isNew: boolean,
  now: number,
): Promise<number | null> {
  const rule = tx.get(tables.conversations, bytesKey(group))?.history;
  if (rule === undefined || rule.type === 'all') return null;
  const contentLifetime = rule.type === 'none' ? 0 : rule.days * daySeconds;
  const recordLifetime = Math.max(contentLifetime, settledSeconds);
  const page = await tx.range(archives.history, historyPrefix(group), { from, limit: pageSize });
  for (const { key, value: record } of page) {
    const number = Number(key.slice(-16));
    const age = now - record.receivedAt;
    // Without a history the content went when it was told; only the record is left. What seems to come from the future
    // came while the clock was wrong, and says nothing of those behind it.
    if (!isNew && age >= 0 && age < (rule.type === 'none' ? recordLifetime : contentLifetime)) return null;
    if (due.has(number)) continue;
    if (age >= recordLifetime) {
      dropRecord(tx, group, { number, record });
    } else if (record.said && age >= contentLifetime) eraseMessage(tx, group, { number, record });
  }
  const last = page.at(-1);
  return page.length < pageSize || last === undefined ? null : Number(last.key.slice(-16)) + 1;
}

/** Leaves nothing of a group's history from a number on. */
export async function deleteHistory(tx: Transaction, group: Bytes, first = 0): Promise<void> {
  for (let from = first; ; ) {
    const page = await tx.range(archives.history, historyPrefix(group), { from, limit: pageSize });
    for (const { key, value: record } of page) dropRecord(tx, group, { number: Number(key.slice(-16)), record });
    const last = page.at(-1);
    if (page.length < pageSize || last === undefined) break;
    from = Number(last.key.slice(-16)) + 1;
  }
  if (first === 0) tx.delete(tables.conversations, bytesKey(group));
}

function dropRecord(tx: Transaction, group: Bytes, { number, record }: Found): void {
  if (record.expiresAt !== null) tx.delete(tables.expiring, expiryKey(record.expiresAt, group, number));
  tx.delete(archives.history, historyKey(group, number));
  tx.delete(archives.messageNumbers, idKey(group, record.id, record.sender));
}
