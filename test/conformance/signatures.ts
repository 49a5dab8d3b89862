// Section 6: signed requests.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, encodeBase64, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { QueuePage } from '../../client/wire/queue.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { randomBytes } from '../support/request.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';
import { type Altered, type Asked, digestOf, everyRequest, sendOf, signByHand } from './signing.ts';

const { json } = mediaTypes;

/** Nothing was sent: the next message is the first, and comes once. */
async function isUnharmed(bench: Bench, sender: Member, other: Member): Promise<void> {
  const body = encodeUtf8('after');
  assert.deepEqual(await sender.send([other], body), { n: 1, refused: [] });
  const { entries } = await bench.arrived(other, 1);
  assert.deepEqual(entries, [{ type: 'message', seq: 1, from: sender.hrid, header: Uint8Array.of(0), body }]);
}

/** A send that is signed as it should not be is refused, and nothing was sent. */
const isRefusedIf = (
  what: string,
  cites: string,
  altered: Altered,
  code: 'not-registered' | 'bad-signature',
): Case => ({
  title: `a signature ${what} is refused`,
  cites,
  async run(bench) {
    const [sender, other] = await bench.register(2);
    await refused(bench.fetch(signByHand(bench, sender, sendOf(sender, other), altered)), code);
    await isUnharmed(bench, sender, other);
  },
});

const components =
  'one signature, label `cliquet`; components, in this order, `"@method" "@authority" "@path" "@query"`, and `"content-digest"` whenever there is a body';
const parameters =
  'parameters `created` (seconds), `nonce` (16 random bytes, base64url), `keyid` (the HRID, base64url), `alg="ed25519"`, `tag="cliquet"`.';
const uniform = 'the signature (`not-registered` again, so that nobody learns who is registered';
const digestCites =
  '`Content-Digest: sha-256=:…:` of the body (RFC 9530) and nothing else, which the relay compares with the body.';
const order =
  "The relay checks in this order: media type (`unsupported-media-type`), whose parameters do not count; that `keyid` stands there once (`bad-signature`); the body's size (`too-large`)";

/** A request under another name than the one that it is sent to. */
function requestAs(host: string, to: Request, body: Bytes): Promise<number> {
  const request = to.url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((settle, fail) => {
    const headers = { ...Object.fromEntries(to.headers), host };
    const servername = new URL(to.url).hostname;
    const sent = request(to.url, { method: to.method, headers, servername }, (response) => {
      response.resume();
      response.on('end', () => settle(response.statusCode ?? 0));
    });
    sent.on('error', fail).end(body);
  });
}

