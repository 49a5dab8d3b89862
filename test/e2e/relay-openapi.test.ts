// docs/openapi.json against relays: each route is made to answer with each status that it has there. What is said here is
// compared with the document, as in each file of this suite (test/support/observe.ts).

import { request as requestOf } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bytes, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { createApp } from '../../worker/app.ts';
import { openAssets } from '../../worker/disk/assets.ts';
import { openDisk } from '../../worker/disk/bindings.ts';
import { Bench, type Member } from '../conformance/bench.ts';
import { upgrade } from '../conformance/connection.ts';
import { type Asked, everyRequest, signByHand } from '../conformance/signing.ts';
import { openTarget } from '../conformance/target.ts';
import { temporaryFolder } from '../support/folder.ts';
import { checkExchange, documented, seen } from '../support/openapi.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { fromNetwork, jsonRequest, type Relay } from '../support/request.ts';

const host = 'node';

const answer = (challenge: string, code: string): Asked => ({
  method: 'PUT',
  path: routes.registrations,
  body: encodeUtf8(JSON.stringify({ challenge, answer: code })),
  mediaType: mediaTypes.json,
});

describe('every route', () => {
  let relay: TestRelay;
  let bench: Bench;
  let member: Member;
  let epoch: Bytes;
  beforeAll(async () => {
    relay = await startRelay({ host, vars: { BODY_SECONDS: '2' } });
    bench = new Bench(await openTarget(relay.url));
    [member] = await bench.register(1);
    epoch = (await member.queue()).hello.epoch;
  });
  afterAll(() => relay.stop());

  const signed = (asked: Asked, by = member) => signByHand(bench, by, asked);
  const statusOf = async (request: Request | string, init?: RequestInit) => (await fetch(request, init)).status;
  const withBody = (content: Bytes) =>
    [...everyRequest(member, epoch), answer('x', 'x')].flatMap((asked) =>
      asked.body ? { ...asked, body: content } : [],
    );

  test('of the web client and of development is there', async () => {
    const page = await (await fetch(relay.url)).text();
    const [script] = /\/assets\/[\w.-]+\.js/.exec(page) ?? [];
    const paths = [
      '/v1/health',
      '/service-worker.js',
      '/manifest.webmanifest',
      script,
      '/v1/openapi.json',
      '/dev/inbox',
    ];
    for (const path of [...paths, `/dev/inbox?address=${member.uid}`])
      expect(await statusOf(relay.url + path)).toBe(200);
    expect(await statusOf(`${relay.url}/dev/inbox?address=nobody`)).toBe(400);
  });

  test('that is signed tells who may not ask', async () => {
    for (const asked of everyRequest(member, epoch)) {
      const unsigned = signed(asked);
      unsigned.headers.delete('signature-input');
      expect(await statusOf(unsigned)).toBe(401);
      expect(await statusOf(signed(asked, bench.stranger()))).toBe(403);
    }
  });

  test('refuses what is no registration', async () => {
    const stranger = bench.stranger();
    const { challenge } = await stranger.begin();
    const unsigned = signed(answer(challenge, '000000'), stranger);
    unsigned.headers.delete('signature-input');
    expect(await statusOf(unsigned)).toBe(401);
    expect(await statusOf(signed(answer(challenge, 'no code'), stranger))).toBe(403);
    expect(await statusOf(signed(answer('unknown', '000000'), stranger))).toBe(404);
  });

  test('refuses a body that is none, too large, of another type, or late', async () => {
    for (const asked of withBody(Uint8Array.of(0xff))) expect(await statusOf(signed(asked))).toBe(400);
    for (const asked of withBody(new Uint8Array(600_000))) expect(await statusOf(signed(asked))).toBe(413);
    for (const asked of withBody(Uint8Array.of(0))) {
      expect(await statusOf(signed({ ...asked, mediaType: 'text/plain' }))).toBe(415);
    }
    expect(await statusOf(jsonRequest(relay.url + routes.registrations, {}))).toBe(400);
    expect(await statusOf(jsonRequest(relay.url + routes.registrations, 'x'.repeat(20_000)))).toBe(413);
    expect(await statusOf(relay.url + routes.registrations, { method: 'POST', body: '{}' })).toBe(415);
    expect(await statusOf(signed({ method: 'POST', path: routes.tickets, body: Uint8Array.of(0) }))).toBe(413);

    const json = { 'content-type': mediaTypes.json };
    const unsigned = new Request(relay.url + routes.registrations, { method: 'POST', headers: json });
    const started = [...withBody(Uint8Array.of(0)), { method: 'POST', path: routes.tickets }].map((asked) =>
      signed(asked),
    );
    const late = [...started, unsigned].map((request) => statusOfOdd(request, { 'transfer-encoding': 'chunked' }));
    expect(new Set(await Promise.all(late))).toEqual(new Set([408]));
  });

  test('that is read refuses a query that is none, and a body', async () => {
    for (const path of [`${routes.queue}?after=1`, `${routes.outbox}?after=x`, routes.stream]) {
      expect(await statusOf(signed({ method: 'GET', path }))).toBe(400);
    }
    for (const path of [routes.queue, routes.outbox])
      expect(await statusOfOdd(signed({ method: 'GET', path }), { 'content-length': '1' }, 'x')).toBe(413);
  });

  test('refuses what does not fit what was before', async () => {
    const later = Send.encode(member.message([member], encodeUtf8('x'), { n: 99 }));
    expect(await statusOf(signed({ method: 'POST', path: routes.messages, body: later }))).toBe(409);
    const ofEpoch = everyRequest(member).filter(({ path, method }) => /epoch|acks/.test(path) || method === 'DELETE');
    for (const asked of ofEpoch) expect(await statusOf(signed(asked))).toBe(409);
  });

  test('opens a stream with a ticket, and not without', async () => {
    const offer = async (ticket: string, headers = {}) => {
      const protocols = [streamProtocol, ticketProtocolPrefix + ticket];
      const response = await upgrade(relay.url, protocols, headers);
      checkExchange({
        ...{ method: 'GET', url: relay.url + routes.stream, body: new Uint8Array() },
        fields: new Headers({ 'sec-websocket-protocol': protocols.join(', ') }),
        status: response?.status ?? 101,
        answerFields: response?.headers ?? new Headers(),
        answer: new Uint8Array((await response?.arrayBuffer()) ?? []),
      });
      return response?.status;
    };
    const ticket = await member.ticket();
    expect(await offer(ticket, { origin: 'https://other.example' })).toBe(403);
    expect(await offer('x')).toBe(401);
    expect(await offer(ticket)).toBe(undefined);
  });

  test('does what it is for', async () => {
    for (const asked of everyRequest(member, epoch)) expect(await statusOf(signed(asked))).toBeLessThan(300);
  });
});

