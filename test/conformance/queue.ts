// Section 9: what waits for a client, how it is read and acknowledged, and whom it takes nothing from.

import assert from 'node:assert/strict';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { KeyPackageUpload } from '../../client/wire/key-package.ts';
import type { Hello, QueueEntry } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { routes } from '../../client/wire/routes.ts';
import { randomBytes } from '../support/request.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';
import { signByHand } from './signing.ts';

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const seqsOf = (entries: readonly QueueEntry[]) => entries.map(({ seq }) => seq);
const cursor = ({ epoch }: Hello, after: number) => `?epoch=${encodeBase64Url(epoch)}&after=${after}`;

/** Sends so many, and waits until they have come. */
async function say(bench: Bench, sender: Member, to: Member, count: number) {
  for (let i = 0; i < count; i++) await sender.send([to], encodeUtf8(String(sender.next)));
  return bench.arrived(to, count);
}

const acked = 'everything up to `seq` is stored by the client and may be deleted.';

export const queue: readonly Case[] = [
  {
    title: 'a new mailbox begins with nothing',
    cites:
      "`last` is the newest entry's seq, 0 if there never was one; everything up to `acked` is acknowledged and gone; `nextSend` is the number of the owner's next send; `keyPackages` counts one-time packages; `now` is the relay's time",
    async run(bench) {
      const [member] = await bench.register(1);
      const { hello, entries } = await member.queue();
      const { epoch, now, ...rest } = hello;
      assert.deepEqual(rest, { last: 0, acked: 0, nextSend: 1, keyPackages: 0, lastResortFresh: false });
      assert.deepEqual(entries, []);
      assert.ok(Math.abs(now - bench.now()) < 10, `the relay's time is ${now}`);
      assert.equal(epoch.length, 16);
    },
  },
  {
    title: 'numbers begin with 1 and have no gaps, whoever sends',
    cites: '`seq` begins with 1 and has no gaps.',
    async run(bench) {
      const [reader, one, two] = await bench.register(3);
      for (let i = 0; i < 3; i++) for (const sender of [one, two]) await sender.send([reader], encodeUtf8('x'));
      const { hello, entries } = await bench.arrived(reader, 6);
      assert.deepEqual(seqsOf(entries), range(1, 6));
      await answered(await reader.acknowledge({ epoch: hello.epoch, seq: 6 }), 204);
      await one.send([reader], encodeUtf8('x'));
      assert.deepEqual(seqsOf((await bench.arrived(reader, 7)).entries), [7]);
    },
  },
  {
    title: 'is read on from a cursor, and from the beginning without one',
    cites: 'E is base64url, SEQ decimal (0 if not said). Without a query, from the beginning',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      const { hello } = await say(bench, sender, reader, 4);
      const epoch = encodeBase64Url(hello.epoch);
      for (const [query, seqs] of [
        ['', [1, 2, 3, 4]],
        [`?epoch=${epoch}`, [1, 2, 3, 4]],
        [cursor(hello, 0), [1, 2, 3, 4]],
        [`?after=2&epoch=${epoch}`, [3, 4]],
        [cursor(hello, 4), []],
        [cursor(hello, 1000), []],
      ] as const) {
        const page = await reader.queue(query);
        assert.deepEqual([seqsOf(page.entries), page.hello.last], [seqs, 4], query);
      }
    },
  },
  {
    title: 'a cursor without its epoch is refused, and one of another epoch',
    cites: 'SEQ without E is `malformed`. Another epoch: `epoch-mismatch`.',
    async run(bench) {
      const [member, other] = await bench.register(2);
      const read = (query: string) => member.fetch({ method: 'GET', path: routes.queue + query });
      await refused(read('?after=0'), 'malformed');
      await refused(read(cursor((await other.queue()).hello, 0)), 'epoch-mismatch');
    },
  },
  {
    title: 'a page has 128 entries, and the next one goes on after it',
    cites: '`GET /v1/queue?epoch=E&after=SEQ`** → `200 [Hello, [QueueEntry × ≤ 128]]`',
    async run(bench) {
      const [reader, ...senders] = await bench.register(5);
      await Promise.all(
        senders.map(async (sender) => {
          for (let i = 0; i < 33; i++) await sender.send([reader], encodeUtf8('x'));
        }),
      );
      const { hello, entries } = await bench.arrived(reader, 132);
      assert.deepEqual(seqsOf(entries), range(1, 128));
      assert.deepEqual(seqsOf((await reader.queue(cursor(hello, 128))).entries), range(129, 132));
    },
  },
  {
    title: 'a page has a mebibyte of entries at most',
    cites: 'at most 1 MiB of entries, but one at least if there is one.',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      for (let i = 0; i < 10; i++) await sender.send([reader], new Uint8Array(131_072));
      const { hello } = await bench.arrived(reader, 10);
      const read: number[] = [];
      while (read.length < 10) {
        const { entries } = await reader.queue(cursor(hello, read.length));
        const bytes = entries.reduce((sum, entry) => sum + (entry.type === 'message' ? entry.body.length : 0), 0);
        assert.ok(entries.length > 0 && bytes <= 1024 * 1024, `a page of ${entries.length} entries, ${bytes} bytes`);
        read.push(...seqsOf(entries));
      }
      assert.deepEqual(read, range(1, 10));
    },
  },
  {
    title: 'what is acknowledged goes, and the rest stays',
    cites: acked,
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      const { hello } = await say(bench, sender, reader, 3);
      const response = await reader.acknowledge({ epoch: hello.epoch, seq: 2 });
      assert.equal((await answered(response, 204)).length, 0);
      const page = await reader.queue();
      assert.deepEqual([page.hello.acked, page.hello.last, seqsOf(page.entries)], [2, 3, [3]]);
      await bench.eventually('the end of two messages', async () => {
        const { records } = await sender.outbox();
        return records.length === 1 && records[0]?.n === 3;
      });
    },
  },
  {
    title: 'what was acknowledged before is so again, and takes nothing with it',
    cites: 'What was acknowledged before is so again.',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      const { hello } = await say(bench, sender, reader, 3);
      for (const seq of [2, 2, 1, 0]) await answered(await reader.acknowledge({ epoch: hello.epoch, seq }), 204);
      const page = await reader.queue();
      assert.deepEqual([page.hello.acked, seqsOf(page.entries)], [2, [3]]);
    },
  },
  {
    title: 'an acknowledgement beyond the queue is refused, and takes nothing with it',
    cites: 'Beyond the newest entry: `beyond-queue`.',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      const { epoch } = (await reader.queue()).hello;
      await refused(reader.acknowledge({ epoch, seq: 1 }), 'beyond-queue');
      await say(bench, sender, reader, 1);
      for (const seq of [2, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        await refused(reader.acknowledge({ epoch, seq }), 'beyond-queue');
      }
      assert.deepEqual(seqsOf((await reader.queue()).entries), [1]);
      await answered(await reader.acknowledge({ epoch, seq: 1 }), 204);
    },
  },
  {
    title: 'an acknowledgement for another epoch is refused',
    cites: 'Another epoch: `epoch-mismatch`. Beyond the newest entry',
    async run(bench) {
      const [sender, reader, other] = await bench.register(3);
      const { epoch } = (await other.queue()).hello;
      await say(bench, sender, reader, 1);
      await refused(reader.acknowledge({ epoch, seq: 1 }), 'epoch-mismatch');
      await refused(reader.acknowledge({ epoch, seq: 0 }), 'epoch-mismatch');
      assert.deepEqual(seqsOf((await reader.queue()).entries), [1]);
    },
  },
  {
    title: 'an acknowledgement that is replayed takes nothing that came later',
    cites: 'A replayed request changes nothing: sends and acknowledgements carry their numbers',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      const { hello } = await say(bench, sender, reader, 1);
      const body = Uint8Array.of(0x82, 0x50, ...hello.epoch, 1);
      const recorded = signByHand(bench, reader, { method: 'POST', path: routes.queueAcks, body });
      await answered(await bench.fetch(recorded), 204);
      await sender.send([reader], encodeUtf8('later'));
      await bench.arrived(reader, 2);
      await answered(await bench.fetch(recorded), 204);
      assert.deepEqual(seqsOf((await reader.queue()).entries), [2]);
    },
  },
];

