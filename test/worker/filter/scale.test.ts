// The filter with ten million registrations, in memory, through the arithmetic of writers and readers.
//
// The MACs are those of a seeded generator: whoever registers, the bytes of a MAC are uniform, and the arithmetic sees
// nothing else of it; ten million HMACs would take minutes. Some thousand real ones are compared with them.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { ShardCache } from '../../../worker/filter/cache.ts';
import {
  Layers,
  layerCapacity,
  maxLayers,
  mayContain,
  type Position,
  positionOf,
  splitLayers,
  targetRate,
} from '../../../worker/filter/layers.ts';
import { Filter, shardKey } from '../../../worker/filter/reader.ts';
import { Mac } from '../../../worker/names.ts';
import { exactRate } from '../../support/bits.ts';
import { slow } from '../../support/seeds.ts';

const registered = 10_000_000;
const shardCount = 256;
const asked = 2_000_000;

/** Uniform MACs from a seed, by Doty-Humphrey's sfc32. The buffer is always the same. */
function macs(seed: number): () => Bytes {
  const mac = new Uint8Array(32);
  const words = new Uint32Array(mac.buffer);
  let [a, b, c, counter] = [seed, 0x9e3779b9, 0x243f6a88, 1];
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  for (let i = 0; i < 20; i++) next();
  return () => {
    for (let i = 0; i < 3; i++) words[i] = next();
    return mac;
  };
}

/** Shards with so many registrations, and every 50th position of them. */
function fill(count: number, next: () => Bytes): { shards: Layers[]; sample: Position[] } {
  const shards = Array.from({ length: shardCount }, () => new Layers([], 0));
  const sample: Position[] = [];
  for (let i = 0; i < count; i++) {
    const position = positionOf(next());
    shards[position.shard]?.add(position.hash);
    if (i % 50 === 0) sample.push(position);
  }
  return { shards, sample };
}

describe('ten million registrations', () => {
  let writers: Layers[] = [];
  let sample: Position[] = [];
  let shards: Bytes[][] = [];
  beforeAll(() => {
    ({ shards: writers, sample } = fill(registered, macs(1)));
    shards = writers.map((layers) => splitLayers(layers.publish()));
  });
  const isFound = ({ shard, hash }: Position) => mayContain(shards[shard] ?? [], hash);

  test('are all found', () => {
    expect(sample).toHaveLength(registered / 50);
    expect(sample.every(isFound)).toBe(true);
  });

  test('let through fewer than one stranger in ten thousand', () => {
    const rate = shards.reduce((sum, layers) => sum + exactRate(layers), 0) / shardCount;
    const next = macs(2);
    let found = 0;
    for (let i = 0; i < asked; i++) if (isFound(positionOf(next()))) found++;
    const bytes = shards.flat().reduce((sum, layer) => sum + layer.length, 0);
    console.info(
      `false positives: ${rate.toExponential(3)} by the bits, ${(found / asked).toExponential(3)} of ${asked} asked; ` +
        `${(bytes / registered).toFixed(2)} bytes a registration`,
    );
    expect(rate).toBeLessThan(targetRate);
    // The bits say what happens: within four standard deviations.
    expect(Math.abs(found - asked * rate)).toBeLessThan(4 * Math.sqrt(asked * rate));
    expect(bytes / registered).toBeLessThan(10);
  });

  test('take real HMACs like those of the generator', async () => {
    const mac = new Mac(new Uint8Array(32).fill(3));
    const positions = await Promise.all(
      Array.from({ length: 24_000 }, async (_, i) =>
        positionOf(await mac.digest('filter', new Uint8Array(Uint32Array.of(i).buffer))),
      ),
    );
    // χ² with 255 degrees of freedom: 255 on average, with a standard deviation of 23.
    const perShard = positions.length / shardCount;
    const counts = Array.from({ length: shardCount }, () => 0);
    for (const { shard } of positions) counts[shard] = (counts[shard] ?? 0) + 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - perShard) ** 2 / perShard, 0);
    expect(Math.abs(chiSquare - 255)).toBeLessThan(5 * 23);

    const [friends, strangers] = [positions.slice(0, 4000), positions.slice(4000)];
    // Two of 20,000 are expected; more than ten would come once in 100,000 runs.
    expect(strangers.filter(isFound).length).toBeLessThanOrEqual(10);
    for (const { shard, hash } of friends) writers[shard]?.add(hash);
    expect(friends.every(({ shard, hash }) => writers[shard]?.has(hash))).toBe(true);
  });

  // Work, not time.
  test('cost a look-up four blocks of 32 bytes, and of each eight bytes at most', () => {
    expect(new Set(shards.map((layers) => layers.length))).toEqual(new Set([4]));
    const next = macs(3);
    const strangers = Array.from({ length: 2000 }, () => positionOf(next()));
    for (const { shard, hash } of [...sample.slice(0, 2000), ...strangers]) {
      const reads = new Map<string, number>();
      const watched = (shards[shard] ?? []).map((layer, i) => watch(layer, (block) => `${i} ${block}`, reads));
      mayContain(watched, hash);
      expect(reads.size).toBeLessThanOrEqual(4);
      expect(Math.max(...reads.values())).toBeLessThanOrEqual(8);
    }
  });

  test.runIf(slow)('take no longer to look up than ten thousand', async () => {
    const few = fill(10_000, macs(1)).shards.map((layers) => layers.publish());
    const many = writers.map((layers) => layers.publish());
    const filters = [few, many].map(createFilter);
    const times: number[][] = [[], []];
    const next = macs(4);
    for (let round = 0; round < 21; round++) {
      const hrids = Array.from({ length: 1000 }, () => next().slice());
      for (const [i, filter] of filters.entries()) {
        const start = performance.now();
        for (const hrid of hrids) await filter.isAbsent(hrid, () => true);
        times[i]?.push(performance.now() - start);
      }
    }
    const [short = 0, long = 0] = times.map((each) => each.sort((x, y) => x - y)[10] ?? 0);
    console.info(`a look-up: ${short.toFixed(1)} µs with 10,000 registrations, ${long.toFixed(1)} µs with 10,000,000`);
    expect(long / short).toBeLessThan(3);
  });
});

// Each layer takes nearly four times what the one before takes, so that look-ups cost a logarithm until the last one.
test.each([
  [10_000, 1],
  [1_000_000, 2],
  [10_000_000, 4],
  [100_000_000, 6],
  [200_000_000, maxLayers],
])('%d registrations have %d layers', (count, layers) => {
  let capacity = 0;
  let needed = 0;
  while (capacity < count) capacity += shardCount * layerCapacity(needed++);
  expect(needed).toBe(layers);
});

/** A layer that counts the bytes read of each block. */
function watch(layer: Bytes, name: (block: number) => string, reads: Map<string, number>): Bytes {
  return new Proxy(layer, {
    get(target, property) {
      if (typeof property === 'string' && /^\d+$/.test(property)) {
        const block = name(Number(property) >> 5);
        reads.set(block, (reads.get(block) ?? 0) + 1);
      }
      return Reflect.get(target, property, target);
    },
  });
}

/** As an isolate reads it: real HMACs, and a cache that does not hold all of it. */
function createFilter(published: readonly Bytes[]): Filter {
  const byKey = new Map(published.map((shard, i) => [shardKey(1, i), shard]));
  const mac = new Mac(new Uint8Array(32));
  return new Filter(
    new ShardCache({ get: async (key) => byKey.get(key) ?? null }, Date.now),
    { has: async () => false, add: async () => undefined },
    [{ number: 1, mac: (hrid) => mac.digest('filter', hrid) }],
  );
}
