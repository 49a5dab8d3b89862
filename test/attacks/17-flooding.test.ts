// Attack 17: bodies larger than declared, chunked without end, in tiny pieces, slow; floods of WebSocket frames; thousands of
// idle sockets. Each is refused or left alone, memory stays bounded, and others are served.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { ClientFrame } from '../../client/wire/frame.ts';
import { maxJsonBytes, maxSendBytes } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Bystander } from '../support/bystander.ts';
import { residentBytes } from '../support/memory.ts';
import { RawConnection } from '../support/raw.ts';
import { hostNames, startRelay, type TestRelay } from '../support/relay.ts';
import { Client, signRequest } from '../support/request.ts';
import { slow } from '../support/seeds.ts';
import type { TestStream } from '../support/stream.ts';
import { until } from '../support/until.ts';

const mebibyte = 1024 * 1024;
/** What a relay may grow by under attack: garbage that is not collected yet, and connections. Far less than is sent. */
const maxGrowth = 256 * mebibyte;
/** A mailbox, a registrar and a stream; workerd keeps them for a while after they were last asked. */
const bytesPerClient = 1.5 * mebibyte;
/** What a body in pieces of one byte takes for a moment: Deno makes an object of each before it hands on the first. */
const bytesPerSplitBody = { workerd: 0, node: 0, deno: 64 * mebibyte };
const bodySeconds = 3;

