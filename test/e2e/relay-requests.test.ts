// What our relay does besides what any relay does (test/conformance/): the names that it answers under, and what it tells.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { requestAs } from '../support/raw.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, readProblem, signRequest } from '../support/request.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

async function refusal(response: Promise<Response>, status: number, code: string): Promise<void> {
  expect(await readProblem(await response)).toMatchObject({ status, code });
}

test('GET /v1/info tells the version, and that there are both channels', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  const info = await (await fetch(relay.url + routes.info)).json();
  expect(info).toMatchObject({ version: manifest.version, channels: ['email', 'phone'] });
});

describe('a name', () => {
  test.each(['relay.example.org', 'localhost.example.org', '127.0.0.2', 'example.org:8787'])(
    'that is not the relay’s (%s) is refused on every route',
    async (host) => {
      for (const path of [routes.info, routes.queue, routes.stream, '/dev/inbox', '/', '/nothing']) {
        await refusal(requestAs(host, new Request(relay.url + path)), 421, 'wrong-host');
      }
    },
  );

  test('that is not the relay’s is refused, also if the signature is for it', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    const host = 'relay.example.org';
    const body = Send.encode(a.message([b], encodeUtf8('wrong')));
    const options = { method: 'POST', path: routes.messages, body, origin: `http://${host}` };
    await refusal(requestAs(host, await signRequest(a, options)), 421, 'wrong-host');
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:1'])('of this machine (%s) is answered', async (host) => {
    expect((await requestAs(host, new Request(relay.url + routes.info))).status).toBe(200);
  });
});

describe('PUT /v1/registrations', () => {
  test('tells nobody who else waits for a code to the same address', async () => {
    const [owner, curious] = [new Client(relay), new Client(relay)];
    await owner.challenge();
    const { challenge } = await new Client(relay, owner.uid).challenge();
    const asked = [owner, curious].map(async (about) => readProblem(await about.answer(challenge, '000000')));
    const [ofOwner, ofStranger] = await Promise.all(asked);
    expect(ofOwner).toMatchObject({ status: 404, code: 'challenge-unknown' });
    expect(ofStranger).toEqual(ofOwner);
  });
});
