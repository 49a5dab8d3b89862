// Section 5: the answer to a challenge registers.

import assert from 'node:assert/strict';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';

const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

/** A challenge for these, and its code. */
async function challenge(bench: Bench, member: Member, members: readonly Member[] = [member]) {
  const { challenge } = await member.begin(members);
  return { challenge, code: await bench.code(member.uid) };
}

export async function isRegistered(member: Member): Promise<boolean> {
  const response = await member.fetch({ method: 'GET', path: routes.queue });
  if (response.status !== 200) await refused(response, 'not-registered');
  return response.status === 200;
}

export const answers: readonly Case[] = [
  {
    title: 'a second challenge takes nothing from the first one',
    cites: 'a later one changes nothing about an earlier one, and both count until they end.',
    async run(bench) {
      const uid = bench.address();
      const [owner, stranger] = [bench.stranger(uid), bench.stranger(uid)];
      const first = await challenge(bench, owner);
      const later = await stranger.begin();
      const code = await bench.code(uid);
      await refused(owner.answer(first.challenge, code), 'challenge-wrong');
      await answered(await owner.answer(first.challenge, first.code), 200);
      await answered(await stranger.answer(later.challenge, code), 200);
    },
  },
  {
    title: 'PUT registers, and tells HRID and epoch',
    cites: "signed (section 6) by the vault's key under its HRID → `200 {hrid, epoch 16}`.",
    async run(bench) {
      const member = bench.stranger();
      assert.equal(await isRegistered(member), false);
      const { hrid, epoch } = await member.register();
      const { hello } = await member.queue();
      assert.deepEqual({ hrid, epoch }, { hrid: encodeBase64Url(member.hrid), epoch: encodeBase64Url(hello.epoch) });
    },
  },
  {
    title: 'PUT gives the same answer to the same right code',
    cites: 'The right one stays right until the challenge expires, so the request may be repeated.',
    async run(bench) {
      const member = bench.stranger();
      const { challenge: made, code } = await challenge(bench, member);
      const first = await answered(await member.answer(made, code), 200);
      await refused(member.answer(made, wrong(code)), 'challenge-wrong');
      for (let i = 0; i < 2; i++) assert.deepEqual(await answered(await member.answer(made, code), 200), first);
    },
  },
  {
    title: 'PUT registers each vault of a challenge by a request of its own',
    cites: 'Each vault is registered by a request of its own, with the same challenge and answer.',
    async run(bench) {
      const uid = bench.address();
      const [one, two] = [bench.stranger(uid), bench.stranger(uid)];
      const { challenge: made, code } = await challenge(bench, one, [one, two]);
      await answered(await two.answer(made, code), 200);
      assert.deepEqual([await isRegistered(one), await isRegistered(two)], [false, true]);
      await answered(await one.answer(made, code), 200);
      assert.equal(await isRegistered(one), true);
    },
  },
  {
    title: 'PUT refuses a wrong code, and then takes the right one',
    cites: '`challenge-wrong`, `challenge-expired`, `challenge-exhausted`, `challenge-unknown`',
    async run(bench) {
      const member = bench.stranger();
      const { challenge: made, code } = await challenge(bench, member);
      await refused(member.answer(made, wrong(code)), 'challenge-wrong');
      assert.equal(await isRegistered(member), false);
      await answered(await member.answer(made, code), 200);
    },
  },
  {
    title: 'PUT takes the digits and nothing else',
    cites: 'The answer is the digits and nothing else.',
    async run(bench) {
      const member = bench.stranger();
      const { challenge: made, code } = await challenge(bench, member);
      for (const answer of [` ${code}`, `${code.slice(0, 3)} ${code.slice(3)}`, '', `${code}0`]) {
        await refused(member.answer(made, answer), 'challenge-wrong');
      }
      await answered(await member.answer(made, code), 200);
    },
  },
  {
    title: 'PUT refuses an answer that is too long, and a field that it does not know',
    cites: '`{challenge, answer: text ≤ 32}`',
    async run(bench) {
      const member = bench.stranger();
      const { challenge: made, code } = await challenge(bench, member);
      await refused(member.answer(made, code.padEnd(33)), 'malformed');
      const more = { challenge: made, answer: code, admin: true };
      await refused(member.json('PUT', routes.registrations, more), 'malformed');
      assert.equal(await isRegistered(member), false);
    },
  },
  {
    title: 'five wrong answers exhaust a challenge for one HRID, and no other one',
    cites: 'exhaust the challenge for them, but no other one.',
    async run(bench) {
      const uid = bench.address();
      const [member, other] = [bench.stranger(uid), bench.stranger(uid)];
      const first = await challenge(bench, member, [member, other]);
      for (let i = 0; i < 5; i++) await refused(member.answer(first.challenge, wrong(first.code)), 'challenge-wrong');
      await refused(member.answer(first.challenge, first.code), 'challenge-exhausted');
      await answered(await other.answer(first.challenge, first.code), 200);
      const second = await member.begin();
      await answered(await member.answer(second.challenge, await bench.code(uid)), 200);
    },
  },
  {
    title: 'fifteen wrong answers exhaust a challenge for all of its vaults',
    cites: 'Five wrong answers for one HRID, or 15 for all vaults of the challenge together',
    async run(bench) {
      const uid = bench.address();
      const guessers = [bench.stranger(uid), bench.stranger(uid), bench.stranger(uid)] as const;
      const last = bench.stranger(uid);
      const { challenge: made, code } = await challenge(bench, last, [...guessers, last]);
      for (const guesser of guessers) {
        for (let i = 0; i < 5; i++) await refused(guesser.answer(made, wrong(code)), 'challenge-wrong');
      }
      await refused(last.answer(made, code), 'challenge-exhausted');
      assert.equal(await isRegistered(last), false);
    },
  },
  {
    title: 'PUT refuses a challenge that was altered, or made for other HRIDs',
    cites: '`challenge-unknown` (also for an HRID that the challenge was not made for)',
    async run(bench) {
      const uid = bench.address();
      const [member, other] = [bench.stranger(uid), bench.stranger(uid)];
      const { challenge: made, code } = await challenge(bench, member);
      const altered = (made.startsWith('A') ? 'B' : 'A') + made.slice(1);
      for (const pointer of [altered, made.slice(0, -1), `${made}A`, '', 'x'.repeat(512)]) {
        await refused(member.answer(pointer, code), 'challenge-unknown');
      }
      await refused(other.answer(made, code), 'challenge-unknown');
      assert.equal(await isRegistered(other), false);
      await answered(await member.answer(made, code), 200);
    },
  },
  {
    title: 'PUT refuses an answer that another key has signed, which counts as no answer',
    cites: 'there the challenge and its time come before the signature (`bad-signature`), the answer after it.',
    async run(bench) {
      const [member, thief] = [bench.stranger(), bench.stranger()];
      const { challenge: made, code } = await challenge(bench, member);
      const put = (pointer: string, answer: string) => {
        const body = encodeUtf8(JSON.stringify({ challenge: pointer, answer }));
        return { method: 'PUT', path: routes.registrations, body, mediaType: mediaTypes.json, seed: thief.seed };
      };
      for (let i = 0; i < 6; i++) await refused(member.fetch(put(made, wrong(code))), 'bad-signature');
      await refused(member.fetch(put(made, code)), 'bad-signature');
      await refused(member.fetch(put('x', code)), 'challenge-unknown');
      assert.equal(await isRegistered(member), false);
      await answered(await member.answer(made, code), 200);
    },
  },
  {
    title: 'PUT refuses a stale signature with the relay’s time',
    cites: "`created` at most 60 seconds from the relay's clock, else `stale-signature` with the relay's `time`",
    async run(bench) {
      const member = bench.stranger();
      const { challenge: made, code } = await challenge(bench, member);
      const body = encodeUtf8(JSON.stringify({ challenge: made, answer: code }));
      const options = { method: 'PUT', path: routes.registrations, body, mediaType: mediaTypes.json };
      const { time } = await refused(member.fetch({ ...options, created: bench.now() - 70 }), 'stale-signature');
      assert.ok(Math.abs((time ?? 0) - bench.now()) < 10);
      assert.equal(await isRegistered(member), false);
    },
  },
  {
    title: 'who registers again keeps queue and epoch',
    cites: 'An existing mailbox of the same HRID keeps its queue and epoch.',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      await sender.send([member], encodeUtf8('kept'));
      const before = await bench.arrived(member, 1);
      const { epoch } = await member.register();
      assert.equal(epoch, encodeBase64Url(before.hello.epoch));
      assert.deepEqual((await member.queue()).entries, before.entries);
    },
  },
];
