// The HTTP APIs, each request checked as its provider documents it.

import { describe, expect, test } from 'vitest';
import type { Address } from '../../../../client/wire/address.ts';
import type { Channel } from '../../../../worker/challenge/channel.ts';
import { postmarkChannel } from '../../../../worker/challenge/channels/postmark.ts';
import { resendChannel } from '../../../../worker/challenge/channels/resend.ts';
import { twilioChannel } from '../../../../worker/challenge/channels/twilio.ts';
import { writeEmail, writeText } from '../../../../worker/challenge/letter.ts';
import { type Provider, type ProviderCall, startProvider } from '../../../support/provider.ts';
import { contract, key, message, type OtherSide, previousKey, type Temper } from './contract.ts';

const sender = { name: 'Cliquet, codes', address: 'codes@relay.example.org' };
const keys = [key, previousKey];
const account = `AC${'0'.repeat(32)}`;
const twilio = { keys, account, from: '+15005550006' };
const never = new AbortController().signal;

interface Api {
  readonly channel: (url: string) => Channel;
  readonly success: number;
  readonly keyOf: (call: ProviderCall) => string;
  readonly read: (call: ProviderCall) => { to: string[]; text: string };
}

const apis: Record<'Resend' | 'Postmark' | 'Twilio', Api> = {
  Resend: {
    channel: (url) => resendChannel(sender, { url, keys }),
    success: 200,
    keyOf: ({ headers }) => headers.authorization?.replace('Bearer ', '') ?? '',
    read: ({ body }) => JSON.parse(body),
  },
  Postmark: {
    channel: (url) => postmarkChannel(sender, { url, keys }),
    success: 200,
    keyOf: ({ headers }) => String(headers['x-postmark-server-token']),
    read: ({ body }) => ({ to: [JSON.parse(body).To], text: JSON.parse(body).TextBody }),
  },
  Twilio: {
    channel: (url) => twilioChannel({ ...twilio, url }),
    success: 201,
    keyOf: ({ headers }) => atob(headers.authorization?.replace('Basic ', '') ?? '').replace(`${account}:`, ''),
    read: ({ body }) => ({
      to: new URLSearchParams(body).getAll('To'),
      text: new URLSearchParams(body).get('Body') ?? '',
    }),
  },
};

async function start({ channel, success, keyOf, read }: Api, temper: Temper): Promise<OtherSide> {
  const waiting = Promise.withResolvers<void>();
  const answers: Record<Temper, (call: ProviderCall) => number | 'never'> = {
    takes: () => success,
    refuses: () => 422,
    'refuses keys': () => 401,
    'knows the previous key': (call) => (keyOf(call) === previousKey ? success : 403),
    fails: () => 503,
    'is silent': () => {
      waiting.resolve();
      return 'never';
    },
    'is gone': () => success,
  };
  const taken: ProviderCall[] = [];
  const server = await startProvider((call) => {
    const answer = answers[temper](call);
    if (answer === success) taken.push(call);
    return answer;
  });
  if (temper === 'is gone') await server.stop();
  return {
    channel: channel(server.url),
    received: () => taken.map((call) => ({ to: read(call).to, text: read(call).text })),
    keys: () => server.calls.map(keyOf),
    waiting: waiting.promise,
    released: async () => undefined,
    stop: async () => {
      if (temper !== 'is gone') await server.stop();
    },
  };
}

for (const [name, api] of Object.entries(apis)) contract(name, (temper) => start(api, temper));

describe('requests to providers', () => {
  const somebody: Address = { kind: 'email', uid: "o'brien@example.org" };
  const phone: Address = { kind: 'phone', uid: '+41791234567' };
  const ask = async (channel: (url: string) => Channel, address: Address, status = 200) => {
    const server: Provider = await startProvider(() => status);
    await channel(server.url)
      .send(address, message, never)
      .catch(() => undefined);
    await server.stop();
    return server.calls;
  };

  test('resendChannel() posts JSON to /emails with a bearer key', async () => {
    const [call] = await ask(apis.Resend.channel, somebody);
    expect(call?.target).toBe('POST /emails');
    expect(call?.headers).toMatchObject({
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'user-agent': 'cliquet',
    });
    expect(JSON.parse(call?.body ?? '')).toEqual({
      from: '"Cliquet, codes" <codes@relay.example.org>',
      to: [somebody.uid],
      ...(await writeEmail(message)),
    });
  });

  test('postmarkChannel() posts JSON to /email with a server token, and has nothing tracked', async () => {
    const [call] = await ask(apis.Postmark.channel, somebody);
    expect(call?.target).toBe('POST /email');
    expect(call?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-postmark-server-token': key,
    });
    const { subject, text, html } = await writeEmail(message);
    expect(JSON.parse(call?.body ?? '')).toEqual({
      From: '"Cliquet, codes" <codes@relay.example.org>',
      To: somebody.uid,
      Subject: subject,
      TextBody: text,
      HtmlBody: html,
      MessageStream: 'outbound',
      TrackOpens: false,
      TrackLinks: 'None',
    });
  });

  test('twilioChannel() posts a form to the messages of its account, with its token', async () => {
    const [call] = await ask(apis.Twilio.channel, phone, 201);
    expect(call?.target).toBe(`POST /2010-04-01/Accounts/${account}/Messages.json`);
    expect(call?.headers).toMatchObject({
      authorization: `Basic ${btoa(`${account}:${key}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    });
    const form = Object.fromEntries(new URLSearchParams(call?.body));
    expect(form).toEqual({ To: phone.uid, From: twilio.from, Body: writeText(message) });
  });

  test('twilioChannel() names a messaging service where that is what sends', async () => {
    const service = `MG${'1'.repeat(32)}`;
    const [call] = await ask((url) => twilioChannel({ ...twilio, url, from: service }), phone, 201);
    const form = Object.fromEntries(new URLSearchParams(call?.body));
    expect(form).toEqual({ To: phone.uid, MessagingServiceSid: service, Body: writeText(message) });
  });

  test('twilioChannel() takes no name for a messaging service', async () => {
    const [call] = await ask((url) => twilioChannel({ ...twilio, url, from: 'MG Motors' }), phone, 201);
    expect(new URLSearchParams(call?.body).get('From')).toBe('MG Motors');
  });

  test.each(Object.entries(apis))('%s is not followed elsewhere with a key', async (_, { channel }) => {
    const kind = channel('').kind;
    expect(await ask(channel, kind === 'email' ? somebody : phone, 307)).toHaveLength(1);
  });
});