test('every route of a strict relay tells when to come again', async () => {
  const limit = 3;
  const vars = { REQUEST_BURST: '1', REQUESTS_PER_SECOND: '0.001' };
  const relay = await startRelay({ host, strangersPerMinute: limit, vars });
  const bench = new Bench(await openTarget(relay.url));
  const [member] = await bench.register(1);
  await member.queue();
  for (const asked of everyRequest(member)) expect((await fetch(signByHand(bench, member, asked))).status).toBe(429);

  const elsewhere = fromNetwork(relay, '192.0.2.1') as Required<Relay>;
  const ask = async (request: Request) => (await elsewhere.fetch(request)).status;
  const unknown = () => signByHand(bench, member, answer('x', '0'));
  for (const next of [() => jsonRequest(relay.url + routes.registrations, {}), unknown]) {
    const statuses = new Set<number>();
    // The limit counts in whole minutes, so that twice of it may be asked around the turn of one.
    for (let i = 0; i < 2 * limit + 1; i++) statuses.add(await ask(next()));
    expect(statuses).toContain(429);
  }
  await relay.stop();
});

test('a registration may end before it is answered, and a code may not be sent', async () => {
  const mail = {
    EMAIL_CHANNELS: 'resend',
    RESEND_KEY: 'key',
    RESEND_URL: 'http://127.0.0.1:1',
    MAIL_FROM: 'a@example.org',
  };
  const relay = await startRelay({ host, vars: { ...mail, CHALLENGE_SECONDS: '0' } });
  const bench = new Bench(await openTarget(relay.url));
  const [stranger, other] = [bench.stranger('+41791234567'), bench.stranger()];
  const { challenge } = await stranger.begin();
  expect((await stranger.answer(challenge, '000000')).status).toBe(410);
  expect((await other.requestChallenge()).status).toBe(502);
  await relay.stop();
});

