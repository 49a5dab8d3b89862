// Everything that can be wrong about a signed request, over HTTP: each has its own answer, and after each one nothing is
// lost and nothing half done.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { KeyPackageUpload } from '../../client/wire/key-package.ts';
import { maxRecipients, maxSendBytes, signatureToleranceSeconds } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { requestAs } from '../support/raw.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, randomBytes, readProblem, signRequest } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let a: Client;
let b: Client;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

beforeEach(async () => {
  [a, b] = await Promise.all([Client.register(relay), Client.register(relay)]);
  await a.send([b], encodeUtf8('before'));
});

// Whatever a test did: what was there before is still there, and what comes after arrives, once.
afterEach(async () => {
  await a.send([b], encodeUtf8('after'));
  const { entries } = await until(async () => {
    const page = await b.queue();
    return page.entries.length >= 2 && page;
  });
  const bodies = entries.map((entry) => entry.type === 'message' && new TextDecoder().decode(entry.body));
  expect(bodies).toEqual(['before', 'after']);
});

const message = (overrides: Partial<Send> = {}) => a.message([b], encodeUtf8('wrong'), overrides);
const post = (body: Bytes, more = {}) => a.fetch({ method: 'POST', path: routes.messages, body, ...more });

async function refusal(response: Promise<Response>, status: number, code: string, more = {}): Promise<void> {
  expect(await readProblem(await response)).toMatchObject({ status, code, ...more });
}

describe('a signature', () => {
  const now = () => Math.floor(Date.now() / 1000);

  test('by another key is refused', () =>
    refusal(post(Send.encode(message()), { seed: b.seed }), 403, 'not-registered'));

  test('in another’s name is refused', () =>
    refusal(post(Send.encode(message()), { hrid: b.hrid }), 403, 'not-registered'));

  test('that is missing is refused', () =>
    refusal(
      fetch(relay.url + routes.messages, {
        method: 'POST',
        headers: { 'content-type': mediaTypes.cbor },
        body: Send.encode(message()),
      }),
      401,
      'bad-signature',
    ));

  test.each([-1, 1])('that is stale (%d) is refused with the relay’s time', async (sign) => {
    const created = now() + sign * (signatureToleranceSeconds + 5);
    const problem = await readProblem(await post(Send.encode(message()), { created }));
    expect(problem).toMatchObject({ status: 401, code: 'stale-signature' });
    expect(Math.abs((problem.time ?? 0) - now())).toBeLessThan(5);
  });

  test('by another key that is stale too is not told the time', async () => {
    const created = now() - signatureToleranceSeconds - 5;
    const problem = await readProblem(await post(Send.encode(message()), { created, seed: b.seed }));
    expect(problem).toMatchObject({ status: 403, code: 'not-registered' });
    expect(problem.time).toBeUndefined();
  });

  test('for another relay is refused', () =>
    refusal(post(Send.encode(message()), { origin: 'https://relay.example.org' }), 403, 'not-registered'));

  test('for another host is refused, also when it comes under that host’s name', async () => {
    const host = 'relay.example.org';
    const options = { method: 'POST', path: routes.messages, body: Send.encode(message()), origin: `http://${host}` };
    await refusal(requestAs(host, await signRequest(a, options)), 421, 'wrong-host');
  });

  test('for another route is refused', async () => {
    const body = Uint8Array.of(0x82);
    const { headers } = await signRequest(a, { method: 'POST', path: routes.messages, body });
    await refusal(fetch(relay.url + routes.queueAcks, { method: 'POST', headers, body }), 403, 'not-registered');
  });

  test('for another query is refused', async () => {
    const { headers } = await signRequest(b, { method: 'GET', path: routes.queue });
    await refusal(
      fetch(`${relay.url}${routes.queue}?after=5&epoch=${'A'.repeat(22)}`, { headers }),
      403,
      'not-registered',
    );
  });

  test('for another body is refused', async () => {
    const { headers } = await signRequest(a, { method: 'POST', path: routes.messages, body: Send.encode(message()) });
    const body = Send.encode(message({ body: encodeUtf8('swapped') }));
    await refusal(fetch(relay.url + routes.messages, { method: 'POST', headers, body }), 401, 'bad-signature');
  });

  test('that does not cover the body is refused', () =>
    refusal(
      post(Send.encode(message()), { components: ['@method', '@authority', '@path', '@query'] }),
      403,
      'not-registered',
    ));

  test('that is replayed changes nothing', async () => {
    const recorded = await signRequest(a, {
      method: 'POST',
      path: routes.messages,
      body: Send.encode(a.message([b], encodeUtf8('after'))),
    });
    expect((await fetch(recorded.clone())).status).toBe(202);
    for (let i = 0; i < 3; i++) expect((await fetch(recorded.clone())).status).toBe(202);
    expect((await a.outbox()).nextSend).toBe(a.next + 1);
    // The message itself is what `afterEach` posts again, under the same number.
  });

  test('of an acknowledgement that is replayed acknowledges nothing that came later', async () => {
    const c = await Client.register(relay);
    await a.send([c], encodeUtf8('1'));
    const { hello } = await until(async () => {
      const page = await c.queue();
      return page.hello.last === 1 && page;
    });
    const ack = { epoch: hello.epoch, seq: 1 };
    expect((await c.acknowledge(ack)).status).toBe(204);
    await a.send([c], encodeUtf8('2'));
    await until(async () => (await c.queue()).hello.last === 2);
    expect((await c.acknowledge(ack)).status).toBe(204);
    expect((await c.queue()).entries).toHaveLength(1);
  });
});