const refuse = (member: Member, senders: readonly Member[]) =>
  member.cbor('PUT', routes.refusals, Refusals, { senders: senders.map(({ hrid }) => hrid) });

const onePackage = { signed: Uint8Array.of(1), kem: new Uint8Array(1216) };

export const refusals: readonly Case[] = [
  {
    title: 'nothing is taken from who is refused, and no package given',
    cites: 'Their messages are answered with `refused`, their claims with `no-key-package`.',
    async run(bench) {
      const [member, stranger, friend] = await bench.register(3);
      await answered(
        await member.cbor('PUT', routes.keyPackages, KeyPackageUpload, {
          replace: true,
          oneTime: [],
          lastResort: onePackage,
        }),
        200,
      );
      assert.equal((await answered(await refuse(member, [stranger]), 204)).length, 0);
      await stranger.send([member], encodeUtf8('x'));
      await bench.outbox(stranger, ['refused']);
      assert.deepEqual((await stranger.claim([member]))[0]?.code, 'no-key-package');
      await friend.send([member], encodeUtf8('y'));
      assert.equal((await friend.claim([member]))[0]?.code, null);
      assert.deepEqual((await bench.arrived(member, 1)).entries[0]?.from, friend.hrid);
    },
  },
  {
    title: 'what is in the queue already stays',
    cites: 'What is in the queue already stays.',
    async run(bench) {
      const [member, sender] = await bench.register(2);
      const { hello } = await say(bench, sender, member, 2);
      await answered(await refuse(member, [sender]), 204);
      await sender.send([member], encodeUtf8('x'));
      await bench.outbox(sender, ['refused']);
      assert.deepEqual(seqsOf((await member.queue()).entries), [1, 2]);
      await answered(await member.acknowledge({ epoch: hello.epoch, seq: 2 }), 204);
    },
  },
  {
    title: 'a list replaces the earlier one',
    cites: 'the senders from whom the caller takes nothing from now on; the list replaces the earlier one.',
    async run(bench) {
      const [member, one, two] = await bench.register(3);
      await answered(await refuse(member, [one]), 204);
      await answered(await refuse(member, [two]), 204);
      await one.send([member], encodeUtf8('x'));
      assert.deepEqual((await bench.arrived(member, 1)).entries[0]?.from, one.hrid);
      await two.send([member], encodeUtf8('x'));
      await bench.outbox(two, ['refused']);
    },
  },
  {
    title: 'a list has 1,000 senders at most',
    cites: '`PUT /v1/refusals`** `[[hrid 32 × ≤ 1000]]` → `204`',
    async run(bench) {
      const [member, sender] = await bench.register(2);
      const senders = [...Array.from({ length: 999 }, () => randomBytes(32)), sender.hrid];
      await answered(await member.cbor('PUT', routes.refusals, Refusals, { senders }), 204);
      await sender.send([member], encodeUtf8('x'));
      await bench.outbox(sender, ['refused']);
      const list = Refusals.encode({ senders });
      // One more, and the length that says so: shorter entries would be refused for their length.
      const more = Uint8Array.of(0x81, 0x99, 1001 >> 8, 1001 & 255, ...list.subarray(4), 0x58, 32, ...randomBytes(32));
      const response = await member.fetch({ method: 'PUT', path: routes.refusals, body: more });
      assert.ok(!response.ok, `status ${response.status} came`);
    },
  },
  {
    title: 'a list that was signed before the last one is refused',
    cites:
      'A request that was signed before the last one is `stale-signature`, and the same one again changes nothing.',
    async run(bench) {
      const [member] = await bench.register(1);
      const asked = { method: 'PUT', path: routes.refusals, body: Refusals.encode({ senders: [] }) };
      const earlier = signByHand(bench, member, asked, { parameters: { created: bench.now() - 20 } });
      await answered(await refuse(member, []), 204);
      await refused(bench.fetch(earlier), 'stale-signature');
    },
  },
  {
    title: 'a list that is replayed does not come back',
    cites: 'and the same one again changes nothing.',
    async run(bench) {
      const [member, sender] = await bench.register(2);
      const asked = { method: 'PUT', path: routes.refusals, body: Refusals.encode({ senders: [sender.hrid] }) };
      const recorded = signByHand(bench, member, asked);
      for (let i = 0; i < 2; i++) await answered(await bench.fetch(recorded), 204);
      await answered(await refuse(member, []), 204);
      const response = await bench.fetch(recorded);
      // Within one second it cannot be told from the last one by its time.
      if (response.status !== 204) await refused(response, 'stale-signature');
      await sender.send([member], encodeUtf8('x'));
      await bench.arrived(member, 1);
    },
  },
];
