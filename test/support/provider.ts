// A provider's HTTP API on this machine: it keeps what it is asked, and answers as a test says.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderCall {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Provider {
  readonly url: string;
  readonly calls: readonly ProviderCall[];
  stop(): Promise<void>;
}

/** What is answered: a status, or never. */
export type ProviderAnswer = (call: ProviderCall) => number | 'never';

export async function startProvider(answer: ProviderAnswer): Promise<Provider> {
  const calls: ProviderCall[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const call = {
      target: `${request.method} ${request.url}`,
      headers: request.headers,
      body: Buffer.concat(parts).toString(),
    };
    calls.push(call);
    const status = answer(call);
    if (status === 'never') return;
    response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' });
    // Providers quote what they were given.
    response.end(JSON.stringify({ message: `about ${call.body}` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