test('every route answers under its names, once it is configured, and tells of a failure', async () => {
  const secret = encodeBase64Url(new Uint8Array(32));
  const disk = openDisk(temporaryFolder(), 1);
  const deployment = {
    ...disk.bindings,
    ASSETS: openAssets(temporaryFolder()),
    ...{
      ENVIRONMENT: 'production',
      HOSTS: 'relay.example.org',
      PEPPER: secret,
      FILTER_KEY: secret,
      TICKET_KEY: secret,
    },
    ...{ EMAIL_CHANNELS: 'resend', RESEND_KEY: 'key', MAIL_FROM: 'a@example.org' },
  };
  const ask = async (
    path: string,
    method: string,
    { origin = 'https://relay.example.org', isBroken = false, env = {} },
  ) => {
    const app = createApp({
      addressOf: () => {
        if (isBroken) throw new Error('broken');
        return '';
      },
      isSecure: () => true,
      connect: () => Promise.reject(new Error('nobody connects')),
    });
    const request = new Request(origin + path, { method });
    const response = await app.request(request, {}, env);
    const answer = new Uint8Array(await response.arrayBuffer());
    const { url, headers: fields } = request;
    checkExchange({ method, url, fields, body: null, status: response.status, answerFields: response.headers, answer });
    return response.status;
  };
  const names = new Set(documented.map((line) => line.replace(/ \d+$/, '').replace('{name}', 'none.js')));
  const each = [...names].map((line) => line.split(' ') as [method: string, path: string]);
  for (const [method, path] of each) expect(await ask(path, method, {})).toBe(503);
  for (const [method, path] of each) {
    expect(await ask(path, method, { env: deployment, origin: 'https://other.example' })).toBe(421);
    expect(await ask(path, method, { env: deployment, isBroken: true })).toBe(500);
  }
  // None of the files is there, and this is no development.
  for (const [method, path] of each.filter(([, path]) => !path.startsWith('/v1/') || path.endsWith('.json'))) {
    expect(await ask(path, method, { env: deployment })).toBe(404);
  }
  // Its objects were never started. Strangers are told so once a minute.
  const told = [];
  for (let i = 0; i < 3; i++) told.push(await ask('/v1/health', 'GET', { env: deployment }));
  expect(new Set(told)).toEqual(new Set([503, 429]));
  disk.close();
});

test('every status of every route was seen', () => {
  expect(documented.filter((each) => !seen.has(each))).toEqual([]);
});

/** What no `fetch` sends: a body with a GET, or one that never comes. */
function statusOfOdd({ method, url, headers }: Request, more: Record<string, string>, body?: string): Promise<number> {
  return new Promise((settle, fail) => {
    const asked = requestOf(url, { method, headers: { ...Object.fromEntries(headers), ...more } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const { statusCode: status = 0, headers: fields } = response;
        const answerFields = new Headers({ 'content-type': fields['content-type'] ?? '' });
        checkExchange({ method, url, fields: headers, body: null, status, answerFields, answer: Buffer.concat(parts) });
        asked.destroy();
        settle(status);
      });
    });
    asked.on('error', fail);
    if (body === undefined) asked.flushHeaders();
    else asked.end(body);
  });
}
