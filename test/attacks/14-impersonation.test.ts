// Attack 14: draining or acknowledging another's queue, sending as another, claiming without being registered; replayed,
// stale, future, re-targeted or body-swapped signatures; a ticket used twice. Refused, and nothing of the victim's changes.

import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bytes, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { KeyPackageClaim, KeyPackageUpload } from '../../client/wire/key-package.ts';
import { signatureToleranceSeconds } from '../../client/wire/limits.ts';
import { Ack } from '../../client/wire/queue.ts';
import { TicketSchema } from '../../client/wire/registration.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { formatContentDigest } from '../../client/wire/signature.ts';
import { Bystander } from '../support/bystander.ts';
import { requestAs } from '../support/raw.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes, readProblem, signRequest } from '../support/request.ts';
import { until } from '../support/until.ts';

const uploaded = { signed: Uint8Array.of(1), kem: new Uint8Array(1216) };

let relay: TestRelay;
let bystander: Bystander;
let victim: Client;
let friend: Client;
let mallory: Client;
let epoch: Bytes;

beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

beforeEach(async () => {
  [victim, friend, mallory] = await Promise.all([
    Client.register(relay),
    Client.register(relay),
    Client.register(relay),
  ]);
  await victim.upload({ replace: true, oneTime: [uploaded, uploaded], lastResort: uploaded });
  await victim.send([friend], encodeUtf8('from the victim'));
  await friend.send([victim], encodeUtf8('for the victim'));
  epoch = (await until(async () => (await victim.queue()).entries.length === 1 && victim.queue())).hello.epoch;
  bystander = await Bystander.start(relay);
});

afterEach(() => bystander.check());

/** What the victim's mailbox holds, as its owner sees it. */
async function stateOf(client: Client) {
  const { hello, entries } = await client.queue();
  return { hello: { ...hello, now: 0 }, entries, outbox: await client.outbox() };
}

async function codeOf(response: Response | Promise<Response>): Promise<string> {
  return (await readProblem(await response)).code;
}

/** Everything that one can ask of a mailbox. */
function requests() {
  const ack = Ack.encode({ epoch, seq: 1 });
  const send = Send.encode({
    n: 2,
    to: [{ hrid: friend.hrid, header: Uint8Array.of(1) }],
    body: encodeUtf8('forged'),
    ttlSeconds: 60,
  });
  const upload = KeyPackageUpload.encode({ replace: true, oneTime: [], lastResort: null });
  const claim = KeyPackageClaim.encode({ id: randomBytes(16), hrids: [victim.hrid] });
  const { cbor, json } = mediaTypes;
  return [
    { method: 'GET', path: routes.queue, body: undefined, mediaType: cbor },
    {
      method: 'GET',
      path: `${routes.queue}?epoch=${encodeBase64Url(epoch)}&after=0`,
      body: undefined,
      mediaType: cbor,
    },
    { method: 'GET', path: routes.outbox, body: undefined, mediaType: cbor },
    { method: 'POST', path: routes.queueAcks, body: ack, mediaType: cbor },
    { method: 'POST', path: routes.messages, body: send, mediaType: cbor },
    { method: 'PUT', path: routes.keyPackages, body: upload, mediaType: cbor },
    { method: 'POST', path: routes.keyPackageClaims, body: claim, mediaType: cbor },
    { method: 'POST', path: routes.tickets, body: undefined, mediaType: cbor },
    {
      method: 'DELETE',
      path: routes.registrations,
      body: encodeUtf8(JSON.stringify({ epoch: encodeBase64Url(epoch) })),
      mediaType: json,
    },
  ];
}

describe('in another’s name', () => {
  test('nothing is read, acknowledged, sent, uploaded, claimed, opened or ended', async () => {
    const before = await stateOf(victim);
    const stranger = new Client(relay);
    do {
      for (const request of requests()) {
        // With a key of their own under the victim's name, registered or not.
        for (const thief of [mallory, stranger]) {
          expect(await codeOf(thief.fetch({ ...request, hrid: victim.hrid }))).toBe('not-registered');
        }
      }
    } while (!bystander.isSure);
    expect(await stateOf(victim)).toEqual(before);
  });

  test('a stranger claims no package', async () => {
    const before = await stateOf(victim);
    const stranger = new Client(relay);
    for (let i = 0; i < 10; i++) {
      const claim = { id: randomBytes(16), hrids: [victim.hrid] };
      expect(await codeOf(stranger.cbor('POST', routes.keyPackageClaims, KeyPackageClaim, claim))).toBe(
        'not-registered',
      );
    }
    expect(await stateOf(victim)).toEqual(before);
  });

  test('the victim’s own acknowledgement opens no other queue', async () => {
    const before = await stateOf(friend);
    expect(await codeOf(friend.acknowledge({ epoch, seq: 1 }))).toBe('epoch-mismatch');
    expect(await stateOf(friend)).toEqual(before);
  });
});

