// 13. Huge vectors, counters and jumps, every truncation, trailing bytes, non-canonical encodings, layers that are
// malformed inside. A typed error with bounded memory, and the state is as before.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import { concatBytes } from '../../client/wire/bytes.ts';
import { Content } from '../../client/wire/content.ts';
import { Contribution, Envelope, MessageHeader } from '../../client/wire/envelope.ts';
import { flipped } from '../sim/corruption.ts';
import { at, Chat, nameOf, openedIn, type Sent } from '../support/chat.ts';
import { contentOf, textOf } from '../support/content.ts';
import type { MessageForgery } from '../support/forge-message.ts';
import { seededRandom } from '../support/random.ts';

let chat: Chat;
beforeEach(async () => {
  chat = await Chat.start(seededRandom('huge'), 3);
  for (const sender of [0, 1, 2, 0]) await chat.say(sender);
});

const forged = (forgery: MessageForgery) => chat.forge(0, forgery);

describe('a signed vector that no honest member makes', () => {
  test.each<[string, (vector: readonly number[]) => readonly number[], string]>([
    ['for one member less', (v) => v.slice(1), 'message-refused'],
    ['for one member more', (v) => [...v, 0], 'message-refused'],
    ['for 256 members', (v) => [...v, ...Array(253).fill(0)], 'message-refused'],
    ['1,025 ahead of a third member', (v) => v.with(2, 1 + 1025), 'too-far-ahead'],
    ['1,025 ahead of the sender itself', (v) => v.with(0, 2 + 1025), 'too-far-ahead'],
    ['with the largest integer', (v) => v.with(2, Number.MAX_SAFE_INTEGER), 'too-far-ahead'],
    ['that goes back', (v) => v.with(2, 0), 'message-refused'],
    ['that forgets what the recipient said', (v) => v.with(1, 0), 'message-refused'],
  ])('%s', async (_, vector, code) => {
    const sent = await forged({ vector: vector(chat.vector(0)) });
    expect(await chat.refusedBy(1, { ...sent, sender: 0 })).toBe(code);
  });

  test.each<[string, (vector: readonly number[]) => readonly number[]]>([
    ['a third member', (v) => v.with(2, 1 + 1024)],
    ['the sender itself', (v) => v.with(0, 2 + 1024)],
  ])('1,024 ahead of %s waits, and blocks nothing', async (_, vector) => {
    expect((await chat.give(1, await forged({ vector: vector(chat.vector(0)) }))).outcomes).toMatchObject([
      { type: 'waiting', sender: 0 },
    ]);
    const next = await chat.send(2);
    expect(openedIn(await chat.give(1, next))).toEqual([nameOf(next)]);
  });

  test('an integer beyond 2^53, one written too long, and a negative one are refused', async () => {
    const integers = ['1b0020000000000000', '1800', '190001', '20', 'f93c00', 'c1'].map((hex) =>
      Buffer.from(hex, 'hex'),
    );
    for (const integer of integers) {
      // [[v0, v1, v2], …]: the first entry stands behind two array heads and is the byte 2.
      const header = (plain: Bytes) => {
        expect([...plain.slice(0, 5)]).toEqual([0x83, 0x83, 2, 1, 1]);
        return concatBytes(plain.slice(0, 2), Uint8Array.from(integer), plain.slice(3));
      };
      expect(await chat.refusedBy(1, await forged({ header }))).toBe('message-refused');
    }
  });
});

describe('bytes cut off, added or changed', () => {
  test('every truncation of body and header is refused, and then the message opens', async () => {
    const sent = await chat.send(0);
    for (let length = 0; length < sent.body.length; length++) {
      expect(await chat.refusedBy(1, { ...sent, body: sent.body.slice(0, length) })).toBe('malformed');
    }
    const header = at(sent.headers, 1);
    for (let length = 0; length < header.length; length++) {
      const headers = sent.headers.with(1, header.slice(0, length));
      expect(await chat.refusedBy(1, { ...sent, headers })).toBe('message-refused');
    }
    expect(openedIn(await chat.give(1, sent))).toEqual([nameOf(sent)]);
  });

  test('trailing bytes are refused everywhere', async () => {
    const more = (bytes: Bytes) => concatBytes(bytes, new Uint8Array(1));
    const sent = await chat.send(0);
    expect(await chat.refusedBy(1, { ...sent, body: more(sent.body) })).toBe('malformed');
    expect(await chat.refusedBy(1, { ...sent, headers: sent.headers.map(more) })).toBe('message-refused');
  });

  test('every changed bit is refused, and then the message opens', async () => {
    const sent = await chat.send(0);
    // Bytes 3 to 18 say which generation it is; a client that looks there does not get as far as opening.
    for (let byte = 0; byte < sent.body.length; byte++) {
      const body = flipped(sent.body, byte * 8 + (byte % 8));
      const code = await changed(sent, body, byte >= 3 && byte < 19);
      expect(code).toMatch(/^(malformed|message-refused|other generation)$/);
    }
    for (let bit = 0; bit < at(sent.headers, 1).length * 8; bit++) {
      const headers = sent.headers.with(1, flipped(at(sent.headers, 1), bit));
      expect(await chat.refusedBy(1, { ...sent, headers })).toBe('message-refused');
    }
    expect(openedIn(await chat.give(1, sent))).toEqual([nameOf(sent)]);
  });

  async function changed(sent: Sent, body: Bytes, inGeneration: boolean): Promise<string> {
    if (!inGeneration) return chat.refusedBy(1, { ...sent, body });
    const envelope = Envelope.decode(body);
    const own = chat.ratchet(1).generation.slice(0, 16);
    const isOther = envelope.type === 'message' && envelope.generation.some((byte, index) => byte !== own[index]);
    return isOther ? 'other generation' : 'accepted';
  }
});

