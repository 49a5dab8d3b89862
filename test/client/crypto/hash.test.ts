import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashLabeled, sameSecret, sha256 } from '../../../client/crypto/hash.ts';
import { concatBytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('hash');

describe('sha256()', () => {
  // FIPS 180-4 examples (NIST, Cryptographic Standards: Examples with Intermediate Values).
  test.each([
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('%j', (text, digest) => {
    expect(toHex(sha256(encodeUtf8(text)))).toBe(digest);
  });

  test('hashes its parts as one, as another implementation does', () => {
    for (let round = 0; round < 20; round++) {
      const parts = Array.from({ length: random.below(4) }, () => random.bytes(random.below(150)));
      expect(toHex(sha256(...parts))).toBe(
        createHash('sha256')
          .update(concatBytes(...parts))
          .digest('hex'),
      );
    }
  });
});

test('hashLabeled() is SHA-256 over the prefix, the label and the parts', () => {
  const part = random.bytes(32);
  expect(hashLabeled('roster', part)).toEqual(sha256(encodeUtf8('cliquet/1 roster'), part));
  expect(hashLabeled('roster', part)).not.toEqual(hashLabeled('details', part));
});

test('sameSecret() compares content and length', () => {
  const secret = random.bytes(32);
  expect(sameSecret(secret, secret.slice())).toBe(true);
  for (let position = 0; position < 32; position++) {
    const other = secret.slice();
    other[position] = (other[position] ?? 0) ^ 1;
    expect(sameSecret(secret, other)).toBe(false);
  }
  expect(sameSecret(secret, secret.slice(1))).toBe(false);
});
