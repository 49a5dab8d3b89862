// A server that says whatever a test wants it to say, over HTTP and over WebSockets (RFC 6455), byte by byte.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { until } from './until.ts';

const text = 0x1;
const binary = 0x2;
const closing = 0x8;

/** The server's end of one WebSocket. */
export class ScriptedSocket {
  readonly request: IncomingMessage;
  /** What the client has sent. */
  readonly frames: ClientFrame[] = [];
  readonly texts: string[] = [];
  ended = false;
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);

  constructor(request: IncomingMessage, socket: Socket) {
    this.request = request;
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, data]);
      while (this.#take());
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
    });
  }

  say(...frames: ServerFrame[]): void {
    for (const frame of frames) this.sayBytes(ServerFrame.encode(frame));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#write(binary, bytes);
  }

  sayText(said: string): void {
    this.#write(text, new TextEncoder().encode(said));
  }

  /** A close frame, and the end of the connection. */
  close(code: number): void {
    this.#write(closing, new Uint8Array([code >> 8, code & 255]));
    this.#socket.end();
  }

  /** The end of the connection without a word. */
  cut(): void {
    this.#socket.destroy();
  }

  #write(opcode: number, payload: Uint8Array): void {
    const head = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...head]), payload]));
  }

  /** Reads one frame of the client's, which are masked. @returns whether there was one */
  #take(): boolean {
    const data = this.#unread;
    if (data.length < 2) return false;
    const short = (data[1] ?? 0) & 127;
    const headLength = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (data.length < headLength + 4) return false;
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
    const start = headLength + 4;
    if (data.length < start + length) return false;
    const mask = data.subarray(headLength, start);
    const payload = new Uint8Array(length).map((_, i) => (data[start + i] ?? 0) ^ (mask[i % 4] ?? 0));
    this.#unread = data.subarray(start + length);
    const opcode = (data[0] ?? 0) & 15;
    if (opcode === binary) this.frames.push(ClientFrame.decode(payload));
    else if (opcode === text) this.texts.push(new TextDecoder().decode(payload));
    else if (opcode === closing) this.#socket.end();
    return true;
  }
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ScriptedRelay {
  readonly url: string;
  /** Method and path of every request so far. */
  readonly requests: string[];
  /** What every request gets; a ticket where it asks for one, if not said. */
  answer: Answer;
  /** Whether WebSockets are accepted (`true`), refused (`false`), or left waiting. */
  upgrades: boolean | 'hang';
  /** The next WebSocket. */
  socket(): Promise<ScriptedSocket>;
  stop(): Promise<void>;
}

export async function startScriptedRelay(): Promise<ScriptedRelay> {
  const server = createServer((request, response) => {
    relay.requests.push(`${request.method} ${request.url}`);
    relay.answer(request, response);
  });
  const waiting: ScriptedSocket[] = [];
  const raw = new Set<Socket>();
  server.on('connection', (socket) => raw.add(socket));
  server.on('upgrade', (request, socket: Socket) => {
    relay.requests.push(`${request.method} ${request.url}`);
    if (relay.upgrades === 'hang') return;
    if (!relay.upgrades) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const [protocol] = String(request.headers['sec-websocket-protocol']).split(',');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`,
    );
    waiting.push(new ScriptedSocket(request, socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay: ScriptedRelay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer: answerTicket,
    upgrades: true,
    socket: () => until(() => waiting.shift()),
    async stop() {
      for (const socket of raw) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return relay;
}

const answerTicket: Answer = (_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ticket: 'a-ticket' }));
};
