import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import app from '../../worker/index.ts';
import { production } from '../support/production.ts';
import { Client, readProblem } from '../support/request.ts';

const info = 'https://relay.test/v1/info';
const friend = 'https://friend.test';

// The order matters: what an isolate has once found to be in order, it does not check again.
describe('the application', () => {
  test('serves nothing in a deployment that lacks a secret, and says which', async () => {
    const incomplete = { ...env, ENVIRONMENT: 'production' };
    for (const path of ['/v1/info', '/dev/inbox', '/v1/nothing']) {
      const response = await app.request(`https://relay.test${path}`, {}, incomplete, createExecutionContext());
      expect(response.status).toBe(503);
      expect(await response.text()).toMatch(/^PEPPER must be 32 random bytes/);
    }
  });

  const budget = { left: 1, limit: async () => ({ success: budget.left-- > 0 }) };
  const deployment = {
    ...production,
    PHONE_CHANNELS: 'twilio',
    TWILIO_ACCOUNT: `AC${'0'.repeat(32)}`,
    TWILIO_FROM: '+41000000000',
    TWILIO_TOKEN: 'x',
    SMS_PREFIXES: '+41',
    ALLOWED_ORIGINS: friend,
    STRANGERS: budget,
    ASSETS: { fetch: async () => new Response('a page') },
  };
  const request = (input: string | Request) => app.request(input, {}, deployment, createExecutionContext());

  test('answers under any name that the platform hands on', async () => {
    expect((await request('https://any.test/v1/info')).status).toBe(200);
  });

  test('has no development inbox in a deployment, and no channel that nobody configured', async () => {
    expect((await request('http://127.0.0.1/dev/inbox')).status).toBe(404);
    expect(await (await request(info)).json()).toMatchObject({ channels: ['phone'] });
  });

  test('has browsers come back over TLS only, once they came over it', async () => {
    const field = async (url: string) => (await request(url)).headers.get('strict-transport-security');
    expect(await field('https://relay.test/')).toBe('max-age=31536000');
    expect(await field('http://relay.test/')).toBeNull();
  });

  test('says that answers depend on who asks, to whoever asks, and lets in only pages of named origins', async () => {
    const ask = async (headers: Record<string, string>) => (await request(new Request(info, { headers }))).headers;
    const [none, named, other] = [
      await ask({}),
      await ask({ origin: friend }),
      await ask({ origin: 'https://other.test' }),
    ];
    for (const fields of [none, named, other]) expect(fields.get('vary')).toMatch(/^origin$/i);
    const letIn = [none, named, other].map((fields) => fields.get('access-control-allow-origin'));
    expect(letIn).toEqual([null, friend, null]);
  });

  test('limits strangers, asks the mailbox when their budget is spent, and then nobody', async () => {
    const client = new Client({ url: 'https://relay.test', fetch: async (input) => request(input) });
    expect((await readProblem(await client.requestChallenge())).code).toBe('channel-unavailable');
    expect(await readProblem(await client.requestChallenge())).toMatchObject({ code: 'rate-limited', retryAfter: 60 });
    const read = async () => readProblem(await client.fetch({ method: 'GET', path: '/v1/queue' }));
    expect((await read()).code).toBe('not-registered');
    expect(await read()).toMatchObject({ code: 'rate-limited', retryAfter: 60 });
  });
});
