// Stands between a command and its relay, as a process of its own would: refuses what a test says, and hands on the rest.

import { once } from 'node:events';
import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type ErrorCode, errorCodes } from '../../client/wire/errors.ts';
import type { TestRelay } from './relay.ts';

export type Answer = (response: ServerResponse) => void;

export interface RelayProxy {
  readonly url: string;
  /** Method and path, such as `PUT /v1/registrations`, and what is answered in the relay's place. */
  readonly answers: Map<string, Answer>;
  /** Nothing that a client says on the stream reaches the relay. */
  isDeaf: boolean;
  /** On so many streams the relay has greeted a client so far. */
  readonly greeted: number;
  stop(): Promise<void>;
}

/** A refusal as the relay words it, with more than it would say. */
export function refusal(code: ErrorCode, more: Record<string, unknown> = {}): Answer {
  const { title, ...entry } = errorCodes[code];
  const status = 'status' in entry ? entry.status : 500;
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title, status, code, ...more }));
  };
}

export async function startProxy(relay: TestRelay): Promise<RelayProxy> {
  const { hostname, port } = new URL(relay.url);
  const sockets = new Set<Socket>();
  let greeted = 0;
  const server = createServer((request, response) => {
    const answer = proxy.answers.get(`${request.method} ${request.url}`);
    if (answer !== undefined) {
      request.resume();
      answer(response);
      return;
    }
    // The host that was signed goes with it.
    const { method, url: path, headers } = request;
    const onward = requestOf({ hostname, port, method, path, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const onward = connect(Number(port), hostname);
    sockets.add(onward);
    for (const each of [socket, onward]) each.on('error', () => undefined);
    const headers = request.rawHeaders.map((each, i) => (i % 2 === 0 ? `${each}: ` : `${each}\r\n`)).join('');
    onward.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
    onward.write(head);
    socket.on('data', (data) => {
      if (!proxy.isDeaf) onward.write(data);
    });
    socket.on('close', () => onward.destroy());
    let isGreeted = false;
    onward.on('data', (data: Buffer) => {
      socket.write(data);
      // The answer to the handshake ends with an empty line; what comes behind it is the relay's first frame.
      if (isGreeted || data.toString('latin1').endsWith('\r\n\r\n')) return;
      isGreeted = true;
      greeted++;
    });
    onward.on('close', () => socket.destroy());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const proxy: RelayProxy = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    answers: new Map(),
    isDeaf: false,
    get greeted() {
      return greeted;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
