import { describe, expect, test } from 'vitest';
import { currentVector, type Ratchet } from '../../../client/protocol/ratchet.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { Envelope, type MessageEnvelope } from '../../../client/wire/envelope.ts';
import { at, Chat, openBytes, openedIn, refusal, restored } from '../../support/chat.ts';
import { emptyOf } from '../../support/content.ts';
import { forgeMessage, type MessageForgery } from '../../support/forge-message.ts';
import { startOfTime } from '../../support/group.ts';
import { lowOrderLeaves } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';

const none = new Uint8Array(0);
const flip = (bytes: Bytes, position = 0): Bytes => {
  const flipped = bytes.slice();
  flipped[position] = (flipped[position] ?? 0) ^ 1;
  return flipped;
};

/** A chat whose members have each said something. */
async function talking(seed: string, size = 3): Promise<Chat> {
  const chat = await Chat.start(seededRandom(seed), size);
  for (let sender = 0; sender < size; sender++) await chat.say(sender);
  return chat;
}

const withOpened = (ratchet: Ratchet, position: number, opened: number): Ratchet => ({
  ...ratchet,
  members: ratchet.members.with(position, { ...at(ratchet.members, position), opened }),
});

describe('openMessage()', () => {
  test('opens what the sender said, for everybody', async () => {
    const chat = await talking('opens');
    const sent = await chat.send(0, 'hello');
    for (const recipient of [1, 2]) {
      const { outcomes } = await chat.give(recipient, sent);
      expect(outcomes).toEqual([
        {
          type: 'opened',
          sender: 0,
          number: 1,
          content: sent.content,
          step: expect.objectContaining({ vector: [1, 1, 1] }),
        },
      ]);
      expect(currentVector(chat.ratchet(recipient))).toEqual([2, 1, 1]);
    }
  });

  test('leaves the state that it was given', async () => {
    const chat = await talking('leaves');
    const before = chat.ratchet(1);
    const copy = structuredClone(before);
    await chat.give(1, await chat.send(0));
    expect(before).toEqual(copy);
    expect(chat.ratchet(1)).not.toEqual(copy);
  });

  test('opens from a state that comes back from a store', async () => {
    const chat = await talking('restored');
    for (let i = 0; i < 6; i++) {
      chat.ratchets.forEach((ratchet, position) => {
        chat.ratchets[position] = restored(ratchet);
      });
      await chat.say(i % 3);
    }
    expect(currentVector(chat.ratchet(2))).toEqual([3, 3, 3]);
  });

  test('counts content until this client speaks, and empty messages not at all', async () => {
    const chat = await talking('counts');
    const empty = emptyOf();
    await chat.say(2, empty);
    expect([chat.ratchet(2).unansweredContent, chat.ratchet(2).unansweredSince]).toEqual([0, null]);
    await chat.say(0, empty);
    expect([chat.ratchet(2).unansweredContent, chat.ratchet(2).unansweredSince]).toEqual([0, null]);
    chat.now += 5;
    await chat.say(0);
    chat.now += 5;
    await chat.say(1);
    expect([chat.ratchet(2).unansweredContent, chat.ratchet(2).unansweredSince]).toEqual([2, startOfTime + 5]);
    await chat.say(2);
    expect([chat.ratchet(2).unansweredContent, chat.ratchet(2).unansweredSince]).toEqual([0, null]);
  });

  test('messages sent at the same time open in any order', async () => {
    const chat = await talking('concurrent');
    const sent = [await chat.send(0), await chat.send(1), await chat.send(2)];
    for (const [recipient, order] of [
      [0, [2, 1]],
      [1, [0, 2]],
      [2, [1, 0]],
    ] as const) {
      for (const sender of order)
        expect(openedIn(await chat.give(recipient, at(sent, sender)))).toEqual([`${sender}:1`]);
    }
    await chat.say(0);
    expect(new Set(chat.ratchets.map((ratchet) => currentVector(ratchet).join()))).toEqual(new Set(['3,2,2']));
  });

  test('a message waits for what it covers, then all open in order', async () => {
    const chat = await talking('waits');
    const [first, second] = [await chat.send(0), await chat.send(0)];
    for (const sent of [first, second]) await chat.give(1, sent);
    const third = await chat.send(1);
    expect((await chat.give(2, third)).outcomes).toEqual([{ type: 'waiting', sender: 1, number: 1 }]);
    expect((await chat.give(2, second)).outcomes).toEqual([{ type: 'waiting', sender: 0, number: 2 }]);
    expect(chat.ratchet(2).waiting).toHaveLength(2);
    expect(openedIn(await chat.give(2, first))).toEqual(['0:1', '0:2', '1:1']);
    expect(chat.ratchet(2).waiting).toEqual([]);
  });

  test('a duplicate is refused, opened or waiting', async () => {
    const chat = await talking('duplicate');
    const [first, second] = [await chat.send(0), await chat.send(0)];
    await chat.give(1, second);
    expect(await chat.refusedBy(1, second)).toBe('duplicate');
    await chat.give(1, first);
    for (const sent of [first, second]) expect(await chat.refusedBy(1, sent)).toBe('duplicate');
    for (let i = 0; i < 12; i++) await chat.say(0);
    // Older than what is kept of it: still a duplicate.
    for (const sent of [first, second]) expect(await chat.refusedBy(1, sent)).toBe('duplicate');
  });
});

