// What comes from the queue, taken into the state: within one transaction the ratchet moves on, the events are stored
// and the cursor advances. Only after its commit is anything acknowledged to the relay.

import { differsLater, hearLater } from '../protocol/later.ts';
import { type Outcome, openMessage, type ReadEnvelope } from '../protocol/open.ts';
import { confirmedBy, type Ratchet } from '../protocol/ratchet.ts';
import { emit } from '../state/events.ts';
import { findClosed, findRatchet } from '../state/generations.ts';
import { healingOf, mayNudge, noteSaidUnheld, noteUnopened, putHealing } from '../state/healing.ts';
import { receiveContent } from '../state/messages.ts';
import { countContent, generationPrefix, loadRatchet, saveRatchet } from '../state/ratchets.ts';
import { type Early, type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type Content, isContent } from '../wire/content.ts';
import { readBody } from '../wire/content-body.ts';
import { AgreementHeader, Envelope, type MessageEnvelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { KeyPackage } from '../wire/key-package.ts';
import { maxMembers } from '../wire/limits.ts';
import type { QueueEntry } from '../wire/queue.ts';
import { missingGeneration, receiveAgreement } from './agreements.ts';
import type { Ahead } from './ahead.ts';
import { keepEarly, takeEarly } from './early.ts';
import { tell } from './invitations.ts';
import { strikeOf } from './membership.ts';
import { type Missing, postMissing } from './missing.ts';
import { receiveNotice, sendNotice, tellRemoval, tellRemovalFor } from './notices.ts';
import { confirmOutgoing } from './outbox.ts';
import type { Registered } from './registered.ts';
import { receiveRequest } from './rejoin.ts';

/** What taking in an entry needs of the client. */
export type Receiver = Pick<Registered, 'curves' | 'self' | 'random' | 'now'>;

type MessageEntry = Extract<QueueEntry, { type: 'message' }>;

/**
 * Takes in one entry of the queue.
 * @param now    seconds since 1970
 * @param ahead  what is known of the entry already, if anything
 * @returns the kind of key package that it has used, if any
 */
export async function receiveEntry(
  tx: Transaction,
  client: Receiver,
  entry: QueueEntry,
  now: number,
  ahead: Ahead | null = null,
): Promise<KeyPackage['kind'] | null> {
  if (entry.type === 'gap') {
    noteGap(tx, entry.from, entry.reason);
    return null;
  }
  try {
    return await tx.attempt(() => openEntry(tx, client, entry, now, ahead));
  } catch (error) {
    // A bad entry is told and passed over, and leaves nothing: it must not hold up the queue.
    if (!(error instanceof CliquetError)) throw error;
    const isKept = noteUnopenable(tx, client, error, entry, now);
    const code = isKept ? error.code : 'too-far-ahead';
    if (code !== 'duplicate') emit(tx, { type: 'refused', sender: entry.from, code });
  }
  return null;
}

async function openEntry(
  tx: Transaction,
  client: Receiver,
  { from, header, body }: MessageEntry,
  now: number,
  ahead: Ahead | null,
): Promise<KeyPackage['kind'] | null> {
  const envelope = ahead?.envelope ?? Envelope.decode(body);
  switch (envelope.type) {
    case 'agreement': {
      const used = await receiveAgreement(tx, client, from, header, envelope, now);
      await receiveEarly(tx, client, generationPrefix(envelope.id), now);
      return used;
    }
    case 'message': {
      const message = { generation: envelope.generation, from, header, body, receivedAt: now };
      await receiveMessage(tx, client, message, envelope, now, ahead?.read ?? null);
      return null;
    }
    case 'notice':
      await receiveNotice(tx, client, envelope, now);
      return null;
    case 'request':
      return receiveRequest(tx, client, from, header, envelope, now);
  }
}

/**
 * An agreement that does not open: it is tried again when the generation comes that it builds on; and if that does not
 * come, the members are ahead.
 * @returns false if it should be kept for that, and there is no room
 */
function noteUnopenable(
  tx: Transaction,
  client: Receiver,
  { code }: CliquetError,
  { from, header, body }: MessageEntry,
  now: number,
): boolean {
  if (code !== 'keys-gone' && code !== 'package-gone') return true;
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'agreement') return true;
  noteUnopened(tx, envelope.id, from, now);
  tellRemovalFor(tx, client, from, AgreementHeader.decode(header), now);
  const missing = missingGeneration(tx, header);
  if (missing === null) return true;
  return keepEarly(tx, { generation: generationPrefix(missing), from, header, body, receivedAt: now }, now);
}