export const signatures: readonly Case[] = [
  {
    title: 'a signature by the book is admitted on every route',
    cites: 'The signature is over the signature base as it is, without a label of section 2.',
    async run(bench) {
      const [member] = await bench.register(1);
      const { epoch } = (await member.queue()).hello;
      for (const asked of everyRequest(member, epoch)) {
        const response = await bench.fetch(signByHand(bench, member, asked));
        assert.ok(response.ok, `${asked.method} ${asked.path}: ${response.status} ${await response.text()}`);
      }
    },
  },
  isRefusedIf('for another method', components, { method: 'PUT' }, 'not-registered'),
  isRefusedIf('for another path', components, { path: routes.queueAcks }, 'not-registered'),
  isRefusedIf('for a query that is not there', components, { path: `${routes.messages}?x=1` }, 'not-registered'),
  isRefusedIf('for another authority', components, { authority: 'relay.example.org' }, 'not-registered'),
  isRefusedIf(
    'that does not cover the method',
    components,
    {
      components: ['@authority', '@path', '@query', 'content-digest'],
    },
    'not-registered',
  ),
  isRefusedIf(
    'that does not cover the authority',
    components,
    {
      components: ['@method', '@path', '@query', 'content-digest'],
    },
    'not-registered',
  ),
  isRefusedIf(
    'that does not cover the path',
    components,
    {
      components: ['@method', '@authority', '@query', 'content-digest'],
    },
    'not-registered',
  ),
  isRefusedIf(
    'that does not cover the query',
    components,
    {
      components: ['@method', '@authority', '@path', 'content-digest'],
    },
    'not-registered',
  ),
  isRefusedIf(
    'that does not cover the body',
    components,
    {
      components: ['@method', '@authority', '@path', '@query'],
    },
    'not-registered',
  ),
  isRefusedIf('under another label', components, { label: 'sig1' }, 'not-registered'),
  isRefusedIf('with another tag', parameters, { parameters: { tag: 'other' } }, 'not-registered'),
  isRefusedIf('without a tag', parameters, { parameters: { tag: undefined } }, 'not-registered'),
  isRefusedIf('of another algorithm', parameters, { parameters: { alg: 'hmac-sha256' } }, 'not-registered'),
  isRefusedIf('without an algorithm', parameters, { parameters: { alg: undefined } }, 'not-registered'),
  isRefusedIf('without a nonce', parameters, { parameters: { nonce: undefined } }, 'not-registered'),
  isRefusedIf('without a time', parameters, { parameters: { created: undefined } }, 'not-registered'),
  isRefusedIf('without a key id', order, { parameters: { keyid: undefined } }, 'bad-signature'),
  isRefusedIf('whose key id is no HRID', parameters, { parameters: { keyid: 'A'.repeat(42) } }, 'bad-signature'),
  isRefusedIf('by another key', uniform, { seed: randomBytes(32) }, 'not-registered'),
  isRefusedIf(
    'with a digest of another kind',
    digestCites,
    {
      digest: `sha-512=:${encodeBase64(sha512(Uint8Array.of(1)))}:`,
    },
    'bad-signature',
  ),
  isRefusedIf('with the digest of another body', digestCites, { digest: digestOf(Uint8Array.of(1)) }, 'bad-signature'),
  isRefusedIf('without a digest', digestCites, { digest: null }, 'bad-signature'),
  {
    title: 'a digest beside the right one is refused',
    cites: digestCites,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const asked = sendOf(sender, other);
      const digest = `${digestOf(asked.body as Bytes)}, sha-512=:${encodeBase64(sha512(asked.body as Bytes))}:`;
      await refused(bench.fetch(signByHand(bench, sender, asked, { digest })), 'bad-signature');
    },
  },
  {
    title: 'a request without a signature is refused on every route',
    cites:
      "All other routes, but for `GET /v1/stream`, take HTTP Message Signatures (RFC 9421) with the client's Ed25519 key",
    async run(bench) {
      const [member] = await bench.register(1);
      const body = encodeUtf8(JSON.stringify({ challenge: '', answer: '' }));
      const answer = { method: 'PUT', path: routes.registrations, body, mediaType: json };
      for (const asked of [...everyRequest(member), answer]) {
        const request = signByHand(bench, member, asked);
        for (const name of ['signature', 'signature-input']) request.headers.delete(name);
        await refused(bench.fetch(request), 'bad-signature');
      }
    },
  },
  {
    title: 'what was altered after it was signed is refused: a time, a nonce, a bit of the signature',
    cites: uniform,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const alter = async (name: string, change: (value: string) => string) => {
        const request = signByHand(bench, sender, sendOf(sender, other));
        request.headers.set(name, change(request.headers.get(name) ?? ''));
        await refused(bench.fetch(request), 'not-registered');
      };
      await alter('signature-input', (text) =>
        text.replace(/created=(\d+)/, (_, time) => `created=${Number(time) - 1}`),
      );
      const otherDigit = (_: string, before: string, first: string) => before + (first === 'A' ? 'B' : 'A');
      await alter('signature-input', (text) => text.replace(/(nonce=")(.)/, otherDigit));
      await alter('signature-input', (text) => text.replace('cliquet=(', 'other=('));
      await alter('signature', (text) => text.replace(/(:)(.)/, otherDigit));
      await alter('signature', () => '');
      await isUnharmed(bench, sender, other);
    },
  },
  {
    title: 'another body is refused, with the digest of either',
    cites: digestCites,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const { headers } = signByHand(bench, sender, sendOf(sender, other));
      const body = Send.encode(sender.message([other], encodeUtf8('y')));
      const swapped = () => new Request(bench.url + routes.messages, { method: 'POST', headers, body });
      await refused(bench.fetch(swapped()), 'bad-signature');
      headers.set('content-digest', digestOf(body));
      await refused(bench.fetch(swapped()), 'not-registered');
    },
  },
  {
    title: 'a key id that stands there twice is refused',
    cites: order,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const request = signByHand(bench, sender, sendOf(sender, other));
      const input = request.headers.get('signature-input') ?? '';
      request.headers.set('signature-input', `${input}, other=${input.slice('cliquet='.length)}`);
      await refused(bench.fetch(request), 'bad-signature');
    },
  },
  {
    title: 'a signature in another’s name is refused on every route',
    cites: uniform,
    async run(bench) {
      const [member, thief] = await bench.register(2);
      const { epoch } = (await member.queue()).hello;
      for (const asked of everyRequest(member, epoch)) {
        await refused(bench.fetch(signByHand(bench, member, asked, { seed: thief.seed })), 'not-registered');
      }
    },
  },
  {
    title: 'a caller whom nobody knows is refused on every route',
    cites: 'that the key id may be registered (`not-registered`)',
    async run(bench) {
      const stranger = bench.stranger();
      for (const asked of everyRequest(stranger)) {
        await refused(bench.fetch(signByHand(bench, stranger, asked)), 'not-registered');
      }
    },
  },
  {
    title: 'who cannot prove to be somebody is answered as somebody unknown is, to the byte',
    cites: uniform,
    async run(bench) {
      const [known] = await bench.register(1);
      const stranger = bench.stranger();
      const requests: Asked[] = [
        { method: 'GET', path: routes.queue },
        { method: 'POST', path: routes.tickets },
        { method: 'POST', path: routes.messages, body: Uint8Array.of(0x80) },
        { method: 'GET', path: `${routes.queue}?after=x` },
        { method: 'GET', path: `${routes.outbox}?after=x` },
        { method: 'DELETE', path: routes.registrations, body: encodeUtf8('{}'), mediaType: json },
        { method: 'POST', path: routes.queueAcks, body: new Uint8Array(65) },
      ];
      const told = ['content-type', 'content-length', 'retry-after', 'www-authenticate', 'cache-control'];
      for (const asked of requests) {
        const ask = async (keyid: Bytes) => {
          const parameters = { keyid: encodeBase64Url(keyid) };
          const response = await bench.fetch(signByHand(bench, stranger, asked, { parameters }));
          const headers = told.map((name) => response.headers.get(name));
          return { status: response.status, headers, body: await response.text() };
        };
        assert.deepEqual(await ask(known.hrid), await ask(stranger.hrid));
      }
    },
  },
  {
    title: 'a stale signature, and one of the future, is refused with the relay’s time',
    cites: "`created` at most 60 seconds from the relay's clock, else `stale-signature` with the relay's `time`",
    async run(bench) {
      const [sender, other] = await bench.register(2);
      for (const seconds of [-70, 70, -100_000, 100_000]) {
        const parameters = { created: bench.now() + seconds };
        const response = bench.fetch(signByHand(bench, sender, sendOf(sender, other), { parameters }));
        const { time } = await refused(response, 'stale-signature');
        assert.ok(Math.abs((time ?? 0) - bench.now()) < 10, `the time is ${time}`);
      }
      await isUnharmed(bench, sender, other);
    },
  },
  {
    title: 'a signature of half a minute ago is taken, and one of half a minute from now',
    cites: "`created` at most 60 seconds from the relay's clock",
    async run(bench) {
      const [member] = await bench.register(1);
      for (const seconds of [-30, 30]) {
        const parameters = { created: bench.now() + seconds };
        await answered(
          await bench.fetch(signByHand(bench, member, { method: 'GET', path: routes.queue }, { parameters })),
          200,
        );
      }
    },
  },
  {
    title: 'a stale signature by another key is not told the time',
    cites: '`stale-signature` only if it verifies',
    async run(bench) {
      const [member, thief] = await bench.register(2);
      const altered = { seed: thief.seed, parameters: { created: bench.now() - 70 } };
      const response = bench.fetch(signByHand(bench, member, { method: 'GET', path: routes.queue }, altered));
      assert.equal((await refused(response, 'not-registered')).time, undefined);
    },
  },
  {
    title: 'a request under another host’s name is not served, signed for that host or not',
    cites:
      'a signature is for the authority that the request names, so one that was made for another host is worth nothing here.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const asked = sendOf(sender, other);
      const host = 'relay.example.org';
      for (const altered of [{}, { authority: host }]) {
        const status = await requestAs(host, signByHand(bench, sender, asked, altered), asked.body as Bytes);
        assert.ok(status >= 400 && status < 500, `status ${status} came`);
      }
      await isUnharmed(bench, sender, other);
    },
  },
  {
    title: 'a send that is replayed changes nothing',
    cites: 'A replayed request changes nothing: sends and acknowledgements carry their numbers',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const recorded = signByHand(bench, sender, sendOf(sender, other));
      const first = await answered(await bench.fetch(recorded), 202);
      for (let i = 0; i < 3; i++) assert.deepEqual(await answered(await bench.fetch(recorded), 202), first);
      assert.equal((await bench.arrived(other, 1)).hello.last, 1);
      assert.equal((await sender.queue()).hello.nextSend, 2);
    },
  },
  {
    title: 'a read that is replayed is answered',
    cites: 'The relay does not remember nonces: a replayed read is answered.',
    async run(bench) {
      const [member] = await bench.register(1);
      const recorded = signByHand(bench, member, { method: 'GET', path: routes.queue });
      for (let i = 0; i < 2; i++) QueuePage.decode(await answered(await bench.fetch(recorded), 200));
    },
  },
];
