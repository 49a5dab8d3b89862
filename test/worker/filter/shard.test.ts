import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { mayContain, splitLayers } from '../../../worker/filter/layers.ts';
import { ShardWriter } from '../../../worker/filter/shard.ts';
import { publishIntervalMs } from '../../../worker/limits.ts';
import { TestHost } from '../../support/host.ts';

const hash = (upper: number) => ({ upper: (upper * 0x9e3779b1) >>> 0, lower: upper });

function setUp() {
  const host = new TestHost();
  const puts: { key: string; value: Bytes; time: number }[] = [];
  const store = {
    fails: false,
    put: async (key: string, value: Bytes) => {
      if (store.fails) throw new Error('down');
      puts.push({ key, value, time: host.now() });
    },
  };
  return { host, puts, store, writer: new ShardWriter(host, store) };
}

describe('ShardWriter', () => {
  test('has() makes no table', () => {
    const { host, writer } = setUp();
    expect(writer.has(hash(1))).toBe(false);
    expect(host.tables()).toEqual([]);
  });

  test('add() is durable at once, before anything is published', () => {
    const { host, puts, store, writer } = setUp();
    writer.add('key', hash(1));
    expect(puts).toEqual([]);
    expect(new ShardWriter(host, store).has(hash(1))).toBe(true);
    expect(new ShardWriter(host, store).has(hash(2))).toBe(false);
  });

  test('add() of somebody who is there writes nothing and sets no alarm', () => {
    const { host, writer } = setUp();
    writer.add('key', hash(1));
    const before = host.alarmsSet;
    host.reachAlarm();
    writer.add('key', hash(1));
    expect(host.alarmsSet).toBe(before);
    expect(host.alarm.due).toBe(null);
  });

  test('alarm() publishes all that was added, at least 1.1 s apart', async () => {
    const { host, puts, writer } = setUp();
    for (let i = 0; i < 5; i++) {
      writer.add('key', hash(i));
      host.reachAlarm();
      await writer.alarm();
      // An alarm that fires twice must not publish twice in the interval either.
      await writer.alarm();
      host.reachAlarm();
      await writer.alarm();
    }
    const times = puts.map(({ time }) => time);
    for (const [i, time] of times.entries()) {
      if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(publishIntervalMs);
    }
    const last = splitLayers(puts.at(-1)?.value ?? new Uint8Array());
    for (let i = 0; i < 5; i++) expect(mayContain(last, hash(i))).toBe(true);
    expect(new Set(puts.map(({ key }) => key))).toEqual(new Set(['key']));
  });

  test('alarm() tries again when the store fails', async () => {
    const { host, puts, store, writer } = setUp();
    writer.add('key', hash(1));
    store.fails = true;
    host.reachAlarm();
    await expect(writer.alarm()).rejects.toThrow();
    store.fails = false;
    expect(host.reachAlarm()).toBe(true);
    await writer.alarm();
    expect(puts).toHaveLength(1);
  });

  test('add() that fails to write is not remembered in memory either', () => {
    const { host, writer } = setUp();
    writer.add('key', hash(1));
    const { transaction } = host.sql;
    Object.assign(host.sql, {
      transaction: () => {
        throw new Error('disk full');
      },
    });
    expect(() => writer.add('key', hash(2))).toThrow();
    Object.assign(host.sql, { transaction });
    expect(writer.has(hash(2))).toBe(false);
    expect(writer.has(hash(1))).toBe(true);
  });
});
