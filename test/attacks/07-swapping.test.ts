// 7. The relay swaps bodies, headers and parts of them between messages and recipients. No combination opens but the
// ones that were sent, and those still open afterwards.

import { beforeEach, describe, expect, test } from 'vitest';
import type { MessageEnvelope } from '../../client/wire/envelope.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { withParts } from '../sim/corruption.ts';
import { at, Chat, nameOf, openedIn, type Sent } from '../support/chat.ts';
import { seededRandom } from '../support/random.ts';

const size = 4;
const parts = ['nonce', 'header', 'outer', 'inner'] as const;

function envelopeOf({ body }: Sent): MessageEnvelope {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  return envelope;
}

describe('swaps between messages that everybody could open', () => {
  let chat: Chat;
  let messages: readonly Sent[];

  beforeEach(async () => {
    chat = await Chat.start(seededRandom('swapping'), size);
    for (const sender of [0, 1, 2, 3]) await chat.say(sender);
    messages = [await chat.send(0), await chat.send(1), await chat.send(2)];
  });

  async function allStillOpen() {
    for (const sent of messages) {
      for (let recipient = 0; recipient < size; recipient++) {
        if (recipient !== sent.sender) expect(openedIn(await chat.give(recipient, sent))).toEqual([nameOf(sent)]);
      }
    }
  }

  test('each header to each other recipient', async () => {
    for (const sent of messages) {
      for (let recipient = 0; recipient < size; recipient++) {
        for (let other = 0; other < size; other++) {
          if (other === recipient || recipient === sent.sender) continue;
          const headers = sent.headers.with(recipient, at(sent.headers, other));
          expect(await chat.refusedBy(recipient, { ...sent, headers })).toBe('message-refused');
        }
      }
    }
    await allStillOpen();
  });

  test('each body with the headers of each other message, under either sender', async () => {
    for (const one of messages) {
      for (const other of messages) {
        if (one === other) continue;
        for (const sender of [one.sender, other.sender]) {
          const swapped = {
            ...one,
            sender,
            headers: other.headers.map((h, i) => (i === 3 ? h : at(other.headers, 3))),
          };
          expect(await chat.refusedBy(3, swapped)).toBe('message-refused');
        }
      }
    }
    await allStillOpen();
  });

  test.each(parts)('the %s of each other message', async (part) => {
    for (const one of messages) {
      for (const other of messages) {
        if (one === other) continue;
        const body = withParts(one.body, { [part]: envelopeOf(other)[part] });
        for (const sender of [one.sender, other.sender]) {
          expect(await chat.refusedBy(3, { ...one, sender, body })).toBe('message-refused');
        }
      }
    }
    await allStillOpen();
  });

  test('all parts but one of each other message', async () => {
    for (const part of parts) {
      for (const [one, other] of [messages, messages.toReversed()] as const) {
        if (one === undefined || other === undefined) throw new RangeError('three messages expected');
        const body = withParts(other.body, { [part]: envelopeOf(one)[part] });
        for (const sender of [one.sender, other.sender]) {
          expect(await chat.refusedBy(3, { ...one, sender, body })).toBe('message-refused');
        }
      }
    }
    await allStillOpen();
  });

  test('the header dropped', async () => {
    for (const sent of messages) {
      const headers = sent.headers.map(() => new Uint8Array(0));
      expect(await chat.refusedBy(3, { ...sent, headers })).toBe('message-refused');
    }
    await allStillOpen();
  });

  test('swaps while messages wait: the wrong ones fall away when their turn comes, the right ones open', async () => {
    const waiting = await Chat.start(seededRandom('swapping while waiting'), size);
    const [first, second] = [await waiting.send(0), await waiting.send(0)];
    const swapped = { ...second, headers: second.headers.with(1, at(second.headers, 2)) };
    expect((await waiting.give(1, swapped)).outcomes).toMatchObject([{ type: 'waiting' }]);
    expect((await waiting.give(1, second)).outcomes).toMatchObject([{ type: 'waiting' }]);
    expect((await waiting.give(1, first)).outcomes.map(({ type }) => type)).toEqual(['opened', 'refused', 'opened']);
    expect(waiting.ratchet(1).waiting).toEqual([]);
  });
});
