// Attack 15: guessing codes in parallel, many codes to one address, locking its owner out. Guesses and codes are bounded, and
// the owner registers all the same.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { maxVaults } from '../../client/wire/limits.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import {
  maxAttemptsPerChallenge,
  maxAttemptsPerHrid,
  maxSendsOfPrefix,
  maxSendsToAddress,
} from '../../worker/limits.ts';
import { Bystander } from '../support/bystander.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, fromNetwork, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let bystander: Bystander;
beforeAll(async () => {
  relay = await startRelay({ vars: { CHALLENGE_RESEND_SECONDS: '1' } });
});
afterAll(() => relay.stop());
beforeEach(async () => {
  bystander = await Bystander.start(relay);
});
afterEach(() => bystander.check());

const ownersNetwork = '192.0.2.1';

const from = (address: string) => fromNetwork(relay, address);

/** All codes that were sent to an address, the newest first. */
async function codesTo(uid: string): Promise<string[]> {
  const response = await fetch(`${relay.url}/dev/inbox?address=${encodeURIComponent(uid)}`);
  return ((await response.json()) as { codes: { code: string }[] }).codes.map(({ code }) => code);
}

async function codeOf(response: Response): Promise<string> {
  return response.ok ? 'ok' : (await readProblem(response)).code;
}

/** What a network gets that asks for codes to an address until it is refused. */
async function spend(uid: string, network: string, vaults?: readonly Client[]) {
  const challenges: string[] = [];
  for (;;) {
    const stranger = new Client(from(network), uid);
    const response = await stranger.requestChallenge((vaults ?? [stranger]).map(({ vault }) => vault));
    if (response.ok) {
      challenges.push(((await response.json()) as { challenge: string }).challenge);
      continue;
    }
    const { code, retryAfter = 0 } = await readProblem(response);
    expect(code).toBe('challenge-too-soon');
    // Longer than any delay: one of the bounds.
    if (retryAfter > 10) return challenges;
    await new Promise((wake) => setTimeout(wake, retryAfter * 1000));
  }
}

describe('the owner of an address', () => {
  const register = async (owner: Client, challenge: string, code: string) =>
    codeOf(await owner.answer(challenge, code));

  test('gets a code after a stranger has asked for as many as it gets, and registers', async () => {
    const owner = new Client(from(ownersNetwork));
    expect(await spend(owner.uid, '198.51.100.1')).toHaveLength(maxSendsOfPrefix.perHour);
    const { challenge } = await owner.challenge();
    const codes = await until(
      async () => (await codesTo(owner.uid)).length > maxSendsOfPrefix.perHour && codesTo(owner.uid),
    );
    expect(await register(owner, challenge, codes[0] ?? '')).toBe('ok');
  });

  test('registers with the code that it has, whatever strangers ask for, guess and occupy meanwhile', async () => {
    const owner = new Client(from(ownersNetwork));
    const { challenge } = await owner.challenge();
    const code = await relay.inbox(owner.uid);
    const wrong = code === '000000' ? '000001' : '000000';
    const put = { method: 'PUT', path: routes.registrations, mediaType: mediaTypes.json };
    const guess = encodeUtf8(JSON.stringify({ challenge, answer: wrong }));
    // Whoever knows all that is public about the owner, and more, waits in its name too.
    const crowd = Array.from({ length: maxVaults - 1 }, () => new Client(relay, owner.uid));
    for (const network of ['198.51.100.1', '2001:db8:1::1']) {
      const theirs = await spend(owner.uid, network, [...crowd, owner]);
      for (const each of theirs) {
        await Promise.all([...crowd, ...crowd].map((member) => member.answer(each, wrong)));
        await Promise.all(crowd.map((member) => member.answer(challenge, wrong)));
        await Promise.all(crowd.map(({ seed }) => owner.fetch({ ...put, body: guess, seed })));
      }
    }
    expect(await register(owner, challenge, code)).toBe('ok');
    expect((await owner.queue()).hello.last).toBe(0);
    // The same again, and then still.
    expect(await register(owner, challenge, code)).toBe('ok');
  });
});

describe('somebody without the address', () => {
  test('has bounded guesses, however many networks, keys and requests at once they have', async () => {
    const uid = new Client(relay).uid;
    const keys = Array.from({ length: maxVaults }, () => new Client(relay, uid));
    const networks = Array.from({ length: 12 }, (_, i) => `2001:db8:${i}::1`);
    const begun = await Promise.all(
      networks.map((network) =>
        new Client(from(network), uid).requestChallenge(keys.map(({ vault }) => vault)).then(async (response) => {
          if (response.ok) return ((await response.json()) as { challenge: string }).challenge;
          expect(await codeOf(response)).toBe('challenge-too-soon');
          return null;
        }),
      ),
    );
    const challenges = begun.filter((challenge) => challenge !== null);
    expect(challenges).toHaveLength(maxSendsToAddress.perHour);
    const sent = await codesTo(uid);
    expect(sent).toHaveLength(maxSendsToAddress.perHour);
    // What they would have to be lucky to hit is left out.
    let next = 0;
    const guess = (): string => {
      const code = String(next++).padStart(6, '0');
      return sent.includes(code) ? guess() : code;
    };
    const answers = await Promise.all(
      challenges.flatMap((challenge) =>
        keys.flatMap((key) => Array.from({ length: maxAttemptsPerHrid + 3 }, () => key.answer(challenge, guess()))),
      ),
    );
    const codes = await Promise.all(answers.map(codeOf));
    const tried = codes.filter((code) => code === 'challenge-wrong').length;
    expect(tried).toBe(maxSendsToAddress.perHour * maxAttemptsPerChallenge);
    expect(tried / 1_000_000).toBeLessThan(1e-4);
    expect(codes.filter((code) => code === 'challenge-exhausted')).toHaveLength(codes.length - tried);
    // And then the right one is of no use.
    for (const challenge of challenges) {
      for (const code of sent) {
        expect(await codeOf(await (keys[0] ?? new Client(relay)).answer(challenge, code))).toBe('challenge-exhausted');
      }
    }
  });

  test('cannot spell one network in many ways', async () => {
    const uid = new Client(relay).uid;
    const spellings = [
      '2001:db8::1',
      '2001:db8:0:0::2',
      '2001:DB8:0:0:ffff:0:0:1',
      '2001:0db8::',
      '2001:db8:0:0:1:2:3:4',
    ];
    const answers = await Promise.all(spellings.map((network) => new Client(from(network), uid).requestChallenge()));
    expect((await Promise.all(answers.map(codeOf))).sort()).toEqual([
      'challenge-too-soon',
      'challenge-too-soon',
      'challenge-too-soon',
      'challenge-too-soon',
      'ok',
    ]);
    expect(await codesTo(uid)).toHaveLength(1);
  });
});
