// 4. A member gives different secrets to different members, so that they would go on under different keys. Each is held
// against the commitment that all see: whoever got another secret refuses, and never goes on under a wrong key.

import { beforeEach, describe, expect, test } from 'vitest';
import { currentVector, groupKey } from '../../client/protocol/ratchet.ts';
import { digestAt } from '../../client/protocol/transcript.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { Contribution } from '../../client/wire/envelope.ts';
import { at, Chat, nameOf, openedIn } from '../support/chat.ts';
import type { MessageForgery } from '../support/forge-message.ts';
import { seededRandom } from '../support/random.ts';

const other: Bytes = new Uint8Array(32).fill(7);

describe('a member that gives different secrets to different members', () => {
  let chat: Chat;
  beforeEach(async () => {
    chat = await Chat.start(seededRandom('splitting'), 4);
    for (const sender of [0, 1, 2, 3]) await chat.say(sender);
  });
  const split = (forgery: MessageForgery) => chat.forge(0, forgery);

  test('an honest message made in the same way opens everywhere', async () => {
    const sent = await split({});
    for (const recipient of [1, 2, 3]) expect(openedIn(await chat.give(recipient, sent))).toEqual([nameOf(sent)]);
  });

  test('the member with another secret refuses; the others open and have the same key', async () => {
    const sent = await split({ secretFor: (secret, position) => (position === 2 ? other : secret) });
    expect(await chat.refusedBy(2, sent)).toBe('message-refused');
    const keys = [];
    for (const recipient of [1, 3]) {
      expect(openedIn(await chat.give(recipient, sent))).toEqual([nameOf(sent)]);
      const ratchet = chat.ratchet(recipient);
      keys.push(groupKey(ratchet, currentVector(ratchet), digestAt(ratchet, currentVector(ratchet))));
    }
    expect(keys[0]).toEqual(keys[1]);
  });

  test('what follows waits at the member that refused: it goes on under no other key', async () => {
    const sent = await split({ secretFor: (secret, position) => (position === 2 ? other : secret) });
    await chat.refusedBy(2, sent);
    await chat.give(1, sent);
    const next = await chat.send(1);
    expect((await chat.give(2, next)).outcomes).toMatchObject([{ type: 'waiting', sender: 1 }]);
    const between = await chat.send(2);
    expect(openedIn(await chat.give(1, between))).toEqual([nameOf(between)]);
    expect(openedIn(await chat.give(3, between))).toEqual([nameOf(between)]);
  });

  test('a commitment to another secret is refused by everybody', async () => {
    const sent = await split({
      contribution: (made) => Contribution.encode({ ...made, commitment: other }),
    });
    for (const recipient of [1, 2, 3]) expect(await chat.refusedBy(recipient, sent)).toBe('message-refused');
  });

  test('one secret for all, but not the one that was committed to, is refused by everybody', async () => {
    const sent = await split({ secretFor: () => other });
    for (const recipient of [1, 2, 3]) expect(await chat.refusedBy(recipient, sent)).toBe('message-refused');
  });

  test('headers swapped between two members are refused by both, and open once given right', async () => {
    const sent = await chat.send(0);
    const swapped = { ...sent, headers: sent.headers.with(1, at(sent.headers, 2)).with(2, at(sent.headers, 1)) };
    expect(await chat.refusedBy(1, swapped)).toBe('message-refused');
    expect(await chat.refusedBy(2, swapped)).toBe('message-refused');
    for (const recipient of [1, 2, 3]) expect(openedIn(await chat.give(recipient, sent))).toEqual([nameOf(sent)]);
  });

  test('another digest or another history for one member is seen as a fork by whoever gets it', async () => {
    const sent = await split({ digest: other });
    for (const recipient of [1, 2, 3]) {
      expect((await chat.give(recipient, sent)).outcomes).toEqual([{ type: 'fork', sender: 0 }]);
      expect(chat.ratchet(recipient).forked).toBe(true);
    }
  });
});
