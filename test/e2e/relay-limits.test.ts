// A relay as strict as a deployment: budgets, seen over HTTP and on the stream.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes } from '../../client/wire/routes.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, fromNetwork, readProblem } from '../support/request.ts';

const burst = 4;

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay({ vars: { REQUEST_BURST: String(burst), REQUESTS_PER_SECOND: '0.01' } });
});
afterAll(() => relay.stop());

describe('the budget of a mailbox', () => {
  test('ends with 429 and Retry-After; others are not affected', async () => {
    const [client, other] = [await Client.register(relay), await Client.register(relay)];
    for (let i = 0; i < burst; i++) await client.queue();
    const response = await client.fetch({ method: 'GET', path: routes.queue });
    const retryAfter = Number(response.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(50);
    expect(await readProblem(response)).toMatchObject({ status: 429, code: 'rate-limited', retryAfter });
    await other.queue();
  });

  test('is not spent by who cannot sign', async () => {
    const [client, thief] = [await Client.register(relay), new Client(relay)];
    for (let i = 0; i < burst + 2; i++) {
      const stolen = await client.fetch({ method: 'GET', path: routes.queue, seed: thief.seed });
      expect((await readProblem(stolen)).code).toBe('not-registered');
    }
    await client.queue();
  });

  test('covers sends over the stream, and nothing that is refused is half done', async () => {
    const [a, b] = [await Client.register(relay), await Client.register(relay)];
    // The ticket was one request.
    const stream = await a.stream();
    await stream.take('drained');
    for (let n = 1; n < burst; n++) {
      await stream.send({ type: 'send', send: a.message([b], encodeUtf8('x'), { n }) });
      await stream.take('accepted');
    }
    await stream.send({ type: 'send', send: a.message([b], encodeUtf8('x'), { n: burst }) });
    expect(await stream.take('problem')).toMatchObject({ code: 'rate-limited', n: burst });
    stream.close();
  });
});

describe('the refusals of a network', () => {
  const limit = 5;
  let strict: TestRelay;
  beforeAll(async () => {
    strict = await startRelay({ strangersPerMinute: limit });
  });
  afterAll(() => strict.stop());

  const from = (address: string) => fromNetwork(strict, address);
  const read = async (client: Client, more = {}) => {
    const response = await client.fetch({ method: 'GET', path: routes.queue, ...more });
    return response.ok ? 200 : (await readProblem(response)).code;
  };

  test('end in refusing it unheard, but not who was admitted from there, nor other networks', async () => {
    const [neighbour, elsewhere] = [
      await Client.register(from('2001:db8:1:1::1')),
      await Client.register(from('192.0.2.1')),
    ];
    const stranger = new Client(from('2001:db8:1:1::bad'));
    const [known, unknown] = [{ hrid: elsewhere.hrid }, {}];
    const answers = new Set<unknown>();
    // The binding counts in whole minutes, so that twice its limit may be asked around the turn of one.
    for (let i = 0; i < 2 * limit + 2 && !answers.has('rate-limited'); i++) {
      answers.add(await read(stranger, i % 2 === 0 ? known : unknown));
    }
    expect([...answers]).toEqual(['not-registered', 'rate-limited']);
    const response = await stranger.fetch({ method: 'GET', path: routes.queue });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await readProblem(response)).toMatchObject({ status: 429, code: 'rate-limited' });

    expect(await read(neighbour)).toBe(200);
    expect(await read(elsewhere)).toBe(200);
    // Who comes into the network registers there, and is heard.
    expect(await read(await Client.register(from('2001:db8:1:1::2')))).toBe(200);
  });
});
