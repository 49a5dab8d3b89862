// The relay's listening side on a local machine: HTTP and WebSockets over Node's own server, which Deno has too. Headers,
// bodies and idle connections have their time; a peer that is slow or silent costs a connection and no more.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions, STATUS_CODES } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import { maxSendBytes } from '../../client/wire/limits.ts';
import { streamProtocol } from '../../client/wire/routes.ts';
import { createApp } from '../app.ts';
import type { Env, Platform } from '../env.ts';
import { problemResponse, Refusal, unwrap } from '../errors.ts';
import { logFailure } from './awake.ts';
import { bodyOf } from './body.ts';
import type { Objects } from './objects.ts';

export interface ServerSettings {
  readonly hostname: string;
  /** 0 finds a free one. */
  readonly port: number;
  /** PEM texts; without them the relay speaks plain HTTP. */
  readonly tls: { readonly key: string; readonly cert: string } | null;
  /** More are closed at once: who has no file descriptor left can open no mailbox, and Deno would accept nobody again. */
  readonly maxConnections: number;
  /** The header in which a proxy in front tells the client's address, the last of a list; null if there is no proxy. */
  readonly addressHeader: string | null;
}

export interface RunningServer {
  readonly port: number;
  /** Takes nothing new, lets what goes on end, and cuts what does not in time. */
  stop(): Promise<void>;
}

/** What a request brings with it. */
interface LocalEnv extends Env {
  readonly incoming: IncomingMessage;
  /** Completes the handshake of a WebSocket request. */
  readonly accept?: () => WebSocket;
}

const second = 1000;
const options: ServerOptions = {
  headersTimeout: 20 * second,
  // The application gives a body its time (BODY_SECONDS) and answers; this is for what it does not read.
  requestTimeout: 180 * second,
  keepAliveTimeout: 65 * second,
  connectionsCheckingInterval: 5 * second,
  maxHeaderSize: 16 * 1024,
};
/** Without a byte in either direction: for who does not read its answer. Streams have their heartbeat. */
const silenceTimeoutMs = 180 * second;
/** A frame beyond what may be sent is answered with a problem; one beyond this ends the connection. */
const maxFrameBytes = 2 * maxSendBytes;
/** A peer that does not answer is gone. */
const heartbeatMs = 60 * second;
const stopTimeoutMs = 10 * second;
/** A connection that is kept alive is idle only once its last request has ended. */
const stopIntervalMs = 50;
const closeGoingAway = 1001;

/** @throws if it cannot listen */
export async function startServer(objects: Objects, bindings: Env, settings: ServerSettings): Promise<RunningServer> {
  const isSecure = (incoming: IncomingMessage) =>
    settings.tls !== null || (settings.addressHeader !== null && incoming.headers['x-forwarded-proto'] === 'https');
  const app = createApp(createPlatform(objects, settings, isSecure));
  const answer = async (incoming: IncomingMessage, accept?: () => WebSocket): Promise<Response> => {
    try {
      const request = requestOf(incoming, isSecure(incoming));
      return await app.fetch(request, { ...bindings, incoming, ...(accept ? { accept } : {}) });
    } catch (error) {
      return problemResponse(error);
    }
  };
  const listener = getRequestListener((_, env) => answer(env.incoming as IncomingMessage), {
    overrideGlobalObjects: false,
  });
  const server = settings.tls
    ? createSecureServer({ ...options, ...settings.tls }, listener)
    : createServer(options, listener);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: () => streamProtocol,
  });
  server.maxConnections = settings.maxConnections;
  server.timeout = silenceTimeoutMs;
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    let isAccepted = false;
    const accept = () => {
      isAccepted = true;
      return completeHandshake(sockets, incoming, socket, head);
    };
    void answer(incoming, accept)
      .then((response) => (isAccepted ? undefined : refuse(socket, response)))
      .catch(logFailure);
  });
  const heartbeat = beat(sockets);
  server.listen(settings.port, settings.hostname);
  await once(server, 'listening');
  // Whoever cannot be accepted now comes again.
  server.on('error', logFailure);
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      clearInterval(heartbeat);
      await stop(server, sockets);
    },
  };
}

function createPlatform(
  objects: Objects,
  { addressHeader }: ServerSettings,
  isSecure: (incoming: IncomingMessage) => boolean,
): Platform {
  return {
    isSecure: (_, env) => isSecure((env as LocalEnv).incoming),
    addressOf(request, env) {
      const named = addressHeader === null ? undefined : request.headers.get(addressHeader)?.split(',').at(-1)?.trim();
      return named ?? (env as LocalEnv).incoming.socket.remoteAddress ?? '';
    },
    async connect(_, env, mailbox, claim) {
      const { accept } = env as LocalEnv;
      if (accept === undefined) throw new Refusal('malformed', { detail: 'expected a WebSocket request' });
      unwrap(await objects.connect(mailbox, claim, accept));
      // The handshake is answered already.
      return new Response(null, { status: 204 });
    },
  };
}

/** @throws Refusal `malformed` if it names no host that there could be */
function requestOf(incoming: IncomingMessage, isSecure: boolean): Request {
  const { headers, method, url } = incoming;
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  try {
    const target = `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}${url ?? '/'}`;
    const body = bodyOf(incoming);
    return new Request(target, { method: method ?? 'GET', headers: fields, ...(body ? { body, duplex: 'half' } : {}) });
  } catch {
    throw new Refusal('malformed', { detail: 'host or target' });
  }
}

/** @throws if the peer has gone meanwhile, or is no WebSocket */
function completeHandshake(
  sockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): WebSocket {
  let accepted: WebSocket | undefined;
  sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
    accepted = webSocket;
    sockets.emit('connection', webSocket, incoming);
  });
  if (accepted === undefined) throw new Refusal('malformed', { detail: 'expected a WebSocket request' });
  return accepted;
}

/** An answer in place of a handshake. The connection goes with it: no time limit of the server holds for it any more. */
async function refuse(socket: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const fields = [...response.headers, ['content-length', String(body.length)], ['connection', 'close']];
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.once('finish', () => socket.destroy());
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}\r\n${head}\r\n`), body]),
  );
}

/** Lets go of peers that have not answered the last ping. */
function beat(sockets: WebSocketServer): NodeJS.Timeout {
  const silent = new WeakSet<WebSocket>();
  sockets.on('connection', (socket) => socket.on('pong', () => silent.delete(socket)));
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) socket.terminate();
      silent.add(socket);
      socket.ping();
    }
  }, heartbeatMs);
  timer.unref();
  return timer;
}

async function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), stopIntervalMs);
  for (const socket of sockets.clients) socket.close(closeGoingAway, 'the relay stops');
  const timer = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
  }, stopTimeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}
