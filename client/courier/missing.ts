// Messages that have not come: which ones, by what others have seen of them, and asking their senders for them.

import { currentVector, type Ratchet } from '../protocol/ratchet.ts';
import { memberAt } from '../protocol/transcript.ts';
import { plainContent } from '../state/unsent.ts';
import type { Bytes } from '../wire/bytes.ts';
import { sameBytes } from '../wire/bytes.ts';
import type { Content } from '../wire/content.ts';
import { writeBody } from '../wire/content-body.ts';

/** A message that waits for so long, while this client was there, waits for one that is lost. */
export const waitSeconds = 600;

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