describe('a signature', () => {
  const now = () => Math.floor(Date.now() / 1000);

  test.each([-1, 1])('that is stale or of the future (%d) does nothing', async (sign) => {
    const before = await stateOf(victim);
    for (const request of requests()) {
      const created = now() + sign * (signatureToleranceSeconds + 10);
      expect(await codeOf(victim.fetch({ ...request, created }))).toBe('stale-signature');
    }
    expect(await stateOf(victim)).toEqual(before);
  });

  test('that is taken to another route, method, query or host does nothing', async () => {
    const before = await stateOf(victim);
    for (const request of requests()) {
      const { method, path, body } = request;
      const recorded = await signRequest(victim, request);
      const headers = Object.fromEntries(recorded.headers);
      const retarget = (to: string, as = method) =>
        fetch(relay.url + to, { method: as, headers, ...(as !== 'GET' && body ? { body } : {}) });
      // Of the same method, medium and size: whatever else could be wrong with it is not.
      for (const other of requests()) {
        const isAlike = other.method === method && other.mediaType === request.mediaType && other.path !== path;
        if (isAlike && (other.body === undefined) === (body === undefined)) {
          const answer = await retarget(other.path);
          if (answer.status !== 413) expect(await codeOf(answer)).toBe('not-registered');
        }
      }
      expect(await codeOf(retarget(`${path}${path.includes('?') ? '&' : '?'}x=1`))).toBe('not-registered');
      const foreign = await signRequest(victim, { ...request, origin: 'http://relay.example.org' });
      expect(await codeOf(requestAs('relay.example.org', foreign.clone()))).toBe('wrong-host');
      expect(await codeOf(fetch(foreign))).toBe('not-registered');
    }
    const asked = await signRequest(victim, { method: 'PUT', path: routes.messages, body: Send.encode(message(2)) });
    const posted = { method: 'POST', headers: asked.headers, body: Send.encode(message(2)) };
    expect(await codeOf(fetch(relay.url + routes.messages, posted))).toBe('not-registered');
    expect(await stateOf(victim)).toEqual(before);
  });

  test('carries no other body, with the digest of either', async () => {
    const before = await stateOf(victim);
    for (const request of requests().filter(({ body }) => body !== undefined)) {
      const { headers } = await signRequest(victim, request);
      const body = Uint8Array.of(...(request.body ?? []));
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
      const { method, path } = request;
      expect(await codeOf(fetch(relay.url + path, { method, headers, body }))).toBe('bad-signature');
      headers.set('content-digest', formatContentDigest(sha256(body) as Bytes));
      const swapped = await codeOf(fetch(relay.url + path, { method, headers, body }));
      // A deregistration that is no JSON any more is refused for that already.
      expect(swapped).toBe(path === routes.registrations ? 'malformed' : 'not-registered');
    }
    expect(await stateOf(victim)).toEqual(before);
  });

  const message = (n: number): Send => ({
    n,
    to: [{ hrid: friend.hrid, header: Uint8Array.of(1) }],
    body: encodeUtf8('once'),
    ttlSeconds: 60,
  });

  test('that is replayed changes nothing', async () => {
    const changes = [
      { method: 'POST', path: routes.messages, body: Send.encode(message(2)) },
      { method: 'POST', path: routes.queueAcks, body: Ack.encode({ epoch, seq: 1 }) },
      {
        method: 'PUT',
        path: routes.keyPackages,
        body: KeyPackageUpload.encode({ replace: false, oneTime: [uploaded], lastResort: null }),
      },
    ];
    for (const request of changes) {
      const recorded = await signRequest(victim, request);
      expect((await fetch(recorded.clone())).ok).toBe(true);
      const { hello } = await victim.queue();
      do expect((await fetch(recorded.clone())).ok).toBe(true);
      while (!bystander.isSure);
      expect({ ...(await victim.queue()).hello, now: 0 }).toEqual({ ...hello, now: 0 });
    }
    await until(async () => (await friend.queue()).hello.last === 2);
    const claim = KeyPackageClaim.encode({ id: randomBytes(16), hrids: [victim.hrid] });
    const recorded = await signRequest(friend, { method: 'POST', path: routes.keyPackageClaims, body: claim });
    const answers = [];
    for (let i = 0; i < 4; i++)
      answers.push(encodeBase64Url(new Uint8Array(await (await fetch(recorded.clone())).arrayBuffer())));
    expect(new Set(answers).size).toBe(1);
    expect((await victim.queue()).hello.keyPackages).toBe(2);
  });

  test('of a deregistration that is replayed ends nothing that came after it', async () => {
    const leaving = await Client.register(relay);
    const before = (await leaving.queue()).hello.epoch;
    const recorded = await signRequest(leaving, {
      method: 'DELETE',
      path: routes.registrations,
      body: encodeUtf8(JSON.stringify({ epoch: encodeBase64Url(before) })),
      mediaType: mediaTypes.json,
    });
    expect((await fetch(recorded.clone())).status).toBe(204);
    expect(await codeOf(fetch(recorded.clone()))).toBe('not-registered');
    const { challenge } = await leaving.challenge();
    expect((await leaving.answer(challenge, await relay.inbox(leaving.uid))).status).toBe(200);
    expect(await codeOf(fetch(recorded.clone()))).toBe('epoch-mismatch');
    expect((await leaving.queue()).hello.last).toBe(0);
  });
});

describe('a ticket', () => {
  test('opens one stream, and the second use closes nothing', async () => {
    const ticket = await victim.ticket();
    const stream = await victim.stream(ticket);
    await stream.take('drained');
    for (const thief of [victim, mallory]) expect(await (await thief.stream(ticket)).closeCode()).toBe(1006);
    await friend.send([victim], encodeUtf8('still there'));
    expect((await stream.take('entry')).entry.seq).toBe(2);
    stream.close();
  });

  test('that was changed, or asked for by a replayed request, opens none beside the first', async () => {
    const recorded = await signRequest(victim, { method: 'POST', path: routes.tickets });
    const ticketOf = async () => v.parse(TicketSchema, await (await fetch(recorded.clone())).json()).ticket;
    const [own, replayed] = [await ticketOf(), await ticketOf()];
    const changed = `${own.slice(0, -6)}${own.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`;
    expect(await (await victim.stream(changed)).closeCode()).toBe(1006);
    const stream = await victim.stream(own);
    await stream.take('drained');
    expect(await (await mallory.stream(replayed)).closeCode()).toBe(1006);
    await friend.send([victim], encodeUtf8('still there'));
    expect((await stream.take('entry')).entry.seq).toBe(2);
    stream.close();
  });
});
