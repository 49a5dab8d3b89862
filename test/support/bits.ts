// What the bits of a filter's shard say of its rate of false positives, without asking for anybody.

import type { Bytes } from '../../client/wire/bytes.ts';

/** The share of all hashes that these layers let through, the eight bits of a hash taken as independent. */
export function exactRate(layers: readonly Bytes[]): number {
  let refused = 1;
  for (const layer of layers) {
    const words = new Uint32Array(layer.buffer, layer.byteOffset, layer.length / 4);
    let sum = 0;
    for (let block = 0; block < words.length; block += 8) {
      let passes = 1;
      for (let word = 0; word < 8 && passes > 0; word++) passes *= countBits(words[block + word] ?? 0) / 32;
      sum += passes;
    }
    refused *= 1 - sum / (words.length / 8);
  }
  return 1 - refused;
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
