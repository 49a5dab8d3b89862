// Tickets and streams against real workerd: who may connect, and what a second connection, a slow reader and a bad frame
// get. Also what a web page of a configured origin may do.

import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { maxFramesInFlight } from '../../client/wire/limits.ts';
import { closeReplaced, routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

const friend = 'https://web.example.org';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay({ vars: { ALLOWED_ORIGINS: friend } });
});
afterAll(() => relay.stop());

interface Upgrade {
  readonly status: number | undefined;
  /** Of the problem, if it was refused. */
  readonly code: string | undefined;
  /** The code of the close frame that comes in the end. */
  readonly closeCode: Promise<number>;
  close(): void;
}

/** A WebSocket request byte by byte: it shows refusals, and close frames as soon as they come. */
function upgrade(protocols: string[], headers: Record<string, string> = {}): Promise<Upgrade> {
  return new Promise((settle, fail) => {
    const sending = httpRequest(relay.url + routes.stream, {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-protocol': protocols.join(', '),
        ...headers,
      },
    });
    sending.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const { code } = JSON.parse(text);
        settle({ status: response.statusCode, code, closeCode: new Promise(() => undefined), close: () => undefined });
      });
    });
    sending.on('upgrade', (response, socket, head) => {
      const closeCode = new Promise<number>((found) => {
        let received = head;
        const read = (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          const code = findCloseCode(received);
          if (code !== undefined) found(code);
        };
        read(Buffer.alloc(0));
        socket.on('data', read);
      });
      settle({ status: response.statusCode, code: undefined, closeCode, close: () => socket.destroy() });
    });
    sending.on('error', fail);
    sending.end();
  });
}

/** RFC 6455 §5.2: frames from a server are not masked. */
function findCloseCode(received: Buffer): number | undefined {
  for (let offset = 0; offset + 4 <= received.length; ) {
    const opcode = received.readUInt8(offset) & 0x0f;
    const short = received.readUInt8(offset + 1);
    const length = short === 126 ? received.readUInt16BE(offset + 2) : short;
    const start = offset + (short === 126 ? 4 : 2);
    if (opcode === 8) return received.readUInt16BE(start);
    offset = start + length;
  }
  return undefined;
}

const withTicket = (ticket: string) => [streamProtocol, ticketProtocolPrefix + ticket];

describe('a ticket', () => {
  test('opens one stream, not two', async () => {
    const client = await Client.register(relay);
    const ticket = await client.ticket();
    const stream = await client.stream(ticket);
    await stream.take('drained');
    expect(await upgrade(withTicket(ticket))).toMatchObject({ status: 401, code: 'ticket-invalid' });
    expect(stream.closed).toBeUndefined();
    stream.close();
    expect(await upgrade(withTicket(ticket))).toMatchObject({ status: 401, code: 'ticket-invalid' });
  });

  test('that is forged, missing or of another protocol opens none', async () => {
    const client = await Client.register(relay);
    const ticket = await client.ticket();
    const forged = ticket.slice(0, -2) + (ticket.endsWith('AA') ? 'BB' : 'AA');
    for (const protocols of [
      withTicket(forged),
      withTicket(''),
      [streamProtocol],
      [ticketProtocolPrefix + ticket],
      ['other.v1', ticketProtocolPrefix + ticket],
    ]) {
      expect(await upgrade(protocols)).toMatchObject({ status: 401, code: 'ticket-invalid' });
    }
    // It was not used up by the attempts.
    const stream = await client.stream(ticket);
    await stream.take('drained');
    stream.close();
  });

  test('opens nothing after its owner has deregistered, nor after a new registration', async () => {
    const client = await Client.register(relay);
    const ticket = await client.ticket();
    await client.deregister((await client.queue()).hello.epoch);
    expect(await upgrade(withTicket(ticket))).toMatchObject({ code: 'ticket-invalid' });
    const { challenge } = await client.challenge();
    await client.answer(challenge, await relay.inbox(client.uid));
    expect(await upgrade(withTicket(ticket))).toMatchObject({ code: 'ticket-invalid' });
  });

  test('is of use only in a WebSocket request', async () => {
    const response = await fetch(relay.url + routes.stream);
    expect(await readProblem(response)).toMatchObject({ status: 400, code: 'malformed' });
  });

  test('headers of the relay’s own cannot be brought from outside', async () => {
    const headers = { 'x-ticket-epoch': 'AAAAAAAAAAAAAAAAAAAAAA', 'x-ticket-issued': '9999999999999' };
    expect(await upgrade([streamProtocol], headers)).toMatchObject({ code: 'ticket-invalid' });
  });
});