describe('layers of a signed message that are malformed inside', () => {
  test.each<[string, MessageForgery, string]>([
    ['header: a trailing byte', { header: (plain) => concatBytes(plain, new Uint8Array(1)) }, 'message-refused'],
    ['header: nested 1,000 deep', { header: () => new Uint8Array(1000).fill(0x81) }, 'message-refused'],
    [
      'header: a map',
      { header: () => Uint8Array.from([0xa1, 0x69, ...Buffer.from('__proto__'), 0x80]) },
      'message-refused',
    ],
    [
      'header: of indefinite length',
      { header: (plain) => concatBytes(Uint8Array.of(0x9f), plain.slice(1), Uint8Array.of(0xff)) },
      'message-refused',
    ],
    ['outer: one byte', { contribution: () => Uint8Array.of(1) }, 'message-refused'],
    [
      'outer: a trailing byte',
      { contribution: (made) => concatBytes(Contribution.encode(made), new Uint8Array(1)) },
      'message-refused',
    ],
    ['outer: none, though the content says otherwise', { contribution: () => new Uint8Array(0) }, 'message-refused'],
    ['inner: empty', { padded: () => new Uint8Array(0) }, 'message-refused'],
    ['inner: zeros only', { padded: () => new Uint8Array(256) }, 'message-refused'],
    [
      'inner: padded more than needed',
      { padded: (padded) => concatBytes(padded, new Uint8Array(64)) },
      'message-refused',
    ],
    ['inner: padded less than needed', { padded: (padded) => padded.slice(0, 100) }, 'message-refused'],
    ['inner: not a content', { padded: () => padded(Uint8Array.of(0x83, 9, 9, 9)) }, 'message-refused'],
    [
      'inner: a content with a trailing byte',
      { padded: () => padded(concatBytes(encoded, new Uint8Array([0]), encoded)) },
      'message-refused',
    ],
    ['inner: nested 200 deep', { padded: () => padded(new Uint8Array(200).fill(0x81)) }, 'message-refused'],
  ])('%s', async (_, forgery, code) => {
    expect(await chat.refusedBy(1, await forged(forgery))).toBe(code);
  });

  test('what is malformed inside and has waited is dropped, and what it stood before goes on', async () => {
    const first = await chat.send(2);
    await chat.give(0, first);
    const bad = await forged({ padded: () => new Uint8Array(256) });
    expect((await chat.give(1, bad)).outcomes).toMatchObject([{ type: 'waiting' }]);
    const { outcomes } = await chat.give(1, first);
    expect(outcomes.map(({ type }) => type)).toEqual(['opened', 'refused']);
    expect(chat.ratchet(1).waiting).toEqual([]);
    const good = await chat.send(0);
    expect(openedIn(await chat.give(1, good))).toEqual([nameOf(good)]);
  });

  const encoded = Content.encode(textOf('x'));
  function padded(content: Bytes): Bytes {
    const bytes = new Uint8Array(256);
    bytes.set(content);
    bytes[content.length] = 0x80;
    return bytes;
  }
});

describe('what may wait is bounded', () => {
  test('256 messages of one sender wait; the next is refused and opens later', async () => {
    const withheld = await chat.send(0);
    for (let n = 0; n < 256; n++) await chat.give(1, await chat.send(0));
    const next = await chat.send(0);
    expect(await chat.refusedBy(1, next)).toBe('too-far-ahead');
    expect(openedIn(await chat.give(1, withheld))).toHaveLength(257);
    expect(openedIn(await chat.give(1, next))).toEqual([nameOf(next)]);
  });

  test('1 MiB of one sender waits; the next is refused, small ones of others are not', async () => {
    await chat.send(0);
    const large = () =>
      chat.send(0, contentOf({ type: 'bytes', mediaType: '', name: null, data: new Uint8Array(65_536) }));
    const codes: string[] = [];
    for (let n = 0; n < 17; n++) codes.push(await chat.refusedBy(1, await large()));
    expect(codes.lastIndexOf('accepted')).toBe(codes.indexOf('too-far-ahead') - 1);
    const bytes = chat.ratchet(1).waiting.reduce((sum, { inner, outer }) => sum + inner.length + outer.length, 0);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(bytes).toBeGreaterThan(1024 * 1024 - 2 * 65_536);
    await chat.send(2);
    expect((await chat.give(1, await chat.send(2))).outcomes).toMatchObject([{ type: 'waiting' }]);
  });

  test('4,096 messages of a group wait; the next is refused', async () => {
    await chat.send(0);
    await chat.give(1, await chat.send(0));
    const ratchet = chat.ratchet(1);
    const [waiting] = ratchet.waiting;
    if (waiting === undefined) throw new RangeError('a waiting message expected');
    await chat.send(2);
    const next = await chat.send(2);
    chat.ratchets[1] = { ...ratchet, waiting: Array(4096).fill(waiting) };
    expect(await chat.refusedBy(1, next)).toBe('too-far-ahead');
    chat.ratchets[1] = { ...ratchet, waiting: Array(4095).fill(waiting) };
    expect((await chat.give(1, next)).outcomes).toMatchObject([{ type: 'waiting', sender: 2 }]);
  });
});

test('MessageHeader.decode() of what every member can make is the only way in: it takes its own encoding only', () => {
  const header = MessageHeader.encode({ vector: [1, 2], digest: new Uint8Array(32), signature: new Uint8Array(64) });
  for (let bit = 0; bit < 24; bit++) {
    const copy = flipped(header, bit);
    const decoded = (() => {
      try {
        return MessageHeader.encode(MessageHeader.decode(copy));
      } catch {
        return null;
      }
    })();
    if (decoded !== null) expect(decoded).toEqual(copy);
  }
});