describe.each(hostNames)('a relay on %s', (host) => {
  let relay: TestRelay;
  let bystander: Bystander;
  let client: Client;
  let before: number | null;
  let logged: number;
  /** What the test lets it take besides, in bytes. */
  let allowed: number;
  /** Whether the test leaves the machine enough to be timed. */
  let isTimed: boolean;

  beforeAll(async () => {
    relay = await startRelay({ host, vars: { BODY_SECONDS: String(bodySeconds) } });
  });
  afterAll(() => relay.stop());

  beforeEach(async () => {
    client = await Client.register(relay);
    bystander = await Bystander.start(relay);
    before = await residentBytes(relay.processGroup);
    logged = relay.logs.length;
    isTimed = false;
    allowed = 0;
  });

  const connections: RawConnection[] = [];
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    await bystander.check(isTimed);
    const after = await residentBytes(relay.processGroup);
    if (before !== null && after !== null) expect(after - before).toBeLessThan(maxGrowth + allowed);
  });

  async function open(count: number): Promise<RawConnection[]> {
    const opened: RawConnection[] = [];
    // The system's queue of connections that wait to be accepted is short.
    while (opened.length < count) {
      const batch = Array.from({ length: Math.min(50, count - opened.length) }, () => RawConnection.open(relay.url));
      opened.push(...(await Promise.all(batch)));
    }
    connections.push(...opened);
    return opened;
  }

  /**
   * The statuses that the relay has answered in this test, in its own words: where a body is not taken to its end, what the
   * client sees is up to the proxy of local development.
   */
  const answered = (): number[] =>
    relay.logs.slice(logged).flatMap((line) => Number(/^\{"event":"request".*"status":(\d+)/.exec(line)?.[1] ?? []));

  const hasAnswered = (status: number, times: number) =>
    until(() => answered().filter((each) => each === status).length === times);

  /** Writes the same again and again, up to a size, unless the peer has had enough. */
  async function pour(connection: RawConnection, piece: Uint8Array, maxBytes: number): Promise<void> {
    for (let bytes = 0; bytes < maxBytes && !connection.hasEnough; bytes += piece.length) await connection.write(piece);
  }

  const chunk = (bytes: Uint8Array) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

  /** A request's own headers without a length, so that it can go on for ever. */
  const endless = { 'transfer-encoding': 'chunked' };

  /** A send that is signed as it should be, for a body that never comes. */
  const signedSend = () => signRequest(client, { method: 'POST', path: routes.messages, body: encodeUtf8('x') });

  describe('a body', () => {
    const piece = chunk(new Uint8Array(64 * 1024));

    test('that goes on without end is refused, on every route, and not kept', { timeout: 60_000 }, async () => {
      const requests = [
        await signedSend(),
        await signRequest(client, { method: 'POST', path: routes.tickets }),
        await signRequest(client, { method: 'POST', path: routes.queueAcks, body: Uint8Array.of(1) }),
        await signRequest(client, { method: 'PUT', path: routes.keyPackages, body: Uint8Array.of(1) }),
        new Request(relay.url + routes.registrations, { method: 'POST', headers: { 'content-type': mediaTypes.json } }),
      ];
      const opened = await open(requests.length * 10);
      await Promise.all(
        opened.map(async (connection, i) => {
          const request = requests[i % requests.length];
          if (request === undefined) throw new Error('unreachable');
          await connection.head(request, endless);
          await pour(connection, piece, 16 * mebibyte);
        }),
      );
      await hasAnswered(413, opened.length);
      for (const { text } of opened) expect(text).not.toMatch(/^HTTP\/1.1 2/);
    });

    test('that is not read at all is not kept either', async () => {
      const paths = [routes.info, '/dev/inbox', routes.stream, '/v1/nothing', routes.queue] as const;
      const opened = await open(paths.length * 10);
      await Promise.all(
        opened.map(async (connection, i) => {
          const method = i % 2 === 0 ? 'GET' : 'POST';
          await connection.head(new Request(relay.url + paths[i % paths.length], { method }), endless);
          await pour(connection, piece, 8 * mebibyte);
        }),
      );
      await until(() => answered().filter((status) => [200, 400, 401, 404].includes(status)).length >= opened.length);
    });

    test('that is larger than it says is cut off there', async () => {
      isTimed = true;
      const [connection] = await open(1);
      await connection?.head(await signedSend(), { 'content-length': '1' });
      await connection?.write(new Uint8Array(mebibyte).fill(0x41));
      // What is too much is no request; what is left is another body than the one that was signed.
      await hasAnswered(401, 1);
      await until(() => connection?.isClosed);
      expect((await client.queue()).hello.nextSend).toBe(1);
    });

    test('that says it is too large is refused before it comes', async () => {
      isTimed = true;
      const [large, small] = await open(2);
      await large?.head(await signedSend(), { 'content-length': String(maxSendBytes + 1) });
      const registration = { method: 'POST', headers: { 'content-type': mediaTypes.json } };
      await small?.head(new Request(relay.url + routes.registrations, registration), {
        'content-length': String(maxJsonBytes + 1),
      });
      await hasAnswered(413, 2);
    });

    test('in pieces of one byte is refused for its size or its time, or cut off', { timeout: 60_000 }, async () => {
      const opened = await open(8);
      allowed = opened.length * bytesPerSplitBody[host];
      const request = await signedSend();
      const pieces = Buffer.concat(Array.from({ length: 8192 }, () => chunk(Uint8Array.of(0))));
      await Promise.all(
        opened.map(async (connection) => {
          await connection.head(request.clone(), endless);
          await pour(connection, pieces, 8 * maxSendBytes);
        }),
      );
      // workerd hands on what has come in one piece; the other hosts cut such a connection before the body is too large.
      const expected = host === 'workerd' ? [408, 413] : [400];
      await until(() => answered().filter((status) => expected.includes(status)).length === opened.length);
    });

    test('that does not come in time is given up, however many there are', { timeout: 60_000 }, async () => {
      const opened = await open(300);
      const request = await signedSend();
      for (const connection of opened) {
        await connection.head(request.clone(), { 'content-length': '100000' });
        await connection.write(new Uint8Array(1000));
      }
      await hasAnswered(408, opened.length);
    });
  });

  describe('a stream', () => {
    const openStream = async () => {
      const stream = await client.stream();
      await stream.take('drained');
      return stream;
    };

    /** Every frame was answered by a problem, or the connection closed. */
    async function isRefused(stream: TestStream, frames: number): Promise<void> {
      await until(() => stream.closed !== undefined || stream.frames.length >= frames);
      expect(stream.frames.every(({ type }) => type === 'problem')).toBe(true);
      if (stream.closed !== undefined) expect([1006, 1008, 1009]).toContain(stream.closed.code);
    }

    test.each([
      ['that is no frame', new Uint8Array(100)],
      ['that is empty', new Uint8Array()],
      ['that is too large', new Uint8Array(mebibyte - 16)],
    ])('flooded with what %s', { timeout: 60_000 }, async (_, frame) => {
      const count = frame.length > mebibyte / 2 ? 100 : 2000;
      const stream = await openStream();
      for (let i = 0; i < count && stream.closed === undefined; i++) stream.sendRaw(frame);
      await isRefused(stream, count);
      stream.close();
    });

    test('flooded with sends takes them in order, or closes', async () => {
      const stream = await openStream();
      const count = 300;
      for (let n = 1; n <= count; n++) {
        stream.sendRaw(
          ClientFrame.encode({ type: 'send', send: client.message([client], new Uint8Array(1000), { n }) }),
        );
      }
      await until(
        () => stream.closed !== undefined || stream.frames.filter(({ type }) => type === 'accepted').length === count,
      );
      const accepted = stream.frames.flatMap((each) => (each.type === 'accepted' ? [each.accepted.n] : []));
      expect(accepted).toEqual(accepted.map((_, i) => i + 1));
      // What was accepted is there, and nothing else.
      const { nextSend } = (await client.queue()).hello;
      expect(nextSend).toBeGreaterThan(accepted.length);
      stream.close();
    });

    test('opened again and again leaves one', async () => {
      const streams: TestStream[] = [];
      for (let i = 0; i < 50 || !bystander.isSure; i++) streams.push(await client.stream());
      await until(() => streams.filter(({ closed }) => closed === undefined).length === 1);
      for (const stream of streams) stream.close();
    });
  });

  describe('idle connections', () => {
    test('by the thousand, silent or in the middle of a header, keep nobody out', { timeout: 60_000 }, async () => {
      isTimed = true;
      const opened = await open(2000);
      for (const connection of opened.slice(1000)) await connection.write('GET /v1/info HTTP/1.1\r\nHost: local');
      await until(() => bystander.isSure);
      expect((await fetch(relay.url + routes.info)).status).toBe(200);
    });

    test('that are streams keep nobody out, and are served when something comes', { timeout: 300_000 }, async () => {
      const idle: { client: Client; stream: TestStream }[] = [];
      while (idle.length < (slow ? 1000 : 40)) {
        const batch = Array.from({ length: 10 }, async () => {
          const owner = await Client.register(relay);
          return { client: owner, stream: await owner.stream() };
        });
        idle.push(...(await Promise.all(batch)));
      }
      allowed = idle.length * bytesPerClient;
      await until(() => bystander.isSure);
      const last = idle.at(-1);
      if (last === undefined) throw new Error('unreachable');
      await client.send([last.client], encodeUtf8('hello'));
      expect((await last.stream.take('entry')).entry.seq).toBe(1);
      for (const { stream } of idle) {
        expect(stream.closed).toBeUndefined();
        stream.close();
      }
    });
  });
});