describe('a caller', () => {
  test('that is not registered is refused on every route, whatever else it does wrong', async () => {
    const stranger = new Client(relay);
    const body = Uint8Array.of(0x80);
    for (const [method, path] of [
      ['POST', routes.messages],
      ['GET', routes.queue],
      ['POST', routes.queueAcks],
      ['GET', routes.outbox],
      ['PUT', routes.keyPackages],
      ['POST', routes.keyPackageClaims],
      ['POST', routes.tickets],
    ] as const) {
      const hasBody = method !== 'GET' && path !== routes.tickets;
      const response = stranger.fetch({ method, path, body: hasBody ? body : undefined });
      await refusal(response, 403, 'not-registered');
    }
  });

  test('that cannot prove who it is learns nothing: the answer is that for somebody unknown, to the byte', async () => {
    const stranger = new Client(relay);
    const requests = [
      ['GET', routes.queue, undefined],
      ['POST', routes.messages, Uint8Array.of(0x80)],
      ['POST', routes.tickets, undefined],
      ['GET', `${routes.queue}?after=x`, undefined],
      ['GET', `${routes.outbox}?after=x`, undefined],
      ['DELETE', routes.registrations, encodeUtf8('{}')],
      ['DELETE', routes.registrations, encodeUtf8(JSON.stringify({ epoch: 'A'.repeat(22) }))],
    ] as const;
    for (const [method, path, body] of requests) {
      const mediaType = method === 'DELETE' ? mediaTypes.json : mediaTypes.cbor;
      const ask = async (hrid: Bytes) => {
        const response = await stranger.fetch({ method, path, body, mediaType, hrid });
        const headers = [...response.headers].filter(([name]) => name !== 'date');
        return { status: response.status, headers, body: await response.text() };
      };
      expect(await ask(b.hrid)).toEqual(await ask(stranger.hrid));
    }
  });

  test('cannot read or acknowledge another’s queue', async () => {
    await refusal(a.fetch({ method: 'GET', path: routes.queue, hrid: b.hrid }), 403, 'not-registered');
    const { hello } = await b.queue();
    const ack = Uint8Array.of(0x82, 0x50, ...hello.epoch, 1);
    const stolen = a.fetch({ method: 'POST', path: routes.queueAcks, body: ack, hrid: b.hrid });
    await refusal(stolen, 403, 'not-registered');
  });
});

describe('a body', () => {
  test('that is too large is refused by what it declares', () =>
    refusal(post(new Uint8Array(maxSendBytes + 1)), 413, 'too-large'));

  test('that is too large is refused when it declares nothing', async () => {
    const chunks = Array(Math.ceil(maxSendBytes / 65536) + 1).fill(new Uint8Array(65536));
    const { headers } = await signRequest(a, { method: 'POST', path: routes.messages, body: Send.encode(message()) });
    const body = ReadableStream.from<Uint8Array>(chunks);
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
    await refusal(fetch(relay.url + routes.messages, init), 413, 'too-large');
  });

  test('that is not CBOR, not deterministic, cut off or followed by more is refused', async () => {
    const good = Send.encode(message());
    const indefinite = Uint8Array.of(0x9f, ...good.subarray(1), 0xff);
    for (const body of [Uint8Array.of(0xff), good.slice(0, -1), Uint8Array.of(...good, 0), indefinite]) {
      await refusal(post(body), 400, 'malformed');
    }
  });

  test('of another media type is refused', () =>
    refusal(post(Send.encode(message()), { mediaType: 'application/octet-stream' }), 415, 'unsupported-media-type'));

  test('where none belongs is refused', () =>
    refusal(a.fetch({ method: 'POST', path: routes.tickets, body: Uint8Array.of(1) }), 413, 'too-large'));
});

