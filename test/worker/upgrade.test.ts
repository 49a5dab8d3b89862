// Objects of the version that landed before go on under this one (docs/STORAGE.md): nothing that they have kept is lost.

import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../client/wire/address.ts';
import { type Bytes, decodeUtf8, encodeUtf8 } from '../../client/wire/bytes.ts';
import { signedRequest } from '../../worker/auth.ts';
import { Delivery } from '../../worker/challenge/delivery.ts';
import { Registrar } from '../../worker/challenge/registrar.ts';
import { unwrap } from '../../worker/errors.ts';
import { positionOf } from '../../worker/filter/layers.ts';
import { ShardWriter } from '../../worker/filter/shard.ts';
import { TestHost } from '../support/host.ts';
import { become, clientOf, filterMac, kept, objectOf, pepper, restore } from '../support/relay-objects.ts';
import { signRequest } from '../support/request.ts';
import { rows, states } from '../support/residents.ts';
import { type Resident, Town } from '../support/town.ts';

const hour = 3_600_000;

/** The town of then. `lone` could not be reached, and nothing was kept of it. */
async function wakeTown() {
  const town = new Town();
  town.clock.time = kept.time;
  const wake = async (name: keyof typeof kept.clients): Promise<Resident> => {
    const resident = town.add();
    become(resident.client, kept.clients[name]);
    const object = await objectOf('mailbox', resident.hrid);
    if (object !== undefined) resident.host.alarm.due = restore(resident.host.sql, object);
    return resident;
  };
  const [a, b, c, d, lone] = [await wake('a'), await wake('b'), await wake('c'), await wake('d'), await wake('lone')];
  return { town, a, b, c, d, lone };
}

const textsOf = async (resident: Resident) =>
  (await resident.page()).entries.map((entry) =>
    entry.type === 'message' ? decodeUtf8(entry.body) : `${entry.reason} ${entry.fromN}-${entry.toN}`,
  );

describe('mailboxes of version 2', () => {
  test('have kept numbers, queues, and what each recipient has', async () => {
    const { a, b, c, d } = await wakeTown();
    expect((await a.page()).hello).toMatchObject({
      last: 1,
      acked: 0,
      nextSend: 3,
      keyPackages: 1,
      lastResortFresh: true,
    });
    expect((await b.page()).hello).toMatchObject({ last: 2, acked: 1, nextSend: 2 });
    expect([await textsOf(a), await textsOf(b), await textsOf(c)]).toEqual([
      ['second'],
      ['third'],
      ['first', 'second'],
    ]);
    expect(await states(a)).toEqual(['1 pending pending', '2 expired']);
    expect(rows(a, 'registration')).toMatchObject([{ schema: 2 }]);
    expect(rows(c, 'refusal')).toMatchObject([{ senders: d.hrid }]);
    expect(d.host.tables()).toEqual(['farewell']);
  });

  test('answer a claim that is repeated alike, and go on to refuse who was refused', async () => {
    const { a, b, c, d } = await wakeTown();
    const [claimed] = await b.claim([a], new Uint8Array(16).fill(7));
    expect(decodeUtf8(claimed?.package?.signed ?? new Uint8Array())).toBe('package 1');
    const delivery = { sender: d.hrid, senderEpoch: new Uint8Array(16), recipientEpoch: null, items: [] };
    expect(c.mailbox.deliver(delivery)).toEqual({ status: 'refused' });
  });

  test('deliver what waits, gaps and farewells too, and talk on', async () => {
    const { town, a, b, c, d, lone } = await wakeTown();
    lone.register();
    await town.fireAlarms(4, 3 * hour);
    expect((await textsOf(lone)).sort()).toEqual(['expired 2-2', 'first', 'withdrawn 1-1']);
    expect(d.host.tables()).toEqual([]);
    await a.send([b, c, lone], { body: encodeUtf8('third of a') });
    await town.settle();
    for (const each of [a, b, c, lone]) {
      if (each !== a) expect((await textsOf(each)).at(-1)).toBe('third of a');
      await each.acknowledge();
    }
    await town.settle();
    // What lone has missed is told for a while.
    expect([await states(a), await states(b)]).toEqual([['2 expired'], []]);
  });

  test('are left as they are by a relay that is older than they', async () => {
    const { town, d, lone } = await wakeTown();
    d.host.sql.query('alter table farewell add column schema integer not null default 2');
    d.host.sql.query('update farewell set schema = 3');
    lone.register();
    await expect(d.mailbox.alarm()).rejects.toThrow('newer version');
    await town.settle();
    expect(rows(d, 'farewell')).toHaveLength(1);
    expect(d.host.alarm.due).not.toBe(null);
  });
});

