// 12. A member is silent for 300 messages, so all that its next message might name must be kept. Forward secrecy of the
// others' messages holds at once all the same: it is the chain of each sender that forgets.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { attack } from '../support/attacker.ts';
import { at, Chat, nameOf } from '../support/chat.ts';
import { seededRandom } from '../support/random.ts';

const messages = 300;
const reader = 2;

describe('a member that reads and sends nothing for 300 messages', () => {
  let chat: Chat;
  let start: readonly Ratchet[];
  /** The states of all members after so many messages. */
  const copies = new Map<number, readonly Ratchet[]>();

  beforeAll(async () => {
    chat = await Chat.start(seededRandom('silent'), 3);
    start = [...chat.ratchets];
    for (let sent = 0; sent < messages; sent++) {
      if (sent % 60 === 0) copies.set(sent, [...chat.ratchets]);
      await chat.say(chat.random.below(2));
    }
    copies.set(messages, [...chat.ratchets]);
  });

  test('every state still holds the secret of every contribution', () => {
    for (const { members } of chat.ratchets) {
      const kept = members.map(({ contributions }) => contributions.length);
      expect(kept.reduce((sum, count) => sum + count)).toBe(messages + 3);
    }
  });

  test('nothing earlier opens from the states of all members together', async () => {
    for (const [sent, states] of copies) {
      expect([...(await attack(states, chat.sent.slice(0, sent))).keys()]).toEqual([]);
    }
  });

  test('with chains that had not gone on, all 300 would open', async () => {
    const last = at(chat.ratchets, 0);
    const members = last.members.map((member, position) => {
      const { chainKey, opened } = at(at(start, 0).members, position);
      return { ...member, chainKey, opened };
    });
    const opened = await attack([{ ...last, members }], chat.sent);
    expect([...opened.keys()].sort()).toEqual(chat.sent.map(nameOf).sort());
  });

  test('its first message lets everybody forget, and everyone can message everyone', async () => {
    await chat.say(reader);
    for (const sender of [0, 1, reader, 0]) await chat.say(sender);
    for (const { members } of chat.ratchets) {
      for (const { contributions, transcripts } of members) {
        expect(contributions.length).toBeLessThanOrEqual(3);
        expect(transcripts.length).toBeLessThanOrEqual(3);
      }
    }
  });
});

test('a member that gets nothing keeps nobody else from forgetting; only its own device can still open all', async () => {
  const chat = await Chat.start(seededRandom('away'), 3);
  for (let sent = 0; sent < messages / 3; sent++) await chat.deliver(await chat.send(sent % 2), [0, 1]);
  const [first, second, away] = chat.ratchets;
  if (first === undefined || second === undefined || away === undefined) throw new RangeError('three members expected');
  expect((await attack([first, second], chat.sent)).size).toBe(0);
  expect((await attack([away], chat.sent)).size).toBe(messages / 3);
  for (const sent of chat.sent) await chat.give(2, sent);
  expect((await attack([chat.ratchet(2)], chat.sent)).size).toBe(0);
});
