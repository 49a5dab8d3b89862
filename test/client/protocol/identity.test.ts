import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isIdentityKey } from '../../../client/crypto/curves-noble.ts';
import { createIdentity, deriveHrid, hashVaultId } from '../../../client/protocol/identity.ts';
import { seededRandom } from '../../support/random.ts';
import { readVectors, toHex } from '../../support/vectors.ts';

const hash = (...parts: readonly (string | Uint8Array)[]) =>
  parts.reduce((state, part) => state.update(part), createHash('sha256')).digest();

describe('createIdentity()', () => {
  test('draws a seed and a vault id, and derives the key', () => {
    const random = seededRandom('identity');
    const identities = Array.from({ length: 4 }, () => createIdentity(random.bytes));
    for (const { seed, pk, vid } of identities) {
      expect([seed.length, vid.length]).toEqual([32, 32]);
      expect(isIdentityKey(pk)).toBe(true);
    }
    expect(new Set(identities.flatMap(({ seed, pk, vid }) => [seed, pk, vid].map(toHex))).size).toBe(12);
  });
});

describe('deriveHrid()', () => {
  const [pk, vid] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

  test('is H(H(UID) ‖ H(PK) ‖ H(VID)), by another implementation of SHA-256', () => {
    const expected = hash(hash('alice@example.org'), hash(pk), hash(vid));
    expect(toHex(deriveHrid('alice@example.org', pk, hashVaultId(vid)))).toBe(expected.toString('hex'));
  });

  test('gives the golden bytes', () => {
    const { hrid } = readVectors<{ hrid: string }>('golden');
    expect(toHex(deriveHrid('alice@example.org', pk, hashVaultId(vid)))).toBe(hrid);
  });

  test('differs if address, key or vault differs', () => {
    const hrids = [
      deriveHrid('alice@example.org', pk, hashVaultId(vid)),
      deriveHrid('bob@example.org', pk, hashVaultId(vid)),
      deriveHrid('alice@example.org', vid, hashVaultId(vid)),
      deriveHrid('alice@example.org', pk, hashVaultId(pk)),
    ];
    expect(new Set(hrids.map(toHex)).size).toBe(4);
  });
});
