// The port for X25519 and Ed25519: published vectors on every provider, and every provider against every other.

import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { isLeaf, leafPublicKey } from '../../../client/crypto/curves.ts';
import { identityPublicKey, isIdentityKey, nobleCurves } from '../../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../../client/crypto/curves-webcrypto.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import {
  fromLittleEndian,
  groupOrder,
  littleEndian,
  lowOrderLeaves,
  signWithTorsion,
  smallOrderPoints,
} from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

interface X25519Vectors {
  readonly agreement: Readonly<Record<'aliceSecret' | 'alicePublic' | 'bobSecret' | 'bobPublic' | 'shared', string>>;
  readonly multiplications: readonly { readonly scalar: string; readonly u: string; readonly out: string }[];
  readonly iterated: readonly { readonly times: number; readonly key: string }[];
}
interface AgreeCase {
  readonly id: number;
  readonly comment: string;
  readonly private: string;
  readonly public: string;
  readonly shared: string;
}
interface SignCase {
  readonly name: string;
  readonly seed: string;
  readonly pk: string;
  readonly msg: string;
  readonly sig: string;
}
interface VerifyCase {
  readonly id: number;
  readonly comment: string;
  readonly pk: string;
  readonly msg: string;
  readonly sig: string;
  readonly result: 'valid' | 'invalid';
}

const rfc7748 = readVectors<X25519Vectors>('x25519-rfc7748');
const { cases: agreeCases } = readVectors<{ cases: readonly AgreeCase[] }>('x25519-wycheproof');
const { cases: signCases } = readVectors<{ cases: readonly SignCase[] }>('ed25519-rfc8032');
const { cases: verifyCases } = readVectors<{ cases: readonly VerifyCase[] }>('ed25519-wycheproof');

const providers = [nobleCurves, webCryptoCurves] as const;
const hexOrNull = (bytes: Bytes | null) => bytes && toHex(bytes);

test('the two providers are two', () => {
  expect(providers.map(({ name }) => name)).toEqual(['noble', 'webcrypto']);
});

describe.each(providers)('$name agree()', (curves) => {
  const agree = async (secret: string, publicKey: string) =>
    hexOrNull(await curves.agree(fromHex(secret), fromHex(publicKey)));

  test.each(rfc7748.multiplications)('RFC 7748 §5.2 $scalar', async ({ scalar, u, out }) => {
    expect(await agree(scalar, u)).toBe(out);
  });

  test('RFC 7748 §5.2 iterated 1 and 1,000 times', async () => {
    let k = '0900000000000000000000000000000000000000000000000000000000000000';
    let u = k;
    const keys = new Map<number, string>();
    for (let times = 1; times <= 1000; times++) {
      [k, u] = [(await agree(k, u)) ?? 'null', k];
      keys.set(times, k);
    }
    expect(rfc7748.iterated.map(({ times }) => times)).toEqual([1, 1000]);
    for (const { times, key } of rfc7748.iterated) expect(keys.get(times)).toBe(key);
  });

  test('RFC 7748 §6.1', async () => {
    const { aliceSecret, alicePublic, bobSecret, bobPublic, shared } = rfc7748.agreement;
    expect(toHex(await leafPublicKey(curves, fromHex(aliceSecret)))).toBe(alicePublic);
    expect(toHex(await leafPublicKey(curves, fromHex(bobSecret)))).toBe(bobPublic);
    expect(await agree(aliceSecret, bobPublic)).toBe(shared);
    expect(await agree(bobSecret, alicePublic)).toBe(shared);
  });

  test.each(agreeCases)('Wycheproof $id $comment', async (c) => {
    // "Acceptable" cases are taken, but for a result of zero, which is refused.
    expect(await agree(c.private, c.public)).toBe(/^0+$/.test(c.shared) ? null : c.shared);
  });

  test('Wycheproof has low-order points', () => {
    expect(agreeCases.filter(({ shared }) => /^0+$/.test(shared)).length).toBe(28);
  });

  test.each(lowOrderLeaves.map(toHex))('refuses the low-order point %s', async (point) => {
    const random = seededRandom(point);
    for (let round = 0; round < 4; round++) expect(await curves.agree(random.bytes(32), fromHex(point))).toBe(null);
    expect(await isLeaf(curves, fromHex(point))).toBe(false);
  });

  test('isLeaf() takes public keys, on the curve and on its twist', async () => {
    const random = seededRandom('leaf');
    for (let round = 0; round < 8; round++) {
      expect(await isLeaf(curves, await leafPublicKey(curves, random.bytes(32)))).toBe(true);
      expect(await isLeaf(curves, random.bytes(32))).toBe(true);
    }
  });

  test.each([0, 31, 33, 64])('refuses public keys of %i bytes', async (length) => {
    const random = seededRandom('length');
    expect(await curves.agree(random.bytes(32), random.bytes(length))).toBe(null);
  });
});

