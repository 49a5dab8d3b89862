import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../../client/crypto/kdf.ts';
import { hedgedSecret, type RandomSource, systemRandom } from '../../../client/crypto/random.ts';
import { concatBytes } from '../../../client/wire/bytes.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const [a, b, c] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array<ArrayBuffer>,
  Uint8Array<ArrayBuffer>,
  Uint8Array<ArrayBuffer>,
];
/** A broken generator: always the same. */
const broken: RandomSource = (length) => new Uint8Array(length).fill(9);

describe('hedgedSecret()', () => {
  test('is derived from 32 random bytes and the secrets', () => {
    const expected = deriveKey(concatBytes(broken(32), a, b), 'hedge leaf', ['x', 1]);
    expect(hedgedSecret(broken, [a, b], 'hedge leaf', ['x', 1])).toEqual(expected);
  });

  test('differs if any input differs, even with a broken generator', () => {
    const secrets = [
      hedgedSecret(broken, [a, b], 'hedge leaf', ['x', 1]),
      hedgedSecret((length) => new Uint8Array(length), [a, b], 'hedge leaf', ['x', 1]),
      hedgedSecret(broken, [a, c], 'hedge leaf', ['x', 1]),
      hedgedSecret(broken, [b, a], 'hedge leaf', ['x', 1]),
      hedgedSecret(broken, [a], 'hedge leaf', ['x', 1]),
      hedgedSecret(broken, [], 'hedge leaf', ['x', 1]),
      hedgedSecret(broken, [a, b], 'hedge kem', ['x', 1]),
      hedgedSecret(broken, [a, b], 'hedge leaf', ['x', 2]),
      hedgedSecret(broken, [a, b], 'hedge leaf', ['x']),
    ];
    expect(new Set(secrets.map(toHex)).size).toBe(secrets.length);
  });

  test('differs every time with a generator that works', () => {
    const random = seededRandom('hedge');
    const secrets = Array.from({ length: 20 }, () => hedgedSecret(random.bytes, [a], 'hedge leaf', []));
    expect(new Set(secrets.map(toHex)).size).toBe(20);
  });
});

test('systemRandom() gives the length asked for, and other bytes each time', () => {
  expect(systemRandom(0).length).toBe(0);
  const drawn = Array.from({ length: 20 }, () => systemRandom(32));
  for (const bytes of drawn) expect(bytes.length).toBe(32);
  expect(new Set(drawn.map(toHex)).size).toBe(20);
});