describe('openMessage() refuses, and changes nothing', () => {
  const change = (body: Bytes, make: (envelope: MessageEnvelope) => Partial<MessageEnvelope>): Bytes => {
    const envelope = Envelope.decode(body);
    if (envelope.type !== 'message') throw new TypeError('expected a message');
    return Envelope.encode({ ...envelope, ...make(envelope) });
  };

  test.each<[string, (envelope: MessageEnvelope) => Partial<MessageEnvelope>]>([
    ['header', ({ header }) => ({ header: flip(header) })],
    ['empty header', () => ({ header: none })],
    ['outer layer', ({ outer }) => ({ outer: flip(outer) })],
    ['outer layer of a light message', ({ outer }) => ({ outer: outer.slice(0, 16) })],
    ['inner layer', ({ inner }) => ({ inner: flip(inner, 100) })],
    ['empty inner layer', () => ({ inner: none })],
    ['nonce', ({ nonce }) => ({ nonce: flip(nonce) })],
  ])('another %s', async (_, make) => {
    const chat = await talking('another');
    const sent = await chat.send(0);
    expect(await chat.refusedBy(1, { ...sent, body: change(sent.body, make) })).toBe('message-refused');
    expect(openedIn(await chat.give(1, sent))).toEqual(['0:1']);
  });

  test.each([
    ['of another member', (headers: readonly Bytes[]) => at(headers, 2)],
    ['that was changed', (headers: readonly Bytes[]) => flip(at(headers, 1))],
    ['that is missing', () => none],
    ['of another length', () => new Uint8Array(47)],
    ['of nothing but zeros', () => new Uint8Array(48)],
  ])('a recipient’s secret %s', async (_, pick) => {
    const chat = await talking('secret');
    const sent = await chat.send(0);
    const headers = sent.headers.with(1, pick(sent.headers));
    expect(await chat.refusedBy(1, { ...sent, headers })).toBe('message-refused');
    expect(openedIn(await chat.give(1, sent))).toEqual(['0:1']);
  });

  test('a message under the name of another member, or of this client', async () => {
    const chat = await talking('name');
    const sent = await chat.send(0);
    for (const sender of [1, 2]) expect(await chat.refusedBy(1, { ...sent, sender })).toBe('message-refused');
    // What this client said itself, or a copy of it, does not come back to it.
    const own = [await chat.send(1), (await chat.seal(1, 'from a copy')).sent];
    for (const message of own) expect(await chat.refusedBy(1, message)).toBe('message-refused');
  });

  test('a message that a member made in the name of another', async () => {
    const chat = await talking('forged');
    // Member 2 knows everything of member 0 but its seed and leaf secrets.
    const asVictim = { ...chat.ratchet(2), self: 0 };
    const forged = await forgeMessage(chat.random, asVictim, chat.seedOf(2));
    expect(await refusal(() => openBytes(chat.ratchet(1), 0, at(forged.headers, 1), forged.body))).toBe(
      'message-refused',
    );
    const honest = await forgeMessage(chat.random, asVictim, chat.seedOf(0));
    expect(openedIn(await openBytes(chat.ratchet(1), 0, at(honest.headers, 1), honest.body))).toEqual(['0:1']);
  });

  test('a message of another group or generation of the same people', async () => {
    const chat = await talking('here');
    const elsewhere = new Chat(chat.random, chat.members, (await Chat.start(chat.random, 3)).ratchets);
    const sent = await elsewhere.send(0);
    expect(await chat.refusedBy(1, sent)).toBe('message-refused');
    for (const context of ['group', 'generation'] as const) {
      const other = { ...chat.ratchet(0), [context]: chat.random.bytes(32) };
      const { body, headers } = (await chat.seal(0, 'x', other)).sent;
      expect(await chat.refusedBy(1, { ...sent, body, headers })).toBe('message-refused');
    }
  });

  /** What member 1 makes of a forged message of member 0. */
  async function forgedOutcome(forgery: MessageForgery, chat?: Chat): Promise<string> {
    const talk = chat ?? (await talking('member'));
    const { body, headers } = await forgeMessage(talk.random, talk.ratchet(0), talk.seedOf(0), forgery);
    const sent = { ...at(talk.sent, 0), body, headers };
    return talk.refusedBy(1, sent);
  }

  test('nothing, when a member forges nothing', async () => {
    expect(await forgedOutcome({})).toBe('accepted');
  });

  test.each<[string, string, MessageForgery]>([
    ['a signature of another member', 'message-refused', { signerSeed: new Uint8Array(32) }],
    ['a vector too short', 'message-refused', { vector: [1, 1] }],
    ['a vector too long', 'message-refused', { vector: [1, 1, 1, 0] }],
    ['an entry more than 1,024 ahead', 'too-far-ahead', { vector: [1, 1, 1026] }],
    ['a number more than 1,024 ahead', 'too-far-ahead', { vector: [1026, 1, 1] }],
    ['an entry of 2^53 − 1', 'too-far-ahead', { vector: [1, 1, Number.MAX_SAFE_INTEGER] }],
    ['a commitment to another secret', 'message-refused', { secretFor: (secret) => flip(secret) }],
    [
      'another secret for one member',
      'message-refused',
      { secretFor: (secret, position) => (position === 1 ? flip(secret) : secret) },
    ],
    [
      'another commitment than to the secret that all got',
      'message-refused',
      {
        contribution: ({ leaf, commitment }) =>
          new Uint8Array([0x82, 0x58, 32, ...leaf, 0x58, 32, ...flip(commitment)]),
      },
    ],
    [
      'a leaf that is another',
      'message-refused',
      {
        contribution: ({ leaf, commitment }) =>
          new Uint8Array([0x82, 0x58, 32, ...flip(leaf), 0x58, 32, ...commitment]),
      },
    ],
    ['padding that is none', 'message-refused', { padded: (padded) => new Uint8Array(padded.length) }],
    [
      'padding of another length',
      'message-refused',
      { padded: (padded) => new Uint8Array([...padded, ...new Uint8Array(16)]) },
    ],
    ['a header that is none', 'message-refused', { header: (header) => header.slice(0, -1) }],
    ['content that is none', 'message-refused', { content: () => new Uint8Array([0xff]) }],
    ['content with trailing bytes', 'message-refused', { content: (content) => new Uint8Array([...content, 0]) }],
    ['a contribution that is none', 'message-refused', { contribution: () => new Uint8Array([0x80]) }],
  ])('%s: %s', async (_, code, forgery) => {
    expect(await forgedOutcome(forgery)).toBe(code);
  });

  test('a vector below what the sender signed before', async () => {
    const chat = await talking('below');
    await chat.say(0);
    for (const vector of [
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      expect(await forgedOutcome({ vector }, chat)).toBe('message-refused');
    }
  });

  test.each(lowOrderLeaves.slice(0, 4).map((leaf) => [leaf] as const))(
    'a low-order leaf as a contribution %#',
    async (leaf) => {
      // Wrapped under a shared secret of zeros, as a provider would come to that lets the leaf pass.
      const contribution = ({ commitment }: { commitment: Bytes }) =>
        new Uint8Array([0x82, 0x58, 32, ...leaf, 0x58, 32, ...commitment]);
      expect(await forgedOutcome({ contribution, shared: () => new Uint8Array(32) })).toBe('message-refused');
    },
  );

  test('the content of a refused message is not believed when a good one follows', async () => {
    const chat = await talking('follows');
    expect(await forgedOutcome({ content: () => new Uint8Array([0xff]) }, chat)).toBe('message-refused');
    const sent = await chat.send(0);
    expect(openedIn(await chat.give(1, sent))).toEqual(['0:1']);
  });
});

describe('openMessage() limits of waiting', () => {
  test('256 of one sender wait, the next is refused for now', async () => {
    const chat = await talking('many');
    const first = await chat.send(0);
    for (let i = 0; i < 256; i++) {
      const sent = await chat.send(0);
      expect((await chat.give(1, sent)).outcomes).toEqual([{ type: 'waiting', sender: 0, number: i + 2 }]);
    }
    expect(await chat.refusedBy(1, await chat.send(0))).toBe('too-far-ahead');
    expect(openedIn(await chat.give(1, first))).toHaveLength(257);
    expect(chat.ratchet(1).waiting).toEqual([]);
  });

  test('1 MiB of one sender waits, the next is refused for now', async () => {
    const chat = await talking('large');
    await chat.send(0);
    let waiting = 0;
    for (;;) {
      const sent = await chat.send(0, 'x'.repeat(60_000));
      if ((await refusal(() => openBytes(chat.ratchet(1), 0, at(sent.headers, 1), sent.body))) !== 'accepted') break;
      await chat.give(1, sent);
      waiting += 1;
    }
    expect(waiting).toBe(17);
    const bytes = chat.ratchet(1).waiting.reduce((sum, { outer, inner }) => sum + outer.length + inner.length, 0);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
  });

  test('copies with another secret that wait behind the good one go with it', async () => {
    const chat = await talking('behind');
    const [first, second] = [await chat.send(0), await chat.send(0)];
    await chat.give(1, second);
    for (let i = 0; i < 3; i++) {
      await chat.give(1, { ...second, headers: second.headers.with(1, chat.random.bytes(48)) });
    }
    expect(chat.ratchet(1).waiting).toHaveLength(4);
    const { outcomes } = await chat.give(1, first);
    expect(outcomes.map(({ type }) => type)).toEqual(['opened', 'opened']);
    expect(chat.ratchet(1).waiting).toEqual([]);
  });

  test('copies with another secret wait beside the good one, and do no harm', async () => {
    const chat = await talking('copies');
    const [first, second] = [await chat.send(0), await chat.send(0)];
    for (let i = 0; i < 3; i++) {
      await chat.give(1, { ...second, headers: second.headers.with(1, chat.random.bytes(48)) });
    }
    await chat.give(1, second);
    const { outcomes } = await chat.give(1, first);
    expect(outcomes.map(({ type }) => type)).toEqual(['opened', 'refused', 'refused', 'refused', 'opened']);
    expect(chat.ratchet(1).waiting).toEqual([]);
  });
});

describe('openMessage() rolled back and forked', () => {
  /** So many messages of a member were seen, whether they opened or not. */
  const seenOf = (ratchet: Ratchet, position: number, seen: number): Ratchet => ({
    ...ratchet,
    members: ratchet.members.with(position, { ...at(ratchet.members, position), seen }),
  });

  test.each([1, 2, 1100])(
    'a store that is %i messages older than what others saw of it sends no more',
    async (ahead) => {
      const chat = await talking('rolled back');
      const newer = withOpened(chat.ratchet(1), 0, 1 + ahead);
      const { body, headers } = (await chat.seal(1, 'x', newer)).sent;
      const { ratchet, outcomes } = await openBytes(chat.ratchet(0), 1, at(headers, 0), body);
      expect(outcomes).toEqual([{ type: 'rolled-back' }]);
      expect(ratchet).toEqual({ ...seenOf(chat.ratchet(0), 1, 2), rolledBack: true });
      expect(await refusal(() => chat.seal(0, 'x', ratchet))).toBe('rolled-back');
    },
  );

  test('nobody can say so in the name of another', async () => {
    const chat = await talking('not rolled back');
    const newer = withOpened({ ...chat.ratchet(2), self: 1 }, 0, 9);
    const { body, headers } = await forgeMessage(chat.random, newer, chat.seedOf(2));
    expect(await refusal(() => openBytes(chat.ratchet(0), 1, at(headers, 0), body))).toBe('message-refused');
  });

  test('another digest at the same vector is a fork', async () => {
    const chat = await talking('fork');
    const { body, headers } = await forgeMessage(chat.random, chat.ratchet(0), chat.seedOf(0), {
      digest: chat.random.bytes(32),
    });
    const { ratchet, outcomes } = await openBytes(chat.ratchet(1), 0, at(headers, 1), body);
    expect(outcomes).toEqual([{ type: 'fork', sender: 0 }]);
    expect(ratchet).toEqual({ ...seenOf(chat.ratchet(1), 0, 2), forked: true });
  });
});