describe('a registrar of version 2', () => {
  const { waiting } = kept;
  const client = clientOf(waiting);

  async function wakeRegistrar() {
    const host = new TestHost();
    host.clock.time = kept.time;
    const object = await objectOf('registrar', encodeUtf8(waiting.uid));
    if (object === undefined) throw new Error('it was not kept');
    host.alarm.due = restore(host.sql, object);
    const delivery = new Delivery({
      channels: [],
      texts: null,
      countText: async () => undefined,
      count: () => undefined,
    });
    const limits = { lifetimeMs: 600_000, resendMs: 30_000, limitSends: true };
    const registrar = new Registrar(host, { delivery, mac: pepper, limits, texts: null });
    const [challenge] = host.sql.query<{ id: Bytes }>('select id from challenge');
    const answer = async (code: string) => {
      const body = encodeUtf8(code) as Bytes;
      const created = Math.floor(host.now() / 1000);
      const request = await signRequest(client, { method: 'PUT', path: '/', body, created });
      const signed = signedRequest(request, sha256(body) as Bytes);
      return registrar.answer(challenge?.id ?? new Uint8Array(), client.hrid, code, signed);
    };
    return { host, registrar, answer };
  }

  test('takes the code that it has sent', async () => {
    const { host, answer } = await wakeRegistrar();
    expect(await answer(waiting.code === '000000' ? '000001' : '000000')).toEqual({
      problem: { code: 'challenge-wrong' },
    });
    expect(unwrap(await answer(waiting.code))).toEqual(client.pk);
    expect(host.sql.query('select schema from registrar')).toEqual([{ schema: 3 }]);
    // By which kind of address it was asked for was not kept.
    expect(host.counted.get('challenge-answered')).toBe(1);
  });

  test('goes on to count what it has sent, and ends as it would have', async () => {
    const { host, registrar } = await wakeRegistrar();
    const [before] = host.sql.query<{ at: number; prefix: Bytes }>('select at, prefix from send');
    // As a caller of the version before calls it.
    const vaults = [{ hrid: client.hrid, pk: client.pk }];
    const begun = await registrar.begin(parseAddress(waiting.uid), vaults, before?.prefix ?? new Uint8Array());
    expect(begun).toMatchObject({
      problem: { code: expect.stringMatching(/^cha(llenge-too-soon|nnel-unavailable)$/) },
    });
    expect(host.sql.query('select at, prefix from send')).toEqual([before]);
    while (host.reachAlarm()) await registrar.alarm();
    expect(host.tables()).toEqual([]);
    expect(host.now()).toBe((before?.at ?? 0) + 24 * hour);
  });

  test('is left as it is by a relay that is older than it', async () => {
    const { host, registrar, answer } = await wakeRegistrar();
    await answer('000000');
    host.sql.query('update registrar set schema = 4');
    await expect(answer(waiting.code)).rejects.toThrow('newer version');
    await expect(registrar.alarm()).rejects.toThrow('newer version');
    expect(host.sql.query('select count(*) as count from challenge')).toEqual([{ count: 1 }]);
    expect(host.alarm.due).not.toBe(null);
  });
});

describe('a shard of version 2', () => {
  async function wakeShard() {
    const host = new TestHost();
    host.clock.time = kept.time;
    const { shard, hash } = positionOf(await filterMac.digest('filter', clientOf(kept.clients.a).hrid));
    const object = kept.objects.find(({ kind, name }) => kind === 'shard' && name === String(shard));
    if (object === undefined) throw new Error('it was not kept');
    host.alarm.due = restore(host.sql, object);
    const published = new Map<string, Bytes>();
    const store = {
      put: async (key: string, value: Bytes) => void published.set(key, value),
      delete: async (key: string) => void published.delete(key),
    };
    return { host, writer: new ShardWriter(host, store, 1), shard, hash, published };
  }

  test('knows who is in it, takes others, and publishes all', async () => {
    const { host, writer, shard, hash, published } = await wakeShard();
    expect(writer.has(hash)).toBe(true);
    const other = { upper: 1, lower: 2 };
    expect(writer.has(other)).toBe(false);
    writer.add(1, shard, other);
    expect(host.sql.query('select schema, generation, filled from shard')).toEqual([
      { schema: 3, generation: 1, filled: 2 },
    ]);
    host.reachAlarm();
    await writer.alarm();
    expect([...published.keys()]).toEqual([`filter/1/${shard}`]);
  });

  test('is left as it is by a relay that is older than it', async () => {
    const { host, writer, hash } = await wakeShard();
    writer.has(hash);
    host.sql.query('update shard set schema = 4');
    const { writer: older } = {
      writer: new ShardWriter(host, { put: async () => undefined, delete: async () => undefined }, 1),
    };
    expect(() => older.has(hash)).toThrow('newer version');
    expect(() => older.add(1, 7, hash)).toThrow('newer version');
    await expect(older.alarm()).rejects.toThrow('newer version');
    expect(host.sql.query('select count(*) as count from page')).toEqual([{ count: 1 }]);
  });
});
