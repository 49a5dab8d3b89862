// A folder of files as a web server on this machine serves it.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

export interface Served {
  readonly origin: string;
  /** Answers 503 to the next request for such a path. */
  failOnce(path: RegExp): void;
  stop(): Promise<void>;
}

export async function serveFolder(folder: string): Promise<Served> {
  let failing: RegExp | null = null;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (failing?.test(pathname)) {
      failing = null;
      response.writeHead(503).end();
      return;
    }
    const type = types[extname(pathname)] ?? 'application/octet-stream';
    readFile(join(folder, pathname)).then(
      (contents) => response.writeHead(200, { 'content-type': type }).end(contents),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    failOnce: (path) => {
      failing = path;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
