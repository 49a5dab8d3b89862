import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { insertHash } from '../../../worker/filter/block.ts';
import { mayContain, pageBytes, splitLayers } from '../../../worker/filter/layers.ts';
import { shardKey } from '../../../worker/filter/reader.ts';
import { ShardWriter } from '../../../worker/filter/shard.ts';
import { day, publishIntervalMs, republishMs, unreadShardMs } from '../../../worker/limits.ts';
import { TestHost } from '../../support/host.ts';

const hash = (upper: number) => ({ upper: (upper * 0x9e3779b1) >>> 0, lower: upper });
const key = shardKey(1, 7);

/** The key-value store: what lies there, when it was written, and how the next writes go. */
class Store {
  readonly values = new Map<string, Bytes>();
  readonly writes: number[] = [];
  weather: 'fine' | 'down' | 'silent' = 'fine';
  /** Runs while a write is under way. */
  during: () => void | Promise<void> = () => undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async put(name: string, value: Bytes): Promise<void> {
    await this.#write();
    this.values.set(name, value);
  }

  async delete(name: string): Promise<void> {
    await this.#write();
    this.values.delete(name);
  }

  has(number: number): boolean {
    return mayContain(splitLayers(this.values.get(key) ?? new Uint8Array()), hash(number));
  }

  async #write(): Promise<void> {
    const { weather } = this;
    this.writes.push(this.#now());
    await this.during();
    if (weather === 'down') throw new Error('down');
    // As when the writer dies before it hears: the promise settles for nobody.
    if (weather === 'silent') await new Promise(() => undefined);
  }
}

class Setting {
  readonly host = new TestHost();
  readonly store = new Store(() => this.host.now());
  writer = this.restart();

  /** As after a crash, or an eviction: memory is gone, storage and alarm stay. */
  restart(oldestGeneration = 1): ShardWriter {
    this.writer = new ShardWriter(this.host, this.store, oldestGeneration);
    return this.writer;
  }

  add(number: number): void {
    this.writer.add(1, 7, hash(number));
  }

  async fireAlarm(): Promise<void> {
    if (this.host.reachAlarm()) await this.writer.alarm();
  }

