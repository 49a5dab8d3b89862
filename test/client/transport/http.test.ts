import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpRelay } from '../../../client/transport/http.ts';
import type { Credentials } from '../../../client/transport/relay.ts';
import { sameBytes } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { Accepted } from '../../../client/wire/send.ts';
import { registerMailbox, type TestMailbox } from '../../support/device.ts';
import { startRelay, type TestRelay } from '../../support/relay.ts';
import { type Answer, type ScriptedRelay, startScriptedRelay } from '../../support/scripted-relay.ts';

const anybody: Credentials = { hrid: new Uint8Array(32), sign: async () => new Uint8Array(64) };
const codeOf = (error: unknown) => (error instanceof CliquetError ? error.code : error);

describe('httpRelay() over a real relay', () => {
  let relay: TestRelay;
  let mailbox: TestMailbox;
  let peer: TestMailbox;

  beforeAll(async () => {
    relay = await startRelay();
    mailbox = await registerMailbox(relay, 'mailbox');
    peer = await registerMailbox(relay, 'peer');
  });
  afterAll(() => relay.stop());

  it('signs what the relay accepts: with and without body, with a query', async () => {
    const { relay: http, as, epoch } = mailbox;
    expect((await http.info()).protocol).toBe(1);
    const body = new Uint8Array([1, 2, 3]);
    const send = { n: 1, to: [{ hrid: peer.hrid, header: new Uint8Array([7]) }], body, ttlSeconds: 3600 };
    expect(await http.send(as, send)).toEqual({ n: 1, refused: [] });
    expect(await http.send(as, send)).toEqual({ n: 1, refused: [] });
    expect((await http.readOutbox(as, 0)).nextSend).toBe(2);
    const { hello } = await http.readQueue(as, { epoch, seq: 0 });
    expect(sameBytes(hello.epoch, epoch)).toBe(true);
    expect(await http.uploadKeyPackages(as, { replace: true, oneTime: [], lastResort: null })).toEqual({
      oneTime: 0,
      lastResortFresh: false,
    });
    const claim = { id: new Uint8Array(16), hrids: [peer.hrid] };
    expect((await http.claimKeyPackages(as, claim)).results).toEqual([{ package: null, code: 'no-key-package' }]);
    await http.acknowledge(as, { epoch, seq: 0 });
    expect(await http.createTicket(as)).toEqual(expect.any(String));
  });

  it('throws what the relay refuses, with what it adds', async () => {
    const { relay: http, as, epoch } = mailbox;
    const send = { n: 9, to: [{ hrid: peer.hrid, header: new Uint8Array() }], body: new Uint8Array(), ttlSeconds: 1 };
    await expect(http.send(as, send)).rejects.toMatchObject({ code: 'out-of-order', expected: 2 });
    await expect(http.acknowledge(as, { epoch, seq: 5 })).rejects.toMatchObject({ code: 'beyond-queue' });
    await expect(http.acknowledge(as, { epoch: new Uint8Array(16), seq: 0 })).rejects.toMatchObject({
      code: 'epoch-mismatch',
    });
    await expect(http.readQueue(anybody, null)).rejects.toMatchObject({ code: 'not-registered' });
    await expect(http.readQueue({ ...as, sign: peer.as.sign }, null)).rejects.toMatchObject({ code: 'not-registered' });
  });

  for (const hours of [-1, 1, -24, 24 * 365]) {
    it(`corrects a clock that is off by ${hours} h, once`, async () => {
      let requests = 0;
      const http = httpRelay(relay.url, {
        now: () => Date.now() + hours * 3600 * 1000,
        fetch: (...request) => {
          requests++;
          return fetch(...request);
        },
      });
      expect((await http.readOutbox(mailbox.as, 0)).records).toHaveLength(1);
      expect(requests).toBe(2);
      await http.readOutbox(mailbox.as, 0);
      await http.createTicket(mailbox.as);
      expect(requests).toBe(4);
    });
  }
});

