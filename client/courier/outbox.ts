// What goes to the relay: content is sealed into envelopes under running numbers, and an envelope stays in the store
// until everybody has confirmed it.

import { hasNews, tellLater } from '../protocol/later.ts';
import { positionOf } from '../protocol/lineage.ts';
import { confirmedBy, type Ratchet } from '../protocol/ratchet.ts';
import { sealMessage } from '../protocol/seal.ts';
import { emit } from '../state/events.ts';
import { ratchetsOf } from '../state/generations.ts';
import { endMessage, sentKey } from '../state/history.ts';
import { noteSealed } from '../state/messages.ts';
import { isToPost, unposted } from '../state/pending.ts';
import { loadRatchet, saveRatchet } from '../state/ratchets.ts';
import { archives, type GroupRecord, type Outgoing, type SealedEnvelope, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { putUnsent, sayableAgain } from '../state/unsent.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type Content, type Earlier, isContent, maxEarlier } from '../wire/content.ts';
import { CliquetError } from '../wire/errors.ts';
import { messageTtlSeconds, settledSeconds } from '../wire/limits.ts';
import type { Accepted, Delivered, Recipient } from '../wire/send.ts';
import type { Registered } from './registered.ts';

/** Seals content in a group, for those who are in it, and stores the envelope under the next number. */
export async function sealContent(
  tx: Transaction,
  { curves, random, self, now }: Pick<Registered, 'curves' | 'random' | 'self' | 'now'>,
  group: GroupRecord,
  content: Content,
): Promise<void> {
  const before = loadRatchet(tx, group.generation);
  if (before === undefined) throw new CliquetError('group-unknown');
  if (before.members.length < 2) throw new CliquetError('alone');
  const sealedAt = now();
  const earlier = tellEarlier(tx, before);
  const said = { ...sayableAgain(tx, group, content), earlier };
  const sealed = await sealMessage(curves, random, before, self.identity.seed, said, sealedAt);
  const { ratchet, body, headers, number, step } = sealed;
  saveRatchet(tx, before, ratchet);
  const message = { id: content.id, number, isContent: isContent(content), step };
  // In a generation that is followed by another, some may have been removed since.
  const isMember = ({ hrid }: Recipient) => positionOf(group.roster, hrid) >= 0;
  const to = recipientsOf(ratchet.members, ratchet.self, headers).filter(isMember);
  const { generation } = ratchet;
  putOutgoing(tx, { group: group.id, generation, part: numberKey(number), message, to, body }, sealedAt);
  await noteSealed(tx, group.id, content, { generation: ratchet.number, step, sender: self.hrid }, sealedAt);
  if (content.again !== null) dropFirst(tx, group.id, content.id, generation);
  if (isContent(content)) tx.put(archives.sent, sentKey(group.id, content.id), { generation, number, content });
}

/** What is sent again in a later generation is waited for there. */
function dropFirst(tx: Transaction, group: Bytes, id: Bytes, generation: Bytes): void {
  for (const { key, value } of tx.all(tables.outgoing)) {
    if (!sameBytes(value.group, group) || value.message === null) continue;
    const isFirst = sameBytes(value.message.id, id) && !sameBytes(value.generation, generation);
    // What is still to be posted keeps its number.
    if (isFirst && !isToPost(value)) dropOutgoing(tx, key, value);
  }
}

/** How far this client has come in other generations, if that is news. */
function tellEarlier(tx: Transaction, present: Ratchet): Earlier[] {
  const others = ratchetsOf(tx, present.group)
    .filter((generation) => !sameBytes(generation, present.generation))
    .flatMap((generation) => loadRatchet(tx, generation) ?? [])
    .filter(hasNews)
    .sort((a, b) => b.number - a.number);
  return others.slice(0, maxEarlier).map((before) => {
    const { ratchet, earlier } = tellLater(before);
    saveRatchet(tx, before, ratchet);
    return earlier;
  });
}

/** An envelope, and for whom it is. */
export interface Post extends Pick<Outgoing, 'group' | 'generation' | 'part' | 'message'> {
  readonly to: readonly Recipient[];
  readonly body: Bytes;
}

/** Stores an envelope under the next number. @param now seconds since 1970 */
export function putOutgoing(tx: Transaction, { to, body, ...post }: Post, now: number): void {
  const numbers = tx.get(tables.numbers, '');
  if (numbers === undefined) throw new CliquetError('client-closed');
  const n = numbers.nextSend;
  tx.put(tables.numbers, '', { ...numbers, nextSend: n + 1 });
  const outgoing: Outgoing = { n, ...post, state: 'sealed', sealedAt: now, repeated: [] };
  tx.put(tables.outgoing, numberKey(n), outgoing);
  tx.put(archives.envelopes, envelopeKey(outgoing), { to, body, ttlSeconds: messageTtlSeconds });
}

/** All others in a roster, with what each alone gets. */
export function recipientsOf(
  members: readonly { readonly hrid: Bytes }[],
  self: number,
  headers: readonly Bytes[],
): Recipient[] {
  return members
    .map(({ hrid }, position) => ({ hrid, header: headers[position] ?? new Uint8Array(0) }))
    .filter((_, position) => position !== self);
}

/** An envelope stands by what it is, not under its number, which may become another one. */
const envelopeKey = ({ generation, part }: Outgoing) => `${bytesKey(generation)}/${part}`;

/** @throws CliquetError `store-damaged` */
export async function readEnvelope(reader: Reader, outgoing: Outgoing): Promise<SealedEnvelope> {
  const envelope = await reader.read(archives.envelopes, envelopeKey(outgoing));
  if (envelope === undefined) throw new CliquetError('store-damaged');
  return envelope;
}

function dropOutgoing(tx: Transaction, key: string, outgoing: Outgoing): void {
  const { group, message } = outgoing;
  if (message?.isContent) tx.delete(archives.sent, sentKey(group, message.id));
  tx.delete(tables.outgoing, key);
  tx.delete(archives.envelopes, envelopeKey(outgoing));
}

/** It waits for nothing from the relay: its number is free for another one. */
function setAside(tx: Transaction, key: string, outgoing: Outgoing): void {
  tx.delete(tables.outgoing, key);
  tx.put(tables.outgoing, `aside/${envelopeKey(outgoing)}`, outgoing);
}

/** The relay has accepted an envelope, for all recipients but those refused. */
export async function markAccepted(tx: Transaction, { n, refused }: Accepted): Promise<void> {
  const outgoing = tx.get(tables.outgoing, numberKey(n));
  if (outgoing === undefined || !isToPost(outgoing)) return;
  const { message, part, group, state } = outgoing;
  const { named, to } = await nameRecipients(tx, outgoing, refused);
  const reachesNobody = named.length > 0 && named.length === to;
  if (state === 'sealed' && message?.isContent) {
    emit(tx, { type: 'accepted', group, id: message.id, step: message.step, refused: named });
    if (reachesNobody) await tellFailed(tx, group, message.id, 'undeliverable');
  } else if (state === 'sealed' && part === 'agreement' && named.length > 0) {
    emit(tx, { type: 'unreached', group, refused: named });
  }
  // What nobody is given, nobody will acknowledge.
  if (reachesNobody && message === null) dropOutgoing(tx, numberKey(n), outgoing);
  else if (reachesNobody) setAside(tx, numberKey(n), { ...outgoing, state: 'refused' });
  else tx.put(tables.outgoing, numberKey(n), { ...outgoing, state: 'accepted' });
}

/** The recipients of an envelope whom the relay names by their places, each once, and how many there are in all. */
async function nameRecipients<C>(
  tx: Transaction,
  outgoing: Outgoing,
  places: readonly { readonly index: number; readonly code: C }[],
): Promise<{ named: { hrid: Bytes; code: C }[]; to: number }> {
  if (places.length === 0) return { named: [], to: 0 };
  const { to } = await readEnvelope(tx, outgoing);
  const codes = new Map(places.map(({ index, code }) => [index, code]));
  const named = to.flatMap(({ hrid }, index) => {
    const code = codes.get(index);
    return code === undefined ? [] : [{ hrid, code }];
  });
  return { named, to: to.length };
}

/** Nobody is waited for by the relay any more: all have acknowledged an envelope, but for those who never will. */
export async function markDelivered(tx: Transaction, { n, acknowledged, missed }: Delivered): Promise<void> {
  const before = tx.get(tables.outgoing, numberKey(n));
  if (before === undefined || before.state === 'delivered') return;
  await markAccepted(tx, { n, refused: [] });
  const outgoing: Outgoing = { ...before, state: acknowledged > 0 ? 'delivered' : 'refused' };
  const { message, part, group } = outgoing;
  const { named } = await nameRecipients(tx, outgoing, missed);
  if (message?.isContent && acknowledged > 0) emit(tx, { type: 'delivered', group, id: message.id });
  if (message?.isContent && acknowledged === 0) await tellFailed(tx, group, message.id, 'undeliverable');
  if (named.length > 0 && (part === 'agreement' || (message?.isContent && acknowledged > 0))) {
    emit(tx, { type: 'unreached', group, refused: named });
  }
  // What is no message is confirmed by what comes of it.
  if (message === null) dropOutgoing(tx, numberKey(n), outgoing);
  else if (acknowledged === 0) setAside(tx, numberKey(n), outgoing);
  else tx.put(tables.outgoing, numberKey(n), outgoing);
}

/**
 * Tells of this client's messages that everybody has covered by one of their own, and lets the envelopes go.
 * @param isWaitedFor  whether somebody still counts, by their HRID
 */
export async function confirmOutgoing(
  tx: Transaction,
  ratchet: Ratchet,
  isWaitedFor: (hrid: Bytes) => boolean,
): Promise<void> {
  const confirmed = confirmedBy(ratchet, ratchet.self, isWaitedFor);
  for (const { key, value } of tx.all(tables.outgoing)) {
    const { message, state, group, n } = value;
    if (message === null || message.number >= confirmed || !sameBytes(value.generation, ratchet.generation)) continue;
    // Confirmed by the members themselves, whatever the relay has said so far. (Kept under another key, its number is
    // that of an earlier registration.)
    if (key === numberKey(n)) await markAccepted(tx, { n, refused: [] });
    if (message.isContent) {
      if (state !== 'delivered') emit(tx, { type: 'delivered', group, id: message.id });
      emit(tx, { type: 'confirmed', group, id: message.id });
      if (state === 'refused') await endMessage(tx, group, message.id, null);
    }
    dropOutgoing(tx, key, value);
  }
}

/** Lets go what was sent so long ago that nobody is waited for any more. @param now seconds since 1970 */
export async function dropUnconfirmed(tx: Transaction, now: number): Promise<void> {
  for (const { key, value } of tx.all(tables.outgoing)) {
    if (isToPost(value) || value.sealedAt + settledSeconds > now) continue;
    await letGo(tx, key, value);
  }
}

/** Nothing more can be sent in a group: what was on its way there ends. */
export async function abandonOutgoing(tx: Transaction, group: Bytes, code: CliquetError['code']): Promise<void> {
  await abandonUnsent(tx, group, code);
  for (const { key, value } of tx.all(tables.outgoing)) {
    if (!sameBytes(value.group, group)) continue;
    await abandon(tx, key, value, code);
  }
}

/** Nothing more is sealed in a group. */
export async function abandonUnsent(tx: Transaction, group: Bytes, code: CliquetError['code']): Promise<void> {
  for (const { key, value } of tx.all(tables.unsent)) {
    if (!sameBytes(value.group, group)) continue;
    tx.delete(tables.unsent, key);
    if (value.content.again === null) await tellFailed(tx, group, value.content.id, code);
  }
}

/** An envelope goes no further. */
async function abandon(tx: Transaction, key: string, outgoing: Outgoing, code: CliquetError['code']): Promise<void> {
  const { message, state, group } = outgoing;
  if (state !== 'sealed') return letGo(tx, key, outgoing);
  if (message?.isContent) await tellFailed(tx, group, message.id, code);
  dropOutgoing(tx, key, outgoing);
}

/** What the relay had accepted may have come to somebody; what it had refused is told. */
async function letGo(tx: Transaction, key: string, outgoing: Outgoing): Promise<void> {
  const { message, state, group } = outgoing;
  if (message?.isContent && state !== 'refused') await endMessage(tx, group, message.id, 'unconfirmed');
  dropOutgoing(tx, key, outgoing);
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
    if (value.state === 'delivered') setAside(tx, key, value);
  }
  repost(tx, 1);
}

