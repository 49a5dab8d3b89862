// The encoding of items, held against another implementation's.

import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeItem } from '../../../client/wire/cbor.ts';

const { item } = fc.letrec<{ item: unknown }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.maxSafeNat(),
    fc.nat(300),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('item'), { maxLength: 30 }),
  ),
}));

describe('encodeItem()', () => {
  test('gives the same bytes as cborg, in an array buffer of their own', () => {
    fc.assert(
      fc.property(item, (each) => {
        const bytes = encodeItem(each);
        expect([...bytes]).toEqual([...encode(each)]);
        expect(bytes.buffer.byteLength).toBe(bytes.length);
      }),
    );
  });

  const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
  test.each(edges)('writes the head of %i in the shortest form', (value) => {
    expect([...encodeItem(value)]).toEqual([...encode(value)]);
  });

  test.each([23, 24, 255, 256, 65_535, 65_536])('writes the length %i in the shortest form', (length) => {
    for (const each of [new Uint8Array(length), 'x'.repeat(length), Array(length).fill(1)]) {
      expect(Buffer.compare(encodeItem(each), encode(each))).toBe(0);
    }
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53, 1n, undefined, {}, new Map()])('refuses %s', (each) => {
    expect(() => encodeItem(each)).toThrow(TypeError);
    expect(() => encodeItem([each])).toThrow(TypeError);
  });
});