describe('httpRelay() over a server that', () => {
  let server: ScriptedRelay;
  beforeEach(async () => {
    server = await startScriptedRelay();
  });
  afterEach(() => server.stop());

  const asks = {
    'a JSON route': () => httpRelay(server.url).info(),
    'a CBOR route': () => httpRelay(server.url).readQueue(anybody, null),
    'a route without an answer': () =>
      httpRelay(server.url).acknowledge(anybody, { epoch: new Uint8Array(16), seq: 0 }),
  };

  function answer(status: number, contentType: string, body: string | Uint8Array): Answer {
    return (_, response) => {
      response.writeHead(status, { 'content-type': contentType });
      response.end(body);
    };
  }

  const page = '<!doctype html><title>Hotel Wi-Fi</title><h1>Welcome</h1>';
  const nonsense: Record<string, Answer> = {
    'answers a page': answer(200, 'text/html', page),
    'answers nothing': answer(200, 'application/cbor', ''),
    'answers a truncated struct': answer(200, 'application/cbor', new Uint8Array([0x82, 0x01])),
    'answers another struct': answer(200, 'application/cbor', Accepted.encode({ n: 1, refused: [] })),
    'answers JSON of another shape': answer(200, 'application/json', '{"name":"other"}'),
    'answers text that is not UTF-8': answer(200, 'application/json', new Uint8Array([0xff, 0xfe])),
    'answers more than any answer': answer(200, 'application/cbor', new Uint8Array(3 * 1024 * 1024)),
  };
  for (const [what, how] of Object.entries(nonsense)) {
    it(`${what} throws relay-misbehaved`, async () => {
      server.answer = how;
      for (const ask of [asks['a JSON route'], asks['a CBOR route']]) {
        await expect(ask()).rejects.toMatchObject({ code: 'relay-misbehaved' });
      }
    });
  }

  const problem = (fields: object) => JSON.stringify({ type: 'about:blank', title: 'no', status: 400, ...fields });
  const refusals: Record<string, Answer> = {
    'refuses with a page': answer(502, 'text/html', page),
    'refuses with nothing': answer(500, 'application/problem+json', ''),
    'refuses with an unknown code': answer(400, 'application/problem+json', problem({ code: 'no-such-code' })),
    'refuses with a code of another type': answer(400, 'application/problem+json', problem({ code: 7 })),
    'refuses as if it were not a problem': answer(400, 'application/json', problem({ code: 'malformed' })),
    'refuses with more than any answer': answer(400, 'application/problem+json', new Uint8Array(3 * 1024 * 1024)),
  };
  for (const [what, how] of Object.entries(refusals)) {
    it(`${what} throws relay-misbehaved`, async () => {
      server.answer = how;
      for (const ask of Object.values(asks)) await expect(ask()).rejects.toMatchObject({ code: 'relay-misbehaved' });
    });
  }

  it('never ends its answer is cut off', async () => {
    let sent = 0;
    let stopped = false;
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/cbor' });
      response.on('close', () => {
        stopped = true;
      });
      const more = () => {
        while (!stopped && sent < 1e9) {
          sent += 65_536;
          if (!response.write(new Uint8Array(65_536))) break;
        }
      };
      response.on('drain', more);
      more();
    };
    await expect(asks['a CBOR route']()).rejects.toMatchObject({ code: 'relay-misbehaved' });
    await expect.poll(() => stopped).toBe(true);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('finds every signature stale is asked twice, and no more', async () => {
    for (const time of [1_800_000_000, 1.5, -1]) {
      server.requests.length = 0;
      server.answer = answer(401, 'application/problem+json', problem({ code: 'stale-signature', time }));
      await expect(asks['a CBOR route']()).rejects.toMatchObject({ code: 'stale-signature' });
      expect(server.requests).toHaveLength(Number.isInteger(time) && time > 0 ? 2 : 1);
    }
  });

  it('names a time that no signature can carry is not believed', async () => {
    const problem = { type: 'x', title: 'x', status: 401, code: 'stale-signature', time: Number.MAX_SAFE_INTEGER };
    server.answer = answer(401, 'application/problem+json', JSON.stringify(problem));
    const relay = httpRelay(server.url);
    for (let i = 0; i < 2; i++) {
      expect(codeOf(await relay.createTicket(anybody).catch((error: unknown) => error))).toBe('stale-signature');
    }
  });

  it('gives a ticket that fits into no header misbehaves', async () => {
    for (const ticket of ['a b', 'a,b', '', 'é']) {
      server.answer = answer(200, 'application/json', JSON.stringify({ ticket }));
      const error = await httpRelay(server.url)
        .createTicket(anybody)
        .catch((error: unknown) => error);
      expect(codeOf(error)).toBe('relay-misbehaved');
    }
  });

  it('redirects is not followed', async () => {
    const elsewhere = await startScriptedRelay();
    for (const status of [301, 302, 303, 307, 308]) {
      server.answer = (_, response) => {
        response.writeHead(status, { location: `${elsewhere.url}/v1/info` });
        response.end();
      };
      for (const ask of Object.values(asks)) await expect(ask()).rejects.toMatchObject({ code: 'unreachable' });
    }
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.stop();
  });

  it('hangs up is unreachable, before its answer and within it', async () => {
    server.answer = (request) => request.socket.destroy();
    await expect(asks['a CBOR route']().catch(codeOf)).resolves.toBe('unreachable');
    server.answer = (request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => request.socket.destroy(), 10);
    };
    await expect(asks['a CBOR route']().catch(codeOf)).resolves.toBe('unreachable');
  });

  it('is not there is unreachable', async () => {
    await server.stop();
    for (const ask of Object.values(asks)) await expect(ask()).rejects.toMatchObject({ code: 'unreachable' });
    server = await startScriptedRelay();
  });

  it('is addressed by more than an origin is asked at its origin', async () => {
    const http = httpRelay(`${server.url}/some/path?query#fragment`);
    expect(http.url).toBe(server.url);
    await http.info().catch(() => {});
    expect(server.requests).toEqual(['GET /v1/info']);
    expect(() => httpRelay('ftp://relay.example')).toThrow(expect.objectContaining({ code: 'invite-invalid' }));
  });
});
