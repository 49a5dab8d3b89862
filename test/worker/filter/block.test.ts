import { describe, expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import { blockBytes, blockOffset, falsePositiveRate, hasHash, insertHash } from '../../../worker/filter/block.ts';

// One block that parquet-mr wrote for the strings "a0" … "a9", hashed with xxHash64, seed 0.
const parquetBlock = Uint8Array.from([
  200, 1, 80, 20, 64, 68, 8, 109, 6, 37, 4, 67, 144, 80, 96, 32, 8, 132, 43, 33, 0, 5, 99, 65, 2, 0, 224, 44, 64, 78,
  96, 4,
]);

const { h64 } = await xxhash();
const hashOf = (text: string) => {
  const hash = h64(text);
  return { upper: Number(hash >> 32n), lower: Number(hash & 0xffffffffn) };
};
const parquetStrings = Array.from({ length: 10 }, (_, i) => `a${i}`);

describe('block', () => {
  test('insertHash() sets the bits that parquet-mr sets', () => {
    const block = new Uint8Array(blockBytes);
    for (const text of parquetStrings) insertHash(block, hashOf(text));
    expect(block).toEqual(parquetBlock);
  });

  test('hasHash() finds what parquet-mr wrote, and nothing in an empty filter', () => {
    for (const text of parquetStrings) {
      expect(hasHash(parquetBlock, hashOf(text))).toBe(true);
      expect(hasHash(new Uint8Array(blockBytes), hashOf(text))).toBe(false);
      expect(hasHash(new Uint8Array(0), hashOf(text))).toBe(false);
    }
  });

  test('blockOffset() spreads the upper half over all blocks and stays within them', () => {
    const bytes = 128 * blockBytes;
    expect(blockOffset({ upper: 0, lower: 0 }, bytes)).toBe(0);
    expect(blockOffset({ upper: 0xffffffff, lower: 0 }, bytes)).toBe(127 * blockBytes);
    expect(blockOffset({ upper: 0x80000000, lower: 0 }, bytes)).toBe(64 * blockBytes);
  });

  // Bits a value and the rate they give, as BloomFilter.md of the Parquet format tabulates them.
  test.each([
    [6.0, 0.1],
    [10.5, 0.01],
    [16.9, 0.001],
    [26.4, 0.0001],
    [41, 0.00001],
  ])('falsePositiveRate() of %d bits a value is %d, as Parquet says', (bitsPerValue, rate) => {
    const filterBytes = 2 ** 20;
    const computed = falsePositiveRate(filterBytes, Math.round((filterBytes * 8) / bitsPerValue));
    expect(Math.abs(computed / rate - 1)).toBeLessThan(0.02);
  });
});
