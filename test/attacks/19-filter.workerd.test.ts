// 19, what happens when KV is down, old, damaged or forged: no mailbox is created, registered clients are served. Real
// objects in workerd; only what a reader gets from KV is the attacker's.

import { createExecutionContext, listDurableObjectIds, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../client/wire/bytes.ts';
import { layerBytes, positionOf } from '../../worker/filter/layers.ts';
import app from '../../worker/index.ts';
import { Mac } from '../../worker/names.ts';
import { getServices } from '../../worker/services.ts';
import { readSettings } from '../../worker/settings.ts';
import { inside } from '../support/inside.ts';
import { Client, type Relay, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

/** What KV gives readers under any key. */
let published: () => Promise<Bytes | null> = async () => null;
const truth = (property: string | symbol) => {
  const value: unknown = Reflect.get(env.FILTER, property);
  return typeof value === 'function' ? value.bind(env.FILTER) : value;
};
const FILTER = new Proxy(env.FILTER, {
  get: (_, property) => (property === 'get' ? async () => (await published())?.buffer ?? null : truth(property)),
});
const settings = { ...env, FILTER };
const relay: Relay = {
  ...inside,
  fetch: async (request) => app.request(request, {}, settings, createExecutionContext()),
};

const mac = new Mac(readSettings(env).filterKeys[0].key);
const shardsRead = new Set<number>();

/** One whose shard this isolate has not read yet: what was read before would serve for another half minute. */
async function stranger(): Promise<Client> {
  for (;;) {
    const client = new Client(relay);
    const { shard } = positionOf(await mac.digest('filter', client.hrid));
    if (shardsRead.has(shard)) continue;
    shardsRead.add(shard);
    return client;
  }
}

async function registered(): Promise<Client> {
  const client = await stranger();
  const { challenge } = await client.challenge();
  const response = await client.answer(challenge, await relay.inbox(client.uid));
  expect(response.status).toBe(200);
  return client;
}

async function tablesOf({ hrid }: Client): Promise<unknown[]> {
  const mailbox = env.MAILBOX.getByName(await getServices(env).mailboxName(hrid));
  return runInDurableObject(mailbox, (_, { storage }) => storage.sql.exec('select name from sqlite_master').toArray());
}

/** Mailbox objects that were ever woken, whether they hold something or not. */
async function woken(): Promise<number> {
  return (await listDurableObjectIds(env.MAILBOX)).length;
}

const layer = (fill: number): Bytes => new Uint8Array(layerBytes(0)).fill(fill);
/** What KV says, and whether the shards' writers can still tell strangers, so that not even an object is woken. */
const lies: [string, () => Promise<Bytes | null>, boolean][] = [
  ['down', () => Promise.reject(new Error('down')), false],
  ['without the key', async () => null, true],
  ['as old as the deployment', async () => layer(0), true],
  ['damaged', async () => new Uint8Array(77), false],
  ['forged, and takes everybody for registered', async () => layer(255), false],
];

describe.each(lies)('with a KV that is %s', (_, lie, writersTell) => {
  test('a registered client is served, by its own requests and by those of others', async () => {
    published = lie;
    const [a, b] = [await registered(), await registered()];
    const sent = await a.send([b], Uint8Array.of(1));
    expect(sent).toEqual({ n: 1, refused: [] });
    const { entries, hello } = await until(async () => {
      const page = await b.queue();
      return page.entries.length > 0 && page;
    });
    expect(entries).toHaveLength(1);
    expect((await b.acknowledge({ epoch: hello.epoch, seq: hello.last })).status).toBe(204);
    await until(async () => (await a.outbox()).records.length === 0);
  });

  test('a stranger is refused, and so are messages and claims for one; no mailbox is created', async () => {
    published = lie;
    const [a, b] = [await registered(), await registered()];
    const [caller, recipient, claimed] = [await stranger(), await stranger(), await stranger()];
    const before = await woken();
    const answer = await caller.fetch({ method: 'GET', path: '/v1/queue' });
    expect((await readProblem(answer)).code).toBe('not-registered');
    expect(await a.claim([claimed])).toEqual([{ package: null, code: 'unregistered' }]);
    // Refused at once, or accepted and then found to be for nobody; either way it ends, and the others get theirs.
    await a.send([b, recipient], Uint8Array.of(1));
    await until(async () => (await b.queue()).entries.length === 1);
    await until(async () => {
      const states = (await a.outbox()).records[0]?.recipients.map(({ state }) => state) ?? [];
      return states.some((state) => state === 'unregistered' || state === 'gone');
    });

    if (writersTell) expect(await woken()).toBe(before);
    for (const nobody of [caller, recipient, claimed]) expect(await tablesOf(nobody)).toEqual([]);
  });
});

test('the bits are served to nobody', async () => {
  const client = await registered();
  const paths = ['/filter', '/filter/1/0', '/v1/filter', '/v1/filter/1/0'];
  for (const path of paths) expect((await client.fetch({ method: 'GET', path })).status).toBe(404);
});
