// The line between clients and a host, which can be cut. It hands on bytes and knows no HTTP, so what is cut may be a
// request, an answer or a stream, anywhere in the middle.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Line {
  /** Of the near end; it goes to wherever the host is at the time. */
  readonly url: string;
  /** Settled unless the line is down. */
  readonly up: Promise<void>;
  /** Nobody gets through until `restore`: there is no host. What is open, the host's end cuts. */
  down(): void;
  restore(): void;
  /** Cuts one of the connections. @param pick  chooses among so many */
  cut(pick: (count: number) => number): void;
  close(): Promise<void>;
}

export async function openLine(target: () => string): Promise<Line> {
  const near = new Set<Socket>();
  let isDown = false;
  let up: Promise<void> = Promise.resolve();
  let restored = () => {};
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (isDown) {
      socket.destroy();
      return;
    }
    const { hostname, port } = new URL(target());
    const onward = connect(Number(port), hostname);
    near.add(socket);
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.setNoDelay();
      end.pipe(other);
      // Whatever ends one side, in good order or not, ends the other one too.
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
    socket.on('close', () => near.delete(socket));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const line: Line = {
    get up() {
      return up;
    },
    down() {
      isDown = true;
      up = new Promise((resolve) => {
        restored = resolve;
      });
    },
    restore() {
      isDown = false;
      restored();
    },
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    cut(pick) {
      if (near.size > 0) [...near][pick(near.size)]?.resetAndDestroy();
    },
    async close() {
      server.close();
      for (const socket of near) socket.destroy();
      await once(server, 'close');
    },
  };
  return line;
}
