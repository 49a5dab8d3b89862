import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../client/wire/address.ts';
import { type Bytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { signedRequest } from '../../../worker/auth.ts';
import type { Message } from '../../../worker/challenge/channel.ts';
import { Delivery } from '../../../worker/challenge/delivery.ts';
import { type Challenge, Registrar } from '../../../worker/challenge/registrar.ts';
import { unwrap } from '../../../worker/errors.ts';
import {
  day,
  hourMs,
  maxAttemptsPerChallenge,
  maxAttemptsPerHrid,
  maxFailedSends,
  maxSendsOfPrefix,
  maxSendsToAddress,
} from '../../../worker/limits.ts';
import { Mac } from '../../../worker/names.ts';
import { TestHost } from '../../support/host.ts';
import { Client, signRequest } from '../../support/request.ts';
import { problemOf } from '../../support/town.ts';

const lifetimeMs = 600_000;
const resendMs = 30_000;
const address = parseAddress('somebody@example.org');
const [home, away] = [Uint8Array.of(1), Uint8Array.of(2)];

function setUp(limitSends = true) {
  const host = new TestHost();
  const codes: string[] = [];
  const messages: Message[] = [];
  const channel = {
    fails: false,
    onSend: async () => undefined,
    name: 'smtp' as const,
    kind: 'email' as const,
    send: async (_: unknown, message: Message) => {
      await channel.onSend();
      if (channel.fails) throw new Error('no route');
      codes.push(message.code);
      messages.push(message);
    },
  };
  const delivery = new Delivery({
    channels: [channel],
    texts: null,
    countText: async () => undefined,
    count: () => undefined,
  });
  const surroundings = {
    delivery,
    mac: new Mac(new Uint8Array(32)),
    limits: { lifetimeMs, resendMs, limitSends },
    texts: null,
  };
  const registrar = new Registrar(host, surroundings);
  const begin = (clients: readonly Client[], prefix = home) =>
    registrar.begin(
      address,
      clients.map(({ hrid, pk }) => ({ hrid, pk })),
      prefix,
    );
  /** A challenge that has begun, with the code that was sent for it. */
  const challenge = async (clients: readonly Client[], prefix = home) => {
    const begun = unwrap(await begin(clients, prefix));
    const code = codes.at(-1) ?? '';
    return { ...begun, code, wrong: code === '000000' ? '000001' : '000000' };
  };
  const answer = async ({ id }: Pick<Challenge, 'id'>, client: Client, code: string, signer = client) => {
    const body = encodeUtf8(code) as Bytes;
    const created = Math.floor(host.now() / 1000);
    const request = await signRequest(client, { method: 'PUT', path: '/', body, created, seed: signer.seed });
    return registrar.answer(id, client.hrid, code, signedRequest(request, sha256(body) as Bytes));
  };
  return { host, registrar, codes, messages, channel, begin, challenge, answer };
}

const client = () => new Client({ url: 'https://relay.test' });

describe('Registrar.begin()', () => {
  test('sends six digits and stores neither them nor the address', async () => {
    const { host, codes, challenge } = setUp();
    const { expires, code } = await challenge([client()]);
    expect(expires).toBe(host.now() + lifetimeMs);
    expect(codes).toEqual([expect.stringMatching(/^\d{6}$/)]);
    const stored = JSON.stringify(
      ['challenge', 'waiting', 'send'].map((table) => host.sql.query(`select * from ${table}`)),
      (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value),
    );
    expect(stored).not.toContain(code);
    expect(stored).not.toContain('somebody');
  });

  test('refuses an address that no channel serves', async () => {
    const { host, registrar } = setUp();
    expect(problemOf(await registrar.begin(parseAddress('+4915112345678'), [], home))).toEqual({
      code: 'channel-unavailable',
    });
    // It is asked for before anything is kept.
    expect(host.tables()).toEqual([]);
  });

  test('says so when the code cannot be sent, and keeps nothing of that challenge', async () => {
    const { host, begin, channel } = setUp();
    channel.fails = true;
    expect(problemOf(await begin([client()]))).toEqual({ code: 'challenge-undeliverable' });
    for (const table of ['challenge', 'waiting']) expect(host.sql.query(`select * from ${table}`)).toEqual([]);
  });

  test('sends at once after a failure, and delays as if there had been none', async () => {
    const { host, begin, channel, challenge, answer } = setUp();
    const somebody = client();
    channel.fails = true;
    for (let i = 0; i < 3; i++) expect(problemOf(await begin([somebody]))).toEqual({ code: 'challenge-undeliverable' });
    channel.fails = false;
    const own = await challenge([somebody]);
    expect(problemOf(await begin([somebody]))).toEqual({ code: 'challenge-too-soon', retryAfter: 30 });
    host.clock.advance(resendMs);
    unwrap(await begin([somebody]));
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
  });

  test('leaves what was sent before as it is when a later code cannot be sent', async () => {
    const { host, begin, channel, challenge, answer } = setUp();
    const somebody = client();
    const own = await challenge([somebody]);
    host.clock.advance(resendMs);
    channel.fails = true;
    await begin([somebody]);
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
  });

  test('tries six times an hour for a network what cannot be sent, twelve times in all', async () => {
    const { host, begin, channel } = setUp();
    channel.fails = true;
    const codes = async (prefix: Bytes) => {
      const problems: string[] = [];
      for (let i = 0; i < 20; i++) problems.push(problemOf(await begin([client()], prefix)).code);
      return problems.filter((code) => code === 'challenge-undeliverable').length;
    };
    expect(await codes(home)).toBe(maxFailedSends.ofPrefix);
    expect(await codes(away)).toBe(maxFailedSends.ofPrefix);
    expect(2 * maxFailedSends.ofPrefix).toBe(maxFailedSends.toAddress);
    expect(await codes(Uint8Array.of(3))).toBe(0);
    expect(problemOf(await begin([client()], home))).toEqual({ code: 'challenge-too-soon', retryAfter: hourMs / 1000 });
    host.clock.advance(hourMs);
    expect(await codes(home)).toBe(maxFailedSends.ofPrefix);
  });

  test('puts up with a registrar that has ended while a code was being sent', async () => {
    const { host, registrar, begin, channel } = setUp();
    channel.onSend = async () => {
      host.clock.advance(2 * day);
      await registrar.alarm();
      throw new Error('too late');
    };
    expect(problemOf(await begin([client()]))).toEqual({ code: 'challenge-undeliverable' });
    expect(host.tables()).toEqual([]);
  });

  test('tells the channel the code, how long it counts, and what the client wishes', async () => {
    const { registrar, codes, messages } = setUp();
    unwrap(await registrar.begin(address, [], home, { language: 'fr', host: 'relay.example.org' }));
    expect(messages).toEqual([{ code: codes[0], language: 'fr', host: 'relay.example.org', minutes: 10 }]);
  });

  test('takes a call of an earlier edge, which wishes nothing', async () => {
    const { registrar, messages } = setUp();
    unwrap(await registrar.begin(address, [], home));
    expect(messages).toMatchObject([{ language: 'en', host: null }]);
  });

  test('lets the delays of one network grow, and sends at most three codes an hour and five a day for it', async () => {
    const { host, begin, codes } = setUp();
    const somebody = [client()];
    await begin(somebody);
    expect(problemOf(await begin(somebody))).toEqual({ code: 'challenge-too-soon', retryAfter: 30 });
    host.clock.advance(resendMs);
    unwrap(await begin(somebody));
    host.clock.advance(resendMs);
    expect(problemOf(await begin(somebody))).toEqual({ code: 'challenge-too-soon', retryAfter: 90 });
    host.clock.advance(3 * resendMs);
    unwrap(await begin(somebody));
    host.clock.advance(hourMs / 2);
    const untilHour = hourMs / 2 - 5 * resendMs;
    expect(problemOf(await begin(somebody))).toEqual({ code: 'challenge-too-soon', retryAfter: untilHour / 1000 });
    while (codes.length < maxSendsOfPrefix.perDay) {
      host.clock.advance(hourMs);
      unwrap(await begin(somebody));
    }
    host.clock.advance(hourMs);
    expect(problemOf(await begin(somebody))).toMatchObject({ code: 'challenge-too-soon' });
    host.clock.advance(day);
    unwrap(await begin(somebody));
  });

  test('sends at once for a network whatever another one has spent', async () => {
    const { host, begin } = setUp();
    const stranger = async () => {
      for (const waitMs of [0, resendMs, 4 * resendMs]) {
        host.clock.advance(waitMs);
        await begin([client()], away);
      }
      expect(problemOf(await begin([client()], away))).toMatchObject({ code: 'challenge-too-soon' });
    };
    await stranger();
    unwrap(await begin([client()]));
    host.clock.advance(hourMs);
    await stranger();
    unwrap(await begin([client()]));
    host.clock.advance(hourMs);
    unwrap(await begin([client()]));
    host.clock.advance(resendMs - 1);
    unwrap(await begin([client()], Uint8Array.of(3)));
    host.clock.advance(1);
    unwrap(await begin([client()]));
  });

  test('is bounded for an address, whoever asks: six codes an hour, fifteen a day', async () => {
    const { host, begin, codes } = setUp();
    const fresh = (i: number) => begin([client()], Uint8Array.of(3, i));
    for (let i = 0; i < maxSendsToAddress.perHour; i++) unwrap(await fresh(i));
    expect(problemOf(await fresh(98))).toEqual({ code: 'challenge-too-soon', retryAfter: hourMs / 1000 });
    for (let i = 10; codes.length < maxSendsToAddress.perDay; i++) {
      host.clock.advance(hourMs);
      while (codes.length < maxSendsToAddress.perDay && 'value' in (await fresh(i))) i++;
    }
    host.clock.advance(hourMs);
    expect(problemOf(await fresh(99))).toMatchObject({ code: 'challenge-too-soon' });
    host.clock.advance(day);
    unwrap(await fresh(99));
  });

  test('leaves earlier codes as good as they were, each for its own challenge', async () => {
    const { challenge, answer } = setUp(false);
    const [first, second] = [client(), client()];
    const early = await challenge([first]);
    let late = await challenge([second], away);
    while (late.code === early.code) late = await challenge([second], away);
    expect(problemOf(await answer(late, second, early.code))).toEqual({ code: 'challenge-wrong' });
    expect(problemOf(await answer(early, first, late.code))).toEqual({ code: 'challenge-wrong' });
    expect(unwrap(await answer(early, first, early.code))).toEqual(first.pk);
    expect(unwrap(await answer(late, second, late.code))).toEqual(second.pk);
  });

  test('lets nobody crowd out who waits already', async () => {
    const { challenge, answer } = setUp(false);
    const somebody = client();
    const own = await challenge([somebody]);
    for (let i = 0; i < 10; i++) await challenge(Array.from({ length: 5 }, client), away);
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
  });

  test('runs the same statements whatever it holds already', async () => {
    const { host, begin } = setUp(false);
    const statements: string[][] = [];
    const { query } = host.sql;
    host.sql.query = (statement, ...values) => {
      statements.at(-1)?.push(statement);
      return query(statement, ...values);
    };
    const alarms: number[] = [];
    for (const prefix of [home, home, away]) {
      statements.push([]);
      const before = host.alarmsSet;
      unwrap(await begin([client()], prefix));
      alarms.push(host.alarmsSet - before);
    }
    expect(statements[0]?.length).toBeGreaterThan(8);
    expect(statements[1]).toEqual(statements[0]);
    expect(statements[2]).toEqual(statements[0]);
    expect(new Set(alarms)).toEqual(new Set([1]));
  });
});

describe('Registrar.answer()', () => {
  test('stays right until its challenge ends', async () => {
    const { host, challenge, answer } = setUp();
    const somebody = client();
    const own = await challenge([somebody]);
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
    host.clock.advance(lifetimeMs - 1);
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
    host.clock.advance(1);
    expect(problemOf(await answer(own, somebody, own.code))).toEqual({ code: 'challenge-expired' });
  });

  test('is exhausted after five wrong ones, even for the right one; a new code is not', async () => {
    const { host, challenge, answer } = setUp();
    const somebody = client();
    const own = await challenge([somebody]);
    for (let i = 0; i < maxAttemptsPerHrid; i++) {
      expect(problemOf(await answer(own, somebody, own.wrong))).toEqual({ code: 'challenge-wrong' });
    }
    expect(problemOf(await answer(own, somebody, own.code))).toEqual({ code: 'challenge-exhausted' });
    host.clock.advance(resendMs);
    const again = await challenge([somebody]);
    expect(unwrap(await answer(again, somebody, again.code))).toEqual(somebody.pk);
  });

  test('counts guesses made at once, too', async () => {
    const { challenge, answer } = setUp();
    const somebody = client();
    const own = await challenge([somebody]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(own, somebody, own.wrong)));
    const codes = answers.map((each) => problemOf(each).code);
    expect(codes.filter((code) => code === 'challenge-wrong')).toHaveLength(maxAttemptsPerHrid);
    expect(codes.filter((code) => code === 'challenge-exhausted')).toHaveLength(20 - maxAttemptsPerHrid);
    expect(problemOf(await answer(own, somebody, own.code))).toEqual({ code: 'challenge-exhausted' });
  });

  test('is limited for a code, however many HRIDs wait for it', async () => {
    const { challenge, answer } = setUp();
    const vaults = Array.from({ length: 5 }, client);
    const own = await challenge(vaults);
    const guesses = vaults.flatMap((vault) => Array.from({ length: maxAttemptsPerHrid }, () => vault));
    const answers = await Promise.all(guesses.map((vault) => answer(own, vault, own.wrong)));
    const wrong = answers.filter((each) => problemOf(each).code === 'challenge-wrong');
    expect(wrong).toHaveLength(maxAttemptsPerChallenge);
    for (const vault of vaults) {
      expect(problemOf(await answer(own, vault, own.code))).toEqual({ code: 'challenge-exhausted' });
    }
  });

  test('takes nothing from another challenge, also for the same HRID', async () => {
    const { challenge, answer } = setUp(false);
    const [owner, stranger] = [client(), client()];
    const own = await challenge([owner]);
    const foreign = await challenge([owner, stranger], away);
    for (let i = 0; i < 10; i++) {
      await answer(foreign, stranger, foreign.wrong);
      await answer(foreign, owner, foreign.wrong, stranger);
      await answer(foreign, owner, foreign.wrong);
    }
    expect(unwrap(await answer(own, owner, own.code))).toEqual(owner.pk);
  });

  test('of somebody who does not wait for it is unknown, and so is one to a challenge that is none', async () => {
    const { challenge, answer } = setUp(false);
    const [somebody, other] = [client(), client()];
    expect(problemOf(await answer({ id: new Uint8Array(16) }, somebody, '123456'))).toEqual({
      code: 'challenge-unknown',
    });
    const own = await challenge([somebody]);
    await challenge([other]);
    expect(problemOf(await answer(own, other, own.code))).toEqual({ code: 'challenge-unknown' });
    expect(problemOf(await answer({ id: new Uint8Array(16) }, somebody, own.code))).toEqual({
      code: 'challenge-unknown',
    });
  });

  test('that another key signed is refused and costs no attempt', async () => {
    const { challenge, answer } = setUp();
    const [somebody, other] = [client(), client()];
    const own = await challenge([somebody]);
    for (let i = 0; i < maxAttemptsPerHrid; i++) {
      expect(problemOf(await answer(own, somebody, own.code, other))).toEqual({ code: 'bad-signature' });
    }
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
  });
});

