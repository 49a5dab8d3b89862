import { describe, expect, test } from 'vitest';
import { contentKey, groupKey, messageKey, type Ratchet } from '../../../client/protocol/ratchet.ts';
import { sealMessage } from '../../../client/protocol/seal.ts';
import { fingerprint } from '../../../client/protocol/step.ts';
import { digestAt } from '../../../client/protocol/transcript.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { Envelope } from '../../../client/wire/envelope.ts';
import { maxBodyBytes, maxContentBytes } from '../../../client/wire/limits.ts';
import { at, Chat, openBytes, openedIn, refusal } from '../../support/chat.ts';
import { contentOf, textOf } from '../../support/content.ts';
import { curves, foundTestGroup, sealText, startOfTime, textContent } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const message = (body: Bytes) => {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  return envelope;
};

describe('sealMessage() sizes', () => {
  test('20 bytes of text among three: body 530 bytes, header 48 bytes', async () => {
    const random = seededRandom('sizes');
    const { people, ratchets } = await foundTestGroup(random, 3);
    const { body, headers } = await sealText(random, at(people, 0), at(ratchets, 0), 'x'.repeat(20));
    expect(body.length).toBe(530);
    expect(headers.map(({ length }) => length)).toEqual([0, 48, 48]);
  });

  test('the body does not tell texts of up to 215 bytes apart by length', async () => {
    const chat = await Chat.start(seededRandom('length'), 3);
    const lengths = new Set<number>();
    for (const length of [0, 1, 100, 215]) {
      lengths.add((await chat.seal(0, 'x'.repeat(length))).sent.body.length);
    }
    expect(lengths.size).toBe(1);
  });

  test('64 KiB of content are taken, one byte more is refused, in UTF-8', async () => {
    const chat = await Chat.start(seededRandom('large'), 2);
    const texts = ['x'.repeat(maxContentBytes), 'é'.repeat(maxContentBytes / 2)];
    for (const text of texts) {
      const { sent } = await chat.seal(0, text);
      expect(sent.body.length).toBeLessThanOrEqual(maxBodyBytes);
      expect(openedIn(await openBytes(chat.ratchet(1), 0, at(sent.headers, 1), sent.body))).toEqual(['0:0']);
      expect(await refusal(() => chat.seal(0, `${text}x`))).toBe('content-too-large');
    }
    const bytes = (length: number) =>
      contentOf({ type: 'bytes', mediaType: '', name: null, data: new Uint8Array(length) });
    expect((await chat.seal(0, bytes(maxContentBytes))).sent.number).toBe(0);
    expect(await refusal(async () => chat.seal(0, bytes(maxContentBytes + 1)))).toBe('content-too-large');
  });
});

describe('sealMessage() state', () => {
  test('moves the number, the chain and the contribution on, and leaves the state it was given', async () => {
    const chat = await Chat.start(seededRandom('state'), 3);
    const before = chat.ratchet(0);
    const copy = structuredClone(before);
    const { ratchet: after, sent } = await chat.seal(0, 'x');
    expect(before).toEqual(copy);
    expect([sent.number, at(before.members, 0).opened, at(after.members, 0).opened]).toEqual([0, 0, 1]);
    expect(at(after.members, 0).chainKey).not.toEqual(at(before.members, 0).chainKey);
    expect(at(after.members, 0).contributions).toHaveLength(2);
    expect(after.members.slice(1)).toEqual(before.members.slice(1));
  });

  test('tells the step that it made: vector, fingerprint of the group key, new leaf', async () => {
    const chat = await Chat.start(seededRandom('step'), 3);
    await chat.say(1);
    const ratchet = chat.ratchet(0);
    const { seed } = at(chat.members, 0).identity;
    const sealed = await sealMessage(
      curves,
      chat.random.bytes,
      ratchet,
      seed,
      textContent(chat.random, 'x'),
      startOfTime,
    );
    expect(sealed.step.vector).toEqual([0, 1, 0]);
    expect(sealed.step.groupKey).toEqual(fingerprint(groupKey(ratchet, [0, 1, 0], digestAt(ratchet, [0, 1, 0]))));
    expect(sealed.step.leaf).toEqual(at(at(sealed.ratchet.members, 0).contributions, -1).leaf);
  });

  test('shows the first half of the agreement id and nothing else of the group', async () => {
    const chat = await Chat.start(seededRandom('clear'), 3);
    const { sent } = await chat.seal(0, 'attack at dawn');
    const { generation } = chat.ratchet(0);
    expect(message(sent.body).generation).toEqual(generation.slice(0, 16));
    const hex = toHex(sent.body);
    expect(hex).not.toContain(toHex(generation.slice(16)));
    expect(hex).not.toContain(toHex(chat.ratchet(0).group));
    expect(hex).not.toContain(Buffer.from('attack at dawn').toString('hex'));
    for (const { hrid } of chat.members) expect(hex).not.toContain(toHex(hrid));
  });

  test('refuses to send from a store that was rolled back', async () => {
    const chat = await Chat.start(seededRandom('rolled back'), 2);
    expect(await refusal(() => chat.seal(0, 'x', { ...chat.ratchet(0), rolledBack: true }))).toBe('rolled-back');
  });
});

