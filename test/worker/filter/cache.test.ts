import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { ShardCache } from '../../../worker/filter/cache.ts';
import { layerBytes } from '../../../worker/filter/layers.ts';
import { failedReadMs, maxReaderBytes, maxShardAgeMs, minShardAgeMs, sharedReadMs } from '../../../worker/limits.ts';
import { TestClock } from '../../support/host.ts';

const empty = new Uint8Array();
const oneLayer = new Uint8Array(layerBytes(0));

function setUp() {
  const clock = new TestClock();
  const published = new Map<string, Bytes>();
  const store = {
    reads: 0,
    down: false,
    /** What a read waits for. */
    delay: (): Promise<void> => Promise.resolve(),
    get: async (key: string) => {
      store.reads++;
      const { down } = store;
      await store.delay();
      if (down) throw new Error('down');
      return published.get(key) ?? null;
    },
  };
  const waits: { milliseconds: number; giveUp: () => void }[] = [];
  const wait = async (work: Promise<unknown>, milliseconds: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = () => {
      clock.advance(milliseconds);
      resolve();
    };
    waits.push({ milliseconds, giveUp });
    await Promise.race([work, promise]);
  };
  return { clock, published, store, waits, cache: new ShardCache(store, () => clock.time, wait) };
}

/** A read that the test ends, or never. */
function held(): { delay: () => Promise<void>; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { delay: () => promise, release: resolve };
}

describe('ShardCache', () => {
  test('layers() asks the store again after 30 to 60 s', async () => {
    const { cache, store, clock } = setUp();
    await cache.layers('a');
    clock.advance(minShardAgeMs - 1);
    await cache.layers('a');
    expect(store.reads).toBe(1);
    clock.advance(maxShardAgeMs - minShardAgeMs + 1);
    await cache.layers('a');
    expect(store.reads).toBe(2);
  });

  test('layers() keeps no more than its bound, whatever is asked for', async () => {
    const { cache, published, store } = setUp();
    const large = new Uint8Array([0, 1, 2, 3].reduce((sum, layer) => sum + layerBytes(layer), 0));
    for (let shard = 0; shard < 256; shard++) published.set(`${shard}`, large);
    for (let shard = 0; shard < 256; shard++) {
      await cache.layers(`${shard}`);
      expect(cache.bytes).toBeLessThanOrEqual(maxReaderBytes);
    }
    expect(cache.bytes).toBeGreaterThan(maxReaderBytes - large.length);
    // What had to go is read again, even right away.
    expect(await cache.layers('0')).toHaveLength(4);
    expect(store.reads).toBe(257);
  });

  test('layers() of one shard is read once, however many ask for it at once', async () => {
    const { cache, store, published } = setUp();
    published.set('a', oneLayer);
    const { delay, release } = held();
    store.delay = delay;
    const asked = Promise.all(Array.from({ length: 100 }, () => cache.layers('a')));
    release();
    expect((await asked).map((layers) => layers?.length)).toEqual(Array(100).fill(1));
    expect(store.reads).toBe(1);
  });

  test('layers() of another shard does not wait for that', async () => {
    const { cache, store } = setUp();
    store.delay = held().delay;
    void cache.layers('a');
    store.delay = () => Promise.resolve();
    expect(await cache.layers('b')).toEqual([]);
  });

  // As on Workers, where a read dies with the request that began it, and its promise settles for nobody.
  test('layers() reads anew, once, when the read that it waits for has died', async () => {
    const { cache, store, waits } = setUp();
    store.delay = held().delay;
    void cache.layers('a');
    const asked = Promise.all(Array.from({ length: 10 }, () => cache.layers('a')));
    store.delay = () => Promise.resolve();
    expect(waits.map(({ milliseconds }) => milliseconds)).toEqual(Array(10).fill(sharedReadMs));
    waits[0]?.giveUp();
    for (const { giveUp } of waits.slice(1)) giveUp();
    expect(await asked).toEqual(Array(10).fill([]));
    expect(store.reads).toBe(2);
  });

  test('layers() answers from what is old while somebody reads what is new', async () => {
    const { cache, store, published, clock } = setUp();
    await cache.layers('a');
    published.set('a', oneLayer);
    clock.advance(maxShardAgeMs);
    const { delay, release } = held();
    store.delay = delay;
    const first = cache.layers('a');
    expect(await cache.layers('a')).toEqual([]);
    release();
    expect(await first).toHaveLength(1);
    expect(await cache.layers('a')).toHaveLength(1);
    expect(store.reads).toBe(2);
  });

  test.each([
    ['the store fails', (setting: ReturnType<typeof setUp>) => Object.assign(setting.store, { down: true })],
    ['the shard is damaged', ({ published }: ReturnType<typeof setUp>) => published.set('a', new Uint8Array(100))],
  ])('layers() cannot tell when %s, and asks again in 2 s, not for every request', async (_, fail) => {
    const setting = setUp();
    const { cache, store, published, clock } = setting;
    fail(setting);
    for (let i = 0; i < 50; i++) expect(await cache.layers('a')).toBe(null);
    expect(store.reads).toBe(1);
    store.down = false;
    published.set('a', empty);
    clock.advance(failedReadMs - 1);
    expect(await cache.layers('a')).toBe(null);
    clock.advance(1);
    expect(await cache.layers('a')).toEqual([]);
  });

  test('layers() keeps what it knows when it cannot be read anew', async () => {
    const { cache, store, published, clock } = setUp();
    published.set('a', oneLayer);
    await cache.layers('a');
    clock.advance(maxShardAgeMs);
    store.down = true;
    for (let i = 0; i < 50; i++) expect(await cache.layers('a')).toHaveLength(1);
    expect(store.reads).toBe(2);
    expect(cache.bytes).toBe(oneLayer.length);
  });
});

test('ShardCache waits by the clock if nothing else is given', async () => {
  const { store } = setUp();
  let time = 0;
  const cache = new ShardCache(store, () => time);
  store.delay = held().delay;
  void cache.layers('a');
  time = sharedReadMs - 1;
  const waiting = cache.layers('a');
  time = sharedReadMs;
  store.delay = () => Promise.resolve();
  expect(await waiting).toEqual([]);
});
