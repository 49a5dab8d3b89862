import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { describe, expect, test } from 'vitest';
import { open, seal, zeroNonce } from '../../../client/crypto/aead.ts';
import { seededRandom } from '../../support/random.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

interface Case {
  readonly id: number;
  readonly key: string;
  readonly nonce: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}
const vectors = readVectors<{ draft: Case & { aad: string }; wycheproof: readonly Case[] }>('xchacha20-poly1305');

test('draft-irtf-cfrg-xchacha A.3.1, by the cipher below seal()', () => {
  const { key, nonce, aad, msg, ct, tag } = vectors.draft;
  const cipher = xchacha20poly1305(fromHex(key), fromHex(nonce), fromHex(aad));
  expect(toHex(cipher.encrypt(fromHex(msg)))).toBe(ct + tag);
  // seal() has no additional data: the same ciphertext under another tag.
  expect(toHex(seal(fromHex(key), fromHex(nonce), fromHex(msg)).slice(0, -16))).toBe(ct);
});

describe('seal() and open()', () => {
  test.each(vectors.wycheproof)('Wycheproof $id', ({ key, nonce, msg, ct, tag }) => {
    expect(toHex(seal(fromHex(key), fromHex(nonce), fromHex(msg)))).toBe(ct + tag);
    expect(open(fromHex(key), fromHex(nonce), fromHex(ct + tag))).toEqual(fromHex(msg));
  });

  const random = seededRandom('aead');
  const [key, nonce, plaintext] = [random.bytes(32), random.bytes(24), random.bytes(100)];
  const sealed = seal(key, nonce, plaintext);

  test('a ciphertext is 16 bytes longer', () => {
    for (const length of [0, 1, 63, 64, 65, 1000]) {
      const text = random.bytes(length);
      const ciphertext = seal(key, nonce, text);
      expect(ciphertext.length).toBe(length + 16);
      expect(open(key, nonce, ciphertext)).toEqual(text);
    }
  });

  test('open() refuses every changed byte', () => {
    for (let position = 0; position < sealed.length; position++) {
      const changed = sealed.slice();
      changed[position] = (changed[position] ?? 0) ^ 1;
      expect(open(key, nonce, changed)).toBe(null);
    }
  });

  test('open() refuses every truncation and trailing bytes', () => {
    for (let length = 0; length < sealed.length; length++) expect(open(key, nonce, sealed.slice(0, length))).toBe(null);
    expect(open(key, nonce, new Uint8Array([...sealed, 0]))).toBe(null);
  });

  test('open() refuses another key or nonce', () => {
    expect(open(random.bytes(32), nonce, sealed)).toBe(null);
    expect(open(key, random.bytes(24), sealed)).toBe(null);
    expect(open(key, zeroNonce, sealed)).toBe(null);
  });

  test('seal() leaves its arguments as they are', () => {
    const before = [key, nonce, plaintext].map(toHex);
    seal(key, nonce, plaintext);
    open(key, nonce, sealed);
    expect([key, nonce, plaintext].map(toHex)).toEqual(before);
    expect(zeroNonce).toEqual(new Uint8Array(24));
  });

  test('seal() throws for a key or nonce of another length', () => {
    expect(() => seal(random.bytes(31), nonce, plaintext)).toThrow();
    expect(() => seal(key, random.bytes(12), plaintext)).toThrow();
  });
});
