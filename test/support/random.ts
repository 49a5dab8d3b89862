// Seeded randomness: every run of a test can be repeated from its seed.

import { sha256 } from '../../client/crypto/hash.ts';
import type { RandomSource } from '../../client/crypto/random.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '../../client/wire/bytes.ts';

export interface SeededRandom {
  readonly bytes: RandomSource;
  /** An integer from 0 to below `bound`. */
  below(bound: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

export function seededRandom(seed: string | number): SeededRandom {
  let block: Bytes = sha256(encodeUtf8(`test ${seed}`));
  const bytes: RandomSource = (length) => {
    const out = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 32) {
      block = sha256(block);
      out.set(sha256(block, new Uint8Array([1])).subarray(0, length - offset), offset);
    }
    return out;
  };
  const fraction = () => new DataView(concatBytes(bytes(4)).buffer).getUint32(0) / 2 ** 32;
  const below = (bound: number) => Math.floor(fraction() * bound);
  return {
    bytes,
    below,
    chance: (probability) => fraction() < probability,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
  };
}