describe.each(providers)('$name sign() and verify()', (curves) => {
  const verify = (pk: string, msg: string, sig: string) => curves.verify(fromHex(pk), fromHex(msg), fromHex(sig));

  test.each(signCases)('RFC 8032 §7.1 $name', async ({ seed, pk, msg, sig }) => {
    expect(toHex(identityPublicKey(fromHex(seed)))).toBe(pk);
    expect(toHex(await curves.sign(fromHex(seed), fromHex(msg)))).toBe(sig);
    expect(await verify(pk, msg, sig)).toBe(true);
  });

  test.each(verifyCases)('Wycheproof $id $comment: $result', async ({ pk, msg, sig, result }) => {
    expect(isIdentityKey(fromHex(pk))).toBe(true);
    expect(await verify(pk, msg, sig)).toBe(result === 'valid');
  });

  test('Wycheproof has cases of both kinds', () => {
    expect(verifyCases.filter(({ result }) => result === 'valid').length).toBe(84);
    expect(verifyCases.filter(({ result }) => result === 'invalid').length).toBe(61);
  });

  test('verify() refuses every flipped bit of a signature, and another message or key', async () => {
    const random = seededRandom('flip');
    const seed = random.bytes(32);
    const message = random.bytes(50);
    const pk = identityPublicKey(seed);
    const signature = await curves.sign(seed, message);
    expect(await curves.verify(pk, message, signature)).toBe(true);
    for (let bit = 0; bit < 512; bit += 5) {
      const flipped = signature.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await curves.verify(pk, message, flipped), `bit ${bit}`).toBe(false);
    }
    expect(await curves.verify(pk, random.bytes(50), signature)).toBe(false);
    expect(await curves.verify(identityPublicKey(random.bytes(32)), message, signature)).toBe(false);
    for (const length of [0, 63, 65]) expect(await curves.verify(pk, message, random.bytes(length))).toBe(false);
  });

  test('verify() refuses S that is not below the order (RFC 8032 §5.1.7)', async () => {
    const random = seededRandom('malleable');
    for (let round = 0; round < 4; round++) {
      const seed = random.bytes(32);
      const message = random.bytes(20);
      const signature = await curves.sign(seed, message);
      const s = fromLittleEndian(signature.subarray(32));
      for (const malleated of [s + groupOrder, s + 8n * groupOrder]) {
        const other = signature.slice();
        other.set(littleEndian(malleated), 32);
        expect(await curves.verify(identityPublicKey(seed), message, other)).toBe(false);
      }
    }
  });

  test.each(smallOrderPoints.slice(1).map(toHex))('verify() refuses an R with the torsion part %s', async (torsion) => {
    const random = seededRandom(torsion);
    const seed = random.bytes(32);
    const message = random.bytes(20);
    const pk = identityPublicKey(seed);
    for (const r of [0n, fromLittleEndian(random.bytes(31))]) {
      const signature = signWithTorsion(seed, message, fromHex(torsion), r);
      // The equation with cofactor, by which a provider might go, does hold.
      expect(ed25519.verify(signature, message, pk, { zip215: true })).toBe(true);
      expect(await curves.verify(pk, message, signature)).toBe(false);
    }
  });

  test('verify() takes the same construction without a torsion part', async () => {
    const random = seededRandom('no torsion');
    const seed = random.bytes(32);
    const message = random.bytes(20);
    const signature = signWithTorsion(seed, message, smallOrderPoints[0] ?? seed, fromLittleEndian(random.bytes(31)));
    expect(await curves.verify(identityPublicKey(seed), message, signature)).toBe(true);
  });
});

test('the providers give the same bytes and the same refusals', async () => {
  const random = seededRandom('providers');
  for (let round = 0; round < 32; round++) {
    const secret = random.bytes(32);
    const other = random.bytes(32);
    const message = random.bytes(random.below(200));
    const signature = random.chance(0.5) ? await nobleCurves.sign(secret, message) : random.bytes(64);
    const [noble, webCrypto] = await Promise.all(
      providers.map(async (curves) => [
        hexOrNull(await curves.agree(secret, other)),
        toHex(await leafPublicKey(curves, secret)),
        toHex(await curves.sign(secret, message)),
        await curves.verify(identityPublicKey(secret), message, signature),
      ]),
    );
    expect(webCrypto).toEqual(noble);
  }
});
