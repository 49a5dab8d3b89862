// 19, what somebody can do to the filter from outside: HRIDs made to pass, and registrations without end. What happens
// when KV lies is in 19-filter.workerd.test.ts.

import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import { ShardCache } from '../../worker/filter/cache.ts';
import { maxLayers, splitLayers, targetRate } from '../../worker/filter/layers.ts';
import { Filter, shardKey } from '../../worker/filter/reader.ts';
import { ShardWriter } from '../../worker/filter/shard.ts';
import { Mac } from '../../worker/names.ts';
import { exactRate } from '../support/bits.ts';
import { TestClock, TestHost } from '../support/host.ts';
import { seededRandom } from '../support/random.ts';

/** A filter with real writers, and what they have published. */
class Deployment {
  readonly published = new Map<string, Bytes>();
  readonly filter: Filter;
  readonly #clock = new TestClock();
  readonly #writers = new Map<string, { writer: ShardWriter; host: TestHost }>();

  constructor(mac: (hrid: Bytes) => Promise<Bytes>) {
    const cache = new ShardCache({ get: async (key) => this.published.get(key) ?? null }, () => this.#clock.time);
    const writers = {
      has: async () => false,
      add: async (generation: number, shard: number, hash: { upper: number; lower: number }) =>
        this.#writer(shardKey(generation, shard)).add(generation, shard, hash),
    };
    this.filter = new Filter(cache, writers, [{ number: 1, mac }]);
  }

  async register(hrids: readonly Bytes[]): Promise<void> {
    for (const hrid of hrids) await this.filter.add(hrid);
    this.#clock.advance(60_000);
    for (const { writer, host } of this.#writers.values()) if (host.reachAlarm()) await writer.alarm();
  }

  /** How many of them the published bits let through to a mailbox. */
  async passing(hrids: readonly Bytes[]): Promise<number> {
    const absent = await Promise.all(hrids.map((hrid) => this.filter.isAbsent(hrid, () => true)));
    return absent.filter((each) => !each).length;
  }

  #writer(key: string): ShardWriter {
    const known = this.#writers.get(key);
    if (known !== undefined) return known.writer;
    const host = new TestHost(this.#clock);
    const writer = new ShardWriter(
      host,
      {
        put: async (name, value) => void this.published.set(name, value),
        delete: async (name) => void this.published.delete(name),
      },
      1,
    );
    this.#writers.set(key, { writer, host });
    return writer;
  }
}

const random = seededRandom('19 filter');
const key = new Mac(random.bytes(32));
const keyed = (hrid: Bytes) => key.digest('filter', hrid);

describe('the filter', () => {
  // The attacker gets for nothing what costs 2^40 key pairs an HRID: all of its HRIDs begin with the same bytes, so that
  // in a filter without a key they would fall into one block and fill it.
  test('nobody aims at bits: what would pass without the key does not pass with it', async () => {
    const aimed = (count: number) => Array.from({ length: count }, () => random.bytes(32).fill(0, 0, 8));
    const [registered, probes] = [aimed(200), aimed(500)];
    const [keyless, relay] = [new Deployment(async (hrid) => hrid), new Deployment(keyed)];
    for (const deployment of [keyless, relay]) {
      await deployment.register(registered);
      expect(await deployment.passing(registered)).toBe(registered.length);
    }
    expect(await keyless.passing(probes)).toBeGreaterThan(probes.length * 0.9);
    expect(await relay.passing(probes)).toBe(0);
  });

  // All in one shard, which no attacker brings about: 20,000 there are five million in all.
  test('is not polluted: however many register, strangers pass no more often, and everybody is found', async () => {
    const relay = new Deployment(async (hrid) => (await keyed(hrid)).with(0, 7));
    const everybody: Bytes[] = [];
    const layers: number[] = [];
    for (const count of [10, 1000, 5000, 20_000]) {
      const more = Array.from({ length: count - everybody.length }, () => random.bytes(32));
      await relay.register(more);
      everybody.push(...more);
      const shard = splitLayers(relay.published.get(shardKey(1, 7)) ?? new Uint8Array());
      // The target is for the average of all shards (test/worker/filter/scale.test.ts); one may lie a quarter beside it.
      expect(exactRate(shard)).toBeLessThan(targetRate * 1.25);
      layers.push(shard.length);
    }
    expect(await relay.passing(everybody)).toBe(everybody.length);
    expect(layers).toEqual([1, 1, 3, 4]);
    expect(layers.at(-1)).toBeLessThanOrEqual(maxLayers);
  });
});
