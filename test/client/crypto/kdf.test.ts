import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../../client/crypto/kdf.ts';
import { concatBytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

interface Case {
  readonly name: string;
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly length: number;
  readonly okm: string;
}
const { cases } = readVectors<{ cases: readonly Case[] }>('hkdf-rfc5869');

test.each(cases)(
  'HKDF-SHA-256, RFC 5869 $name, by the function below deriveKey()',
  ({ ikm, salt, info, length, okm }) => {
    expect(toHex(hkdf(sha256, fromHex(ikm), fromHex(salt), fromHex(info), length))).toBe(okm);
  },
);

describe('deriveKey()', () => {
  const secret = new Uint8Array(32).fill(1);
  const generation = new Uint8Array(32).fill(2);

  test('is HKDF-SHA-256 with an empty salt and the label as info', () => {
    const info = encodeUtf8('cliquet/1 outer');
    expect(deriveKey(secret, 'outer')).toEqual(new Uint8Array(hkdf(sha256, secret, new Uint8Array(0), info, 32)));
  });

  test('binds the context as deterministic CBOR behind the label', () => {
    const info = concatBytes(encodeUtf8('cliquet/1 chain key'), fromHex(`825820${toHex(generation)}07`));
    expect(deriveKey(secret, 'chain key', [generation, 7])).toEqual(
      new Uint8Array(hkdf(sha256, secret, new Uint8Array(0), info, 32)),
    );
  });

  test('gives the golden bytes', () => {
    const golden = readVectors<{ deriveKey: string; deriveKeyContext: string; deriveKey60: string }>('golden');
    expect(toHex(deriveKey(secret, 'outer'))).toBe(golden.deriveKey);
    expect(toHex(deriveKey(secret, 'group key', [generation, 7, 'x', [1, 2]]))).toBe(golden.deriveKeyContext);
    expect(toHex(deriveKey(secret, 'safety number', [], 60))).toBe(golden.deriveKey60);
  });

  test('differs if any input differs', () => {
    const keys = [
      deriveKey(secret, 'chain key', [generation, 7]),
      deriveKey(generation, 'chain key', [generation, 7]),
      deriveKey(concatBytes(secret, secret), 'chain key', [generation, 7]),
      deriveKey(secret, 'first secret', [generation, 7]),
      deriveKey(secret, 'chain key', [secret, 7]),
      deriveKey(secret, 'chain key', [generation, 8]),
      deriveKey(secret, 'chain key', [generation, '7']),
      deriveKey(secret, 'chain key', [generation, [7]]),
      deriveKey(secret, 'chain key', [generation]),
      deriveKey(secret, 'chain key', [7, generation]),
      deriveKey(secret, 'chain key'),
    ];
    expect(new Set(keys.map(toHex)).size).toBe(keys.length);
  });
});
