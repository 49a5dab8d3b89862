import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../../client/crypto/kdf.ts';
import { safetyNumber } from '../../../client/protocol/safety-number.ts';
import { concatBytes } from '../../../client/wire/bytes.ts';
import { seededRandom } from '../../support/random.ts';
import { codeOf } from '../../support/struct.ts';
import { fromHex, readVectors } from '../../support/vectors.ts';

const random = seededRandom('safety number');
const member = (byte: number) => ({ hrid: new Uint8Array(32).fill(byte), pk: new Uint8Array(32).fill(byte + 100) });
const people = Array.from({ length: 5 }, () => ({ hrid: random.bytes(32), pk: random.bytes(32) }));

describe('safetyNumber()', () => {
  test('gives the golden numbers', () => {
    const golden = readVectors<{ safetyNumberOfTwo: string; safetyNumberOfThree: string }>('golden');
    expect(safetyNumber([member(1), member(2)])).toBe(golden.safetyNumberOfTwo);
    expect(safetyNumber([member(1), member(2), member(3)])).toBe(golden.safetyNumberOfThree);
  });

  test('is what the specification says, written anew', () => {
    const item = (bytes: Uint8Array) => concatBytes(fromHex('5820'), bytes);
    const pairs = [member(1), member(2)].map(({ hrid, pk }) => concatBytes(fromHex('82'), item(hrid), item(pk)));
    const okm = deriveKey(concatBytes(fromHex('8182'), ...pairs), 'safety number', [], 60);
    const groups = Array.from({ length: 12 }, (_, i) => {
      const value = okm.subarray(5 * i, 5 * i + 5).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return `${value % 100_000n}`.padStart(5, '0');
    });
    expect(safetyNumber([member(2), member(1)])).toBe(groups.join(' '));
  });

  test('is twelve groups of five digits', () => {
    expect(safetyNumber(people)).toMatch(/^\d{5}( \d{5}){11}$/);
  });

  test('does not depend on the order of the members, and leaves it', () => {
    const expected = safetyNumber(people);
    for (let round = 0; round < 10; round++) {
      const shuffled = people.map((person) => ({ person, at: random.below(1000) })).sort((a, b) => a.at - b.at);
      const members = shuffled.map(({ person }) => person);
      const before = [...members];
      expect(safetyNumber(members)).toBe(expected);
      expect(members).toEqual(before);
    }
  });

  test('does not depend on anything but HRID and PK', () => {
    const entries = people.map((person) => ({ ...person, role: 'admin', joined: random.bytes(32) }));
    expect(safetyNumber(entries)).toBe(safetyNumber(people));
  });

  test('changes with every member, key and HRID', () => {
    const numbers = [
      safetyNumber(people),
      ...people.map((_, i) => safetyNumber(people.filter((_, j) => j !== i))),
      ...people.map((person, i) => safetyNumber(people.with(i, { ...person, pk: random.bytes(32) }))),
      ...people.map((person, i) => safetyNumber(people.with(i, { ...person, hrid: random.bytes(32) }))),
      safetyNumber([...people, { hrid: random.bytes(32), pk: random.bytes(32) }]),
      // Two members who change keys with each other are other members.
      safetyNumber(
        people.map((person, i) => ({ ...person, pk: people[i === 0 ? 1 : i === 1 ? 0 : i]?.pk ?? person.pk })),
      ),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('refuses a roster without or with too many members', () => {
    expect(codeOf(() => safetyNumber([]))).toBe('malformed');
    expect(codeOf(() => safetyNumber(Array.from({ length: 257 }, () => member(1))))).toBe('malformed');
    expect(codeOf(() => safetyNumber([{ hrid: new Uint8Array(31), pk: new Uint8Array(32) }]))).toBe('malformed');
  });
});
