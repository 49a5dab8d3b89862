// Over a real server and real connections: what a chunked body looks like is the server's affair.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodyOf } from '../../../worker/disk/body.ts';
import { RawConnection } from '../../support/raw.ts';
import { until } from '../../support/until.ts';

let server: Server;
let url: string;
const requests: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((incoming) => void requests.push(incoming)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function receive(method = 'POST') {
  const connection = await RawConnection.open(url);
  await connection.write(`${method} / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`);
  const incoming = await until(() => requests.pop());
  return { connection, incoming, body: bodyOf(incoming) as ReadableStream<Uint8Array> };
}

const chunk = (size: number) => Buffer.from(`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`);
const chunks = (count: number, size: number) => Buffer.concat(Array.from({ length: count }, () => chunk(size)));

describe('bodyOf()', () => {
  test('is what has come, in whatever pieces', async () => {
    const { connection, body } = await receive();
    await connection.write(Buffer.concat([chunks(500, 1), chunks(3, 100_000), Buffer.from('0\r\n\r\n')]));
    expect((await buffer(body)).length).toBe(500 + 300_000);
    connection.close();
  });

  test('gathers what comes while nobody reads', async () => {
    const { connection, incoming, body } = await receive();
    const reader = body.getReader();
    const first = reader.read();
    let pieces = 0;
    incoming.on('data', () => pieces++);
    await connection.write(chunks(800, 1));
    await until(() => pieces === 800);
    const begun = (await first).value?.length ?? 0;
    expect((await reader.read()).value?.length).toBe(800 - begun);
    connection.close();
  });

  test('takes nothing before it is asked for, and then no more than it has room for', async () => {
    const { connection, incoming, body } = await receive();
    expect(incoming.listenerCount('data')).toBe(0);
    const reader = body.getReader();
    await Promise.all([reader.read(), connection.write(chunks(200, 8192))]);
    await until(() => incoming.isPaused());
    reader.cancel();
    connection.close();
  });

  test('ends the connection whose pieces are tiny', async () => {
    const { connection, body } = await receive();
    const read = buffer(body);
    const failed = expect(read).rejects.toThrow('broke off');
    await connection.write(chunks(2000, 1));
    await failed;
    await until(() => connection.isClosed);
  });

  test('fails if it breaks off', async () => {
    const { connection, body } = await receive();
    const failed = expect(buffer(body)).rejects.toThrow('broke off');
    await connection.write(chunk(100));
    connection.close();
    await failed;
  });

  test('is null where there is none', async () => {
    const { connection, body } = await receive('GET');
    expect(body).toBeNull();
    connection.close();
  });
});
