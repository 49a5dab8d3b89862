// Section 5: a code is asked for.

import assert from 'node:assert/strict';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { jsonRequest } from '../support/request.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';

const post = (bench: Bench, document: unknown) => bench.fetch(jsonRequest(bench.url + routes.registrations, document));

const postText = (bench: Bench, body: string | Uint8Array<ArrayBuffer>, type: string = mediaTypes.json) =>
  bench.fetch(routes.registrations, { method: 'POST', headers: { 'content-type': type }, body });

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
    title: 'POST takes a language, also one that it has no letter in',
    cites: '`language` may be left out: a BCP 47 tag, whose letter the relay sends if it has one, else the English one',
    async run(bench) {
      for (const language of ['fr', 'fr-CA', 'tlh', '', 'x'.repeat(35)]) {
        const { uid, vault } = bench.stranger();
        await answered(await post(bench, { uid, vaults: [vault], language }), 202);
      }
      const { uid, vault } = bench.stranger();
      for (const language of ['x'.repeat(36), 7, null, ['fr']]) {
        await refused(post(bench, { uid, vaults: [vault], language }), 'malformed');
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
    cites: '`{uid: text ≤ 254, vaults: [{pk 32, hashVid 32} × 1…5], language?: text ≤ 35}`',
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
];
