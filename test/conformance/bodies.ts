// Section 6: media types, sizes and queries, and the order in which a request is checked.

import assert from 'node:assert/strict';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { answered, type Case, refused } from './bench.ts';
import { digestOf, everyRequest, sendOf, signByHand } from './signing.ts';

const { cbor, json } = mediaTypes;

const order =
  "The relay checks in this order: media type (`unsupported-media-type`), whose parameters do not count; that `keyid` stands there once (`bad-signature`); the body's size (`too-large`)";

/** A request of a body whose size alone is looked at. */
const sizes: readonly (readonly [string, string, number, string?])[] = [
  ['POST', routes.messages, 524_288],
  ['PUT', routes.keyPackages, 82_480],
  ['POST', routes.keyPackageClaims, 8734],
  ['PUT', routes.refusals, 34_008],
  ['POST', routes.queueAcks, 64],
  ['PUT', routes.registrations, 16_384, json],
  ['DELETE', routes.registrations, 16_384, json],
];

export const bodies: readonly Case[] = [
  ...sizes.map(
    ([method, path, bytes, mediaType = cbor]): Case => ({
      title: `${method} ${path} reads ${bytes} bytes and no more`,
      cites:
        'Largest bodies: 524,288 bytes for a send, 82,480 for an upload of key packages, 8,734 for a claim, 34,008 for refusals, 64 for an acknowledgement, 16,384 for JSON, none where none is told.',
      async run(bench) {
        const [member] = await bench.register(1);
        const post = (length: number) =>
          bench.fetch(signByHand(bench, member, { method, path, mediaType, body: new Uint8Array(length).fill(0x20) }));
        await refused(post(bytes + 1), 'too-large');
        await refused(post(bytes), 'malformed');
      },
    }),
  ),
  {
    title: 'POST /v1/tickets takes no body',
    cites: 'none where none is told.',
    async run(bench) {
      const [member] = await bench.register(1);
      const body = Uint8Array.of(0x80);
      await refused(
        bench.fetch(signByHand(bench, member, { method: 'POST', path: routes.tickets, body })),
        'too-large',
      );
    },
  },
  {
    title: 'a body that does not say how large it is, is cut off where it is too large',
    cites: "the body's size (`too-large`)",
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const { headers } = signByHand(bench, sender, sendOf(sender, other));
      const body = ReadableStream.from<Uint8Array>(Array(9).fill(new Uint8Array(65_536)));
      const init = { method: 'POST', headers, body, duplex: 'half' } as const;
      await refused(fetch(bench.url + routes.messages, init), 'too-large');
    },
  },
  {
    title: 'another media type is refused before size, digest and signature are looked at',
    cites: order,
    async run(bench) {
      const stranger = bench.stranger();
      const digest = digestOf(Uint8Array.of(1));
      for (const asked of everyRequest(stranger)) {
        if (asked.body === undefined) continue;
        for (const mediaType of [asked.mediaType === json ? cbor : json, 'application/octet-stream']) {
          const request = signByHand(bench, stranger, { ...asked, mediaType }, { digest });
          const unsigned = request.clone();
          unsigned.headers.delete('signature-input');
          for (const each of [request, unsigned]) await refused(bench.fetch(each), 'unsupported-media-type');
        }
      }
    },
  },
  {
    title: 'a media type may have parameters',
    cites: 'media type (`unsupported-media-type`), whose parameters do not count',
    async run(bench) {
      const [member] = await bench.register(1);
      const { epoch } = (await member.queue()).hello;
      for (const asked of everyRequest(member, epoch)) {
        if (asked.body === undefined) continue;
        const mediaType = `${(asked.mediaType ?? cbor).toUpperCase()} ; charset=utf-8`;
        const response = await bench.fetch(signByHand(bench, member, { ...asked, mediaType }));
        assert.ok(response.ok, `${asked.method} ${asked.path}: ${response.status} ${await response.text()}`);
      }
    },
  },
  {
    title: 'the size comes before the digest, and the digest before who is registered',
    cites:
      "the body's size (`too-large`), that it comes within two minutes (`too-slow`), and the digest (`bad-signature`)",
    async run(bench) {
      const stranger = bench.stranger();
      const asked = { method: 'POST', path: routes.queueAcks };
      const digest = digestOf(Uint8Array.of(1));
      const large = signByHand(bench, stranger, { ...asked, body: new Uint8Array(65) }, { digest });
      await refused(bench.fetch(large), 'too-large');
      const small = signByHand(bench, stranger, { ...asked, body: new Uint8Array(64) }, { digest });
      await refused(bench.fetch(small), 'bad-signature');
    },
  },
  {
    title: 'a query that is none, and an end of a registration that is none, is refused to everybody',
    cites:
      'a query, and the body of a deregistration (`malformed`); that the key id may be registered (`not-registered`)',
    async run(bench) {
      const [member] = await bench.register(1);
      const epoch = 'A'.repeat(22);
      const paths = [
        ...[
          'after=1',
          `epoch=${epoch}&after=-1`,
          `epoch=${epoch}&after=1e9`,
          `epoch=${epoch}&after=`,
          'epoch=x&after=1',
        ],
      ].map((query) => `${routes.queue}?${query}`);
      for (const path of [...paths, `${routes.outbox}?after=x`, `${routes.outbox}?after=-1`]) {
        for (const caller of [member, bench.stranger()]) {
          await refused(bench.fetch(signByHand(bench, caller, { method: 'GET', path })), 'malformed');
        }
      }
      const asked = { method: 'DELETE', path: routes.registrations, body: encodeUtf8('{}'), mediaType: json };
      for (const caller of [member, bench.stranger()]) {
        await refused(bench.fetch(signByHand(bench, caller, asked)), 'malformed');
      }
    },
  },
  {
    title: 'who is registered comes before what a body says',
    cites:
      "the caller's budget, 60 requests at once and one a second unless the deployment says otherwise (`rate-limited`); the request itself.",
    async run(bench) {
      const stranger = bench.stranger();
      for (const path of [routes.messages, routes.queueAcks, routes.keyPackageClaims]) {
        const body = Uint8Array.of(0xff);
        await refused(bench.fetch(signByHand(bench, stranger, { method: 'POST', path, body })), 'not-registered');
      }
    },
  },
  {
    title: 'answers are CBOR or JSON, as the route has it',
    cites: 'Answers carry `application/cbor` or `application/json`; an answer `204` is empty.',
    async run(bench) {
      const [member] = await bench.register(1);
      const { epoch } = (await member.queue()).hello;
      const types = [cbor, cbor, cbor, null, cbor, null, cbor, cbor, json, null];
      for (const [i, asked] of everyRequest(member, epoch).entries()) {
        const response = await bench.fetch(signByHand(bench, member, asked));
        const type = response.headers.get('content-type')?.split(';')[0] ?? null;
        assert.equal(type, types[i], `${asked.method} ${asked.path}`);
        if (type === null) assert.equal((await answered(response, 204)).length, 0);
      }
    },
  },
];