describe('sealMessage() twice from one state', () => {
  /** The keys and nonces under which a message's layers are sealed, as its sender knows them. */
  function layersOf(before: Ratchet, after: Ratchet, body: Bytes): string[] {
    const { members, self } = before;
    const vector = members.map(({ opened }) => opened);
    const key = messageKey(
      at(members, self).chainKey,
      groupKey(before, vector, digestAt(before, vector)),
      self,
      at(vector, self),
    );
    const { nonce } = message(body);
    const secret = at(at(after.members, self).contributions, -1).secret;
    return [`outer ${toHex(key)} ${toHex(nonce)}`, `content ${toHex(contentKey(key, secret, nonce))}`];
  }

  test('uses no key and nonce twice', async () => {
    const chat = await Chat.start(seededRandom('twice'), 3);
    const before = chat.ratchet(0);
    const [first, second] = await Promise.all([chat.seal(0, 'one'), chat.seal(0, 'two')]);
    const layers = [first, second].flatMap(({ ratchet, sent }) => layersOf(before, ratchet, sent.body));
    expect(new Set(layers).size).toBe(4);
    // The wrap keys come from two fresh leaves.
    const leaves = [first, second].map(({ ratchet }) => toHex(at(at(ratchet.members, 0).contributions, -1).leaf));
    expect(new Set(leaves).size).toBe(2);
  });

  test('uses none twice even with a random generator that repeats itself', async () => {
    const chat = await Chat.start(seededRandom('repeats'), 3);
    const before = chat.ratchet(0);
    const seal = (text: string) => chat.seal(0, textOf(text), before, seededRandom('the same'));
    const [first, second] = [await seal('one'), await seal('two')];
    const layers = [first, second].flatMap(({ ratchet, sent }) => layersOf(before, ratchet, sent.body));
    expect(new Set(layers).size).toBe(4);
    // The same content from the same state with the same randomness is the same message, not a second one.
    expect((await seal('one')).sent.body).toEqual(first.sent.body);
  });

  test('is seen by the others as a clone', async () => {
    const chat = await Chat.start(seededRandom('seen'), 3);
    const [first, second] = await Promise.all([chat.seal(0, 'one'), chat.seal(0, 'two')]);
    expect([first.sent.number, second.sent.number]).toEqual([0, 0]);
    await chat.give(1, first.sent);
    const { outcomes } = await chat.give(1, second.sent);
    expect(outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);
  });
});

describe('sealMessage() light messages', () => {
  const start = (size: number) => Chat.start(seededRandom(`light ${size}`), size);
  /** Whether each message of the run was full, all by one sender, `seconds` apart. */
  async function run(chat: Chat, sender: number, count: number, seconds = 0): Promise<boolean[]> {
    const full: boolean[] = [];
    for (let i = 0; i < count; i++) {
      full.push((await chat.send(sender)).full);
      chat.now += seconds;
    }
    return full;
  }
  const eight = Array<boolean>(8).fill(false);

  test('up to 16 members every message is full', async () => {
    expect(await run(await start(16), 0, 3)).toEqual([true, true, true]);
  });

  test('from 17 members on, at most eight in a row', async () => {
    expect(await run(await start(17), 0, 19)).toEqual([true, ...eight, true, ...eight, true]);
  });

  test('none from 60 s after the last full one', async () => {
    expect(await run(await start(17), 0, 7, 20)).toEqual([true, false, false, true, false, false, true]);
    expect(await run(await start(17), 0, 3, 59)).toEqual([true, false, true]);
    expect(await run(await start(17), 0, 3, 60)).toEqual([true, true, true]);
  });

  test('none after another member contributed, one after another member’s light message', async () => {
    const chat = await start(17);
    await chat.deliver(await chat.send(1), [0]);
    expect(await run(chat, 0, 2)).toEqual([true, false]);
    const light = await chat.send(1);
    expect(light.full).toBe(false);
    await chat.deliver(light, [0]);
    expect(await run(chat, 0, 1)).toEqual([false]);
    const full = await chat.send(2);
    expect(full.full).toBe(true);
    await chat.deliver(full, [0]);
    expect(await run(chat, 0, 1)).toEqual([true]);
  });

  test('none while a contribution is owed', async () => {
    const chat = await start(17);
    await chat.send(0);
    const owing = { ...chat.ratchet(0), owesContribution: true };
    const { ratchet, sent } = await chat.seal(0, 'x', owing);
    expect([sent.full, ratchet.owesContribution]).toEqual([true, false]);
    expect((await chat.seal(0, 'x', { ...chat.ratchet(0), owesContribution: false })).sent.full).toBe(false);
  });

  test('a light message has no headers and opens for everybody', async () => {
    const chat = await start(17);
    await chat.deliver(await chat.send(0), [5, 16]);
    const light = await chat.send(0);
    expect(light.full).toBe(false);
    expect(light.headers.every((header) => header.length === 0)).toBe(true);
    for (const recipient of [5, 16]) expect(openedIn(await chat.give(recipient, light))).toEqual(['0:1']);
    expect(currentContributions(chat.ratchet(5))).toBe(2);
  });

  const currentContributions = (ratchet: Ratchet) => at(ratchet.members, 0).contributions.length;
});
