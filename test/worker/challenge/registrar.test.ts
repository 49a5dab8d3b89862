import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../client/wire/address.ts';
import { type Bytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { signedRequest } from '../../../worker/auth.ts';
import { Registrar } from '../../../worker/challenge/registrar.ts';
import { unwrap } from '../../../worker/errors.ts';
import { day, hourMs, maxAttemptsPerHour, maxAttemptsPerHrid, maxSendsPerDay } from '../../../worker/limits.ts';
import { Mac } from '../../../worker/names.ts';
import { TestHost } from '../../support/host.ts';
import { Client, signRequest } from '../../support/request.ts';
import { problemOf } from '../../support/town.ts';

const lifetimeMs = 600_000;
const resendMs = 30_000;
const address = parseAddress('somebody@example.org');

function setUp(limitSends = true) {
  const host = new TestHost();
  const codes: string[] = [];
  const channel = {
    fails: false,
    kind: 'email' as const,
    send: async (_: unknown, code: string) => {
      if (channel.fails) throw new Error('no route');
      codes.push(code);
    },
  };
  const surroundings = {
    channels: [channel],
    mac: new Mac(new Uint8Array(32)),
    limits: { lifetimeMs, resendMs, limitSends },
  };
  const registrar = new Registrar(host, surroundings);
  const begin = (...clients: Client[]) =>
    registrar.begin(
      address,
      clients.map(({ hrid, pk }) => ({ hrid, pk })),
    );
  const answer = async (client: Client, code: string, signer = client) => {
    const body = encodeUtf8(code) as Bytes;
    const created = Math.floor(host.now() / 1000);
    const request = await signRequest(client, { method: 'PUT', path: '/', body, created, seed: signer.seed });
    return registrar.answer(client.hrid, code, signedRequest(request, sha256(body) as Bytes));
  };
  const newest = () => codes.at(-1) ?? '';
  const wrong = () => (newest() === '000000' ? '000001' : '000000');
  return { host, registrar, codes, channel, begin, answer, newest, wrong };
}

const client = () => new Client({ url: 'https://relay.test' });

describe('Registrar.begin()', () => {
  test('sends six digits and stores neither them nor the address', async () => {
    const { host, begin, newest } = setUp();
    const somebody = client();
    expect(unwrap(await begin(somebody))).toBe(host.now() + lifetimeMs);
    expect(newest()).toMatch(/^\d{6}$/);
    const stored = JSON.stringify(
      ['challenge', 'waiting', 'event'].map((table) => host.sql.query(`select * from ${table}`)),
      (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value),
    );
    expect(stored).not.toContain(newest());
    expect(stored).not.toContain('somebody');
  });

  test('refuses an address that no channel serves', async () => {
    const { registrar } = setUp();
    expect(problemOf(await registrar.begin(parseAddress('+4915112345678'), []))).toEqual({
      code: 'channel-unavailable',
    });
  });

  test('says so when the code cannot be sent', async () => {
    const { begin, channel } = setUp();
    channel.fails = true;
    expect(problemOf(await begin(client()))).toEqual({ code: 'challenge-undeliverable' });
  });

  test('lets the delays grow and sends at most three codes an hour, ten a day', async () => {
    const { host, begin, codes } = setUp();
    const somebody = client();
    await begin(somebody);
    expect(problemOf(await begin(somebody))).toEqual({ code: 'challenge-too-soon', retryAfter: 30 });
    host.clock.advance(resendMs);
    unwrap(await begin(somebody));
    host.clock.advance(resendMs);
    expect(problemOf(await begin(somebody))).toEqual({ code: 'challenge-too-soon', retryAfter: 90 });
    host.clock.advance(3 * resendMs);
    unwrap(await begin(somebody));
    host.clock.advance(hourMs / 2);
    expect(problemOf(await begin(somebody))).toMatchObject({ code: 'challenge-too-soon' });
    while (codes.length < maxSendsPerDay) {
      host.clock.advance(hourMs);
      unwrap(await begin(somebody));
    }
    host.clock.advance(hourMs);
    expect(problemOf(await begin(somebody))).toMatchObject({ code: 'challenge-too-soon' });
    host.clock.advance(day);
    unwrap(await begin(somebody));
  });

  test('makes the newest code the only one, also for who asked before', async () => {
    const { begin, answer, codes, newest } = setUp(false);
    const [first, second] = [client(), client()];
    await begin(first);
    do await begin(second);
    while (codes[0] === newest());
    expect(problemOf(await answer(first, codes[0] ?? ''))).toEqual({ code: 'challenge-wrong' });
    expect(unwrap(await answer(first, newest()))).toEqual(first.pk);
    expect(unwrap(await answer(second, newest()))).toEqual(second.pk);
  });

  test('keeps five waiting; who came first gives way', async () => {
    const { begin, answer, newest } = setUp(false);
    const early = client();
    const later = Array.from({ length: 5 }, client);
    await begin(early);
    await begin(...later);
    expect(problemOf(await answer(early, newest()))).toEqual({ code: 'challenge-unknown' });
    for (const each of later) expect(unwrap(await answer(each, newest()))).toEqual(each.pk);
  });
});

describe('Registrar.answer()', () => {
  test('stays right until the challenge expires', async () => {
    const { host, begin, answer, newest } = setUp();
    const somebody = client();
    await begin(somebody);
    expect(unwrap(await answer(somebody, newest()))).toEqual(somebody.pk);
    host.clock.advance(lifetimeMs - 1);
    expect(unwrap(await answer(somebody, newest()))).toEqual(somebody.pk);
    host.clock.advance(1);
    expect(problemOf(await answer(somebody, newest()))).toEqual({ code: 'challenge-expired' });
  });

  test('is exhausted after five wrong ones, even for the right one', async () => {
    const { begin, answer, newest, wrong } = setUp();
    const somebody = client();
    await begin(somebody);
    for (let i = 0; i < maxAttemptsPerHrid; i++) {
      expect(problemOf(await answer(somebody, wrong()))).toEqual({ code: 'challenge-wrong' });
    }
    expect(problemOf(await answer(somebody, newest()))).toEqual({ code: 'challenge-exhausted' });
  });

  test('counts guesses made at once, too', async () => {
    const { begin, answer, newest, wrong } = setUp();
    const somebody = client();
    await begin(somebody);
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(somebody, wrong())));
    const codes = answers.map((each) => problemOf(each).code);
    expect(codes.filter((code) => code === 'challenge-wrong')).toHaveLength(maxAttemptsPerHrid);
    expect(codes.filter((code) => code === 'challenge-exhausted')).toHaveLength(20 - maxAttemptsPerHrid);
    expect(problemOf(await answer(somebody, newest()))).toEqual({ code: 'challenge-exhausted' });
  });

  test('is limited for an address in an hour, whoever guesses, however many codes were sent', async () => {
    const { host, begin, answer, newest, wrong } = setUp(false);
    for (let i = 0; i < maxAttemptsPerHour / maxAttemptsPerHrid; i++) {
      const guesser = client();
      await begin(guesser);
      for (let j = 0; j < maxAttemptsPerHrid; j++) await answer(guesser, wrong());
    }
    const somebody = client();
    await begin(somebody);
    expect(problemOf(await answer(somebody, newest()))).toEqual({ code: 'challenge-exhausted' });
    host.clock.advance(hourMs + 1);
    await begin(somebody);
    expect(unwrap(await answer(somebody, newest()))).toEqual(somebody.pk);
  });

  test('of somebody who does not wait is unknown', async () => {
    const { begin, answer, newest } = setUp();
    expect(problemOf(await answer(client(), '123456'))).toEqual({ code: 'challenge-unknown' });
    await begin(client());
    expect(problemOf(await answer(client(), newest()))).toEqual({ code: 'challenge-unknown' });
  });

  test('that another key signed is refused and costs no attempt', async () => {
    const { begin, answer, newest } = setUp();
    const [somebody, other] = [client(), client()];
    await begin(somebody);
    for (let i = 0; i < maxAttemptsPerHrid; i++) {
      expect(problemOf(await answer(somebody, newest(), other))).toEqual({ code: 'bad-signature' });
    }
    expect(unwrap(await answer(somebody, newest()))).toEqual(somebody.pk);
  });
});

describe('Registrar.alarm()', () => {
  test('forgets everything once the last limit has expired, not before', async () => {
    const { host, registrar, begin } = setUp();
    await begin(client());
    host.clock.advance(hourMs);
    await begin(client());
    host.reachAlarm();
    await registrar.alarm();
    expect(host.tables()).not.toEqual([]);
    host.reachAlarm();
    await registrar.alarm();
    expect(host.tables()).toEqual([]);
    expect(host.reachAlarm()).toBe(false);
  });
});
