// Section 8: numbers and recipients.

import assert from 'node:assert/strict';
import { type Bytes, concatBytes, encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { routes } from '../../client/wire/routes.ts';
import { Accepted, Send } from '../../client/wire/send.ts';
import { randomBytes } from '../support/request.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';

const body = (text: string) => encodeUtf8(text);

const post = (member: Member, send: Send) => member.cbor('POST', routes.messages, Send, send);

async function accepted(response: Promise<Response>): Promise<Accepted> {
  return Accepted.decode(await answered(await response, 202));
}

export function textsOf(entries: readonly QueueEntry[], of?: Member): string[] {
  const wanted = entries.filter(({ from }) => of === undefined || encodeBase64Url(from) === encodeBase64Url(of.hrid));
  return wanted.map((entry) =>
    entry.type === 'message' ? new TextDecoder().decode(entry.body) : `${entry.reason} ${entry.fromN}-${entry.toN}`,
  );
}

/** A send of nothing to so many recipients, none of whom is registered. */
const toMany = (member: Member, count: number, more: Partial<Send> = {}): Send => ({
  ...member.message([], new Uint8Array()),
  to: Array.from({ length: count }, () => ({ hrid: randomBytes(32), header: new Uint8Array() })),
  ...more,
});

export const acknowledge = async (bench: Bench, member: Member, seq: number) => {
  const { hello } = await bench.arrived(member, seq);
  await answered(await member.acknowledge({ epoch: hello.epoch, seq }), 204);
};

const numbers = '`n` is the last accepted number plus one.';
const repeated = 'A repeated number is answered alike and changes nothing';
const checks =
  'Then, in this order: more than 255 recipients: `too-many-recipients` (more than 1,020: `malformed`); one twice: `duplicate-recipient`';
const format =
  '`[n, [[hrid 32, header ≤ 1536] × ≥ 1], body ≤ 131072, ttlSeconds ≤ 2592000]` → `202 [n, [[index, code]…]]` (`Accepted`)';

export const sending: readonly Case[] = [
  {
    title: 'a message comes to each recipient with the header that is its own',
    cites: 'QueueEntry  [0, seq, from 32, header, body]                   a message',
    async run(bench) {
      const [sender, one, two] = await bench.register(3);
      const content = randomBytes(1000);
      assert.deepEqual(await sender.send([one, two], content), { n: 1, refused: [] });
      const entry = { type: 'message', seq: 1, from: sender.hrid, body: content };
      assert.deepEqual((await bench.arrived(one, 1)).entries, [{ ...entry, header: Uint8Array.of(0) }]);
      assert.deepEqual((await bench.arrived(two, 1)).entries, [{ ...entry, header: Uint8Array.of(1) }]);
    },
  },
  {
    title: 'a client can be written to the moment it is registered',
    cites: 'From then on the client may ask, and others may send to it.',
    async run(bench) {
      const [sender] = await bench.register(1);
      const late = bench.stranger();
      await late.register();
      assert.deepEqual(await sender.send([late], body('at once')), { n: 1, refused: [] });
      await bench.arrived(late, 1);
    },
  },
  {
    title: 'the largest body and header, and none at all, come as they were',
    cites: format,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const largest = { header: randomBytes(1536), body: new Uint8Array(131_072).map((_, i) => i * i) };
      const none = { header: new Uint8Array(), body: new Uint8Array() };
      for (const { header, body: content } of [largest, none]) {
        await sender.send([], content, { to: [{ hrid: other.hrid, header }] });
      }
      const { entries } = await bench.arrived(other, 2);
      const from = { type: 'message', from: sender.hrid };
      assert.deepEqual(entries, [
        { ...from, seq: 1, ...largest },
        { ...from, seq: 2, ...none },
      ]);
    },
  },
  {
    title: 'a whole send of 524,288 bytes is taken',
    cites: 'A whole send is at most 524,288 bytes.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const others = toMany(sender, 254).to;
      const hrids = [other.hrid, ...others.map(({ hrid }) => hrid)];
      /** Headers of 1,500 bytes, and these more in all. */
      const withMore = (bytes: number): Send => ({
        ...sender.message([], new Uint8Array(131_072)),
        to: hrids.map((hrid, i) => ({ hrid, header: new Uint8Array(1500 + Math.floor((bytes + i) / hrids.length)) })),
      });
      const send = withMore(524_288 - Send.encode(withMore(0)).length);
      assert.equal(Send.encode(send).length, 524_288);
      assert.equal((await accepted(post(sender, send))).n, 1);
      await bench.arrived(other, 1);
    },
  },
  {
    title: 'a header, a body or a time that is too long is refused, and a send to nobody',
    cites: format,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const bytes = (length: number) => Uint8Array.of(0x5a, 0, length >> 16, (length >> 8) & 255, length & 255);
      const short = (length: number) => Uint8Array.of(0x59, length >> 8, length & 255);
      const to = (header: number) =>
        concatBytes(Uint8Array.of(0x81, 0x82, 0x58, 32), other.hrid, short(header), new Uint8Array(header));
      const send = (recipients: Bytes, content: Bytes, ttlSeconds: Bytes) => {
        const parts = [Uint8Array.of(0x84, 1), recipients, content, ttlSeconds];
        return sender.fetch({ method: 'POST', path: routes.messages, body: concatBytes(...parts) });
      };
      const [none, now] = [Uint8Array.of(0x40), Uint8Array.of(0)];
      const seconds = (last: number) => Uint8Array.of(0x1a, 0x00, 0x27, 0x8d, last);
      await refused(send(to(1537), none, now), 'malformed');
      await refused(send(to(300), concatBytes(bytes(131_073), new Uint8Array(131_073)), now), 'malformed');
      await refused(send(to(300), none, seconds(1)), 'malformed');
      await refused(send(Uint8Array.of(0x80), none, now), 'malformed');
      await answered(await send(to(300), none, seconds(0)), 202);
    },
  },
  {
    title: 'who is not registered is named, and the others get the message',
    cites:
      '`index` is a position in the list of recipients; `code` says why the message was not taken for that one: `unregistered`;',
    async run(bench) {
      const [sender, one, two] = await bench.register(3);
      const answer = await sender.send([bench.stranger(), one, bench.stranger(), two], body('x'));
      const refusedOnes = [0, 2].map((index) => ({ index, code: 'unregistered' }));
      assert.deepEqual(answer, { n: 1, refused: refusedOnes });
      for (const member of [one, two]) await bench.arrived(member, 1);
    },
  },
  {
    title: 'a message for nobody is taken all the same, and its number is used',
    cites: 'The message was taken for all others, and is taken even if it is for nobody.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const answer = await sender.send([bench.stranger()], body('x'));
      assert.deepEqual(answer, { n: 1, refused: [{ index: 0, code: 'unregistered' }] });
      assert.deepEqual(await sender.outbox(), { nextSend: 2, records: [] });
      assert.equal((await sender.send([other], body('y'))).n, 2);
    },
  },
  {
    title: 'a number that is repeated is answered alike and changes nothing',
    cites: repeated,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const send = sender.message([bench.stranger(), other], body('x'));
      const first = await accepted(post(sender, send));
      assert.deepEqual(first, { n: 1, refused: [{ index: 0, code: 'unregistered' }] });
      assert.deepEqual(await accepted(post(sender, send)), first);
      await bench.arrived(other, 1);
      assert.deepEqual(await accepted(post(sender, send)), first);
      const { hello, entries } = await other.queue();
      assert.deepEqual([hello.last, textsOf(entries)], [1, ['x']]);
    },
  },
  {
    title: 'a number is answered once only, whoever asks at the same time',
    cites: repeated,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const send = sender.message([other], body('x'));
      const answers = await Promise.all(Array.from({ length: 5 }, () => accepted(post(sender, send))));
      assert.deepEqual(answers, Array(5).fill({ n: 1, refused: [] }));
      await sender.send([other], body('y'), { n: 2 });
      assert.deepEqual(textsOf((await bench.arrived(other, 2)).entries), ['x', 'y']);
    },
  },
  {
    title: 'a used number with another message is refused, and the expected one named',
    cites: 'with another SHA-256 of the CBOR, `number-reused` (409) with the `expected` one.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const send = sender.message([other], body('x'));
      await accepted(post(sender, send));
      for (const more of [
        { body: body('y') },
        { ttlSeconds: 60 },
        { to: send.to.map((to) => ({ ...to, header: body('y') })) },
      ]) {
        await refused(post(sender, { ...send, ...more }), 'number-reused', { expected: 2 });
      }
      assert.deepEqual(textsOf((await bench.arrived(other, 1)).entries), ['x']);
    },
  },
  {
    title: 'the newest number is known when everybody has acknowledged its message, too',
    cites:
      'The relay knows answer and digest of a number as long as the message waits for somebody, and of the newest one',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const send = sender.message([other, bench.stranger()], body('x'));
      const first = await accepted(post(sender, send));
      await acknowledge(bench, other, 1);
      await bench.outbox(sender, []);
      assert.deepEqual(await accepted(post(sender, send)), first);
      await refused(post(sender, { ...send, body: body('y') }), 'number-reused', { expected: 2 });
    },
  },
  {
    title: 'an older number is answered with an empty list once its message is done',
    cites: 'after that any repetition is answered with an empty list.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const send = sender.message([other, bench.stranger()], body('x'));
      await accepted(post(sender, send));
      sender.next = 2;
      await sender.send([other], body('y'));
      await acknowledge(bench, other, 1);
      await bench.eventually('the end of message 1', async () => (await sender.outbox()).records[0]?.n === 2);
      for (const again of [send, { ...send, body: body('z') }]) {
        assert.deepEqual(await accepted(post(sender, again)), { n: 1, refused: [] });
      }
      assert.equal((await other.queue()).hello.last, 2);
    },
  },
  {
    title: 'a later number, or 0, is refused, and the expected one named',
    cites: 'A later number, or 0: `out-of-order` (409) with the `expected` one.',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      for (const n of [0, 2, Number.MAX_SAFE_INTEGER]) {
        await refused(post(sender, sender.message([other], body('x'), { n })), 'out-of-order', { expected: 1 });
      }
      await sender.send([other], body('x'));
      for (const n of [0, 3]) {
        await refused(post(sender, sender.message([other], body('x'), { n })), 'out-of-order', { expected: 2 });
      }
      assert.equal((await sender.queue()).hello.nextSend, 2);
    },
  },
  {
    title: 'what is refused uses no number',
    cites: numbers,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      await refused(post(sender, sender.message([other, other], body('x'))), 'duplicate-recipient');
      await refused(post(sender, toMany(sender, 256)), 'too-many-recipients');
      assert.equal((await sender.queue()).hello.nextSend, 1);
      assert.equal((await sender.send([other], body('x'))).n, 1);
    },
  },
  {
    title: 'more than 255 recipients are refused, and more than 1,020 are malformed',
    cites: checks,
    async run(bench) {
      const [sender] = await bench.register(1);
      for (const count of [256, 1020]) await refused(post(sender, toMany(sender, count)), 'too-many-recipients');
      const encoded = Send.encode(toMany(sender, 1020));
      // [n, [to…]…]: one recipient more, and the length that says so.
      const more = Uint8Array.of(
        ...encoded.subarray(0, 2),
        0x99,
        1021 >> 8,
        1021 & 255,
        ...encoded.subarray(5, 5 + 36),
      );
      const tooMany = Uint8Array.of(...more, ...encoded.subarray(5));
      await refused(sender.fetch({ method: 'POST', path: routes.messages, body: tooMany }), 'malformed');
    },
  },
  {
    title: 'a recipient that stands twice is refused',
    cites: checks,
    async run(bench) {
      const [sender, one, two] = await bench.register(3);
      await refused(post(sender, sender.message([one, two, one], body('x'))), 'duplicate-recipient');
      assert.equal((await one.queue()).hello.last, 0);
    },
  },
  {
    title: 'the number is looked at before the recipients, and how many they are before who',
    cites: checks,
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const twice = sender.message([other, other], body('x'));
      await refused(post(sender, { ...twice, n: 2 }), 'out-of-order', { expected: 1 });
      await refused(post(sender, toMany(sender, 256, { n: 2 })), 'out-of-order', { expected: 1 });
      const many = toMany(sender, 255).to;
      const both = { ...twice, to: [...many, ...many.slice(0, 1)] };
      await refused(post(sender, both), 'too-many-recipients');
    },
  },
  {
    title: 'the messages of a sender come in their order, and those of two senders each in its own',
    cites: "The relay keeps the order of each sender's messages, and no other order.",
    async run(bench) {
      const [one, two, reader, other] = await bench.register(4);
      const texts = Array.from({ length: 10 }, (_, i) => String(i));
      const say = async (sender: Member, to: readonly Member[]) => {
        for (const text of texts) await sender.send(to, body(text));
      };
      await Promise.all([say(one, [reader, other]), say(two, [other, reader])]);
      for (const member of [reader, other]) {
        const { entries } = await bench.arrived(member, 20);
        for (const sender of [one, two]) assert.deepEqual(textsOf(entries, sender), texts);
        assert.deepEqual(
          entries.map(({ seq }) => seq),
          Array.from({ length: 20 }, (_, i) => i + 1),
        );
      }
    },
  },
  {
    title: 'a recipient that has gone, or refuses the sender, holds nobody up',
    cites: 'One recipient, whatever becomes of it, never holds up another.',
    async run(bench) {
      const [sender, leaving, refusing, reader] = await bench.register(4);
      const list = Uint8Array.of(0x81, 0x81, 0x58, 32, ...sender.hrid);
      await answered(await refusing.fetch({ method: 'PUT', path: routes.refusals, body: list }), 204);
      await answered(await leaving.deregister((await leaving.queue()).hello.epoch), 204);
      for (const text of ['1', '2', '3']) await sender.send([leaving, refusing, reader], body(text));
      assert.deepEqual(textsOf((await bench.arrived(reader, 3)).entries), ['1', '2', '3']);
      await acknowledge(bench, reader, 3);
      await bench.outbox(sender, ['gone', 'refused']);
    },
  },
];
