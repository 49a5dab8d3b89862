import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { Layers, positionOf } from '../../../worker/filter/layers.ts';
import { confirmations, Filter, ShardCache, shardKey } from '../../../worker/filter/reader.ts';
import { confirmBurst, maxReaderBytes, maxShardAgeMs, minShardAgeMs } from '../../../worker/limits.ts';
import { TestClock } from '../../support/host.ts';

const mac = async (hrid: Bytes) => hrid;
const person = (shard: number, number: number) =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? shard : number * 7 + i));
const always = () => true;

function setUp() {
  const clock = new TestClock();
  const published = new Map<string, Bytes>();
  const truth = new Map<number, Layers>();
  const counts = { reads: 0, confirmations: 0 };
  const failing = { store: false, writers: false };
  const store = {
    get: async (key: string) => {
      counts.reads++;
      if (failing.store) throw new Error('down');
      return published.get(key) ?? null;
    },
  };
  const shardOf = (shard: number) => {
    const layers = truth.get(shard) ?? new Layers([], 0);
    truth.set(shard, layers);
    return layers;
  };
  const writers = {
    has: async (shard: number, hash: { upper: number; lower: number }) => {
      counts.confirmations++;
      if (failing.writers) throw new Error('down');
      return shardOf(shard).has(hash);
    },
    add: async (shard: number, hash: { upper: number; lower: number }) => {
      shardOf(shard).add(hash);
    },
  };
  const publish = () => {
    for (const [shard, layers] of truth) published.set(shardKey(shard), layers.publish());
  };
  const cache = new ShardCache(store, () => clock.time);
  return { clock, published, publish, counts, failing, cache, filter: new Filter(cache, writers, mac) };
}

describe('Filter', () => {
  test('isAbsent() knows who was added and published, without asking a writer', async () => {
    const { filter, publish, counts } = setUp();
    await filter.add(person(1, 1));
    publish();
    expect(await filter.isAbsent(person(1, 1), always)).toBe(false);
    expect(counts.confirmations).toBe(0);
  });

  test('isAbsent() takes a missing key for an empty shard, and confirms it', async () => {
    const { filter, counts } = setUp();
    expect(await filter.isAbsent(person(2, 1), always)).toBe(true);
    expect(counts.confirmations).toBe(1);
  });

  test('isAbsent() believes the writer rather than a late shard: who is registered is usable at once', async () => {
    const { filter } = setUp();
    expect(await filter.isAbsent(person(3, 1), always)).toBe(true);
    await filter.add(person(3, 1));
    expect(await filter.isAbsent(person(3, 1), always)).toBe(false);
  });

  test('isAbsent() is false for everybody when the store fails: the mailbox is asked', async () => {
    const { filter, failing, counts } = setUp();
    failing.store = true;
    expect(await filter.isAbsent(person(4, 1), always)).toBe(false);
    expect(counts.confirmations).toBe(0);
  });

  test('isAbsent() is false when the shard in the store is damaged', async () => {
    const { filter, published } = setUp();
    published.set(shardKey(5), new Uint8Array(100));
    expect(await filter.isAbsent(person(5, 1), always)).toBe(false);
  });

  test('isAbsent() is false when the writer fails', async () => {
    const { filter, failing } = setUp();
    failing.writers = true;
    expect(await filter.isAbsent(person(6, 1), always)).toBe(false);
  });

  test('isAbsent() is false once the budget of confirmations is spent', async () => {
    const { filter, counts, clock } = setUp();
    const mayConfirm = confirmations(() => clock.time);
    for (let i = 0; i < confirmBurst; i++) expect(await filter.isAbsent(person(7, i), mayConfirm)).toBe(true);
    expect(await filter.isAbsent(person(7, confirmBurst), mayConfirm)).toBe(false);
    expect(counts.confirmations).toBe(confirmBurst);
  });
});

describe('ShardCache', () => {
  test('layers() asks the store again after 30 to 60 s', async () => {
    const { cache, counts, clock } = setUp();
    await cache.layers(1);
    clock.advance(minShardAgeMs - 1);
    await cache.layers(1);
    expect(counts.reads).toBe(1);
    clock.advance(maxShardAgeMs - minShardAgeMs + 1);
    await cache.layers(1);
    expect(counts.reads).toBe(2);
  });

  test('layers() keeps no more than its bound, whatever is asked for', async () => {
    const { cache, published } = setUp();
    const large = new Uint8Array((4 + 16 + 64 + 256) * 1024);
    for (let shard = 0; shard < 256; shard++) published.set(shardKey(shard), large);
    for (let shard = 0; shard < 256; shard++) {
      await cache.layers(shard);
      expect(cache.bytes).toBeLessThanOrEqual(maxReaderBytes);
    }
    expect(cache.bytes).toBeGreaterThan(maxReaderBytes / 2);
  });

  test('layers() does not remember a failure', async () => {
    const { cache, failing } = setUp();
    failing.store = true;
    expect(await cache.layers(1)).toBe(null);
    failing.store = false;
    expect(await cache.layers(1)).toEqual([]);
  });

  test('positionOf() and shardKey() name 256 shards', () => {
    const keys = Array.from({ length: 256 }, (_, i) => shardKey(positionOf(person(i, 0)).shard));
    expect(new Set(keys).size).toBe(256);
  });
});
