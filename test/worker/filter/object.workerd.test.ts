// The membership filter on the platform: from a registration through the shard's writer into KV.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { insertHash } from '../../../worker/filter/block.ts';
import { mayContain, pageBytes, positionOf, splitLayers } from '../../../worker/filter/layers.ts';
import { shardKey, writerName } from '../../../worker/filter/reader.ts';
import { republishMs } from '../../../worker/limits.ts';
import { Mac } from '../../../worker/names.ts';
import { Services } from '../../../worker/services.ts';
import { readSettings } from '../../../worker/settings.ts';
import { inside } from '../../support/inside.ts';
import { Client, randomBytes } from '../../support/request.ts';
import { until } from '../../support/until.ts';

const position = async ({ hrid }: Client) =>
  positionOf(await new Mac(readSettings(env).filterKeys[0].key).digest('filter', hrid));

describe('ShardObject', () => {
  test('publishes who registered, under the shard that its HMAC names', async () => {
    const client = await Client.register(inside);
    const { shard, hash } = await position(client);
    await runDurableObjectAlarm(env.SHARD.getByName(String(shard)));
    const published = await until(() => env.FILTER.get(shardKey(1, shard), 'arrayBuffer'));
    expect(mayContain(splitLayers(new Uint8Array(published)), hash)).toBe(true);
  });

  test('keeps the HRID itself nowhere', async () => {
    const client = await Client.register(inside);
    const { shard } = await position(client);
    const stored = await runInDurableObject(env.SHARD.getByName(String(shard)), (_, { storage }) => ({
      columns: storage.sql.exec('select * from shard').columnNames,
      pages: storage.sql.exec('select bits from page').toArray().length,
    }));
    expect(stored).toEqual({
      columns: ['id', 'schema', 'key', 'generation', 'layers', 'filled', 'published', 'unread'],
      pages: 1,
    });
  });

  const hash = { upper: 3, lower: 5 };
  const isPublished = async (generation: number, shard: number) => {
    const value = await env.FILTER.get(shardKey(generation, shard), 'arrayBuffer');
    return value !== null && mayContain(splitLayers(new Uint8Array(value)), hash);
  };

  test('publishes in a day what the store has lost', async () => {
    const writer = env.SHARD.getByName(writerName(2, 200));
    await writer.add(200, hash, 2);
    await runDurableObjectAlarm(writer);
    await until(async () => {
      const due = await runInDurableObject(writer, (_, { storage }) => storage.getAlarm());
      return (due ?? 0) > Date.now() + republishMs / 2;
    });
    expect(await isPublished(2, 200)).toBe(true);
    await env.FILTER.delete(shardKey(2, 200));
    // A day later, and after an eviction.
    await runInDurableObject(writer, (_, { storage }) => storage.sql.exec('update shard set published = 1'));
    await evictDurableObject(writer);
    await runDurableObjectAlarm(writer);
    expect(await isPublished(2, 200)).toBe(true);
    expect(await writer.has(hash)).toBe(true);
  });

  test('of each generation is another one, under the key that its readers ask for', async () => {
    const [previous] = readSettings(env).filterKeys;
    const rotated = {
      ...env,
      FILTER_GENERATION: '7',
      FILTER_KEY: encodeBase64Url(randomBytes(32)),
      FILTER_KEY_PREVIOUS: encodeBase64Url(previous.key),
    };
    const { filter, settings } = new Services(rotated);
    const client = new Client(inside);
    await filter.add(client.hrid);
    expect(settings.filterKeys.map(({ generation }) => generation)).toEqual([7, 6]);
    for (const { generation, key } of settings.filterKeys) {
      const { shard, hash } = positionOf(await new Mac(key).digest('filter', client.hrid));
      const writer = env.SHARD.getByName(writerName(generation, shard));
      expect(await writer.has(hash)).toBe(true);
      await runDurableObjectAlarm(writer);
      const value = await until(() => env.FILTER.get(shardKey(generation, shard), 'arrayBuffer'));
      expect(mayContain(splitLayers(new Uint8Array(value)), hash)).toBe(true);
    }
  });

  // The test environment reads generation 1.
  test('leaves nothing of a generation that has not been read for a week', async () => {
    const [key, writer] = [shardKey(0, 201), env.SHARD.getByName(writerName(0, 201))];
    await env.FILTER.put(key, new Uint8Array());
    await writer.add(201, hash, 0);
    await runDurableObjectAlarm(writer);
    expect(await env.FILTER.get(key)).not.toBe(null);
    await runInDurableObject(writer, (_, { storage }) =>
      storage.sql.exec('update shard set unread = 1, published = 1'),
    );
    await runDurableObjectAlarm(writer);
    expect(await env.FILTER.get(key)).toBe(null);
    expect(await writer.has(hash)).toBe(false);
    const left = await runInDurableObject(writer, async (_, { storage }) => ({
      tables: storage.sql.exec('select name from sqlite_master').toArray(),
      alarm: await storage.getAlarm(),
    }));
    expect(left).toEqual({ tables: [], alarm: null });
  });

  test('takes over a shard that was made before the key had generations', async () => {
    // One in which none of this file's clients can be.
    const writer = env.SHARD.getByName('300');
    const bits = new Uint8Array(pageBytes);
    insertHash(bits, hash);
    await runInDurableObject(writer, (_, { storage: { sql } }) => {
      sql.exec(`create table shard (id integer primary key check (id = 0), key text not null, layers integer not null,
        filled integer not null, published integer not null)`);
      sql.exec(`create table page (layer integer not null, page integer not null, bits blob not null,
        primary key (layer, page)) without rowid`);
      sql.exec('insert into shard (id, key, layers, filled, published) values (0, ?, 1, 1, 1)', shardKey(1, 300));
      sql.exec('insert into page (layer, page, bits) values (0, 0, ?)', bits);
    });
    expect(await writer.has(hash)).toBe(true);
    await runDurableObjectAlarm(writer);
    expect(await isPublished(1, 300)).toBe(true);
  });

  test('has no table in a shard where nobody registered, though it was asked', async () => {
    const shard = env.SHARD.getByName('nobody');
    expect(await shard.has({ upper: 1, lower: 2 })).toBe(false);
    const tables = await runInDurableObject(shard, (_, { storage }) =>
      storage.sql.exec('select name from sqlite_master').toArray(),
    );
    expect(tables).toEqual([]);
  });
});
