// Everything that can be wrong about a registration, over HTTP: each has its own answer, and nothing is half done.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { maxJsonBytes } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { maxAttemptsPerHrid } from '../../worker/limits.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, jsonRequest, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay({ vars: { CHALLENGE_SECONDS: '8', CHALLENGE_RESEND_SECONDS: '30' } });
});
afterAll(() => relay.stop());

const post = (document: unknown) => fetch(jsonRequest(relay.url + routes.registrations, document));
const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

/** Whether the relay serves this client: nothing was half done. */
const isRegistered = async (client: Client) =>
  (await client.fetch({ method: 'GET', path: routes.queue })).status === 200;

describe('POST /v1/registrations', () => {
  const { vault } = new Client({ url: '' });
  const badKey = { ...vault, pk: encodeBase64Url(new Uint8Array(32)) };

  test.each<[string, unknown]>([
    ['no JSON', 'x'],
    ['no vault', { uid: 'a@example.org', vaults: [] }],
    ['six vaults', { uid: 'a@example.org', vaults: Array(6).fill(vault) }],
    ['a short key', { uid: 'a@example.org', vaults: [{ ...vault, pk: 'AAAA' }] }],
    ['a key of small order', { uid: 'a@example.org', vaults: [badKey] }],
    ['a field too many', { uid: 'a@example.org', vaults: [vault], admin: true }],
    ['no address', { vaults: [vault] }],
  ])('refuses %s', async (_, document) => {
    expect(await readProblem(await post(document))).toMatchObject({ status: 400, code: 'malformed' });
  });

  test.each(['nobody', 'a@', '@example.org', '0151 2345', '+49', 'a b@example.org'])(
    'refuses the address %s',
    async (uid) => {
      expect(await readProblem(await post({ uid, vaults: [vault] }))).toMatchObject({
        status: 400,
        code: 'address-invalid',
      });
    },
  );

  test('refuses what is not JSON text, and what is too large', async () => {
    const url = relay.url + routes.registrations;
    const plain = await fetch(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' });
    expect(await readProblem(plain)).toMatchObject({ status: 415, code: 'unsupported-media-type' });
    const headers = { 'content-type': mediaTypes.json };
    const binary = await fetch(url, { method: 'POST', headers, body: Uint8Array.of(0x22, 0xff, 0x22) });
    expect(await readProblem(binary)).toMatchObject({ status: 400, code: 'malformed' });
    const large = await fetch(url, { method: 'POST', headers, body: 'x'.repeat(maxJsonBytes + 1) });
    expect(await readProblem(large)).toMatchObject({ status: 413, code: 'too-large' });
  });

  test('refuses a second code for an address too soon, and says how long to wait', async () => {
    const client = new Client(relay);
    await client.challenge();
    const response = await client.requestChallenge();
    expect(response.headers.get('retry-after')).toBe('30');
    expect(await readProblem(response)).toMatchObject({ status: 429, code: 'challenge-too-soon', retryAfter: 30 });
  });
});

describe('PUT /v1/registrations', () => {
  test('refuses a wrong code, then takes the right one', async () => {
    const client = new Client(relay);
    const { challenge } = await client.challenge();
    const code = await relay.inbox(client.uid);
    expect(await readProblem(await client.answer(challenge, wrong(code)))).toMatchObject({
      status: 403,
      code: 'challenge-wrong',
    });
    expect(await isRegistered(client)).toBe(false);
    expect((await client.answer(challenge, code)).status).toBe(200);
    expect(await isRegistered(client)).toBe(true);
  });

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

  test('refuses a challenge that the relay did not make, or made for somebody else', async () => {
    const [client, other] = [new Client(relay), new Client(relay)];
    const { challenge } = await client.challenge();
    const code = await relay.inbox(client.uid);
    const forged = challenge.slice(0, -2) + (challenge.endsWith('AA') ? 'BB' : 'AA');
    for (const response of [await client.answer(forged, code), await other.answer(challenge, code)]) {
      expect(await readProblem(response)).toMatchObject({ status: 404, code: 'challenge-unknown' });
    }
    expect(await isRegistered(other)).toBe(false);
    expect((await client.answer(challenge, code)).status).toBe(200);
  });

  test('refuses an answer that another key signed, or nobody', async () => {
    const [client, other] = [new Client(relay), new Client(relay)];
    const { challenge } = await client.challenge();
    const answer = { challenge, answer: await relay.inbox(client.uid) };
    const body = encodeUtf8(JSON.stringify(answer));
    const options = { method: 'PUT', path: routes.registrations, body, mediaType: mediaTypes.json };
    const stolen = await client.fetch({ ...options, seed: other.seed });
    const unsigned = await fetch(relay.url + routes.registrations, {
      method: 'PUT',
      headers: { 'content-type': mediaTypes.json },
      body,
    });
    for (const response of [stolen, unsigned]) {
      expect(await readProblem(response)).toMatchObject({ status: 401, code: 'bad-signature' });
    }
    expect(await isRegistered(client)).toBe(false);
  });
});

describe('DELETE /v1/registrations', () => {
  test('refuses another epoch and what is no epoch; the mailbox stays', async () => {
    const client = await Client.register(relay);
    expect(await readProblem(await client.deregister(new Uint8Array(16)))).toMatchObject({
      status: 409,
      code: 'epoch-mismatch',
    });
    expect(await readProblem(await client.json('DELETE', routes.registrations, {}))).toMatchObject({
      code: 'malformed',
    });
    expect(await isRegistered(client)).toBe(true);
  });

  test('refuses somebody who was never registered', async () => {
    expect(await readProblem(await new Client(relay).deregister(new Uint8Array(16)))).toMatchObject({
      status: 403,
      code: 'not-registered',
    });
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

  test('is what a browser finds at the address of a development relay', async () => {
    const response = await fetch(relay.url);
    expect(response.url).toBe(`${relay.url}/dev/inbox`);
    expect(response.headers.get('content-type')).toMatch('text/html');
  });
});
