// 6. The relay reorders and withholds, at every position. Whatever arrives, nothing opens wrongly; what cannot open yet
// waits; and once the missing ones come, everybody has everything and the same key.

import { beforeAll, describe, expect, test } from 'vitest';
import { currentVector, groupKey, type Ratchet } from '../../client/protocol/ratchet.ts';
import { digestAt } from '../../client/protocol/transcript.ts';
import { at, Chat, nameOf, openBytes, openedIn, type Sent } from '../support/chat.ts';
import { Model } from '../support/model.ts';
import { seededRandom } from '../support/random.ts';

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((all, item) => all.flatMap((subset) => [subset, [...subset, item]]), [[]]);
}

const reader = 3;

describe('every order and every gap in a conversation of three, seen by a fourth', () => {
  let messages: readonly Sent[];
  let start: Ratchet;
  let end: { vector: number[]; key: Uint8Array };

  const stateOf = (ratchet: Ratchet) => {
    const vector = currentVector(ratchet);
    return { vector, key: groupKey(ratchet, vector, digestAt(ratchet, vector)) };
  };

  beforeAll(async () => {
    const chat = await Chat.start(seededRandom('reordering'), 4);
    start = chat.ratchet(reader);
    // Two at once, an answer to one of them, two in a row.
    const [first, second] = [await chat.send(0), await chat.send(1)];
    await chat.deliver(first, [2]);
    const answer = await chat.send(2);
    for (const sent of [first, second, answer]) await chat.deliver(sent, sent === first ? [1] : [0, 1, 2]);
    await chat.send(0);
    await chat.send(0);
    messages = chat.sent;
    for (const sent of messages.slice(3)) await chat.deliver(sent, [1]);
    end = stateOf(chat.ratchet(1));
  });

  /** Delivers, and checks after each message that exactly what is covered by then has opened. */
  async function deliver(from: Ratchet, order: readonly Sent[], model: Model, arrived: Set<Sent>): Promise<Ratchet> {
    let ratchet = from;
    for (const sent of order) {
      arrived.add(sent);
      const received = await openBytes(ratchet, sent.sender, at(sent.headers, reader), sent.body);
      const expected: string[] = [];
      for (let next: Sent | undefined; ; expected.push(nameOf(next))) {
        next = [...arrived].find((each) => model.covers(reader, each));
        if (next === undefined) break;
        model.open(reader, next);
      }
      expect(openedIn(received).sort()).toEqual(expected.sort());
      ratchet = received.ratchet;
      expect(ratchet.waiting).toHaveLength(arrived.size - currentVector(ratchet).reduce((sum, count) => sum + count));
    }
    return ratchet;
  }

  const newModel = () => {
    const model = new Model(4);
    for (const sent of messages) model.contributions.add(sent);
    return model;
  };

  test('all 120 orders converge to the same key', async () => {
    const orders = permutations(messages);
    expect(orders).toHaveLength(120);
    for (const order of orders) {
      const ratchet = await deliver(start, order, newModel(), new Set());
      expect(stateOf(ratchet)).toEqual(end);
      expect(ratchet.waiting).toEqual([]);
    }
  });

  test('each of the 32 ways to withhold some leaves the rest waiting, until those come', async () => {
    for (const withheld of subsets(messages)) {
      const rest = messages.filter((sent) => !withheld.includes(sent));
      const [model, arrived] = [newModel(), new Set<Sent>()];
      const partial = await deliver(start, rest.toReversed(), model, arrived);
      expect(partial.forked || partial.rolledBack).toBe(false);
      const whole = await deliver(partial, withheld.toReversed(), model, arrived);
      expect(stateOf(whole)).toEqual(end);
    }
  });
});
