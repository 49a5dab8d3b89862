// 5. Every kind of message sent again, to the same member and to others, in the same group and in another. Refused or
// dropped; nothing opens twice and nothing changes.

import { describe, expect, test } from 'vitest';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { at, Chat, nameOf, openedIn, refusal, type Sent } from '../support/chat.ts';
import { contentOf, emptyOf, textOf } from '../support/content.ts';
import { accept, curves, decodeAgreement, foundTestGroup, startOfTime } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

const kinds: readonly Content[] = [
  emptyOf(),
  textOf('hello'),
  contentOf({ type: 'bytes', mediaType: 'image/png', name: null, data: new Uint8Array(2000) }),
];

describe('a message sent again', () => {
  test.each(kinds.map((content) => [content.kind, content] as const))('%s: to the same members', async (_, content) => {
    const chat = await Chat.start(seededRandom('replay'), 3);
    const sent = await chat.say(0, content);
    for (const recipient of [1, 2]) expect(await chat.refusedBy(recipient, sent)).toBe('duplicate');
    expect(await chat.refusedBy(0, sent)).toBe('message-refused');
  });

  test('all of a long conversation, in any order, is refused by everybody', async () => {
    const chat = await Chat.start(seededRandom('replay all'), 3);
    for (let n = 0; n < 40; n++) await chat.say(chat.random.below(3));
    for (const sent of chat.sent.toReversed()) {
      for (const recipient of [0, 1, 2]) {
        const code = recipient === sent.sender ? 'message-refused' : 'duplicate';
        expect(await chat.refusedBy(recipient, sent)).toBe(code);
      }
    }
  });

  test('while it waits it is dropped, and opens once', async () => {
    const chat = await Chat.start(seededRandom('replay waiting'), 3);
    const [first, second] = [await chat.send(0), await chat.send(0)];
    await chat.give(1, second);
    expect(await chat.refusedBy(1, second)).toBe('duplicate');
    expect(openedIn(await chat.give(1, first))).toEqual([nameOf(first), nameOf(second)]);
    expect(await chat.refusedBy(1, second)).toBe('duplicate');
  });

  test('the header of another recipient does not make it new', async () => {
    const chat = await Chat.start(seededRandom('replay header'), 3);
    const sent = await chat.say(0);
    const swapped = { ...sent, headers: sent.headers.with(1, at(sent.headers, 2)) };
    expect(await chat.refusedBy(1, swapped)).toBe('duplicate');
  });
});

describe('a message sent to another group of the same people', () => {
  test('is refused, also by those who have not opened it where it belongs', async () => {
    const random = seededRandom('other group');
    const one = await Chat.start(random, 3);
    const other = new Chat(random, one.members, (await Chat.start(random, 3)).ratchets);
    for (const sender of [0, 1, 2]) {
      const sent = await one.say(sender);
      for (const recipient of [0, 1, 2]) expect(await other.refusedBy(recipient, sent)).toBe('message-refused');
    }
  });

  test('under the prefix of that group, it is refused as well', async () => {
    const random = seededRandom('other prefix');
    const [one, other] = [await Chat.start(random, 3), await Chat.start(random, 3)];
    const sent = await one.send(0);
    const envelope = Envelope.decode(sent.body);
    if (envelope.type !== 'message') throw new TypeError('expected a message');
    const generation = other.ratchet(1).generation.slice(0, 16);
    const moved: Sent = { ...sent, body: Envelope.encode({ ...envelope, generation }) };
    expect(await other.refusedBy(1, moved)).toBe('message-refused');
  });
});

describe('an agreement sent again', () => {
  test('is refused once its key package is gone, and is useless to everybody else', async () => {
    const group = await foundTestGroup(seededRandom('agreement replay'), 3);
    const [founder, second, third] = group.people;
    if (founder === undefined || second === undefined || third === undefined) throw new RangeError('three expected');
    const [, header, otherHeader] = group.headers;
    if (header === undefined || otherHeader === undefined) throw new RangeError('two headers expected');
    const code = (act: () => Promise<unknown>) => refusal(act);
    const gone = { ...second, keyPackage: { ...second.keyPackage, id: new Uint8Array(32) } };
    expect(await code(() => accept(gone, founder.hrid, header, group.body))).toBe('package-gone');
    expect(await code(() => accept(second, founder.hrid, otherHeader, group.body))).toBe('package-gone');
    expect(await code(() => accept(third, founder.hrid, header, group.body))).toBe('package-gone');
    expect(await code(() => accept(second, third.hrid, header, group.body))).toBe('agreement-invalid');

    const another = await foundTestGroup(seededRandom('another agreement'), 3);
    expect(await code(() => accept(second, founder.hrid, header, another.body))).toBe('agreement-invalid');
    expect(await code(() => accept(second, founder.hrid, header, group.body))).toBe('accepted');
    expect(decodeAgreement(group.body).id).not.toEqual(decodeAgreement(another.body).id);
  });

  test('is no message, and a message is no agreement', async () => {
    const group = await foundTestGroup(seededRandom('kinds'), 2);
    const [founder, second] = group.people;
    const [ratchet, other] = group.ratchets as [Ratchet, Ratchet];
    if (founder === undefined || second === undefined) throw new RangeError('two expected');
    const sealed = await sealMessage(
      curves,
      seededRandom(1).bytes,
      ratchet,
      founder.identity.seed,
      at(kinds, 1),
      startOfTime,
    );
    const chat = new Chat(seededRandom(2), group.people, [ratchet, other]);
    expect(
      await chat.refusedBy(1, { ...asSent(sealed.body, at(kinds, 1)), headers: group.headers, body: group.body }),
    ).toBe('malformed');
    expect(() => decodeAgreement(sealed.body)).toThrow(TypeError);
  });
});

const asSent = (body: Bytes, content: Content): Sent => ({
  sender: 0,
  number: 0,
  vector: [0, 0],
  full: true,
  body,
  headers: [],
  content,
});
