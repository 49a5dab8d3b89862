// The arithmetic of a split-block Bloom filter, as Apache Parquet specifies it (BloomFilter.md): 32-byte blocks of
// eight little-endian words; a 64-bit hash chooses the block by its upper half and one bit in each word by its lower.

export const blockBytes = 32;
const wordBytes = 4;
const wordsPerBlock = 8;

const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

/** The two halves of a 64-bit hash. */
export interface BlockHash {
  readonly upper: number;
  readonly lower: number;
}

/** Where the block of this hash begins in a filter of so many bytes. */
export function blockOffset(hash: BlockHash, filterBytes: number): number {
  // The product stays far below 2^53, so this is exact.
  return Math.floor((hash.upper * (filterBytes / blockBytes)) / 2 ** 32) * blockBytes;
}

/** Sets the hash's eight bits. */
export function insertHash(filter: Uint8Array, hash: BlockHash): void {
  const start = blockOffset(hash, filter.length);
  for (let word = 0; word < wordsPerBlock; word++) {
    const bit = bitIn(word, hash);
    const byte = start + word * wordBytes + (bit >> 3);
    filter[byte] = (filter[byte] ?? 0) | (1 << (bit & 7));
  }
}

/** Whether the hash was inserted; sometimes true of one that was not, never false of one that was. */
export function hasHash(filter: Uint8Array, hash: BlockHash): boolean {
  const start = blockOffset(hash, filter.length);
  for (let word = 0; word < wordsPerBlock; word++) {
    const bit = bitIn(word, hash);
    const byte = filter[start + word * wordBytes + (bit >> 3)] ?? 0;
    if ((byte & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

function bitIn(word: number, { lower }: BlockHash): number {
  return Math.imul(lower, salts[word] ?? 0) >>> 27;
}

/**
 * The rate of false positives of a filter with so many bytes after so many insertions: how many of them meet in one
 * block is Poisson-distributed, and each sets one bit of 32 in every word.
 */
export function falsePositiveRate(filterBytes: number, insertions: number): number {
  const mean = insertions / (filterBytes / blockBytes);
  let rate = 0;
  let probability = Math.exp(-mean);
  for (let load = 0; load < mean + 12 * Math.sqrt(mean) + 12; load++) {
    rate += probability * (1 - (31 / 32) ** load) ** wordsPerBlock;
    probability *= mean / (load + 1);
  }
  return rate;
}