describe('an origin', () => {
  test('that is not allowed may not connect, an allowed one and the relay’s own may', async () => {
    const client = await Client.register(relay);
    const attempt = async (origin: string) => upgrade(withTicket(await client.ticket()), { origin });
    expect(await attempt('https://evil.example')).toMatchObject({ status: 403, code: 'origin-refused' });
    expect(await attempt(friend)).toMatchObject({ status: 101 });
    expect(await attempt(relay.url)).toMatchObject({ status: 101 });
  });

  test('that is allowed may sign requests and read refusals', async () => {
    const asked = 'content-digest,content-type,signature,signature-input';
    const preflight = await fetch(relay.url + routes.messages, {
      method: 'OPTIONS',
      headers: { origin: friend, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(friend);
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase() ?? '';
    for (const header of asked.split(',')) expect(allowed).toContain(header);
    const refused = await fetch(`${relay.url}/v1/nothing`, { headers: { origin: friend } });
    expect(refused.headers.get('access-control-allow-origin')).toBe(friend);
    expect((await readProblem(refused)).code).toBe('not-found');
  });
});

describe('a stream', () => {
  test('is closed by a newer one with 4409, which misses nothing', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    const first = await upgrade(withTicket(await b.ticket()));
    await a.send([b], encodeUtf8('1'));
    await until(async () => (await b.queue()).hello.last === 1);
    const second = await b.stream();
    expect(await first.closeCode).toBe(closeReplaced);
    first.close();
    expect((await second.take('entry')).entry.seq).toBe(1);
    await a.send([b], encodeUtf8('2'));
    expect((await second.take('entry')).entry.seq).toBe(2);
    second.close();
  });

  test('sends a slow reader no more than the window, and goes on when it acknowledges', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    const total = maxFramesInFlight + 6;
    for (let i = 0; i < total; i++) await a.send([b], Uint8Array.of(i));
    await until(async () => (await b.queue()).hello.last === total);
    const stream = await b.stream();
    const { hello } = await stream.take('hello');
    for (let i = 1; i <= maxFramesInFlight; i++) expect((await stream.take('entry')).entry.seq).toBe(i);
    // The relay answers this later than it would send, so nothing more has come by then.
    await b.queue();
    expect(stream.frames).toEqual([]);
    await stream.send({ type: 'ack', ack: { epoch: hello.epoch, seq: maxFramesInFlight } });
    for (let i = maxFramesInFlight + 1; i <= total; i++) expect((await stream.take('entry')).entry.seq).toBe(i);
    expect(await stream.take('drained')).toEqual({ type: 'drained', last: total });
    stream.close();
  });

  test('answers bad frames with their problem and stays open', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    const stream = await a.stream();
    const { hello } = await stream.take('hello');
    stream.sendRaw(Uint8Array.of(0xff));
    expect(await stream.take('problem')).toMatchObject({ code: 'malformed', n: null });
    await stream.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 1 } });
    expect(await stream.take('problem')).toMatchObject({ code: 'beyond-queue', n: null });
    await stream.send({ type: 'send', send: a.message([b], encodeUtf8('x'), { n: 5 }) });
    expect(await stream.take('problem')).toMatchObject({ code: 'out-of-order', n: 5, expected: 1 });
    await stream.send({ type: 'send', send: a.message([b, b], encodeUtf8('x')) });
    expect(await stream.take('problem')).toMatchObject({ code: 'duplicate-recipient', n: 1 });
    await stream.send({ type: 'send', send: a.message([b], encodeUtf8('x')) });
    expect(await stream.take('accepted')).toMatchObject({ accepted: { n: 1 } });
    stream.close();
  });

  test('answers a ping without waking anything, and refuses other text', async () => {
    const client = await Client.register(relay);
    const socket = new WebSocket(relay.url.replace('http', 'ws') + routes.stream, withTicket(await client.ticket()));
    const texts: unknown[] = [];
    let code = 0;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => typeof data === 'string' && texts.push(data));
    socket.addEventListener('close', (event) => {
      code = event.code;
    });
    socket.addEventListener('open', () => socket.send('ping'));
    expect(await until(() => texts[0])).toBe('pong');
    expect(socket.protocol).toBe(streamProtocol);
    socket.send('hello');
    expect(await until(() => code)).toBe(1003);
  });

  test('ends when its owner deregisters', async () => {
    const client = await Client.register(relay);
    const stream = await upgrade(withTicket(await client.ticket()));
    await client.deregister((await client.queue()).hello.epoch);
    expect(await stream.closeCode).toBe(1000);
    stream.close();
  });
});