/** Something of a sender is lost: it is asked for it in every group that it shares with this client, or it is told. */
function noteGap(tx: Transaction, from: Bytes, reason: 'expired' | 'full' | 'withdrawn'): void {
  const isShared = ({ status, roster }: GroupRecord) =>
    status === 'active' && roster.some(({ hrid }) => sameBytes(hrid, from));
  const shared = tx.all(tables.groups).filter(({ value }) => isShared(value));
  if (shared.length === 0) emit(tx, { type: 'gap', sender: from, reason });
  for (const { value } of shared) {
    const ratchet = loadRatchet(tx, value.generation);
    const opened = ratchet?.members.find(({ hrid }) => sameBytes(hrid, from))?.opened ?? 0;
    const healing = healingOf(tx, value.id);
    const others = healing.gaps.filter(({ sender }) => !sameBytes(sender, from));
    const gaps = [...others, { sender: from, reason, generation: value.generation, opened, askedAt: null }].slice(
      -maxMembers,
    );
    putHealing(tx, value.id, { ...healing, gaps });
  }
}

/** What has waited for an agreement, if that has brought its generation. */
async function receiveEarly(tx: Transaction, client: Receiver, prefix: Bytes, now: number): Promise<void> {
  if (findRatchet(tx, prefix) === undefined) return;
  for (const { from, header, body } of takeEarly(tx, prefix)) {
    await receiveEntry(tx, client, { type: 'message', seq: 0, from, header, body }, now);
  }
}

async function receiveMessage(
  tx: Transaction,
  client: Receiver,
  message: Early,
  envelope: MessageEnvelope,
  now: number,
  read: ReadEnvelope | null,
): Promise<void> {
  const before = findRatchet(tx, envelope.generation);
  const group = before && tx.get(tables.groups, bytesKey(before.group));
  if (before === undefined || group === undefined) {
    // Nobody wants to read it, or all of it was read before.
    if (isOver(tx, envelope.generation)) nudge(tx, client, message.from, envelope.generation, now);
    else if (!keepEarly(tx, message, now)) throw new CliquetError('too-far-ahead');
    return;
  }
  if (group.status === 'removed') return;
  const sender = before.members.findIndex(({ hrid }) => sameBytes(hrid, message.from));
  if (sender < 0) throw new CliquetError('message-refused');
  const known = read !== null && sameBytes(read.generation, before.generation) ? read : undefined;
  const { ratchet, outcomes } = await openMessage(client.curves, before, sender, message.header, envelope, now, known);
  saveRatchet(tx, before, ratchet);
  for (const outcome of outcomes) {
    const isKnown = (outcome.type === 'rolled-back' && before.rolledBack) || (outcome.type === 'fork' && before.forked);
    if (!isKnown) await tellOutcome(tx, client, group, ratchet, outcome, now);
  }
  await confirm(tx, group, before, ratchet);
}

/** What is confirmed changes only when somebody has covered more of this client's messages. */
async function confirm(tx: Transaction, group: GroupRecord, before: Ratchet, after: Ratchet): Promise<void> {
  const isMember = (hrid: Bytes) => group.roster.some((entry) => sameBytes(entry.hrid, hrid));
  const count = (ratchet: Ratchet) => confirmedBy(ratchet, ratchet.self, isMember);
  if (count(after) > count(before)) await confirmOutgoing(tx, after, isMember);
}

/** Who speaks in a generation that is closed has not heard of the next ones: a word in the present one lets it notice. */
function nudge(tx: Transaction, client: Receiver, from: Bytes, prefix: Bytes, now: number): void {
  const closed = findClosed(tx, prefix);
  const group = closed && tx.get(tables.groups, bytesKey(closed.group));
  if (closed === undefined || group?.status !== 'active') return;
  if (!group.roster.some(({ hrid }) => sameBytes(hrid, from))) {
    tellRemoval(tx, client, group, from, [closed.generation], now);
  } else if (mayNudge(tx, group.id, now)) oweWord(tx, group);
}

/** This client says something soon, if only an empty message. */
function oweWord(tx: Transaction, { generation }: GroupRecord): void {
  const ratchet = loadRatchet(tx, generation);
  if (ratchet !== undefined) saveRatchet(tx, ratchet, { ...ratchet, owesContribution: true });
}

