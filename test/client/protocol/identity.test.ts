import { createHash, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isIdentityKey } from '../../../client/crypto/curves-noble.ts';
import { createIdentity, deriveHrid, hashVaultId, identityOf } from '../../../client/protocol/identity.ts';
import { seededRandom } from '../../support/random.ts';
import { readVectors, toHex } from '../../support/vectors.ts';

const hash = (...parts: readonly (string | Uint8Array)[]) =>
  parts.reduce((state, part) => state.update(part), createHash('sha256')).digest();

describe('createIdentity()', () => {
  test('draws a seed, and nothing else', () => {
    const drawn: Uint8Array[] = [];
    const { bytes } = seededRandom('identity');
    const { seed } = createIdentity((length) => {
      const secret = bytes(length);
      drawn.push(secret);
      return secret;
    });
    expect(drawn).toEqual([seed]);
    expect(seed).toHaveLength(32);
  });

  test('gives another identity each time', () => {
    const random = seededRandom('identity');
    const identities = Array.from({ length: 4 }, () => createIdentity(random.bytes));
    expect(new Set(identities.flatMap(({ seed, pk, vid }) => [seed, pk, vid].map(toHex))).size).toBe(12);
  });
});

describe('identityOf()', () => {
  test('brings an identity back from its seed alone', () => {
    const identity = createIdentity(seededRandom('identity').bytes);
    expect(identityOf(identity.seed)).toEqual(identity);
    expect(isIdentityKey(identity.pk)).toBe(true);
  });

  test('derives the vault id, by another implementation of HKDF', () => {
    const seed = new Uint8Array(32).fill(1);
    const expected = new Uint8Array(hkdfSync('sha256', seed, '', 'cliquet/1 vault id', 32));
    expect(toHex(identityOf(seed).vid)).toBe(toHex(expected));
    expect(toHex(identityOf(seed).vid)).toBe(readVectors<{ vid: string }>('golden').vid);
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
