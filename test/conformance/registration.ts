// Section 5: registration and its end.

import assert from 'node:assert/strict';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { jsonRequest } from '../support/request.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';
import { signByHand } from './signing.ts';

const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

const post = (bench: Bench, document: unknown) => bench.fetch(jsonRequest(bench.url + routes.registrations, document));

const postText = (bench: Bench, body: string | Uint8Array<ArrayBuffer>, type: string = mediaTypes.json) =>
  bench.fetch(routes.registrations, { method: 'POST', headers: { 'content-type': type }, body });

/** A challenge for these, and its code. */
async function challenge(bench: Bench, member: Member, members: readonly Member[] = [member]) {
  const { challenge } = await member.begin(members);
  return { challenge, code: await bench.code(member.uid) };
}

async function isRegistered(member: Member): Promise<boolean> {
  const response = await member.fetch({ method: 'GET', path: routes.queue });
  if (response.status !== 200) await refused(response, 'not-registered');
  return response.status === 200;
}

export const registration: readonly Case[] = [
  {
    title: 'GET /v1/info names the protocol, the channels and the time',
    cites: '`GET /v1/info`** → `{name: "cliquet", version, protocol: 1, time, channels: ["email"|"phone"…], limits:',
    async run(bench) {
      const response = await bench.fetch(routes.info);
      const info = JSON.parse(new TextDecoder().decode(await answered(response, 200)));
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
      const { name, protocol, version, channels, time } = info;
      assert.deepEqual(
        { name, protocol, version: typeof version },
        { name: 'cliquet', protocol: 1, version: 'string' },
      );
      assert.ok(channels.length > 0 && channels.every((each: string) => each === 'email' || each === 'phone'));
      assert.ok(Number.isSafeInteger(time) && Math.abs(time - bench.now()) < 10, `the time is ${time}`);
    },
  },
  {
    title: 'GET /v1/info tells the limits',
    cites: 'the limits are 131072, 524288, 255, 50 and 2592000.',
    async run(bench) {
      const { limits } = (await (await bench.fetch(routes.info)).json()) as { limits: unknown };
      assert.deepEqual(limits, {
        bodyBytes: 131072,
        sendBytes: 524288,
        recipients: 255,
        keyPackages: 50,
        messageTtlSeconds: 2592000,
      });
    },
  },
  {
    title: 'POST answers with a challenge that lasts ten minutes',
    cites: '`expires` is in seconds since 1970 (ten minutes later), `challenge` opaque text of at most 512 characters',
    async run(bench) {
      const begun = await bench.stranger().begin();
      assert.deepEqual(Object.keys(begun).sort(), ['challenge', 'expires', 'hrids']);
      assert.ok(typeof begun.challenge === 'string' && begun.challenge.length <= 512);
      assert.ok(Math.abs(begun.expires - bench.now() - 600) < 10, `it ends in ${begun.expires - bench.now()} s`);
    },
  },
  {
    title: 'POST tells the HRID of each vault in order',
    cites: '`hrids` the HRID of each vault in order',
    async run(bench) {
      const uid = bench.address();
      const vaults = [bench.stranger(uid), bench.stranger(uid), bench.stranger(uid)] as const;
      const { hrids } = await vaults[0].begin(vaults);
      assert.deepEqual(
        hrids,
        vaults.map(({ hrid }) => encodeBase64Url(hrid)),
      );
    },
  },
  {
    title: 'POST brings an e-mail address to its normal form',
    cites: 'The relay sends six random digits to the address, which it brings to the normal form itself.',
    async run(bench) {
      const member = bench.stranger();
      const written = bench.stranger(`  ${member.uid.toUpperCase()}\n`);
      const { hrids } = await written.begin([member]);
      assert.deepEqual(hrids, [encodeBase64Url(member.hrid)]);
      assert.match(await bench.code(member.uid), /^[0-9]{6}$/);
    },
  },
  {
    title: 'POST brings an e-mail address beyond ASCII to its normal form',
    cites: 'the part before the last `@` in Unicode NFC, in lower case (the Unicode default mapping), in NFC again',
    async run(bench) {
      const local = bench.address().split('@')[0];
      const member = bench.stranger(`\u00e9${local}@xn--bcher-kva.${bench.domain}`);
      const response = await bench
        .stranger(`E\u0301${local}@BU\u0308CHER.${bench.domain}`)
        .requestChallenge([member.vault]);
      // Where mail is really sent, there may be no way to such an address.
      if (response.status === 502) return void (await refused(response, 'challenge-undeliverable'));
      const { hrids } = JSON.parse(new TextDecoder().decode(await answered(response, 202)));
      assert.deepEqual(hrids, [encodeBase64Url(member.hrid)]);
    },
  },
  {
    title: 'POST brings a phone number to its normal form, or has no channel for it',
    cites:
      'phone: white space, `.`, `-`, `/`, `(` and `)` removed, then `+` and 7 to 15 ASCII digits, the first not 0 (E.164).',
    async run(bench) {
      const { channels } = (await (await bench.fetch(routes.info)).json()) as { channels: string[] };
      // Numbers of nobody, set aside for films.
      const last = String(900_000 + Math.floor(Math.random() * 1000));
      const member = bench.stranger(`+447700${last}`);
      const written = bench.stranger(` +44 (7700)/${last.slice(0, 3)}-${last.slice(3)}. `);
      const response = await written.requestChallenge([member.vault]);
      if (!channels.includes('phone')) return void (await refused(response, 'channel-unavailable'));
      if (response.status === 502) return void (await refused(response, 'challenge-undeliverable'));
      const { hrids } = JSON.parse(new TextDecoder().decode(await answered(response, 202)));
      assert.deepEqual(hrids, [encodeBase64Url(member.hrid)]);
    },
  },
  {
    title: 'POST refuses what is no e-mail address',
    cites:
      'With an `@` in it, it is an e-mail address, else a phone number. Anything else is refused (`address-invalid`).',
    async run(bench) {
      const { vault } = bench.stranger();
      const long = 'x'.repeat(65);
      for (const uid of [
        'a@',
        '@a.example.org',
        'a@localhost',
        'a b@example.org',
        '.a@example.org',
        'a..b@example.org',
      ]) {
        await refused(post(bench, { uid, vaults: [vault] }), 'address-invalid');
      }
      for (const uid of ['"a"@example.org', 'a@b@example.org', 'a@[127.0.0.1]', 'a@127.0.0.1', `${long}@example.org`]) {
        await refused(post(bench, { uid, vaults: [vault] }), 'address-invalid');
      }
    },
  },
  {
    title: 'POST refuses what is no phone number',
    cites: 'then `+` and 7 to 15 ASCII digits, the first not 0 (E.164).',
    async run(bench) {
      const { vault } = bench.stranger();
      for (const uid of [
        '',
        '+49',
        '0151 23456789',
        '+0151 23456789',
        '+1234567890123456',
        '+49 151 2345678x',
        '+٤٩١٥١٢٣٤٥٦٧',
      ]) {
        await refused(post(bench, { uid, vaults: [vault] }), 'address-invalid');
      }
    },
  },
  {
    title: 'POST refuses a field that it does not know',
    cites: 'The relay refuses fields that it does not know; a client passes over them.',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      await refused(post(bench, { uid, vaults: [vault], admin: true }), 'malformed');
      await refused(post(bench, { uid, vaults: [{ ...vault, name: 'x' }] }), 'malformed');
    },
  },
  {
    title: 'POST refuses other than one to five vaults, and an address that is too long',
    cites: '`{uid: text ≤ 254, vaults: [{pk 32, hashVid 32} × 1…5]}`',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      const long = `a@${`${'x'.repeat(60)}.`.repeat(5)}org`;
      for (const document of [
        { uid, vaults: [] },
        { uid, vaults: Array(6).fill(vault) },
        { vaults: [vault] },
        { uid: 1, vaults: [vault] },
        { uid: long, vaults: [vault] },
      ]) {
        await refused(post(bench, document), 'malformed');
      }
    },
  },
  {
    title: 'POST refuses bytes that are not base64url without padding, or of another length',
    cites: 'bytes are base64url without padding.',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      for (const pk of [
        `${vault.pk}=`,
        vault.pk.slice(0, 42),
        `${vault.pk}AA`,
        `+/${vault.pk.slice(2)}`,
        'A'.repeat(42),
      ]) {
        await refused(post(bench, { uid, vaults: [{ ...vault, pk }] }), 'malformed');
      }
    },
  },
  {
    title: 'POST refuses a key that is none',
    cites: '`malformed` (also a `pk` that is no valid key)',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      const zero = new Uint8Array(32);
      // Of small order; the neutral element, also written as y + p; not on the curve.
      for (const key of [
        zero,
        zero.with(0, 1),
        new Uint8Array(32).fill(255, 1).with(0, 0xee).with(31, 0x7f),
        zero.with(0, 2),
      ]) {
        const pk = encodeBase64Url(key);
        await refused(post(bench, { uid, vaults: [{ ...vault, pk }] }), 'malformed');
      }
    },
  },
  {
    title: 'POST refuses what is not JSON',
    cites: 'JSON (`application/json`), at most 16,384 bytes',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      const document = JSON.stringify({ uid, vaults: [vault] });
      for (const text of ['', '[]', '"x"', 'null', document.slice(0, -1), `${document}{}`]) {
        await refused(postText(bench, text), 'malformed');
      }
      await refused(postText(bench, encodeUtf8(document).with(9, 0xff)), 'malformed');
      await refused(postText(bench, document, 'text/plain'), 'unsupported-media-type');
    },
  },
  {
    title: 'POST takes 16,384 bytes and no more',
    cites: 'JSON (`application/json`), at most 16,384 bytes',
    async run(bench) {
      const { uid, vault } = bench.stranger();
      const document = JSON.stringify({ uid, vaults: [vault] });
      await refused(postText(bench, document.padEnd(16_385)), 'too-large');
      await answered(await postText(bench, document.padEnd(16_384)), 202);
    },
  },
  {
    title: 'POST answers alike whether the address is registered or not',
    cites: 'The answer is the same whether the address was seen before or not.',
    async run(bench) {
      const [known] = await bench.register(1);
      const shapeOf = async (member: Member) => {
        const response = await member.requestChallenge();
        const text = new TextDecoder().decode(await answered(response, 202));
        const fields = Object.entries(JSON.parse(text)).map(([name, value]) => [name, JSON.stringify(value).length]);
        return { type: response.headers.get('content-type'), fields, length: text.length };
      };
      assert.deepEqual(await shapeOf(bench.stranger(known.uid)), await shapeOf(bench.stranger()));
    },
  },
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

