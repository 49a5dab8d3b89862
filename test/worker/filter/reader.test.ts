import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { ShardCache } from '../../../worker/filter/cache.ts';
import { Layers, positionOf } from '../../../worker/filter/layers.ts';
import { confirmations, Filter, shardKey, writerName } from '../../../worker/filter/reader.ts';
import { confirmBurst, confirmsPerSecond } from '../../../worker/limits.ts';
import { TestClock } from '../../support/host.ts';

/** The MAC of a generation: the HRID itself, but for one byte. */
const generation = (number: number) => ({
  number,
  mac: async (hrid: Bytes) => hrid.with(4, number),
});
const person = (shard: number, number: number) =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? shard : number * 7 + i));
const always = () => true;

function setUp() {
  const clock = new TestClock();
  const published = new Map<string, Bytes>();
  const truth = new Map<string, Layers>();
  const counts = { reads: 0, confirmations: [] as string[] };
  const failing = { store: false, writers: false };
  const store = {
    get: async (key: string) => {
      counts.reads++;
      if (failing.store) throw new Error('down');
      return published.get(key) ?? null;
    },
  };
  const shardOf = (key: string) => {
    const layers = truth.get(key) ?? new Layers([], 0);
    truth.set(key, layers);
    return layers;
  };
  const writers = {
    has: async (number: number, shard: number, hash: { upper: number; lower: number }) => {
      counts.confirmations.push(shardKey(number, shard));
      if (failing.writers) throw new Error('down');
      return shardOf(shardKey(number, shard)).has(hash);
    },
    add: async (number: number, shard: number, hash: { upper: number; lower: number }) => {
      shardOf(shardKey(number, shard)).add(hash);
    },
  };
  const publish = () => {
    for (const [key, layers] of truth) published.set(key, layers.publish());
  };
  /** As a deployment reads it that has these generations. */
  const filterOf = (...numbers: number[]) =>
    new Filter(new ShardCache(store, () => clock.time), writers, numbers.map(generation));
  return { clock, published, publish, counts, failing, filterOf, filter: filterOf(1) };
}

describe('Filter', () => {
  test('isAbsent() knows who was added and published, without asking a writer', async () => {
    const { filter, publish, counts } = setUp();
    await filter.add(person(1, 1));
    publish();
    expect(await filter.isAbsent(person(1, 1), always)).toBe(false);
    expect(counts.confirmations).toEqual([]);
  });

  test('isAbsent() takes a missing key for an empty shard, and confirms it', async () => {
    const { filter, counts } = setUp();
    expect(await filter.isAbsent(person(2, 1), always)).toBe(true);
    expect(counts.confirmations).toEqual(['filter/1/2']);
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
    expect(counts.confirmations).toEqual([]);
  });

  test('isAbsent() is false when the shard in the store is damaged', async () => {
    const { filter, published } = setUp();
    published.set(shardKey(1, 5), new Uint8Array(100));
    expect(await filter.isAbsent(person(5, 1), always)).toBe(false);
  });

  test('isAbsent() is false when the writer fails', async () => {
    const { filter, failing } = setUp();
    failing.writers = true;
    expect(await filter.isAbsent(person(6, 1), always)).toBe(false);
  });

  test('isAbsent() is false once the budget of confirmations is spent, which fills again slowly', async () => {
    const { filter, counts, clock } = setUp();
    const mayConfirm = confirmations(() => clock.time);
    for (let i = 0; i < confirmBurst; i++) expect(await filter.isAbsent(person(7, i), mayConfirm)).toBe(true);
    expect(await filter.isAbsent(person(7, confirmBurst), mayConfirm)).toBe(false);
    expect(counts.confirmations).toHaveLength(confirmBurst);
    clock.advance(1000 / confirmsPerSecond);
    expect(await filter.isAbsent(person(7, confirmBurst), mayConfirm)).toBe(true);
    expect(await filter.isAbsent(person(7, confirmBurst), mayConfirm)).toBe(false);
  });

  test('256 shards of a generation have a key and a writer each, and share none with another generation', () => {
    const shards = Array.from({ length: 256 }, (_, i) => positionOf(person(i, 0)).shard);
    for (const name of [shardKey, writerName]) {
      expect(new Set([1, 2, 12].flatMap((number) => shards.map((shard) => name(number, shard)))).size).toBe(3 * 256);
    }
    // What the first generation's writers have been called since before there were others.
    expect(writerName(1, 17)).toBe('17');
  });
});

describe('a filter whose key was rotated', () => {
  const old = person(8, 1);
  const fresh = person(9, 1);

  test('knows those of both generations, whether they are published or not', async () => {
    const { filter, filterOf, publish } = setUp();
    await filter.add(old);
    const rotated = filterOf(2, 1);
    await rotated.add(fresh);
    for (const hrid of [old, fresh]) expect(await rotated.isAbsent(hrid, always)).toBe(false);
    publish();
    for (const hrid of [old, fresh]) expect(await filterOf(2, 1).isAbsent(hrid, always)).toBe(false);
  });

  test('isAbsent() believes no negative that is not confirmed in both, and spends as much', async () => {
    const { filterOf, counts, failing } = setUp();
    let budget = 2;
    const mayConfirm = () => budget-- > 0;
    const rotated = filterOf(2, 1);
    expect(await rotated.isAbsent(fresh, mayConfirm)).toBe(true);
    expect(counts.confirmations).toEqual(['filter/2/9', 'filter/1/9']);
    budget = 1;
    expect(await rotated.isAbsent(fresh, mayConfirm)).toBe(false);
    failing.writers = true;
    expect(await rotated.isAbsent(fresh, always)).toBe(false);
  });

  test('isAbsent() reads the previous generation only after a negative in the current one', async () => {
    const { filterOf, counts, publish } = setUp();
    await filterOf(2, 1).add(fresh);
    publish();
    expect(await filterOf(2, 1).isAbsent(fresh, always)).toBe(false);
    expect(counts.reads).toBe(1);
    expect(await filterOf(2, 1).isAbsent(old, always)).toBe(true);
    expect(counts.reads).toBe(3);
  });

  test('who registers while the setting spreads is found by those who do not have it yet', async () => {
    const { filter, filterOf } = setUp();
    await filterOf(2, 1).add(fresh);
    expect(await filter.isAbsent(fresh, always)).toBe(false);
    expect(await filterOf(2).isAbsent(fresh, always)).toBe(false);
  });

  test('forgets whoever has not entered the current generation once the previous key is gone', async () => {
    const { filter, filterOf } = setUp();
    await filter.add(old);
    await filter.add(fresh);
    await filterOf(2, 1).add(fresh);
    expect(await filterOf(2).isAbsent(old, always)).toBe(true);
    expect(await filterOf(2).isAbsent(fresh, always)).toBe(false);
  });
});
