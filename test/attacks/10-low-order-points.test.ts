// 10. Low-order X25519 points, invalid key-encapsulation keys and non-canonical signatures from a malicious member.
// Refused on both providers of the curves; without the refusal they would work, and that is shown too.

import { describe, expect, test } from 'vitest';
import type { Curves } from '../../client/crypto/curves.ts';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../client/crypto/curves-webcrypto.ts';
import { sha256 } from '../../client/crypto/hash.ts';
import { kemPublicKey } from '../../client/crypto/kem.ts';
import { signLabeled } from '../../client/crypto/sign.ts';
import { verifyKeyPackage } from '../../client/protocol/key-package.ts';
import { openMessage } from '../../client/protocol/open.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { Contribution, Envelope } from '../../client/wire/envelope.ts';
import { KeyPackage, SignedKeyPackage } from '../../client/wire/key-package.ts';
import { at, Chat, openedIn, refusal, type Sent } from '../support/chat.ts';
import { createPerson, found, type Person, startOfTime } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

/** All points of low order (https://cr.yp.to/ecdh.html#validate), and the same with the bit set that X25519 ignores. */
const lowOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].flatMap((hex) => {
  const point = Uint8Array.from(Buffer.from(hex, 'hex'));
  return [point, point.with(31, at(point, 31) | 0x80)];
});

const providers: readonly Curves[] = [nobleCurves, webCryptoCurves];

async function openWith(curves: Curves, chat: Chat, recipient: number, sent: Sent) {
  const envelope = Envelope.decode(sent.body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  return openMessage(curves, chat.ratchet(recipient), sent.sender, at(sent.headers, recipient), envelope, startOfTime);
}

/** A contribution with a leaf of low order, and r wrapped under the zeros that X25519 gives for it. */
async function withLeaf(leaf: Bytes) {
  const chat = await Chat.start(seededRandom('low order'), 3);
  const contribution = (made: Contribution) => Contribution.encode({ ...made, leaf });
  const sent = await chat.forge(0, { contribution, shared: () => new Uint8Array(32) });
  return { chat, sent };
}

describe('a leaf of low order in a signed message', () => {
  test.each(providers.map((curves) => [curves.name, curves] as const))('is refused with %s', async (_, curves) => {
    for (const leaf of lowOrder) {
      const { chat, sent } = await withLeaf(leaf);
      for (const recipient of [1, 2]) {
        const before = structuredClone(chat.ratchet(recipient));
        expect(await refusal(() => openWith(curves, chat, recipient, sent))).toBe('message-refused');
        expect(chat.ratchet(recipient)).toEqual(before);
      }
    }
  });

  test('would be taken by curves that give zeros for it', async () => {
    const agree: Curves['agree'] = async (secret, publicKey) =>
      (await nobleCurves.agree(secret, publicKey)) ?? new Uint8Array(32);
    const careless = { ...nobleCurves, agree };
    for (const leaf of lowOrder) {
      const { chat, sent } = await withLeaf(leaf);
      expect(openedIn(await openWith(careless, chat, 1, sent))).toEqual(['0:0']);
    }
  });
});

describe('a signature in another encoding', () => {
  const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
  const fromLittleEndian = (bytes: Bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

  test.each(providers.map((curves) => [curves.name, curves] as const))(
    'S + L is refused with %s',
    async (_, curves) => {
      const chat = await Chat.start(seededRandom('malleable'), 2);
      const plusOrder = (signature: Bytes): Bytes => {
        let scalar = fromLittleEndian(signature.slice(32)) + groupOrder;
        const copy = signature.slice();
        for (let i = 32; i < 64; i++, scalar >>= 8n) copy[i] = Number(scalar & 255n);
        return copy;
      };
      const sent = await chat.forge(0, { signature: plusOrder });
      expect(await refusal(() => openWith(curves, chat, 1, sent))).toBe('message-refused');
      expect(openedIn(await openWith(curves, chat, 1, await chat.forge(0)))).toEqual(['0:0']);
    },
  );
});

describe('a key package with a bad key, signed by its owner', () => {
  const random = seededRandom('bad packages');

  /** The person's package with other keys in it, signed anew. */
  async function sealPackage({ identity, uploaded }: Person, leaf: Bytes | null, kem: Bytes) {
    const honest = KeyPackage.decode(SignedKeyPackage.decode(uploaded.signed).keyPackage);
    const keyPackage = KeyPackage.encode({ ...honest, leaf: leaf ?? honest.leaf, kemHash: sha256(kem) });
    const signature = await signLabeled(nobleCurves, identity.seed, 'key package', keyPackage);
    return { signed: SignedKeyPackage.encode({ keyPackage, signature }), kem };
  }

  test.each(providers.map((curves) => [curves.name, curves] as const))(
    'a leaf of low order, with %s',
    async (_, curves) => {
      const person = await createPerson(random, 'malicious');
      const owner = { hrid: person.hrid, pk: person.identity.pk };
      for (const leaf of lowOrder) {
        const uploaded = await sealPackage(person, leaf, person.uploaded.kem);
        expect(await refusal(() => verifyKeyPackage(curves, uploaded, owner, startOfTime))).toBe('key-package-invalid');
      }
    },
  );

  test('a kem with a coefficient out of range or a low-order curve point founds no group', async () => {
    const founder = await createPerson(random, 'founder');
    const person = await createPerson(random, 'malicious');
    const owner = { hrid: person.hrid, pk: person.identity.pk };
    const good = kemPublicKey(random.bytes(32));
    const outOfRange = good.slice();
    outOfRange.set([0xff, 0xff, 0xff]);
    const lowPoint = (point: Bytes) => {
      const kem = good.slice();
      kem.set(point, good.length - 32);
      return kem;
    };
    const foundWith = async (kem: Bytes) => {
      const uploaded = await sealPackage(person, null, kem);
      const verified = await verifyKeyPackage(nobleCurves, uploaded, owner, startOfTime);
      const access = { package: verified, leaf: null, exportSecret: null };
      await found(random, [founder, person], '', async () => access);
    };
    expect(await refusal(() => foundWith(good))).toBe('accepted');
    for (const kem of [outOfRange, ...lowOrder.map(lowPoint)]) {
      expect(await refusal(() => foundWith(kem))).toBe('key-package-invalid');
    }
  });
});