export const deregistration: readonly Case[] = [
  {
    title: 'ends what the mailbox holds',
    cites: '`DELETE /v1/registrations`** `{epoch 16}`, signed → `204`. Everything that the mailbox holds goes.',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      await sender.send([member], encodeUtf8('x'));
      const { hello } = await bench.arrived(member, 1);
      assert.equal((await answered(await member.deregister(hello.epoch), 204)).length, 0);
      for (const path of [routes.queue, routes.outbox]) {
        await refused(member.fetch({ method: 'GET', path }), 'not-registered');
      }
      await refused(member.fetch({ method: 'POST', path: routes.tickets }), 'not-registered');
      await refused(member.deregister(hello.epoch), 'not-registered');
    },
  },
  {
    title: 'of another epoch is refused, and what is no epoch; the mailbox stays',
    cites: 'Another epoch: `epoch-mismatch`. A mailbox whose owner',
    async run(bench) {
      const [member] = await bench.register(1);
      await refused(member.deregister(new Uint8Array(16)), 'epoch-mismatch');
      const epoch = encodeBase64Url((await member.queue()).hello.epoch);
      for (const document of [{}, { epoch: epoch.slice(1) }, { epoch, all: true }, [epoch]]) {
        await refused(member.json('DELETE', routes.registrations, document), 'malformed');
      }
      assert.equal(await isRegistered(member), true);
    },
  },
  {
    title: 'a new registration begins with an empty queue of another epoch',
    cites: '`epoch` (16 random bytes, new whenever the mailbox is created)',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const member = bench.stranger();
      const before = await member.register();
      await sender.send([member], encodeUtf8('before'));
      await member.send([other], encodeUtf8('before'));
      const { hello } = await bench.arrived(member, 1);
      await answered(await member.deregister(hello.epoch), 204);
      const { epoch } = await member.register();
      assert.notEqual(epoch, before.epoch);
      const page = await member.queue();
      const { last, acked, nextSend, keyPackages } = page.hello;
      assert.deepEqual({ last, acked, nextSend, keyPackages }, { last: 0, acked: 0, nextSend: 1, keyPackages: 0 });
      assert.deepEqual(page.entries, []);
    },
  },
  {
    title: 'a replayed one ends nothing that came after it',
    cites: 'A replayed request changes nothing',
    async run(bench) {
      const member = bench.stranger();
      const { epoch } = await member.register();
      const body = encodeUtf8(JSON.stringify({ epoch }));
      const asked = { method: 'DELETE', path: routes.registrations, body, mediaType: mediaTypes.json };
      const recorded = signByHand(bench, member, asked);
      await answered(await bench.fetch(recorded), 204);
      await refused(bench.fetch(recorded), 'not-registered');
      await member.register();
      const response = await bench.fetch(recorded);
      // Where that took long, it is stale by now.
      if (response.status !== 401) await refused(response, 'epoch-mismatch');
      assert.equal(await isRegistered(member), true);
    },
  },
  {
    title: 'tells senders who wait that the client is gone',
    cites: "Whoever waits for the caller's acknowledgement is told that it is gone",
    async run(bench) {
      const [sender, member, other] = await bench.register(3);
      await sender.send([member, other], encodeUtf8('x'));
      const { hello } = await bench.arrived(member, 1);
      await bench.outbox(sender, ['queued', 'queued']);
      await answered(await member.deregister(hello.epoch), 204);
      await bench.outbox(sender, ['gone', 'queued']);
      const again = await sender.send([other, member], encodeUtf8('y'));
      assert.deepEqual(again, { n: 2, refused: [{ index: 1, code: 'gone' }] });
      await bench.arrived(other, 2);
    },
  },
  {
    title: 'what the client has sent before comes, or stands in a gap',
    cites: 'who still had to get messages of the caller is told so once by a gap `withdrawn` (section 9).',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { hello } = await sender.queue();
      await sender.send([member], encodeUtf8('1'));
      await sender.send([member], encodeUtf8('2'));
      await answered(await sender.deregister(hello.epoch), 204);
      const numbers = await bench.eventually('both messages or gaps for them', async () => {
        const { entries } = await member.queue();
        const told = entries.flatMap((entry) =>
          entry.type === 'message'
            ? [entry.body[0]]
            : entry.reason === 'withdrawn'
              ? [entry.fromN + 48, entry.toN + 48]
              : [],
        );
        return told.includes(50) && told;
      });
      assert.deepEqual([...new Set(numbers)], [49, 50]);
    },
  },
];
