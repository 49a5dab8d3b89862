// What comes from the queue, taken into the state: within one transaction the ratchet moves on, the events are stored
// and the cursor advances. Only after its commit is anything acknowledged to the relay.

import type { Curves } from '../crypto/curves.ts';
import { acceptAgreement } from '../protocol/accept.ts';
import type { Self } from '../protocol/identity.ts';
import type { KeptPackage } from '../protocol/key-package.ts';
import { type Outcome, openMessage } from '../protocol/open.ts';
import { confirmedBy, type Ratchet } from '../protocol/ratchet.ts';
import { knownKey } from '../state/contacts.ts';
import { emit } from '../state/events.ts';
import { deleteHistory, forgetMessage, startConversation } from '../state/history.ts';
import { receiveContent } from '../state/messages.ts';
import { deleteRatchet, generationPrefix, loadRatchet, saveRatchet } from '../state/ratchets.ts';
import { type Early, type GroupRecord, type StoredEvent, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type AgreementEnvelope, Envelope, type MessageEnvelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { KeyPackage } from '../wire/key-package.ts';
import { messageTtlSeconds } from '../wire/limits.ts';
import type { QueueEntry } from '../wire/queue.ts';
import { confirmOutgoing } from './outbox.ts';

/** Messages of unknown generations that are kept: from a contact or a member of some group, and from others. */
const maxEarlyKnown = 256;
const maxEarlyUnknown = 16;
/** In all, and of that from others: strangers, however many, must not crowd out those who are known. */
const maxEarlyBytes = 4 * 1024 * 1024;
const maxEarlyUnknownBytes = 1024 * 1024;
/** A day longer than the relay keeps an agreement. */
const earlyLifetimeSeconds = messageTtlSeconds + 24 * 3600;
/** Invitations that wait for an answer: more than anybody reads, and a bound for what strangers can make a client keep. */
const maxInvitations = 64;
/** Events of an invitation that nobody has answered; the oldest go. */
const maxHeld = 256;

/**
 * Takes in one entry of the queue.
 * @param now  seconds since 1970
 * @returns the kind of key package that it has used, if any
 */
export async function receiveEntry(
  tx: Transaction,
  curves: Curves,
  self: Self,
  entry: QueueEntry,
  now: number,
): Promise<KeyPackage['kind'] | null> {
  if (entry.type === 'gap') {
    emit(tx, { type: 'gap', sender: entry.from, reason: entry.reason });
    return null;
  }
  try {
    const envelope = Envelope.decode(entry.body);
    if (envelope.type === 'agreement')
      return await receiveAgreement(tx, curves, self, entry.from, entry.header, envelope, now);
    await receiveMessage(tx, curves, { ...entry, receivedAt: now, generation: envelope.generation }, envelope, now);
  } catch (error) {
    // A bad entry is told and passed over: it must not hold up the queue.
    if (!(error instanceof CliquetError)) throw error;
    if (error.code !== 'duplicate') emit(tx, { type: 'refused', sender: entry.from, code: error.code });
  }
  return null;
}

async function receiveAgreement(
  tx: Transaction,
  curves: Curves,
  self: Self,
  from: Bytes,
  header: Bytes,
  envelope: AgreementEnvelope,
  now: number,
): Promise<KeyPackage['kind'] | null> {
  if (tx.all(tables.groups).some(({ value }) => sameBytes(value.generation, envelope.id))) return null; // the same again
  const accepted = await acceptAgreement(
    curves,
    self.identity,
    self.hrid,
    from,
    header,
    envelope,
    (id) => findPackage(tx, id, now),
    (hrid) => knownKey(tx, hrid),
  );
  const { ratchet, roster, name } = accepted;
  const known = tx.get(tables.contacts, bytesKey(from)) !== undefined;
  if (!known && tx.all(tables.groups).filter(({ value }) => value.status === 'invited').length >= maxInvitations) {
    throw new CliquetError('too-many-invitations');
  }
  if (tx.get(tables.groups, bytesKey(ratchet.group)) !== undefined)
    throw new CliquetError('agreement-invalid', 'group');

  const used = tx.get(tables.keyPackages, bytesKey(accepted.packageId));
  if (used?.kind === 'one-time') tx.delete(tables.keyPackages, bytesKey(accepted.packageId));
  const { group, generation } = ratchet;
  tx.put(tables.groups, bytesKey(group), { id: group, name, status: known ? 'active' : 'invited', generation, roster });
  startConversation(tx, group);
  saveRatchet(tx, undefined, ratchet);
  emit(tx, { type: known ? 'joined' : 'invited', group, by: from, generationKey: accepted.secretFingerprint });

  for (const { key, value } of tx.all(tables.early, `${bytesKey(generationPrefix(generation))}/`)) {
    tx.delete(tables.early, key);
    await receiveEntry(
      tx,
      curves,
      self,
      { type: 'message', seq: 0, from: value.from, header: value.header, body: value.body },
      now,
    );
  }
  return used?.kind ?? null;
}

/** The secrets of a key package that has not ended. */
function findPackage(reader: Reader, id: Bytes, now: number): KeptPackage | null {
  const kept = reader.get(tables.keyPackages, bytesKey(id));
  return kept !== undefined && kept.expires > now ? kept : null;
}

async function receiveMessage(
  tx: Transaction,
  curves: Curves,
  message: Early,
  envelope: MessageEnvelope,
  now: number,
): Promise<void> {
  const group = findGroup(tx, envelope.generation);
  // Nobody wants to read it, or nobody can.
  if (group?.status === 'declined' || group?.status === 'lost') return;
  const before = group && loadRatchet(tx, group.generation);
  if (group === undefined || before === undefined) {
    keepEarly(tx, message, now);
    return;
  }
  const sender = before.members.findIndex(({ hrid }) => sameBytes(hrid, message.from));
  if (sender < 0) throw new CliquetError('message-refused');
  const { ratchet, outcomes } = await openMessage(curves, before, sender, message.header, envelope, now);
  saveRatchet(tx, before, ratchet);
  for (const outcome of outcomes) {
    const isKnown = outcome.type === 'rolled-back' && before.rolledBack;
    if (!isKnown) await tellOutcome(tx, group, ratchet, outcome, now);
  }
  // What is confirmed changes only when somebody has covered more of this client's messages.
  if (confirmedBy(ratchet, ratchet.self) > confirmedBy(before, before.self)) await confirmOutgoing(tx, ratchet);
}

/** Finds a group by the part of its generation's id that stands on envelopes. */
function findGroup(reader: Reader, prefix: Bytes): GroupRecord | undefined {
  return reader
    .all(tables.groups)
    .map(({ value }) => value)
    .find(({ generation }) => sameBytes(generationPrefix(generation), prefix));
}

/** What no agreement has come for in all the time that the relay keeps one. @param now seconds since 1970 */
export function dropOldEarly(tx: Transaction, now: number): void {
  for (const { key, value } of tx.all(tables.early)) {
    if (value.receivedAt + earlyLifetimeSeconds < now) tx.delete(tables.early, key);
  }
}

/** Its agreement may be under way from another sender: the relay keeps order per sender only. */
function keepEarly(tx: Transaction, message: Early, now: number): void {
  dropOldEarly(tx, now);
  const all = tx.all(tables.early);
  const isKnown = (from: Bytes) => knownKey(tx, from) !== null;
  const sizeOf = (kept: readonly Early[]) =>
    kept.reduce((sum, { body, header }) => sum + body.length + header.length, message.body.length);
  const kept = all.map(({ value }) => value);
  const ofSender = kept.filter(({ from }) => sameBytes(from, message.from)).length;
  const isTooMuch = isKnown(message.from)
    ? ofSender >= maxEarlyKnown
    : ofSender >= maxEarlyUnknown || sizeOf(kept.filter(({ from }) => !isKnown(from))) > maxEarlyUnknownBytes;
  if (isTooMuch || sizeOf(kept) > maxEarlyBytes) throw new CliquetError('too-far-ahead');
  const next =
    Number(
      all
        .map(({ key }) => key.slice(key.indexOf('/') + 1))
        .sort()
        .at(-1) ?? -1,
    ) + 1;
  tx.put(tables.early, `${bytesKey(message.generation)}/${numberKey(next)}`, message);
}

async function tellOutcome(
  tx: Transaction,
  group: GroupRecord,
  ratchet: Ratchet,
  outcome: Outcome,
  now: number,
): Promise<void> {
  const member = (position: number) => ratchet.members[position]?.hrid ?? new Uint8Array(32);
  switch (outcome.type) {
    case 'opened': {
      const { content, step } = outcome;
      const sender = member(outcome.sender);
      try {
        const event = await receiveContent(tx, { group: group.id, sender, content, step }, now);
        if (event !== null) await tell(tx, group, event);
      } catch (error) {
        // The message was sealed as it should be, so the ratchet has moved on; what it says is against the rules.
        if (!(error instanceof CliquetError)) throw error;
        await tell(tx, group, { type: 'refused', sender, code: error.code });
      }
      break;
    }
    case 'clone':
      await tell(tx, group, {
        type: 'clone',
        group: group.id,
        member: member(outcome.position),
        reporter: member(outcome.reporter),
      });
      break;
    case 'fork':
      await tell(tx, group, { type: 'fork', group: group.id, member: member(outcome.sender) });
      break;
    case 'rolled-back':
      await tell(tx, group, { type: 'rolled-back', group: group.id });
      break;
    case 'refused':
      await tell(tx, group, { type: 'refused', sender: member(outcome.sender), code: 'message-refused' });
      break;
    case 'waiting':
  }
}

/** Tells the application, or holds the event back until the invitation is accepted. */
async function tell(tx: Transaction, group: GroupRecord, event: StoredEvent): Promise<void> {
  if (group.status === 'active') {
    emit(tx, event);
    return;
  }
  const prefix = `${bytesKey(group.id)}/`;
  const held = tx.all(tables.held, prefix);
  const [oldest] = held;
  if (held.length >= maxHeld && oldest !== undefined) {
    tx.delete(tables.held, oldest.key);
    // Nobody will hear of it: what it said goes too.
    if (oldest.value.type === 'message') await forgetMessage(tx, group.id, oldest.value.message);
  }
  const next = Number(held.at(-1)?.key.slice(prefix.length) ?? -1) + 1;
  tx.put(tables.held, prefix + numberKey(next), event);
}

/** The person accepts: what was held back is told. */
export function acceptInvitation(tx: Transaction, group: GroupRecord): void {
  if (group.status !== 'invited') throw new CliquetError('already-accepted');
  tx.put(tables.groups, bytesKey(group.id), { ...group, status: 'active' });
  for (const { key, value } of tx.all(tables.held, `${bytesKey(group.id)}/`)) {
    tx.delete(tables.held, key);
    emit(tx, value);
  }
}

/** The person declines: nothing of the group is kept but its record, which says that it was declined. */
export async function declineInvitation(tx: Transaction, group: GroupRecord): Promise<void> {
  if (group.status !== 'invited') throw new CliquetError('already-accepted');
  tx.put(tables.groups, bytesKey(group.id), { ...group, name: '', status: 'declined' });
  await deleteHistory(tx, group.id);
  for (const { key } of tx.all(tables.held, `${bytesKey(group.id)}/`)) tx.delete(tables.held, key);
  deleteRatchet(tx, group.generation);
}
