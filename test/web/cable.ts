// What joins one person's browser to the relay, as a proxy: it can be pulled out, and then nothing gets through, not even on
// connections that were there before.

import { once } from 'node:events';
import { createServer, request as requestOf, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isIn = true;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { method, url = '', headers } = request;
      const onward = requestOf(url, { method, headers }, (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
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
