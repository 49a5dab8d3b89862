// What goes to the relay: content is sealed into envelopes under running numbers, and an envelope stays in the store
// until everybody has confirmed it.

import type { Curves } from './crypto/curves.ts';
import type { RandomSource } from './crypto/random.ts';
import { emit } from './events.ts';
import { endMessage } from './history.ts';
import { noteSealed } from './messages.ts';
import type { Self } from './protocol/identity.ts';
import { confirmedBy, type Ratchet } from './protocol/ratchet.ts';
import { sealMessage } from './protocol/seal.ts';
import { loadRatchet, saveRatchet } from './ratchets.ts';
import { type GroupRecord, type Outgoing, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import { numberKey } from './store/store.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { type Content, isContent } from './wire/content.ts';
import { CliquetError } from './wire/errors.ts';
import { messageTtlSeconds } from './wire/limits.ts';
import type { Accepted } from './wire/send.ts';

/** Seals content in a group and stores the envelope under the next number. @param now seconds since 1970 */
export async function sealContent(
  tx: Transaction,
  curves: Curves,
  random: RandomSource,
  self: Self,
  group: GroupRecord,
  content: Content,
  now: number,
): Promise<void> {
  const before = loadRatchet(tx, group.generation);
  if (before === undefined) throw new CliquetError('group-unknown');
  const { ratchet, body, headers, number, step } = await sealMessage(
    curves,
    random,
    before,
    self.identity.seed,
    content,
    now,
  );
  saveRatchet(tx, before, ratchet);
  putOutgoing(tx, group, ratchet, body, headers, { id: content.id, number, isContent: isContent(content), step });
  await noteSealed(tx, group.id, content, step, now);
}

/** Stores an envelope for all other members under the next number. */
export function putOutgoing(
  tx: Transaction,
  group: Pick<GroupRecord, 'id'>,
  ratchet: Ratchet,
  body: Outgoing['body'],
  headers: readonly Outgoing['body'][],
  message: Outgoing['message'],
): void {
  const numbers = tx.get(tables.numbers, '');
  if (numbers === undefined) throw new CliquetError('client-closed');
  const n = numbers.nextSend;
  tx.put(tables.numbers, '', { ...numbers, nextSend: n + 1 });
  const to = ratchet.members
    .map(({ hrid }, position) => ({ hrid, header: headers[position] ?? new Uint8Array(0) }))
    .filter((_, position) => position !== ratchet.self);
  const { generation } = ratchet;
  const ttlSeconds = messageTtlSeconds;
  tx.put(tables.outgoing, numberKey(n), {
    n,
    to,
    body,
    ttlSeconds,
    group: group.id,
    generation,
    message,
    state: 'sealed',
  });
}

const isToPost = ({ state }: Outgoing) => state === 'sealed' || state === 'again';

/** The envelopes that the relay has not accepted, in the order of their numbers. */
export function unposted(reader: Reader): Outgoing[] {
  return reader
    .all(tables.outgoing)
    .map(({ value }) => value)
    .filter(isToPost);
}

/** The relay has accepted an envelope, for all recipients but those refused. */
export function markAccepted(tx: Transaction, { n, refused }: Accepted): void {
  const outgoing = tx.get(tables.outgoing, numberKey(n));
  if (outgoing === undefined || !isToPost(outgoing)) return;
  const { message, group, state } = outgoing;
  if (message?.isContent && state === 'sealed') {
    const named = refused.flatMap(({ index, code }) => {
      const recipient = outgoing.to[index];
      return recipient === undefined ? [] : [{ hrid: recipient.hrid, code }];
    });
    emit(tx, { type: 'accepted', group, id: message.id, step: message.step, refused: named });
  }
  tx.put(tables.outgoing, numberKey(n), { ...outgoing, state: 'accepted' });
}

/** Everybody has acknowledged an envelope to the relay. */
export function markDelivered(tx: Transaction, n: number): void {
  const outgoing = tx.get(tables.outgoing, numberKey(n));
  if (outgoing === undefined || outgoing.state === 'delivered') return;
  markAccepted(tx, { n, refused: [] });
  const { message, group, generation } = outgoing;
  if (message?.isContent) emit(tx, { type: 'delivered', group, id: message.id });
  if (message === null)
    tx.delete(tables.outgoing, numberKey(n)); // an agreement is confirmed by being used
  else tx.put(tables.outgoing, numberKey(n), { ...outgoing, state: 'delivered' });
  const ratchet = loadRatchet(tx, generation);
  if (ratchet !== undefined) confirmOutgoing(tx, ratchet);
}

/** Tells of this client's messages that everybody has covered by one of their own, and lets the envelopes go. */
export function confirmOutgoing(tx: Transaction, ratchet: Ratchet): void {
  const confirmed = confirmedBy(ratchet, ratchet.self);
  for (const { key, value } of tx.all(tables.outgoing)) {
    const { message, state, group, n } = value;
    if (message === null || message.number >= confirmed || !sameBytes(value.generation, ratchet.generation)) continue;
    // Confirmed by the members themselves, whatever the relay has said so far. (Kept under another key, its number is
    // that of an earlier registration.)
    if (key === numberKey(n)) markAccepted(tx, { n, refused: [] });
    if (message.isContent) {
      if (state !== 'delivered') emit(tx, { type: 'delivered', group, id: message.id });
      emit(tx, { type: 'confirmed', group, id: message.id });
    }
    tx.delete(tables.outgoing, key);
  }
}

/** Gives the envelopes that were not accepted new numbers from `first` on. */
function renumber(tx: Transaction, first: number): void {
  const waiting = unposted(tx);
  for (const { n } of waiting) tx.delete(tables.outgoing, numberKey(n));
  waiting.forEach((outgoing, i) => {
    tx.put(tables.outgoing, numberKey(first + i), { ...outgoing, n: first + i });
  });
  const numbers = tx.get(tables.numbers, '');
  if (numbers !== undefined) tx.put(tables.numbers, '', { ...numbers, nextSend: first + waiting.length });
}

/** The relay has lost what it had accepted from `first` on: that is posted again. */
export function repost(tx: Transaction, first: number): void {
  for (const { key, value } of tx.all(tables.outgoing)) {
    const isLost = value.n >= first && key === numberKey(value.n) && !isToPost(value);
    if (isLost) tx.put(tables.outgoing, key, { ...value, state: 'again' });
  }
  renumber(tx, first);
}

/** The relay expects a number that it had accepted before: it was restored from an older copy. */
export function repostLost(tx: Transaction, expected: number): void {
  const isLost = tx
    .all(tables.outgoing)
    .some(({ key, value }) => value.n >= expected && key === numberKey(value.n) && !isToPost(value));
  if (isLost) repost(tx, expected);
}

/** The mailbox was made anew: it counts from 1, and what was not delivered was withdrawn with the old one. */
export function startOver(tx: Transaction): void {
  for (const { key, value } of tx.all(tables.outgoing)) {
    if (value.state !== 'delivered') continue;
    // It waits for the members' confirmation only; its number is free for another one.
    tx.delete(tables.outgoing, key);
    tx.put(tables.outgoing, `delivered/${bytesKey(value.generation)}/${numberKey(value.message?.number ?? 0)}`, value);
  }
  repost(tx, 1);
}

/** The relay will never take this envelope: it is told and given up, and the later ones move up. */
export async function giveUp(tx: Transaction, outgoing: Outgoing, code: CliquetError['code']): Promise<void> {
  const { n, message, group } = outgoing;
  if (message?.isContent) await tellFailed(tx, group, message.id, code);
  tx.delete(tables.outgoing, numberKey(n));
  renumber(tx, n);
}

/**
 * The relay has seen more of this client than this store knows: the store is an older copy, and sends nothing more in
 * its groups. @param nextSend the number that the relay expects
 */
export async function rollBack(tx: Transaction, nextSend: number): Promise<void> {
  const numbers = tx.get(tables.numbers, '');
  if (numbers !== undefined) tx.put(tables.numbers, '', { ...numbers, nextSend });
  for (const { value: group } of tx.all(tables.groups)) {
    const ratchet = loadRatchet(tx, group.generation);
    if (ratchet === undefined || ratchet.rolledBack) continue;
    saveRatchet(tx, ratchet, { ...ratchet, rolledBack: true });
    emit(tx, { type: 'rolled-back', group: group.id });
  }
  for (const { n, message, group } of unposted(tx)) {
    if (message?.isContent) await tellFailed(tx, group, message.id, 'rolled-back');
    tx.delete(tables.outgoing, numberKey(n));
  }
}

/** A message of this client will not be sent. */
export async function tellFailed(tx: Transaction, group: Bytes, id: Bytes, code: CliquetError['code']): Promise<void> {
  emit(tx, { type: 'failed', group, id, code });
  await endMessage(tx, group, id, 'failed');
}
