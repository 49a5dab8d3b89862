import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { falsePositiveRate } from '../../../worker/filter/block.ts';
import {
  Layers,
  layerBytes,
  layerCapacity,
  maxLayers,
  mayContain,
  positionOf,
  splitLayers,
  targetRate,
} from '../../../worker/filter/layers.ts';
import { maxReaderBytes } from '../../../worker/limits.ts';

/** A reproducible stream of 64-bit hashes: eight bytes each of SHA-256 over a counter, as positions come from HMACs. */
function hashes(seed: number): () => { upper: number; lower: number } {
  let counter = 0;
  let digest = Buffer.alloc(0);
  return () => {
    if (digest.length === 0) digest = createHash('sha256').update(`${seed} ${counter++}`).digest();
    const hash = { upper: digest.readUInt32LE(0), lower: digest.readUInt32LE(4) };
    digest = digest.subarray(8);
    return hash;
  };
}

function filled(count: number, seed = 1): Layers {
  const layers = new Layers([], 0);
  const next = hashes(seed);
  for (let i = 0; i < count; i++) layers.add(next());
  return layers;
}

describe('layers', () => {
  test('layerBytes() grows four times a layer; the largest shard fits into one key and into a reader', () => {
    expect([0, 1, 2, 3, 4, 5].map((layer) => layerBytes(layer) / 1024)).toEqual([4, 16, 64, 256, 1024, 4096]);
    const largest = Array.from({ length: maxLayers }, (_, layer) => layerBytes(layer)).reduce((a, b) => a + b);
    expect(largest).toBeLessThan(25 * 1024 * 1024);
    expect(largest * 3).toBeLessThan(maxReaderBytes);
  });

  test('layerCapacity() is the most that the layer takes within its share of false positives', () => {
    for (let layer = 0; layer < maxLayers; layer++) {
      const share = targetRate / 2 ** (layer + 1);
      expect(falsePositiveRate(layerBytes(layer), layerCapacity(layer))).toBeLessThanOrEqual(share);
      expect(falsePositiveRate(layerBytes(layer), layerCapacity(layer) + 1)).toBeGreaterThan(share);
    }
  });

  test('Layers forgets nobody, and begins a layer when the last one is full', () => {
    const first = layerCapacity(0);
    expect(filled(first).publish()).toHaveLength(layerBytes(0));
    expect(filled(first + 1).publish()).toHaveLength(layerBytes(0) + layerBytes(1));

    const count = first + layerCapacity(1) + 10;
    const layers = filled(count);
    const next = hashes(1);
    for (let i = 0; i < count; i++) expect(layers.has(next())).toBe(true);
  });

  // The arithmetic of 200 million registrations without making them: the layers are there already, and full.
  test('Layers adds no layer beyond the last, and no registration fails there', () => {
    const last = layerCapacity(maxLayers - 1);
    const layers = new Layers(
      Array.from({ length: maxLayers }, (_, layer) => new Uint8Array(layerBytes(layer))),
      last,
    );
    const next = hashes(1);
    for (let i = 0; i < 100; i++) expect(layers.add(next()).layer).toBe(maxLayers - 1);
    const again = hashes(1);
    for (let i = 0; i < 100; i++) expect(layers.has(again())).toBe(true);
    expect(splitLayers(layers.publish())).toHaveLength(maxLayers);
  });

  test('splitLayers() reads what publish() wrote, and refuses what is cut off or too long', () => {
    const layers = filled(layerCapacity(0) + 5);
    const published = layers.publish();
    const split = splitLayers(published);
    expect(split.map(({ length }) => length)).toEqual([layerBytes(0), layerBytes(1)]);
    const next = hashes(1);
    for (let i = 0; i < layerCapacity(0) + 5; i++) expect(mayContain(split, next())).toBe(true);
    expect(splitLayers(new Uint8Array())).toEqual([]);
    expect(() => splitLayers(published.subarray(0, published.length - 1))).toThrow(RangeError);
    const all = Array.from({ length: maxLayers + 1 }, (_, layer) => layerBytes(layer)).reduce((a, b) => a + b);
    expect(() => splitLayers(new Uint8Array(all))).toThrow(RangeError);
  });

  test('positionOf() takes shard and hash from separate bytes, at any offset', () => {
    const mac = Uint8Array.from({ length: 33 }, (_, i) => i).subarray(1);
    expect(positionOf(mac)).toEqual({ shard: 1, hash: { upper: 0x08070605, lower: 0x0c0b0a09 } });
  });

  // Four full layers: 65,000 registrations in one shard of 256, 16.6 million in the whole relay.
  test('mayContain() has fewer than 1 false positive in 10,000 at the designed load', () => {
    const capacity = [0, 1, 2, 3].reduce((sum, layer) => sum + layerCapacity(layer), 0);
    const layers = splitLayers(filled(capacity).publish());
    expect(layers).toHaveLength(4);
    const strangers = hashes(2);
    const asked = 2_000_000;
    let found = 0;
    for (let i = 0; i < asked; i++) if (mayContain(layers, strangers())) found++;
    console.info(`false positives: ${found} of ${asked}, ${(found / asked).toExponential(2)}`);
    expect(found / asked).toBeLessThan(targetRate);
    // Were it far lower, the layers would be filled too little.
    expect(found / asked).toBeGreaterThan(targetRate / 2);
  });
});
