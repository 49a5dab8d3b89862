// 3. A member makes a message in another member's name. It knows every key that the other would use; only the signature
// tells. The relay may lie about who sent something. Refused, and the state is unchanged.

import { beforeEach, describe, expect, test } from 'vitest';
import { Chat, nameOf, openedIn } from '../support/chat.ts';
import { seededRandom } from '../support/random.ts';

describe('a message in the name of another member', () => {
  let chat: Chat;
  beforeEach(async () => {
    chat = await Chat.start(seededRandom('forged sender'), 3);
    for (const sender of [0, 1, 2]) await chat.say(sender);
  });

  /** Member 1 makes a message of member 0 from all that it knows; `signer` is whose key signs. */
  const inNameOf0 = (signer: number) => chat.forge(signer, {}, { ...chat.ratchet(1), self: 0 });

  test('signed by the forger, it is refused', async () => {
    expect(await chat.refusedBy(2, await inNameOf0(1))).toBe('message-refused');
    expect(await chat.refusedBy(0, await inNameOf0(1))).toBe('message-refused');
  });

  test('nothing but the signature stands in the way: signed by the victim, it opens', async () => {
    expect(openedIn(await chat.give(2, await inNameOf0(0)))).toEqual(['0:1']);
  });

  test('sent again by the relay under any other name, a true message is refused, and then opens under the true one', async () => {
    const sent = await chat.send(0);
    for (const liar of [1, 2]) {
      for (const recipient of [1, 2])
        expect(await chat.refusedBy(recipient, { ...sent, sender: liar })).toBe('message-refused');
    }
    for (const recipient of [1, 2]) expect(openedIn(await chat.give(recipient, sent))).toEqual([nameOf(sent)]);
  });

  test('a message that waits cannot be claimed by another either', async () => {
    const withheld = await chat.send(0);
    const next = await chat.send(0);
    expect(await chat.refusedBy(2, { ...next, sender: 1 })).toBe('message-refused');
    await chat.give(2, next);
    expect(openedIn(await chat.give(2, withheld))).toEqual([nameOf(withheld), nameOf(next)]);
  });
});
