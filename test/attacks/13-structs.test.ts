// 13. What groups that change have to read, malformed in every layer, from a member that can seal it: a typed error each
// time, the state as before, and the queue goes on.

import { beforeAll, describe, expect, test } from 'vitest';
import { seal } from '../../client/crypto/aead.ts';
import { deriveKey } from '../../client/crypto/kdf.ts';
import { encapsulate } from '../../client/crypto/kem.ts';
import { signLabeled } from '../../client/crypto/sign.ts';
import { noticeKey } from '../../client/protocol/agreement.ts';
import { currentVector } from '../../client/protocol/ratchet.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import { exportSecretOf } from '../../client/state/generations.ts';
import { loadRatchet, saveRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey, concatBytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { AgreementHeader, Envelope, RequestHeader } from '../../client/wire/envelope.ts';
import type { Details } from '../../client/wire/record.ts';
import { SignedRequest } from '../../client/wire/request.ts';
import { Circle, type Letter } from '../sim/circle.ts';
import { contentOf, textOf } from '../support/content.ts';
import { forgeNext } from '../support/forge-next.ts';
import { curves } from '../support/group.ts';

const bytes = (...parts: (number[] | string)[]): Bytes =>
  concatBytes(
    ...parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : Uint8Array.from(part))),
  );

