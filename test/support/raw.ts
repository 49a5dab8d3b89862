// Requests that no honest HTTP library sends: another Host, a body that declares something else than it is, one that
// never ends.

import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** A request under another name than the one that it is sent to. */
export async function requestAs(host: string, to: Request): Promise<Response> {
  const body = new Uint8Array(await to.arrayBuffer());
  const length = body.length > 0 ? { 'content-length': String(body.length) } : {};
  const headers = { ...Object.fromEntries(to.headers), ...length, host };
  return new Promise((settle, fail) => {
    const sent = request(to.url, { method: to.method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const init = { status: response.statusCode ?? 0, headers: response.headersDistinct as Record<string, never> };
        settle(new Response(Buffer.concat(parts), init));
      });
    });
    sent.on('error', fail).end(body);
  });
}

/** A connection on which anything can be written. What comes back is kept in `text`. */
export class RawConnection {
  text = '';
  isClosed = false;
  #answered = Promise.withResolvers<void>();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.text += text;
      this.#answered.resolve();
    });
    socket
      .on('error', () => undefined)
      .on('close', () => {
        this.isClosed = true;
        this.#answered.resolve();
      });
  }

  static async open(url: string): Promise<RawConnection> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** The request line and the header fields; the body is whatever is written next. */
  head(to: Request, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { host, pathname, search } = new URL(to.url);
    const headers = Object.entries({ ...Object.fromEntries(to.headers), host, ...more });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return this.write(`${to.method} ${pathname}${search} HTTP/1.1\r\n${lines}\r\n`);
  }

  /** Whether the peer has answered or hung up. */
  get hasEnough(): boolean {
    return this.text !== '' || this.isClosed;
  }

  /** Done when the system has taken it, or the peer has enough: one that neither reads nor answers makes this wait. */
  async write(data: string | Uint8Array): Promise<void> {
    const written = new Promise<void>((settle) => {
      if (this.#socket.destroyed) settle();
      else this.#socket.write(data, () => settle());
    });
    await Promise.race([written, this.#answered.promise]);
  }

  close(): void {
    this.#socket.destroy();
  }
}
