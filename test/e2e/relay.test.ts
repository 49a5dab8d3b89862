// Diagrams 1 and 2 over HTTP and sockets, against real workerd: what a client sees when all goes well.

import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { InfoSchema } from '../../client/wire/info.ts';
import { maxBodyBytes } from '../../client/wire/limits.ts';
import { routes } from '../../client/wire/routes.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

const register = (count: number) => Promise.all(Array.from({ length: count }, () => Client.register(relay)));

/** The queue once so many entries have come since its beginning. */
const queueOf = (client: Client, last: number) =>
  until(async () => {
    const page = await client.queue();
    return page.hello.last >= last && page;
  });

const uploaded = (mark: number) => ({ signed: Uint8Array.of(mark), kem: new Uint8Array(1216).fill(mark) });

describe('relay', () => {
  test('GET /v1/info tells version, clock and limits', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    const info = v.parse(InfoSchema, await (await fetch(relay.url + routes.info)).json());
    expect(info).toMatchObject({ version: manifest.version, protocol: 1, channels: ['email', 'phone'] });
    expect(Math.abs(info.time - Date.now() / 1000)).toBeLessThan(5);
  });

  test('a challenge registers several vaults, which cannot be told apart from others', async () => {
    const first = new Client(relay, 'Two.Vaults@EXAMPLE.org');
    const uid = 'two.vaults@example.org';
    const vaults = [new Client(relay, uid), new Client(relay, uid)];
    const { challenge, hrids } = await first.challenge(vaults.map(({ vault }) => vault));
    expect(hrids).toEqual(vaults.map(({ hrid }) => hrid));
    const code = await relay.inbox(uid);
    for (const vault of vaults) expect((await vault.answer(challenge, code)).status).toBe(200);
    for (const vault of vaults) expect((await vault.queue()).hello).toMatchObject({ last: 0, acked: 0, nextSend: 1 });
  });

  test('a challenge is answered alike whether its address is registered or not', async () => {
    const shape = async (client: Client) => {
      const response = await client.requestChallenge();
      const { challenge, hrids, ...rest } = (await response.json()) as { challenge: string; hrids: string[] };
      return { status: response.status, length: challenge.length, hrids: hrids.length, rest: Object.keys(rest) };
    };
    const known = await Client.register(relay);
    expect(await shape(known)).toEqual(await shape(new Client(relay)));
  });

  test('a client is usable the moment it is registered, as sender and as recipient', async () => {
    const [a] = await register(1);
    const b = await Client.register(relay);
    expect(await a?.send([b], encodeUtf8('at once'))).toEqual({ n: 1, refused: [] });
  });

  test('one message reaches everybody, and goes when everybody has acknowledged it', async () => {
    const [a, b, c] = await register(3);
    if (!a || !b || !c) throw new Error('three');
    const stranger = new Client(relay);
    const body = randomBytes(1000);
    expect(await a.send([b, stranger, c], body)).toEqual({ n: 1, refused: [{ index: 1, code: 'unregistered' }] });

    const [toB, toC] = [await queueOf(b, 1), await queueOf(c, 1)];
    expect(toB.entries).toEqual([{ type: 'message', seq: 1, from: a.hrid, header: Uint8Array.of(0), body }]);
    expect(toC.entries).toEqual([{ type: 'message', seq: 1, from: a.hrid, header: Uint8Array.of(2), body }]);

    const statesOf = async () => (await a.outbox()).records[0]?.recipients.map(({ state }) => state);
    await until(async () => (await statesOf())?.join() === 'queued,unregistered,queued');
    expect((await b.acknowledge({ epoch: toB.hello.epoch, seq: 1 })).status).toBe(204);
    await until(async () => (await statesOf())?.join() === 'unregistered,queued');
    expect((await a.outbox()).records[0]?.recipients.map(({ hrid }) => hrid)).toEqual([stranger.hrid, c.hrid]);
    await c.acknowledge({ epoch: toC.hello.epoch, seq: 1 });
    await until(async () => (await a.outbox()).records.length === 0);
    expect((await b.queue()).entries).toEqual([]);
  });

  test('a body of 128 KiB and empty ones arrive as they were', async () => {
    const [a, b] = await register(2);
    if (!a || !b) throw new Error('two');
    const largest = new Uint8Array(maxBodyBytes).map((_, i) => i * i);
    await a.send([b], largest);
    await a.send([b], new Uint8Array(), { to: [{ hrid: b.hrid, header: new Uint8Array() }] });
    const { entries } = await queueOf(b, 2);
    expect(entries.map((entry) => entry.type === 'message' && entry.body)).toEqual([largest, new Uint8Array()]);
  });

  test('the queue is read on from a cursor, in pages', async () => {
    const [a, b] = await register(2);
    if (!a || !b) throw new Error('two');
    for (let i = 0; i < 4; i++) await a.send([b], Uint8Array.of(i));
    const { hello } = await queueOf(b, 4);
    const epoch = Buffer.from(hello.epoch).toString('base64url');
    const { entries } = await b.queue(`?epoch=${epoch}&after=2`);
    expect(entries.map(({ seq }) => seq)).toEqual([3, 4]);
    expect((await b.queue(`?epoch=${epoch}&after=4`)).entries).toEqual([]);
  });

  test('key packages are uploaded, claimed alike under one id, and run out', async () => {
    const [a, b, c] = await register(3);
    if (!a || !b || !c) throw new Error('three');
    expect(await b.upload({ replace: false, oneTime: [uploaded(1)], lastResort: uploaded(100) })).toEqual({
      oneTime: 1,
      lastResortFresh: true,
    });
    const id = randomBytes(16);
    const claim = await a.claim([b, c, new Client(relay)], id);
    expect(claim.map(({ code, package: claimed }) => code ?? claimed?.signed[0])).toEqual([
      1,
      'no-key-package',
      'unregistered',
    ]);
    expect((await a.claim([b], id))[0]).toEqual(claim[0]);
    expect((await c.claim([b]))[0]?.package?.signed[0]).toBe(100);
    expect((await b.queue()).hello).toMatchObject({ keyPackages: 0, lastResortFresh: false });
  });

  test('the stream brings what waits, what comes, and takes sends and acknowledgements', async () => {
    const [a, b] = await register(2);
    if (!a || !b) throw new Error('two');
    await a.send([b], encodeUtf8('early'));
    await queueOf(b, 1);
    const [fromA, fromB] = [await a.stream(), await b.stream()];
    const { hello } = await fromB.take('hello');
    expect((await fromB.take('entry')).entry.seq).toBe(1);
    expect(await fromB.take('drained')).toEqual({ type: 'drained', last: 1 });
    await fromA.take('drained');
    await fromA.send({ type: 'send', send: a.message([b], encodeUtf8('later')) });
    expect(await fromA.take('accepted')).toEqual({ type: 'accepted', accepted: { n: 2, refused: [] } });
    expect((await fromB.take('entry')).entry.seq).toBe(2);
    await fromB.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 2 } });
    expect(await fromA.take('delivered')).toEqual({
      type: 'delivered',
      delivered: { n: 1, acknowledged: 1, missed: [] },
    });
    expect(await fromA.take('delivered')).toMatchObject({ delivered: { n: 2, acknowledged: 1 } });
    for (const stream of [fromA, fromB]) stream.close();
  });

  test('deregistration removes the mailbox; the others go on', async () => {
    const [a, b, c] = await register(3);
    if (!a || !b || !c) throw new Error('three');
    await a.send([b, c], encodeUtf8('x'));
    const { hello } = await queueOf(b, 1);
    expect((await b.deregister(hello.epoch)).status).toBe(204);
    const gone = await b.fetch({ method: 'GET', path: routes.queue });
    expect(await readProblem(gone)).toMatchObject({ status: 403, code: 'not-registered' });
    const statesOf = async () =>
      (await a.outbox()).records.map(({ recipients }) => recipients.map(({ state }) => state));
    await until(async () => (await statesOf())[0]?.[0] === 'gone');
    expect(await statesOf()).toEqual([['gone', 'queued']]);
    // The filter cannot forget b, but its mailbox knows: the message is not kept for it.
    expect(await a.send([b, c], encodeUtf8('y'))).toEqual({ n: 2, refused: [{ index: 0, code: 'gone' }] });
    await c.acknowledge({ epoch: (await queueOf(c, 2)).hello.epoch, seq: 2 });
    // What b was told at once is over; what it missed later stays listed.
    await until(async () => (await statesOf()).length === 1 && (await statesOf())[0]?.length === 1);
    expect(await statesOf()).toEqual([['gone']]);
  });

  test('a client that registers again has an empty queue of another epoch', async () => {
    const client = await Client.register(relay);
    const { hello } = await client.queue();
    await client.deregister(hello.epoch);
    const { challenge } = await client.challenge();
    await client.answer(challenge, await relay.inbox(client.uid));
    const again = (await client.queue()).hello;
    expect(again.epoch).not.toEqual(hello.epoch);
    expect(again.nextSend).toBe(1);
  });
});
