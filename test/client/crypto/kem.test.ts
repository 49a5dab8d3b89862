import { describe, expect, test } from 'vitest';
import { decapsulate, encapsulate, kemPublicKey } from '../../../client/crypto/kem.ts';
import { kemCiphertextBytes, kemPublicKeyBytes } from '../../../client/wire/limits.ts';
import { lowOrderLeaves } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

interface Case {
  readonly seed: string;
  readonly eseed: string;
  readonly ss: string;
  /** The whole, or its first and last bytes. */
  readonly pk: readonly string[];
  readonly ct: readonly string[];
}
const { cases } = readVectors<{ cases: readonly Case[] }>('xwing');

function expectBytes(bytes: Uint8Array, [first = '', ...rest]: readonly string[]): void {
  const hex = toHex(bytes);
  if (rest.length === 0) expect(hex).toBe(first);
  expect(hex.startsWith(first)).toBe(true);
  for (const last of rest) expect(hex.endsWith(last)).toBe(true);
}

const random = seededRandom('kem');
const seed = random.bytes(32);
const publicKey = kemPublicKey(seed);

describe('X-Wing', () => {
  test.each(cases)('draft-connolly-cfrg-xwing-kem, Appendix C $seed', ({ seed, eseed, ss, pk, ct }) => {
    const key = kemPublicKey(fromHex(seed));
    expectBytes(key, pk);
    const encapsulated = encapsulate(key, fromHex(eseed));
    expectBytes(encapsulated?.ciphertext ?? key, ct);
    expect(toHex(encapsulated?.secret ?? key)).toBe(ss);
    expect(toHex(decapsulate(fromHex(seed), encapsulated?.ciphertext ?? key) ?? key)).toBe(ss);
  });

  test('lengths are those of the specification', () => {
    expect(publicKey.length).toBe(kemPublicKeyBytes);
    const encapsulated = encapsulate(publicKey, random.bytes(64));
    expect(encapsulated?.ciphertext.length).toBe(kemCiphertextBytes);
    expect(encapsulated?.secret.length).toBe(32);
  });

  test('decapsulate() of a forged ciphertext gives a secret that says nothing, always the same', () => {
    const { ciphertext, secret } = encapsulate(publicKey, random.bytes(64)) ?? { ciphertext: seed, secret: seed };
    for (const position of [0, 500, 1087]) {
      const forged = ciphertext.slice();
      forged[position] = (forged[position] ?? 0) ^ 1;
      const other = decapsulate(seed, forged);
      expect(other).not.toBe(null);
      expect(other).not.toEqual(secret);
      expect(decapsulate(seed, forged)).toEqual(other);
    }
    expect(decapsulate(random.bytes(32), ciphertext)).not.toEqual(secret);
  });

  test('encapsulate() refuses an ML-KEM key out of range (FIPS 203 §7.2)', () => {
    for (const [position, bytes] of [
      [0, [0xff, 0x0f]], // coefficient 0 = 4095
      [0, [0x01, 0x0d]], // coefficient 0 = 3329 = q
      [1150, [0xf0, 0xff]], // the last coefficient = 4095
    ] as const) {
      const invalid = publicKey.slice();
      invalid.set(bytes, position);
      expect(encapsulate(invalid, random.bytes(64))).toBe(null);
    }
  });

  test.each(lowOrderLeaves.map(toHex))('refuses the low-order X25519 part %s', (point) => {
    const weak = publicKey.slice();
    weak.set(fromHex(point), 1184);
    expect(encapsulate(weak, random.bytes(64))).toBe(null);
    const { ciphertext } = encapsulate(publicKey, random.bytes(64)) ?? { ciphertext: seed };
    const forged = ciphertext.slice();
    forged.set(fromHex(point), 1088);
    expect(decapsulate(seed, forged)).toBe(null);
  });

  test('keys and ciphertexts of another length are refused', () => {
    for (const length of [0, 1215, 1217]) expect(encapsulate(random.bytes(length), random.bytes(64))).toBe(null);
    for (const length of [0, 1119, 1121]) expect(decapsulate(seed, random.bytes(length))).toBe(null);
  });
});