  /** Fires alarms until the next one is far away. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20 && (this.host.alarm.due ?? 0) < this.host.now() + republishMs / 2; i++) {
      await this.fireAlarm();
    }
  }
}

describe('ShardWriter', () => {
  test('has() makes no table', () => {
    const { host, writer } = new Setting();
    expect(writer.has(hash(1))).toBe(false);
    expect(host.tables()).toEqual([]);
    expect(host.alarm.due).toBe(null);
  });

  test('add() is durable at once, before anything is published', () => {
    const setting = new Setting();
    setting.add(1);
    expect(setting.store.writes).toEqual([]);
    expect(setting.restart().has(hash(1))).toBe(true);
    expect(setting.writer.has(hash(2))).toBe(false);
  });

  test('add() of somebody who is there writes nothing and sets no alarm', () => {
    const setting = new Setting();
    setting.add(1);
    const before = setting.host.alarmsSet;
    setting.host.reachAlarm();
    setting.add(1);
    expect(setting.host.alarmsSet).toBe(before);
    expect(setting.host.alarm.due).toBe(null);
  });

  test('add() that fails to write is not remembered in memory either', () => {
    const setting = new Setting();
    setting.add(1);
    const { transaction } = setting.host.sql;
    Object.assign(setting.host.sql, {
      transaction: () => {
        throw new Error('disk full');
      },
    });
    expect(() => setting.add(2)).toThrow();
    Object.assign(setting.host.sql, { transaction });
    expect(setting.writer.has(hash(2))).toBe(false);
    expect(setting.writer.has(hash(1))).toBe(true);
  });

  test('alarm() publishes all that was added, at least 1.1 s apart, even if it fires twice', async () => {
    const { host, store, writer } = new Setting();
    for (let i = 0; i < 5; i++) {
      writer.add(1, 7, hash(i));
      host.reachAlarm();
      await Promise.all([writer.alarm(), writer.alarm()]);
      await writer.alarm();
    }
    expect(gaps(store.writes).every((gap) => gap >= publishIntervalMs)).toBe(true);
    expect(store.writes).toHaveLength(5);
    for (let i = 0; i < 5; i++) expect(store.has(i)).toBe(true);
    expect([...store.values.keys()]).toEqual([key]);
  });

  test('alarm() does not overtake a write that has not ended', async () => {
    const setting = new Setting();
    const { host, store, writer } = setting;
    const slow = Promise.withResolvers<void>();
    store.during = () => slow.promise;
    setting.add(1);
    host.reachAlarm();
    const first = writer.alarm();
    setting.add(2);
    host.reachAlarm();
    await writer.alarm();
    expect(store.writes).toHaveLength(1);
    slow.resolve();
    await first;
    expect(store.has(2)).toBe(false);
    await setting.settle();
    expect(store.has(2)).toBe(true);
  });

  test('add() during a write leads to another one', async () => {
    const setting = new Setting();
    setting.store.during = () => {
      setting.store.during = () => undefined;
      setting.add(2);
    };
    setting.add(1);
    await setting.fireAlarm();
    expect(setting.store.has(1)).toBe(true);
    await setting.fireAlarm();
    expect(setting.store.has(2)).toBe(true);
    expect(gaps(setting.store.writes)).toEqual([publishIntervalMs]);
  });

  test('alarm() tries again when the store fails, and after a restart in the middle of a write', async () => {
    const setting = new Setting();
    setting.add(1);
    setting.store.weather = 'down';
    await setting.fireAlarm();
    await setting.fireAlarm();
    setting.store.weather = 'silent';
    setting.host.reachAlarm();
    void setting.writer.alarm();
    setting.restart();
    setting.store.weather = 'fine';
    await setting.fireAlarm();
    expect(setting.store.has(1)).toBe(true);
    expect(setting.store.writes).toHaveLength(4);
    expect(gaps(setting.store.writes).every((gap) => gap >= publishIntervalMs)).toBe(true);
  });

  test('a restart does not shorten the time between two writes', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.fireAlarm();
    setting.restart();
    setting.add(2);
    setting.restart();
    await setting.fireAlarm();
    expect(gaps(setting.store.writes)).toEqual([publishIntervalMs]);
  });

  test('alarm() publishes anew in a day what the store has lost, or what lies there instead', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.settle();
    for (const value of [null, new Uint8Array(5)]) {
      if (value === null) setting.store.values.clear();
      else setting.store.values.set(key, value);
      const before = setting.host.now();
      await setting.fireAlarm();
      expect(setting.host.now() - before).toBe(republishMs);
      expect(setting.store.has(1)).toBe(true);
    }
  });

  test('has() sets the alarm of a shard that has lost it', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.settle();
    setting.host.alarm.due = null;
    setting.restart().has(hash(2));
    expect(setting.host.alarm.due).toBe(setting.host.now() + republishMs);
  });

  test('takes over a shard that was made before the key had generations', async () => {
    const setting = new Setting();
    const { sql } = setting.host;
    const bits = new Uint8Array(pageBytes);
    insertHash(bits, hash(1));
    sql.query(`create table shard (id integer primary key check (id = 0), key text not null, layers integer not null,
      filled integer not null, published integer not null)`);
    sql.query(`create table page (layer integer not null, page integer not null, bits blob not null,
      primary key (layer, page)) without rowid`);
    sql.query('insert into shard (id, key, layers, filled, published) values (0, ?, 1, 1, 5)', key);
    sql.query('insert into page (layer, page, bits) values (0, 0, ?)', bits);
    expect(setting.writer.has(hash(1))).toBe(true);
    setting.add(2);
    await setting.settle();
    expect(setting.store.has(1) && setting.store.has(2)).toBe(true);
    // And it ends with its generation like any other.
    setting.restart(2);
    for (let i = 0; i < 10; i++) await setting.fireAlarm();
    expect(setting.host.tables()).toEqual([]);
  });

  // Whatever happens, in whatever order: writes keep their distance, and in the end everybody is published.
  const events = [
    'add',
    'alarm',
    'alarm twice',
    'store down',
    'store fine',
    'die in a write',
    'restart',
    'lose',
  ] as const;
  test('publishes everybody in the end, after any events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...events), { maxLength: 40 }), async (story) => {
        const setting = new Setting();
        const { host, store } = setting;
        let added = 0;
        for (const event of story) {
          if (event === 'add') setting.add(added++);
          if (event === 'alarm') await setting.fireAlarm();
          if (event === 'alarm twice') {
            await setting.fireAlarm();
            await setting.writer.alarm();
          }
          if (event === 'store down') store.weather = 'down';
          if (event === 'store fine') store.weather = 'fine';
          if (event === 'die in a write') {
            const { weather } = store;
            store.weather = 'silent';
            if (host.reachAlarm()) void setting.writer.alarm();
            store.weather = weather;
            setting.restart();
          }
          if (event === 'restart') setting.restart();
          if (event === 'lose') store.values.clear();
          for (let i = 0; i < added; i++) expect(setting.writer.has(hash(i))).toBe(true);
        }
        store.weather = 'fine';
        await setting.settle();
        // One day more: what was lost after the last write heals.
        await setting.fireAlarm();
        for (let i = 0; i < added; i++) expect(store.has(i)).toBe(true);
        expect(gaps(store.writes).filter((gap) => gap < publishIntervalMs)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a shard of an old generation', () => {
  test('ends itself a week after its generation is not read any more, and leaves nothing', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.settle();
    const since = setting.host.now() + republishMs;
    setting.restart(2);
    while (setting.host.alarm.due !== null) {
      expect(setting.store.has(1) && setting.writer.has(hash(1))).toBe(true);
      await setting.fireAlarm();
    }
    expect(setting.host.now() - since).toBe(unreadShardMs);
    expect(setting.store.values.size).toBe(0);
    expect(setting.host.tables()).toEqual([]);
    expect(setting.writer.has(hash(1))).toBe(false);
    // Somebody with the old setting still enters one; that ends likewise.
    setting.add(2);
    expect(setting.restart(2).has(hash(2))).toBe(true);
    while (setting.host.alarm.due !== null) await setting.fireAlarm();
    expect(setting.host.tables()).toEqual([]);
  });

  test('stays if the setting is set right within the week', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.settle();
    setting.restart(2);
    for (let i = 0; i < 5; i++) await setting.fireAlarm();
    setting.restart(1);
    await setting.fireAlarm();
    // And a later end begins with a week anew.
    setting.restart(2);
    for (let i = 0; i < 5; i++) await setting.fireAlarm();
    expect(setting.writer.has(hash(1))).toBe(true);
    expect(setting.store.has(1)).toBe(true);
  });

  test('tries again when the store does not let go of it', async () => {
    const setting = new Setting();
    setting.add(1);
    await setting.settle();
    setting.restart(2);
    setting.store.weather = 'down';
    for (let i = 0; i < 10; i++) await setting.fireAlarm();
    expect(setting.host.tables()).not.toEqual([]);
    setting.store.weather = 'fine';
    await setting.fireAlarm();
    expect(setting.store.values.size).toBe(0);
    expect(setting.host.tables()).toEqual([]);
  });

  test('is not one that this deployment does not know yet', async () => {
    const setting = new Setting();
    setting.writer.add(3, 7, hash(1));
    for (let time = 0; time < 30 * day; time += republishMs) await setting.fireAlarm();
    expect(setting.writer.has(hash(1))).toBe(true);
  });
});

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? 0));
}