describe('a send', () => {
  test('to too many recipients is refused', () => {
    const to = Array.from({ length: maxRecipients + 1 }, () => ({ hrid: randomBytes(32), header: new Uint8Array() }));
    return refusal(post(Send.encode(message({ to }))), 400, 'too-many-recipients');
  });

  test('to one recipient twice is refused', () => {
    const to = [b, b].map(({ hrid }) => ({ hrid, header: new Uint8Array() }));
    return refusal(post(Send.encode(message({ to }))), 400, 'duplicate-recipient');
  });

  test('to nobody is refused', () => {
    const encoded = Send.encode(message({ to: [{ hrid: b.hrid, header: new Uint8Array() }] }));
    // [n, [[hrid, header]], …] with an empty list of recipients.
    const none = Uint8Array.of(...encoded.subarray(0, 2), 0x80, ...encoded.subarray(2 + 1 + 1 + 2 + 32 + 1));
    return refusal(post(none), 400, 'malformed');
  });

  test('to somebody unknown is accepted, says who is unknown, and is kept for nobody', async () => {
    const answer = await a.send([new Client(relay)], encodeUtf8('lost'));
    expect(answer).toEqual({ n: 2, refused: [{ index: 0, code: 'unregistered' }] });
    expect((await a.outbox()).records.map(({ n }) => n)).not.toContain(2);
  });

  test('under a used number with other content is refused while the first one waits', () =>
    refusal(post(Send.encode(message({ n: 1 }))), 409, 'number-reused', { expected: 2 }));

  test('out of order is refused, naming the number that is expected', async () => {
    await refusal(post(Send.encode(message({ n: 3 }))), 409, 'out-of-order', { expected: 2 });
    await refusal(post(Send.encode(message({ n: 0 }))), 409, 'out-of-order', { expected: 2 });
  });

  test('that should be kept longer than the relay keeps anything is refused', () => {
    const encoded = Send.encode(message({ ttlSeconds: 30 * 24 * 3600 }));
    encoded.set([0xff], encoded.length - 4);
    return refusal(post(encoded), 400, 'malformed');
  });
});

describe('a cursor', () => {
  test('of another epoch is refused', async () => {
    const query = `?epoch=${'A'.repeat(22)}&after=0`;
    await refusal(b.fetch({ method: 'GET', path: routes.queue + query }), 409, 'epoch-mismatch');
  });

  test.each([
    '?after=1',
    '?epoch=x&after=1',
    `?epoch=${'A'.repeat(22)}&after=-1`,
    `?epoch=${'A'.repeat(22)}&after=1e9`,
  ])('that is none (%s) is refused', (query) =>
    refusal(b.fetch({ method: 'GET', path: routes.queue + query }), 400, 'malformed'),
  );
});

describe('an acknowledgement', () => {
  test('beyond the queue is refused', async () => {
    const { hello } = await until(async () => {
      const page = await b.queue();
      return page.hello.last === 1 && page;
    });
    await refusal(b.acknowledge({ epoch: hello.epoch, seq: 2 }), 400, 'beyond-queue');
  });

  test('for another epoch is refused', () =>
    refusal(b.acknowledge({ epoch: new Uint8Array(16), seq: 0 }), 409, 'epoch-mismatch'));
});

describe('an upload', () => {
  const uploaded = { signed: Uint8Array.of(1), kem: new Uint8Array(1216) };

  test('of more key packages than a mailbox holds is refused', async () => {
    const batch = (count: number) => ({ replace: false, oneTime: Array(count).fill(uploaded), lastResort: null });
    await a.upload(batch(30));
    await refusal(a.cbor('PUT', routes.keyPackages, KeyPackageUpload, batch(21)), 400, 'too-many-key-packages');
    expect((await a.queue()).hello.keyPackages).toBe(30);
  });
});

describe('an address of the relay', () => {
  test('that does not exist is refused, and a method that it does not have', async () => {
    await refusal(fetch(`${relay.url}/v1/nothing`), 404, 'not-found');
    await refusal(fetch(relay.url + routes.messages), 404, 'not-found');
  });
});

describe('a name', () => {
  test.each(['relay.example.org', 'localhost.example.org', '127.0.0.2', 'example.org:8787'])(
    'that is not the relay’s (%s) is refused on every route',
    async (host) => {
      for (const path of [routes.info, routes.queue, routes.stream, '/dev/inbox', '/', '/nothing']) {
        await refusal(requestAs(host, new Request(relay.url + path)), 421, 'wrong-host');
      }
    },
  );

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:1'])('of this machine (%s) is answered', async (host) => {
    expect((await requestAs(host, new Request(relay.url + routes.info))).status).toBe(200);
  });
});

describe('a web page', () => {
  const preflight = (origin: string) =>
    fetch(relay.url + routes.messages, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'signature' },
    });

  test('of an origin that is not configured gets no permission', async () => {
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBe(null);
  });
});

describe('PUT /v1/registrations', () => {
  test('tells nobody who else waits for a code to the same address', async () => {
    const [owner, curious] = [new Client(relay), new Client(relay)];
    await owner.challenge();
    const { challenge } = await new Client(relay, owner.uid).challenge();
    const asked = [owner, curious].map(async (about) => readProblem(await about.answer(challenge, '000000')));
    const [ofOwner, ofStranger] = await Promise.all(asked);
    expect(ofOwner).toMatchObject({ status: 404, code: 'challenge-unknown' });
    expect(ofStranger).toEqual(ofOwner);
  });
});
