// What joins one person's browser to the relay, as a proxy: it can be pulled out, and then nothing gets through, not even on
// connections that were there before.

import { once } from 'node:events';
import { createServer, request as requestOf, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export class Cable {
  /** What is told in the place of a file, by its path. */
  readonly changes = new Map<string, (text: string) => string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isIn = true;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method, url = '', headers } = request;
      const change = this.changes.get(new URL(url).pathname);
      const asked = change === undefined ? headers : { ...headers, 'accept-encoding': 'identity' };
      const onward = requestOf(url, { method, headers: asked }, (answered) => {
        const { 'content-length': _, ...fields } = answered.headers;
        response.writeHead(answered.statusCode ?? 502, change === undefined ? answered.headers : fields);
        if (change === undefined) answered.pipe(response);
        else void text(answered).then((body) => response.end(change(body)));
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    this.#server.on('connection', (socket) => this.#keep(socket));
    // A WebSocket goes through a tunnel.
    this.#server.on('connect', (request, socket: Socket, head: Buffer) => {
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      this.#keep(onward);
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
    });
  }

  static async lay(): Promise<Cable> {
    const cable = new Cable();
    cable.#server.listen(0, 'localhost');
    await once(cable.#server, 'listening');
    return cable;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  pull(): void {
    this.#isIn = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  plug(): void {
    this.#isIn = true;
  }

  async remove(): Promise<void> {
    this.pull();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #keep(socket: Socket): void {
    socket.on('error', () => undefined);
    if (!this.#isIn) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
