// What a web page of a configured origin may do, and what nobody brings to a stream from outside. The rest of tickets and
// streams is what any relay does (test/conformance/).

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { routes, streamProtocol, ticketProtocolPrefix } from '../../client/wire/routes.ts';
import { TicketClaim, ticketRequestBytes } from '../../worker/mailbox/ticket.ts';
import { upgrade } from '../conformance/connection.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, readProblem } from '../support/request.ts';

const friend = 'https://web.example.org';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay({ vars: { ALLOWED_ORIGINS: friend } });
});
afterAll(() => relay.stop());

async function codeOf(response: Response | null): Promise<string> {
  return response === null ? 'open' : (await readProblem(response)).code;
}

test('what the relay’s edge tells a mailbox of a ticket cannot be brought from outside', async () => {
  const client = await Client.register(relay);
  const { epoch } = (await client.queue()).hello;
  const now = Date.now();
  const claim = { epoch, issued: now, signed: Math.floor(now / 1000), request: new Uint8Array(ticketRequestBytes) };
  const headers = { 'x-ticket': encodeBase64Url(TicketClaim.encode(claim)) };
  for (const protocols of [[streamProtocol], [streamProtocol, `${ticketProtocolPrefix}x`]]) {
    expect(await codeOf(await upgrade(relay.url, protocols, headers))).toBe('ticket-invalid');
  }
});

describe('an origin', () => {
  test('that is not allowed may not connect, an allowed one and the relay’s own may', async () => {
    const client = await Client.register(relay);
    const attempt = async (origin: string) => {
      const protocols = [streamProtocol, ticketProtocolPrefix + (await client.ticket())];
      return codeOf(await upgrade(relay.url, protocols, { origin }));
    };
    expect(await attempt('https://evil.example')).toBe('origin-refused');
    expect(await attempt(friend)).toBe('open');
    expect(await attempt(relay.url)).toBe('open');
  });

  test('that is allowed may sign requests and read refusals', async () => {
    const asked = 'content-digest,content-type,signature,signature-input';
    const preflight = await fetch(relay.url + routes.messages, {
      method: 'OPTIONS',
      headers: { origin: friend, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(friend);
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase() ?? '';
    for (const header of asked.split(',')) expect(allowed).toContain(header);
    const refused = await fetch(`${relay.url}/v1/nothing`, { headers: { origin: friend } });
    expect(refused.headers.get('access-control-allow-origin')).toBe(friend);
    expect((await readProblem(refused)).code).toBe('not-found');
  });
});
