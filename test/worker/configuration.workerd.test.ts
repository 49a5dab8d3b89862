// A deployment that lacks anything serves nothing, and says what it lacks. (On one's own machine: disk/configuration.test.ts,
// e2e/relay-disk.test.ts.)

import { createExecutionContext } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import app from '../../worker/index.ts';
import { production } from '../support/production.ts';

const deployment = {
  ...production,
  EMAIL_CHANNELS: 'resend,cloudflare',
  RESEND_KEY: 'x',
  MAIL_FROM: 'codes@example.org',
  PHONE_CHANNELS: 'twilio',
  TWILIO_ACCOUNT: `AC${'0'.repeat(32)}`,
  TWILIO_FROM: '+41000000000',
  TWILIO_TOKEN: 'x',
  SMS_PREFIXES: '+41',
};

/** What it says instead of serving; null if it serves. */
async function complaintsOf(lacking: readonly string[], path = '/v1/info'): Promise<string[] | null> {
  const rest = Object.fromEntries(Object.entries(deployment).filter(([name]) => !lacking.includes(name)));
  const response = await app.request(`https://relay.test${path}`, {}, rest, createExecutionContext());
  if (response.status !== 503) return null;
  return (await response.text()).trim().split('\n');
}

// The order matters: what an isolate has once found to be in order, it does not check again.
describe('a deployment in production', () => {
  test.each([
    ['ENVIRONMENT', /^ENVIRONMENT must be/],
    ...['PEPPER', 'FILTER_KEY', 'TICKET_KEY'].map((name) => [name, new RegExp(`^${name} must be 32 random bytes`)]),
    ...['MAILBOX', 'REGISTRAR', 'SHARD'].map((name) => [name, new RegExp(`^${name} is not bound: .* durable_objects`)]),
    ['FILTER', /^FILTER is not bound: .* a KV namespace/],
    ['ASSETS', /^ASSETS is not bound: .* web client/],
    ['STRANGERS', /^STRANGERS is not bound: .* ratelimits/],
    ['EMAIL', /needs the send_email binding EMAIL/],
    ['RESEND_KEY', /^RESEND_KEY must be/],
    ['MAIL_FROM', /^MAIL_FROM must be/],
    ['TWILIO_ACCOUNT', /^TWILIO_ACCOUNT must be/],
    ['TWILIO_FROM', /^TWILIO_FROM must be/],
    ['TWILIO_TOKEN', /^TWILIO_TOKEN must be/],
  ] as [string, RegExp][])('without %s serves nothing, and says so', async (name, sentence) => {
    const complaints = await complaintsOf([name]);
    expect(complaints).toContainEqual(expect.stringMatching(sentence));
    expect(new Set(complaints).size).toBe(1);
  });

  test('without channels serves nothing, and says so', async () => {
    const complaints = await complaintsOf(['EMAIL_CHANNELS', 'PHONE_CHANNELS']);
    expect(complaints).toEqual([expect.stringMatching(/^EMAIL_CHANNELS or PHONE_CHANNELS must name/)]);
  });

  test('says all that it lacks at once, a sentence each, on every route', async () => {
    const lacking = ['PEPPER', 'FILTER', 'STRANGERS', 'MAIL_FROM'];
    const first = await complaintsOf(lacking);
    expect(first?.map((sentence) => sentence.split(' ')[0]).sort()).toEqual([...lacking].sort());
    for (const path of ['/', '/v1/health', '/v1/stream', '/v1/queue', '/dev/inbox', '/v1/nothing']) {
      expect(await complaintsOf(lacking, path)).toEqual(first);
    }
  });

  test('with all of it serves', async () => {
    expect(await complaintsOf([])).toBe(null);
  });
});