/** Whether a generation is closed, or was the last one of a group that is over for this client. */
function isOver(reader: Reader, prefix: Bytes): boolean {
  const isIt = (generation: Bytes) => sameBytes(generationPrefix(generation), prefix);
  if (findClosed(reader, prefix) !== undefined) return true;
  return reader.all(tables.groups).some(({ value }) => value.status !== 'active' && isIt(value.generation));
}

async function tellOutcome(
  tx: Transaction,
  client: Receiver,
  group: GroupRecord,
  ratchet: Ratchet,
  outcome: Outcome,
  now: number,
): Promise<void> {
  const member = (position: number) => ratchet.members[position]?.hrid ?? new Uint8Array(32);
  switch (outcome.type) {
    case 'opened':
      await hearEarlier(tx, group, ratchet, member(outcome.sender), outcome.content, now);
      await tellContent(tx, client, group, ratchet, member(outcome.sender), outcome, now);
      break;
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

async function tellContent(
  tx: Transaction,
  client: Receiver,
  group: GroupRecord,
  ratchet: Ratchet,
  sender: Bytes,
  { content, step }: Extract<Outcome, { type: 'opened' }>,
  now: number,
): Promise<void> {
  try {
    const strike = strikeOf(tx, group, ratchet.generation, sender);
    if (strike !== null) {
      // The keys move on, so that what others have said after it opens; but the group does not listen any more.
      if (mayNudge(tx, group.id, now)) sendNotice(tx, client, strike, ratchet.generation, [sender]);
      throw new CliquetError('message-refused', 'the member was removed');
    }
    const event = await receiveContent(tx, { group: group.id, sender, content, step, generation: ratchet.number }, now);
    if (isContent(content)) countContent(tx, content.again ?? ratchet.generation, sender);
    if (event !== null) await tell(tx, group, event);
    const body = readBody(content);
    if (body?.type === 'missing') await answerMissing(tx, group, sender, body.messages, now);
  } catch (error) {
    // The message was sealed as it should be, so the ratchet has moved on; what it says is against the rules.
    if (!(error instanceof CliquetError)) throw error;
    if (error.code === 'duplicate') return; // sent again, for others
    if (isContent(content)) countContent(tx, content.again ?? ratchet.generation, sender);
    await tell(tx, group, { type: 'refused', sender, code: error.code });
  }
}

/** Posts again what a member misses of this client; whoever has nothing to post says at least how far it has come. */
async function answerMissing(
  tx: Transaction,
  group: GroupRecord,
  member: Bytes,
  missing: readonly Missing[],
  now: number,
): Promise<void> {
  const posted = await postMissing(tx, group.id, member, missing, now);
  if (posted === 0 && mayNudge(tx, group.id, now)) oweWord(tx, group);
}

/** This store is older than what was sent from it. */
async function markRolledBack(tx: Transaction, group: GroupRecord): Promise<void> {
  const present = loadRatchet(tx, group.generation);
  if (present === undefined || present.rolledBack) return;
  saveRatchet(tx, present, { ...present, rolledBack: true });
  await tell(tx, group, { type: 'rolled-back', group: group.id });
}

/** How far a member had come in earlier generations; of the one it speaks in, the message itself says that. */
async function hearEarlier(
  tx: Transaction,
  group: GroupRecord,
  { generation }: Ratchet,
  sender: Bytes,
  { earlier }: Content,
  now: number,
): Promise<void> {
  for (const word of earlier) {
    if (sameBytes(word.generation, generation)) continue;
    const before = loadRatchet(tx, word.generation);
    if (before === undefined && word.contents > 0) noteSaidUnheld(tx, group.id, word.generation, sender, now);
    const position = before?.members.findIndex(({ hrid }) => sameBytes(hrid, sender)) ?? -1;
    if (before === undefined || position < 0 || !sameBytes(before.group, group.id)) continue;
    const after = hearLater(before, position, word);
    if (after === null) continue;
    if (after === 'rolled-back') {
      // It knows messages of this client that this store does not; unless that is known, and mended, it has to come back.
      if (!before.rolledBack) {
        saveRatchet(tx, before, { ...before, rolledBack: true });
        await markRolledBack(tx, group);
      }
      continue;
    }
    saveRatchet(tx, before, after);
    if (differsLater(after, position)) await tell(tx, group, { type: 'fork', group: group.id, member: sender });
    await confirm(tx, group, before, after);
  }
}