/** What is made of an encoding that was good. */
const spoilt: readonly [string, (good: Bytes) => Bytes][] = [
  ['nothing', () => bytes([])],
  ['all but the last byte', (good) => good.slice(0, -1)],
  ['half of it', (good) => good.slice(0, good.length >> 1)],
  ['its first byte', (good) => good.slice(0, 1)],
  ['a byte more', (good) => concatBytes(good, bytes([0]))],
  ['it twice', (good) => concatBytes(good, good)],
  ['a map with a prototype', () => bytes([0xa1, 0x69], '__proto__', [0x80])],
  ['an array of 2^62 items', () => bytes([0x9b, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ['a string of 2^40 bytes', () => bytes([0x81, 0x5b, 0, 0, 1, 0, 0, 0, 0, 0])],
  ['indefinite length', (good) => concatBytes(bytes([0x9f]), good.slice(1), bytes([0xff]))],
  ['nested 10,000 deep', () => new Uint8Array(10_000).fill(0x81)],
  ['a head that is too long', (good) => concatBytes(bytes([0x98, (good[0] ?? 0) & 0x1f]), good.slice(1))],
];

let circle: Circle;

beforeAll(async () => {
  circle = await Circle.found('structs', 'Abc');
  for (const name of 'abc') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  // So that packages are last-resort ones, and stay.
  await circle.claim('b', 'ac');
});

const held = () => {
  const { state } = circle.phone('c').client;
  const of = (table: 'groups' | 'lineage' | 'ratchets' | 'exports' | 'requests' | 'early') =>
    state.all<unknown>(tables[table]).map(({ key, value }) => [key, value]);
  const all = [of('groups'), of('lineage'), of('ratchets'), of('exports'), of('requests'), of('early')];
  return JSON.stringify(all, (_, value) => (value instanceof Uint8Array ? bytesKey(value as Bytes) : value));
};

/** A letter of `b` to `c`, and a text after it: what `c` says to the first, and that it hears the second. */
async function refusedThen(letter: Pick<Letter, 'header' | 'body'>): Promise<string> {
  const before = held();
  const told = circle.told('c').length;
  circle.hand({ ...letter, from: 'b', to: 'c' });
  await circle.phone('c').takeIn(Number.POSITIVE_INFINITY);
  expect(held()).toBe(before);
  const codes = circle.told('c').slice(told);
  await circle.say('b', `after ${circle.letters.length}`);
  await circle.settle('bac');
  expect(circle.phone('c').shown.at(-1)).toMatch(/^after/);
  return codes.join();
}

const b = () => circle.phone('b').client;
const forged = (forgery: Parameters<typeof forgeNext>[3]) =>
  forgeNext(b(), circle.lineage('b'), circle.tip('b'), forgery);
const toC = (headers: ReadonlyMap<string, Bytes>) => headers.get(circle.phone('c').hrid) as Bytes;

describe.each(spoilt)('%s', (_, spoil) => {
  test('as the header of an agreement', async () => {
    const { headers, body } = await forged({});
    expect(await refusedThen({ header: spoil(toC(headers)), body })).toBe('refused malformed');
  });

  test('as the details of an agreement', async () => {
    const { headers, body } = await forged({ encodedDetails: spoil });
    expect(await refusedThen({ header: toC(headers), body })).toBe('refused malformed');
  });

  test('as a notice', async () => {
    const nonce = circle.random.bytes(24);
    const { id, signed } = circle.tip('b');
    const good = concatBytes(
      bytes([0x81, 0x81]),
      bytes([0x82, 0x59, signed.record.length >> 8, signed.record.length & 255]),
      signed.record,
      bytes([0x58, 64]),
      signed.signature,
    );
    const notice = (plaintext: Bytes) => {
      const sealed = seal(noticeKey(exportSecretOf(b().state, id) as Bytes), nonce, plaintext);
      return {
        header: bytes([]),
        body: Envelope.encode({ type: 'notice', generation: id.slice(0, 16), nonce, sealed }),
      };
    };
    expect(await refusedThen(notice(good))).toBe('');
    expect(await refusedThen(notice(spoil(good)))).toBe('refused malformed');
  });

  test('as a request, as what is signed of it, and as its header', async () => {
    const claimed = (await circle.claim('b', 'c')).get(circle.phone('c').hrid);
    const kem = claimed && encapsulate(claimed.kem, circle.random.bytes(64));
    if (!claimed || !kem) throw new RangeError('a package expected');
    const { self } = circle.phone('c').client;
    const request = (signed: Bytes, change: (header: Bytes) => Bytes = (header) => header) => {
      const [secret, nonce] = [circle.random.bytes(32), circle.random.bytes(24)];
      const key = deriveKey(kem.secret, 'request header', [nonce, self.hrid, claimed.id]);
      const header = RequestHeader.encode({
        package: claimed.id,
        kemCiphertext: kem.ciphertext,
        sealed: seal(key, nonce, secret),
      });
      const sealed = seal(deriveKey(secret, 'request body'), nonce, signed);
      return { header: change(header), body: Envelope.encode({ type: 'request', nonce, sealed }) };
    };
    const inner = bytes([0x84, 0x58, 32], [...new Uint8Array(32)], [0, 0x80, 0x80]);
    const sign = async (text: Bytes) =>
      SignedRequest.encode({
        request: text,
        signature: await signLabeled(curves, b().self.identity.seed, 'request', text),
      });
    const good = await sign(inner);
    expect(await refusedThen(request(spoil(good)))).toBe('refused malformed');
    expect(await refusedThen(request(await sign(spoil(inner))))).toBe('refused malformed');
    expect(await refusedThen(request(good, spoil))).toBe('refused malformed');
  });

  test('as the body of what asks for missing messages: told as refused, and the ratchet has moved on', async () => {
    const good = contentOf({
      type: 'missing',
      messages: [{ generation: circle.record('b').generation, position: 2, from: 0 }],
    });
    expect(await saidByB({ ...good, body: spoil(good.body) })).toMatch(/^refused (malformed|content-invalid)$/);
  });
});

/** Content that `b` seals, whatever it is; what `c` says to it. */
async function saidByB(content: Content): Promise<string> {
  const { state, self, random } = b();
  const ratchet = loadRatchet(state, circle.record('b').generation);
  if (ratchet === undefined) throw new RangeError('b is in the group');
  const fresh = { ...content, id: circle.random.bytes(16) };
  const sealed = await sealMessage(curves, random, ratchet, self.identity.seed, fresh, circle.post.now);
  const told = circle.told('c').length;
  for (const [position, { hrid }] of ratchet.members.entries()) {
    const to = circle.nameOf(hrid);
    if (to !== 'b') circle.hand({ from: 'b', to, header: sealed.headers[position] as Bytes, body: sealed.body });
  }
  await state.transact((tx) => saveRatchet(tx, ratchet, sealed.ratchet));
  await circle.settle('ac');
  return circle.told('c').slice(told).join();
}

describe('numbers that no honest member sends', () => {
  const all = (count: number, item: number) => Array.from({ length: count }, () => item);
  const generation = () => circle.record('b').generation;

  test('what asks for all messages of everybody, from the largest number on or from none: nothing breaks', async () => {
    for (const from of [0, Number.MAX_SAFE_INTEGER]) {
      const messages = all(256, 0).map((_, position) => ({ generation: generation(), position, from }));
      expect(await saidByB(contentOf({ type: 'missing', messages }))).toBe('');
    }
  });

  test.each<[string, () => Content['earlier'][number]]>([
    [
      'unknown',
      () => ({
        generation: circle.random.bytes(32),
        vector: all(256, 1),
        digest: circle.random.bytes(32),
        contents: 0,
      }),
    ],
    [
      'too long',
      () => ({ generation: generation(), vector: all(256, 9), digest: circle.random.bytes(32), contents: 9 }),
    ],
    [
      'more contents than messages',
      () => ({ generation: generation(), vector: all(3, 1), digest: circle.random.bytes(32), contents: 2 ** 52 }),
    ],
  ])('a word on an earlier generation that is %s: passed over, and what comes with it is read', async (_, word) => {
    expect(await saidByB({ ...textOf('with a word'), earlier: [word(), word(), word(), word()] })).toBe('');
    expect(circle.phone('c').shown.at(-1)).toBe('with a word');
  });

  test('a word on the generation it is said in, true once three more have come: what is on its way then still opens', async () => {
    const ratchet = loadRatchet(b().state, generation());
    if (ratchet === undefined) throw new RangeError('b is in the group');
    const vector = currentVector(ratchet);
    const word = { generation: generation(), vector: vector.with(1, (vector[1] ?? 0) + 3), contents: 1 };
    const earlier = [{ ...word, digest: circle.random.bytes(32) }];
    expect(await saidByB({ ...textOf('with a word on this'), earlier })).toBe('');
    for (const name of 'acacacbac') {
      await circle.say(name, `after the word, ${circle.letters.length}`);
      await circle.settle();
    }
    const late = await circle.apart({
      a: async (group) => {
        await group.send('on its way');
      },
    });
    for (const name of 'ccb') {
      await circle.say(name, `before it, ${circle.letters.length}`);
      await circle.settle();
    }
    const told = circle.told('c').length;
    for (const letter of late) circle.hand(letter);
    await circle.settle();
    expect(circle.phone('c').shown).toContain('on its way');
    expect(circle.told('c').slice(told)).toEqual([]);
  });

  test.each<[string, (details: Details) => Details]>([
    ['no leaf for one', (details) => ({ ...details, leaves: details.leaves.slice(1) })],
    ['256 leaves', (details) => ({ ...details, leaves: all(256, 0).flatMap(() => details.leaves[0] ?? []) })],
    [
      'everybody has come back',
      (details) => ({ ...details, returned: [0, 1, 2].map((position) => ({ position, held: null })) }),
    ],
    [
      'somebody who is not there has come back',
      (details) => ({ ...details, returned: [{ position: 255, held: null }] }),
    ],
  ])('details: %s', async (_, details) => {
    const { headers, body } = await forged({ details });
    expect(await refusedThen({ header: toC(headers), body })).toBe('refused agreement-invalid');
  });

  test('the header of an agreement that names the largest number of a leaf', async () => {
    const { headers, body } = await forged({});
    const header = AgreementHeader.decode(toC(headers));
    const leaf = { type: 'contribution', generation: generation(), from: Number.MAX_SAFE_INTEGER } as const;
    const told = circle.told('c').length;
    circle.hand({ from: 'b', to: 'c', header: AgreementHeader.encode({ ...header, leaf }), body });
    await circle.phone('c').takeIn(Number.POSITIVE_INFINITY);
    expect(circle.told('c').slice(told)).toEqual(['refused keys-gone']);
  });
});
