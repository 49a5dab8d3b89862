// Registrations with the settings of a test: challenges that end soon, codes that may not be asked for at once, and guesses
// at the same time. Also the development inbox. The rest is what any relay does (test/conformance/).

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../client/wire/routes.ts';
import { maxAttemptsPerHrid } from '../../worker/limits.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay({ vars: { CHALLENGE_SECONDS: '8', CHALLENGE_RESEND_SECONDS: '30' } });
});
afterAll(() => relay.stop());

const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

/** Whether the relay serves this client: nothing was half done. */
const isRegistered = async (client: Client) =>
  (await client.fetch({ method: 'GET', path: routes.queue })).status === 200;

describe('POST /v1/registrations', () => {
  test('refuses a second code for an address too soon, and says how long to wait', async () => {
    const client = new Client(relay);
    await client.challenge();
    const response = await client.requestChallenge();
    expect(response.headers.get('retry-after')).toBe('30');
    expect(await readProblem(response)).toMatchObject({ status: 429, code: 'challenge-too-soon', retryAfter: 30 });
  });
});

describe('PUT /v1/registrations', () => {
  test('refuses every code once the attempts are exhausted', async () => {
    const client = new Client(relay);
    const { challenge } = await client.challenge();
    const code = await relay.inbox(client.uid);
    const guesses = await Promise.all(Array.from({ length: 10 }, () => client.answer(challenge, wrong(code))));
    const codes = await Promise.all(guesses.map(async (guess) => (await readProblem(guess)).code));
    expect(codes.filter((each) => each === 'challenge-wrong')).toHaveLength(maxAttemptsPerHrid);
    expect(await readProblem(await client.answer(challenge, code))).toMatchObject({
      status: 429,
      code: 'challenge-exhausted',
    });
    expect(await isRegistered(client)).toBe(false);
  });

  test('gives the same answer to the same right code until the challenge expires', async () => {
    const client = new Client(relay);
    const { challenge } = await client.challenge();
    const code = await relay.inbox(client.uid);
    const first = await (await client.answer(challenge, code)).json();
    const late = await until(async () => {
      const response = await client.answer(challenge, code);
      if (response.status !== 200) return response;
      expect(await response.json()).toEqual(first);
      return null;
    });
    expect(await readProblem(late)).toMatchObject({ status: 410, code: 'challenge-expired' });
    expect(await isRegistered(client)).toBe(true);
  });
});

describe('GET /dev/inbox', () => {
  test('shows codes to people, and no markup from an address', async () => {
    const client = new Client(relay, `<b>${'x'}</b>@example.org`.replace(/[<>/]/g, '&'));
    await client.requestChallenge();
    const page = await (await fetch(`${relay.url}/dev/inbox`)).text();
    expect(page).toContain('Development inbox');
    expect(page).toContain('&amp;b&amp;x');
  });

  test('runs nothing, as it has the origin of the web client', async () => {
    const { headers } = await fetch(`${relay.url}/dev/inbox`);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; base-uri/);
  });
});
