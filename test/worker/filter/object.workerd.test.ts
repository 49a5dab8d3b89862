// The membership filter on the platform: from a registration through the shard's writer into KV.

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { mayContain, positionOf, splitLayers } from '../../../worker/filter/layers.ts';
import { shardKey } from '../../../worker/filter/reader.ts';
import { Mac } from '../../../worker/names.ts';
import { readSettings } from '../../../worker/settings.ts';
import { inside } from '../../support/inside.ts';
import { Client } from '../../support/request.ts';

const position = async ({ hrid }: Client) =>
  positionOf(await new Mac(readSettings(env).filterKeys[0].key).digest('filter', hrid));

describe('ShardObject', () => {
  test('publishes who registered, under the shard that its HMAC names', async () => {
    const client = await Client.register(inside);
    const { shard, hash } = await position(client);
    await runDurableObjectAlarm(env.SHARD.getByName(String(shard)));
    const published = await env.FILTER.get(shardKey(1, shard), 'arrayBuffer');
    expect(published).not.toBe(null);
    expect(mayContain(splitLayers(new Uint8Array(published ?? new ArrayBuffer(0))), hash)).toBe(true);
  });

  test('keeps the HRID itself nowhere', async () => {
    const client = await Client.register(inside);
    const { shard } = await position(client);
    const stored = await runInDurableObject(env.SHARD.getByName(String(shard)), (_, { storage }) => ({
      columns: storage.sql.exec('select * from shard').columnNames,
      pages: storage.sql.exec('select bits from page').toArray().length,
    }));
    expect(stored).toEqual({
      columns: ['id', 'key', 'generation', 'layers', 'filled', 'published', 'unread'],
      pages: 1,
    });
  });

  test('has no table in a shard where nobody registered, though it was asked', async () => {
    const used = new Set((await listDurableObjectIds(env.SHARD)).map((id) => id.name));
    const unused = Array.from({ length: 256 }, (_, i) => String(i)).find((name) => !used.has(name)) ?? '';
    const shard = env.SHARD.getByName(unused);
    expect(await shard.has({ upper: 1, lower: 2 })).toBe(false);
    const tables = await runInDurableObject(shard, (_, { storage }) =>
      storage.sql.exec('select name from sqlite_master').toArray(),
    );
    expect(tables).toEqual([]);
  });
});