describe('Registrar.alarm()', () => {
  test('forgets each thing when it has ended, and everything when nothing counts any more', async () => {
    const { host, registrar, challenge, answer } = setUp();
    const [somebody, other] = [client(), client()];
    const first = await challenge([somebody]);
    await answer(first, somebody, first.wrong);
    host.clock.advance(lifetimeMs / 2);
    const second = await challenge([other], away);
    const counts = () =>
      ['challenge', 'waiting', 'send'].map(
        (table) => host.sql.query<{ n: number }>(`select count(*) as n from ${table}`)[0]?.n,
      );
    const reach = async () => {
      expect(host.reachAlarm()).toBe(true);
      await registrar.alarm();
    };
    expect(counts()).toEqual([2, 2, 2]);
    await reach();
    expect(host.now()).toBe(second.expires);
    expect(counts()).toEqual([0, 0, 2]);
    await reach();
    expect(counts()).toEqual([0, 0, 1]);
    await reach();
    expect(host.tables()).toEqual([]);
    expect(host.now()).toBe(second.expires - lifetimeMs + day);
    expect(host.reachAlarm()).toBe(false);
    await registrar.alarm();
    expect(host.tables()).toEqual([]);
  });

  test('that comes late, or twice, forgets nothing that counts', async () => {
    const { host, registrar, challenge, answer } = setUp();
    const somebody = client();
    const own = await challenge([somebody]);
    for (let i = 0; i < 2; i++) await registrar.alarm();
    expect(host.alarm.due).toBe(own.expires);
    expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
    host.clock.advance(2 * day);
    await registrar.alarm();
    expect(host.tables()).toEqual([]);
  });

  test('and every request put up with what an earlier version has kept', async () => {
    for (const first of ['alarm', 'answer', 'challenge'] as const) {
      const { host, registrar, challenge, answer } = setUp();
      host.sql.query('create table challenge (id integer primary key, salt blob, code blob, expires integer)');
      host.sql.query('create table waiting (hrid blob unique, pk blob, attempts integer)');
      host.sql.query('create table event (kind text, at integer)');
      host.sql.query("insert into challenge values (0, x'00', x'00', 9e15)");
      const somebody = client();
      if (first === 'alarm') await registrar.alarm();
      const unknown = { id: new Uint8Array(16), expires: 9e15, code: '000000' };
      if (first === 'answer') await expect(answer(unknown, somebody, '000000')).resolves.toHaveProperty('problem');
      const own = await challenge([somebody]);
      expect(unwrap(await answer(own, somebody, own.code))).toEqual(somebody.pk);
      expect(host.tables()).not.toContain('event');
    }
  });
});
