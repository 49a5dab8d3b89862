import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { identityPublicKey, isIdentityKey, nobleCurves } from '../../../client/crypto/curves-noble.ts';
import { keyWithTorsion, littleEndian, nonCanonicalPoints, smallOrderPoints } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { fromHex, toHex } from '../../support/vectors.ts';

const random = seededRandom('identity keys');
const pk = identityPublicKey(random.bytes(32));

describe('isIdentityKey()', () => {
  test('takes public keys of seeds', () => {
    for (let round = 0; round < 8; round++) expect(isIdentityKey(identityPublicKey(random.bytes(32)))).toBe(true);
  });

  test.each(smallOrderPoints.map(toHex))('refuses the small-order point %s', (point) => {
    expect(isIdentityKey(fromHex(point))).toBe(false);
  });

  test.each(smallOrderPoints.slice(1).map(toHex))('refuses a key with the torsion part %s', (point) => {
    const mixed = keyWithTorsion(pk, fromHex(point));
    expect(ed25519.Point.fromBytes(mixed).isSmallOrder()).toBe(false);
    expect(isIdentityKey(mixed)).toBe(false);
  });

  test.each(nonCanonicalPoints.map(toHex))('refuses the encoding %s', (point) => {
    expect(isIdentityKey(fromHex(point))).toBe(false);
  });

  test('refuses what is not on the curve', () => {
    expect(() => ed25519.Point.fromBytes(littleEndian(2n))).toThrow();
    expect(isIdentityKey(littleEndian(2n))).toBe(false);
  });

  test.each([0, 31, 33])('refuses %i bytes', (length) => {
    expect(isIdentityKey(new Uint8Array(length).fill(1))).toBe(false);
  });
});

test('verify() refuses a key of small order by itself', async () => {
  // R is the neutral element and S is zero: the equation holds for any message that hashes to a multiple of the order.
  const signature = new Uint8Array(64).fill(1, 0, 1);
  for (const point of smallOrderPoints) {
    for (let message = 0; message < 16; message++) {
      expect(await nobleCurves.verify(point, new Uint8Array([message]), signature)).toBe(false);
    }
  }
});
