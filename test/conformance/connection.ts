// A client's end of /v1/stream for the cases: frames strictly in the order in which they came, and what becomes of a
// connection that the relay refuses.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Bytes, encodeBase64 } from '../../client/wire/bytes.ts';
import { ClientFrame, ServerFrame } from '../../client/wire/frame.ts';
import { routes } from '../../client/wire/routes.ts';
import { randomBytes } from '../support/request.ts';
import { until } from '../support/until.ts';

const frameMs = 20_000;

type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

export class Connection {
  readonly #socket: WebSocket;
  readonly #frames: ServerFrame[] = [];
  readonly #texts: string[] = [];
  #closeCode: number | undefined;
  #isOpen = false;
  /** What came and was no frame. */
  #broken: unknown;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.#isOpen = true;
    });
    socket.addEventListener('message', ({ data }) => this.#take(data));
    socket.addEventListener('close', ({ code }) => {
      this.#closeCode ??= code;
    });
    socket.addEventListener('error', () => {
      if (!this.#isOpen) this.#closeCode ??= 1006;
    });
  }

  static async open(url: string, protocols: string[]): Promise<Connection> {
    const connection = new Connection(new WebSocket(url.replace(/^http/, 'ws') + routes.stream, protocols));
    await connection.#await('an open stream', () => connection.#isOpen);
    return connection;
  }

  /** The subprotocol that the relay has chosen. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** The next frame, which must be of this type. */
  async next<T extends ServerFrame['type']>(type: T): Promise<FrameOf<T>> {
    const frame = await this.#await(`a frame ${type}`, () => this.#frames.shift());
    assert.ok(frame.type === type, `expected a frame ${type}, and this came: ${show(frame)}`);
    return frame as FrameOf<T>;
  }

  /** The next frame of this type; others stay where they are. */
  async take<T extends ServerFrame['type']>(type: T): Promise<FrameOf<T>> {
    return this.#await(`a frame ${type}`, () => {
      const index = this.#frames.findIndex((frame) => frame.type === type);
      return index < 0 ? undefined : (this.#frames.splice(index, 1)[0] as FrameOf<T>);
    });
  }

  /** The next frame, of whatever type. */
  any(): Promise<ServerFrame> {
    return this.#await('a frame', () => this.#frames.shift());
  }

  async text(): Promise<string> {
    return this.#await('a text message', () => this.#texts.shift());
  }

  async closeCode(): Promise<number> {
    return this.#await('the end of the connection', () => this.#closeCode, true);
  }

  send(frame: ClientFrame): void {
    this.sendRaw(ClientFrame.encode(frame));
  }

  sendRaw(data: Bytes | string): void {
    this.#socket.send(data);
  }

  close(): void {
    this.#socket.close();
  }

  #take(data: unknown): void {
    if (typeof data === 'string') {
      this.#texts.push(data);
      return;
    }
    try {
      this.#frames.push(ServerFrame.decode(new Uint8Array(data as ArrayBuffer)));
    } catch (error) {
      this.#broken ??= error;
    }
  }

  async #await<T>(what: string, ask: () => T | undefined | false, mayEnd = false): Promise<T> {
    const found = await until<{ value: T } | 'late'>(() => {
      const value = ask();
      if (value !== undefined && value !== false) return { value };
      return (this.#broken !== undefined || (this.#closeCode !== undefined && !mayEnd)) && 'late';
    }, frameMs).catch(() => 'late' as const);
    if (found !== 'late') return found.value;
    if (this.#broken !== undefined) throw this.#broken;
    const end = this.#closeCode === undefined ? `in ${frameMs / 1000} s` : `before the end (${this.#closeCode})`;
    return assert.fail(
      `expected ${what}, and none came ${end}; not taken: ${this.#frames.map(show).join(', ') || '-'}`,
    );
  }
}

function show(frame: ServerFrame): string {
  return frame.type === 'problem' ? `problem ${frame.code}` : frame.type;
}

/**
 * A WebSocket request byte by byte, which shows what is refused.
 * @returns the refusal; null if the connection was opened, which ends it
 */
export function upgrade(
  url: string,
  protocols: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response | null> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((settle, fail) => {
    const asked = request(url + routes.stream, {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': encodeBase64(randomBytes(16)),
        'sec-websocket-protocol': protocols.join(', '),
        ...headers,
      },
    });
    asked.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        const init = { status: response.statusCode ?? 500, headers: { 'content-type': type } };
        settle(new Response(Buffer.concat(parts), init));
      });
    });
    asked.on('upgrade', (_, socket) => {
      socket.destroy();
      settle(null);
    });
    asked.on('error', fail);
    asked.end();
  });
}