/** The relay will never take this envelope: it is told and given up, and the later ones move up. */
export async function giveUp(tx: Transaction, outgoing: Outgoing, code: CliquetError['code']): Promise<void> {
  const { n } = outgoing;
  await abandon(tx, numberKey(n), outgoing, code);
  renumber(tx, n);
}

/**
 * The relay has seen more of this client than this store knows: the store is an older copy, and sends nothing more in
 * its groups. @param nextSend the number that the relay expects
 */
export async function rollBack(tx: Transaction, nextSend: number): Promise<void> {
  for (const { value: group } of tx.all(tables.groups)) {
    const ratchet = loadRatchet(tx, group.generation);
    if (ratchet === undefined || ratchet.rolledBack) continue;
    saveRatchet(tx, ratchet, { ...ratchet, rolledBack: true });
    emit(tx, { type: 'rolled-back', group: group.id });
  }
  for (const outgoing of unposted(tx)) {
    if (outgoing.message !== null) await takeBack(tx, outgoing);
  }
  // What is no message has keys of its own. An agreement counts here already: if nobody else got it, it would for ever.
  renumber(tx, nextSend);
}

/** A message that was to be posted from an older copy is said again under new keys, or given up if it is not known any more. */
async function takeBack(tx: Transaction, outgoing: Outgoing): Promise<void> {
  const { group, message, n } = outgoing;
  const sent = message?.isContent && (await tx.read(archives.sent, sentKey(group, message.id)));
  if (!sent) return abandon(tx, numberKey(n), outgoing, 'rolled-back');
  dropOutgoing(tx, numberKey(n), outgoing);
  // It may have come to somebody already.
  putUnsent(tx, { id: group }, { ...sent.content, again: sent.content.again ?? sent.generation });
}

/** A message of this client will not be sent. */
export async function tellFailed(tx: Transaction, group: Bytes, id: Bytes, code: CliquetError['code']): Promise<void> {
  emit(tx, { type: 'failed', group, id, code });
  await endMessage(tx, group, id, 'failed');
}
