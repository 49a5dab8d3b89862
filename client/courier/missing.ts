// Messages that have not come: which ones, by what others have seen of them; asking their senders for them; and posting them
// again to those who ask.

import { currentVector, type Ratchet } from '../protocol/ratchet.ts';
import { memberAt } from '../protocol/transcript.ts';
import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { plainContent } from '../state/unsent.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { writeBody } from '../wire/content-body.ts';
import { putOutgoing, readEnvelope } from './outbox.ts';

/** A message that waits for so long, while this client was there, waits for one that is lost. */
export const waitSeconds = 600;
/** A message is posted again to the same member once in that time at most, however often it asks. */
const repeatSeconds = 3600;

/** The first message of a member that is missing here. */
export interface Missing {
  readonly generation: Bytes;
  readonly position: number;
  readonly from: number;
}

/**
 * What the messages that wait are waiting for.
 * @param before  messages that came after this time may just be early: seconds since 1970
 */
export function missingIn(ratchet: Ratchet, before: number): Missing[] {
  const { generation } = ratchet;
  const needed = currentVector(ratchet);
  for (const { sender, signed, since } of ratchet.waiting) {
    if (since > before) continue;
    for (const [position, count] of signed.vector.entries()) {
      // Of its own, a message needs all before it.
      const least = position === sender ? (signed.vector[sender] ?? 0) : count;
      needed[position] = Math.max(needed[position] ?? 0, least);
    }
  }
  return needed.flatMap((count, position) => {
    const { opened, cloned } = memberAt(ratchet, position);
    const isHere = ratchet.waiting.some(
      ({ sender, signed }) => sender === position && signed.vector[sender] === opened,
    );
    return position !== ratchet.self && !cloned && count > opened && !isHere
      ? [{ generation, position, from: opened }]
      : [];
  });
}

/** What members have counted by their later words of a generation that is followed by another, and nothing here waits for. */
export function missingByWord(ratchet: Ratchet): Missing[] {
  const { generation, members, self } = ratchet;
  return members.flatMap(({ opened, cloned }, position) => {
    const isCounted = members.some(({ later }) => (later?.vector[position] ?? 0) > opened);
    return isCounted && position !== self && !cloned ? [{ generation, position, from: opened }] : [];
  });
}

/** What a member has still to be asked for when the relay says that something of it is lost. */
export function missingOf(ratchet: Ratchet, hrids: readonly Bytes[]): Missing[] {
  return ratchet.members.flatMap(({ hrid, opened, cloned }, position) => {
    const isAsked = position !== ratchet.self && !cloned && hrids.some((each) => sameBytes(each, hrid));
    return isAsked ? [{ generation: ratchet.generation, position, from: opened }] : [];
  });
}

/** An empty message that asks for what is missing. */
export function missingContent(id: Bytes, messages: readonly Missing[], now: number): Content {
  return plainContent(id, writeBody({ type: 'missing', messages }), now);
}

/**
 * Posts messages of this client again, to a member who misses them.
 * @param now  seconds since 1970
 * @returns how many there are, those on their way or posted again lately included; null if this client was not asked
 */
export async function postMissing(
  tx: Transaction,
  group: Bytes,
  to: Bytes,
  missing: readonly Missing[],
  now: number,
): Promise<number | null> {
  // Each generation once, however often it is named.
  const asked = new Map<string, number>();
  for (const { generation, position, from } of missing) {
    const key = bytesKey(generation);
    const ratchet = tx.get(tables.ratchets, key);
    if (ratchet?.self === position && sameBytes(ratchet.group, group) && !asked.has(key)) asked.set(key, from);
  }
  if (asked.size === 0) return null;
  const nameOf = (generation: Bytes, part: string) => `${bytesKey(generation)}/${part}`;
  const all = tx.all(tables.outgoing);
  const kept = new Set(all.map(({ value }) => nameOf(value.generation, value.part)));
  let count = 0;
  for (const { key, value } of all) {
    const { generation, message, state, repeated } = value;
    const from = asked.get(bytesKey(generation));
    if (message === null || from === undefined || message.number < from) continue;
    count++;
    // What is not accepted yet is on its way to everybody.
    if (state === 'sealed' || state === 'again') continue;
    const part = `again/${numberKey(message.number)}/${bytesKey(to)}`;
    const recent = repeated.filter(({ at }) => at <= now && at + repeatSeconds > now);
    if (kept.has(nameOf(generation, part)) || recent.some(({ hrid }) => sameBytes(hrid, to))) continue;
    const envelope = await readEnvelope(tx, value);
    const recipient = envelope.to.find(({ hrid }) => sameBytes(hrid, to));
    if (recipient === undefined) continue;
    putOutgoing(tx, { group, generation, part, message: null, to: [recipient], body: envelope.body }, now);
    tx.put(tables.outgoing, key, { ...value, repeated: [...recent, { hrid: to, at: now }] });
  }
  return count;
}
