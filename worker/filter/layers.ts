// One shard of the membership filter: layers, each four times the size of the one before and filled up to its own share
// of the false positives (1e-4 / 2^(l+1), so that the sum stays under 1e-4 however many layers there are).
//
//   published shard = layer 0 ‖ layer 1 ‖ …      the sizes follow from the total length

import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { type BlockHash, blockOffset, falsePositiveRate, hasHash, insertHash } from './block.ts';

export const pageBytes = 4 * 1024;
export const targetRate = 1e-4;

/**
 * 5.3 MiB a shard and 200 million registrations in all: a reader's memory still holds three shards, and a look-up
 * never touches more than six blocks. Beyond, the newest layer takes more than its share and the rate rises.
 */
export const maxLayers = 6;

/** Bytes of layer l: 4, 16, 64 KiB and so on. */
export function layerBytes(layer: number): number {
  return pageBytes * 4 ** layer;
}

const capacities: number[] = [];

/** How many HRIDs layer l takes before the next one begins. */
export function layerCapacity(layer: number): number {
  const known = capacities[layer];
  if (known !== undefined) return known;
  const bytes = layerBytes(layer);
  const target = targetRate / 2 ** (layer + 1);
  let [enough, tooMany] = [0, bytes];
  while (tooMany - enough > 1) {
    const middle = (enough + tooMany) >> 1;
    if (falsePositiveRate(bytes, middle) <= target) enough = middle;
    else tooMany = middle;
  }
  capacities[layer] = enough;
  return enough;
}

/** Where an HRID falls, from HMAC(filter key, HRID): nobody without the key can aim at a shard or a bit. */
export interface Position {
  readonly shard: number;
  readonly hash: BlockHash;
}

/** @param mac  32 bytes */
export function positionOf(mac: Bytes): Position {
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
  return { shard: view.getUint8(0), hash: { upper: view.getUint32(4, true), lower: view.getUint32(8, true) } };
}

/** The layers of a published shard. @throws RangeError if the length is none that a shard can have */
export function splitLayers(shard: Bytes): Bytes[] {
  const layers: Bytes[] = [];
  for (let offset = 0; offset < shard.length; ) {
    const length = layerBytes(layers.length);
    if (offset + length > shard.length || layers.length === maxLayers) {
      throw new RangeError('a filter shard is cut off or too long');
    }
    layers.push(shard.subarray(offset, offset + length));
    offset += length;
  }
  return layers;
}

/** Whether an HRID with this hash entered the shard, but for false positives. One block of each layer is touched. */
export function mayContain(layers: readonly Bytes[], hash: BlockHash): boolean {
  // The newest layer first: as it is the largest, most of those who are registered are there.
  return layers.findLast((layer) => hasHash(layer, hash)) !== undefined;
}

/** A shard that grows: the bits, and how many HRIDs the newest layer took. */
export class Layers {
  readonly #layers: Bytes[];
  #filled: number;

  constructor(layers: Bytes[], filled: number) {
    this.#layers = layers;
    this.#filled = filled;
  }

  get filled(): number {
    return this.#filled;
  }

  has(hash: BlockHash): boolean {
    return mayContain(this.#layers, hash);
  }

  /** @returns which page changed */
  add(hash: BlockHash): { layer: number; page: number } {
    if (this.#layers.length === 0 || (this.#layers.length < maxLayers && this.#isFull())) {
      this.#layers.push(new Uint8Array(layerBytes(this.#layers.length)));
      this.#filled = 0;
    }
    const layer = this.#layers.length - 1;
    const filter = this.#layers[layer] ?? new Uint8Array();
    insertHash(filter, hash);
    this.#filled++;
    return { layer, page: Math.floor(blockOffset(hash, filter.length) / pageBytes) };
  }

  page(layer: number, page: number): Bytes {
    return (this.#layers[layer] ?? new Uint8Array()).slice(page * pageBytes, (page + 1) * pageBytes);
  }

  #isFull(): boolean {
    return this.#filled >= layerCapacity(this.#layers.length - 1);
  }

  publish(): Bytes {
    return concatBytes(...this.#layers);
  }
}
