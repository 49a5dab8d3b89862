import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseAddress } from '../../../client/wire/address.ts';
import { type Channel, type ChannelName, DeliveryError, type Message } from '../../../worker/challenge/channel.ts';
import { Delivery } from '../../../worker/challenge/delivery.ts';
import { Refusal } from '../../../worker/errors.ts';
import { maxSendMs, sendTimeoutMs } from '../../../worker/limits.ts';

const message: Message = { code: '012345', language: 'en', host: null, minutes: 10 };
const email = parseAddress('somebody@example.org');
const phone = parseAddress('+41791234567');
const network = Uint8Array.of(1);

type Behaviour = () => Promise<void>;
const works: Behaviour = async () => undefined;
const fails: Behaviour = async () => {
  throw new DeliveryError('refused', 550);
};
const throws: Behaviour = async () => {
  throw new Error('about somebody@example.org');
};
const hangs: Behaviour = () => new Promise(() => undefined);

function setUp(behaviours: Partial<Record<ChannelName, Behaviour>>, kind: Channel['kind'] = 'email') {
  const sent: ChannelName[] = [];
  const signals: AbortSignal[] = [];
  const counted: string[] = [];
  const texts: [string, Uint8Array][] = [];
  const channels = Object.entries(behaviours).map(([name, behaviour]): Channel => {
    const send: Channel['send'] = (_, __, signal) => {
      sent.push(name as ChannelName);
      signals.push(signal);
      return behaviour();
    };
    return { name: name as ChannelName, kind, send };
  });
  const surroundings = {
    channels,
    texts: { prefixes: ['+41', '+4179', '+33'], perDay: 1, perPrefixAndDay: 1 },
    countText: async (prefix: string, from: Uint8Array) => void texts.push([prefix, from]),
    count: (counter: string, label: string) => void counted.push(`${counter} ${label}`),
  };
  return { delivery: new Delivery(surroundings), surroundings, sent, signals, counted, texts };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'sent',
    (error: unknown) => (error instanceof Refusal ? error.problem.code : error),
  );

let logged: string[] = [];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('Delivery.send()', () => {
  test('uses the first channel, and no other if that works', async () => {
    vi.useFakeTimers();
    const { delivery, sent, counted } = setUp({ smtp: works, resend: works });
    await delivery.send(email, message, network);
    expect(sent).toEqual(['smtp']);
    expect(counted).toEqual(['challenge-sent smtp']);
    expect(logged).toEqual([]);
    // Nothing is left that would keep an object awake.
    expect(vi.getTimerCount()).toBe(0);
  });

  test('uses the next one where a channel fails, and says which and why but not to whom', async () => {
    const { delivery, sent, counted } = setUp({ smtp: fails, resend: throws, postmark: works });
    await delivery.send(email, message, network);
    expect(sent).toEqual(['smtp', 'resend', 'postmark']);
    expect(counted).toEqual(['challenge-failed smtp', 'challenge-failed resend', 'challenge-sent postmark']);
    expect(logged.map((line) => JSON.parse(line))).toEqual([
      { event: 'challenge-failed', channel: 'smtp', error: 'refused', status: 550 },
      { event: 'challenge-failed', channel: 'resend', error: 'failed' },
    ]);
  });

  test('gives up when all have failed', async () => {
    const { delivery } = setUp({ smtp: fails, resend: throws });
    expect(await codeOf(delivery.send(email, message, network))).toBe('challenge-undeliverable');
    expect(logged.join()).not.toContain('example.org');
  });

  test('gives each channel its time, all of them together theirs, and lets go of what is late', async () => {
    vi.useFakeTimers();
    const { delivery, sent, signals } = setUp({ smtp: hangs, resend: hangs, postmark: hangs, cloudflare: works });
    const start = Date.now();
    const sending = codeOf(delivery.send(email, message, network));
    await vi.advanceTimersByTimeAsync(sendTimeoutMs - 1);
    expect(sent).toEqual(['smtp']);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(sent).toEqual(['smtp', 'resend']);
    await vi.advanceTimersToNextTimerAsync();
    await vi.advanceTimersToNextTimerAsync();
    // A client waits for 30 s: the fourth would come too late.
    expect(await sending).toBe('challenge-undeliverable');
    expect(Date.now() - start).toBe(maxSendMs);
    expect(sent).toEqual(['smtp', 'resend', 'postmark']);
    expect(logged.map((line) => JSON.parse(line).error)).toEqual(['too-slow', 'too-slow', 'too-slow']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('counts a text message before it is sent, under its longest prefix, once whatever fails', async () => {
    const { delivery, texts } = setUp({ twilio: fails, inbox: works }, 'phone');
    await delivery.send(phone, message, network);
    expect(texts).toEqual([['+4179', network]]);
  });

  test('sends no text message when the day is spent', async () => {
    const { surroundings, sent } = setUp({ twilio: works }, 'phone');
    const countText = async () => {
      throw new Refusal('challenge-undeliverable', { retryAfter: 5 });
    };
    const delivery = new Delivery({ ...surroundings, countText });
    expect(await codeOf(delivery.send(phone, message, network))).toBe('challenge-undeliverable');
    expect(sent).toEqual([]);
  });

  test('counts no e-mail', async () => {
    const { delivery, texts } = setUp({ smtp: works });
    await delivery.send(email, message, network);
    expect(texts).toEqual([]);
  });
});

describe('Delivery.check()', () => {
  test('refuses a kind of address without a channel', async () => {
    const { delivery } = setUp({ smtp: works });
    expect(await codeOf(delivery.check(email))).toBe('sent');
    expect(await codeOf(delivery.check(phone))).toBe('channel-unavailable');
    expect(delivery.kinds).toEqual(['email']);
  });

  test('refuses a number of another prefix than those allowed', async () => {
    const { delivery, sent } = setUp({ twilio: works }, 'phone');
    for (const uid of ['+33612345678', '+41791234567'])
      expect(await codeOf(delivery.check(parseAddress(uid)))).toBe('sent');
    // Premium numbers far away, and a prefix in the middle of a number.
    for (const uid of ['+8821234567', '+3212341791', '+4212345678']) {
      expect(await codeOf(delivery.send(parseAddress(uid), message, network))).toBe('channel-unavailable');
    }
    expect(sent).toEqual([]);
  });

  test('refuses an address that some server might take for another', async () => {
    const { delivery } = setUp({ smtp: works });
    // The last one is a normal form.
    for (const uid of ['a@example.org\r\nbcc: b@example.org', 'a@example.org,b@example.org', 'a <b@example.org>']) {
      expect(await codeOf(delivery.check({ kind: 'email', uid }))).toBe('channel-unavailable');
    }
    const encoded = parseAddress('=?utf-8?q?b=40example.net=3e?=@example.org');
    expect(await codeOf(delivery.check(encoded))).toBe('channel-unavailable');
    // Signs of full width, which whoever folds them makes two addresses of.
    for (const local of ['a\uff20example.net\uff0cb', 'a\uff20b', 'a\uff1cb\uff1e', 'a\u00a8b']) {
      expect(await codeOf(delivery.check(parseAddress(`${local}@example.org`)))).toBe('channel-unavailable');
    }
    expect(await codeOf(delivery.check(parseAddress('j\u00f6rg.\u65e5\u672c@example.org')))).toBe('sent');
  });

  test('tells each kind once', () => {
    expect(setUp({ smtp: works, resend: works }).delivery.kinds).toEqual(['email']);
  });
});
