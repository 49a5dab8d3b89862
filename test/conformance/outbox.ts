// Section 8: the outbox, and what becomes of a message that somebody misses.

import assert from 'node:assert/strict';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { routes } from '../../client/wire/routes.ts';
import { answered, type Case } from './bench.ts';

import { acknowledge, textsOf } from './sending.ts';

const body = (text: string) => encodeUtf8(text);

const ttl = '`ttlSeconds` is that time, and counts from when the relay accepted it; a client always says 2592000.';
const expired = 'Whoever has not acknowledged it by then gets a gap `expired` in its place';

export const outbox: readonly Case[] = [
  {
    title: 'lists what somebody has not acknowledged, who that is, and the next number',
    cites: "the caller's messages after N (0 if not said) that somebody has not acknowledged, and who that is.",
    async run(bench) {
      const [sender, one, two] = await bench.register(3);
      assert.deepEqual(await sender.outbox(), { nextSend: 1, records: [] });
      const stranger = bench.stranger();
      await sender.send([one, stranger, two], body('x'), { ttlSeconds: 1000 });
      const { nextSend, records } = await bench.outbox(sender, ['queued', 'unregistered', 'queued']);
      assert.equal(nextSend, 2);
      assert.deepEqual(
        records.map(({ n, recipients }) => [n, ...recipients.map(({ hrid }) => hrid)]),
        [[1, one.hrid, stranger.hrid, two.hrid]],
      );
      const left = (records[0]?.expires ?? 0) - bench.now();
      assert.ok(left > 900 && left <= 1002, `it ends in ${left} s`);
      await acknowledge(bench, one, 1);
      await bench.outbox(sender, ['unregistered', 'queued']);
      await acknowledge(bench, two, 1);
      await bench.outbox(sender, []);
    },
  },
  {
    title: 'is read on after a number, 64 messages at once',
    cites: '`GET /v1/outbox?after=N`** → `200 [nextSend, [[n, expires, [[hrid 32, state]…]] × ≤ 64]]`',
    async run(bench) {
      const [sender, silent] = await bench.register(2);
      for (let i = 0; i < 66; i++) await sender.send([silent], body('x'));
      const numbersOf = async (after: number) => (await sender.outbox(after)).records.map(({ n }) => n);
      const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
      assert.deepEqual(await numbersOf(0), range(1, 64));
      assert.deepEqual(await numbersOf(64), [65, 66]);
      assert.deepEqual(await numbersOf(66), []);
      assert.deepEqual(await numbersOf(2 ** 52), []);
      const response = await sender.fetch({ method: 'GET', path: routes.outbox });
      assert.equal((await answered(response, 200)).length > 64, true);
    },
  },
  {
    title: 'says of who has gone that it is, for 30 days',
    cites:
      'if nobody is waited for any more, but somebody for whom it was taken has missed it, it is listed until then, which is 30 days later',
    async run(bench) {
      const [sender, leaving] = await bench.register(2);
      await sender.send([leaving], body('x'), { ttlSeconds: 600 });
      const { hello } = await bench.arrived(leaving, 1);
      await answered(await leaving.deregister(hello.epoch), 204);
      const { records } = await bench.outbox(sender, ['gone']);
      const days = ((records[0]?.expires ?? 0) - bench.now()) / 86_400;
      assert.ok(Math.abs(days - 30) < 0.01, `it is listed for ${days} days`);
    },
  },
  {
    title: 'a recipient that refuses the sender is named, at the next send at once',
    cites: '`gone`, or `refused` (section 9), if its mailbox has said so within the last minute',
    async run(bench) {
      const [sender, refusing, other] = await bench.register(3);
      const list = Uint8Array.of(0x81, 0x81, 0x58, 32, ...sender.hrid);
      await answered(await refusing.fetch({ method: 'PUT', path: routes.refusals, body: list }), 204);
      await sender.send([other, refusing], body('x'));
      await bench.outbox(sender, ['queued', 'refused']);
      const again = await sender.send([other, refusing], body('y'));
      assert.deepEqual(again, { n: 2, refused: [{ index: 1, code: 'refused' }] });
      await bench.arrived(other, 2);
      assert.equal((await refusing.queue()).hello.last, 0);
    },
  },
  {
    title: 'a message whose time is up becomes a gap in its place, and is told as expired',
    cites: expired,
    async run(bench) {
      const [sender, silent, reader] = await bench.register(3);
      await sender.send([silent], body('1'));
      await sender.send([silent, reader], body('2'), { ttlSeconds: 1 });
      await sender.send([silent], body('3'));
      const entries = await bench.eventually('a gap', async () => {
        const page = await silent.queue();
        return page.hello.last === 3 && page.entries[1]?.type === 'gap' && page.entries;
      });
      const gap = { type: 'gap', seq: 2, from: sender.hrid, fromN: 2, toN: 2, reason: 'expired' };
      assert.deepEqual(entries[1], gap);
      assert.deepEqual(textsOf(entries), ['1', 'expired 2-2', '3']);
      await bench.eventually('expired', async () => {
        const { records } = await sender.outbox(1);
        return records[0]?.recipients.map(({ state }) => state).join() === 'expired,expired';
      });
    },
  },
  {
    title: 'a message that is acknowledged in time does not expire',
    cites: ttl,
    async run(bench) {
      const [sender, quick, silent] = await bench.register(3);
      await sender.send([quick, silent], body('x'), { ttlSeconds: 5 });
      await acknowledge(bench, quick, 1);
      await bench.outbox(sender, ['queued']);
      await bench.outbox(sender, ['expired']);
      assert.deepEqual((await quick.queue()).entries, []);
    },
  },
  {
    title: 'a gap is acknowledged like a message',
    cites: 'Each message of a sender comes once, or stands in one gap; both in the order of n.',
    async run(bench) {
      const [sender, reader] = await bench.register(2);
      await sender.send([reader], body('1'), { ttlSeconds: 1 });
      const { hello } = await bench.eventually('a gap', async () => {
        const page = await reader.queue();
        return page.entries[0]?.type === 'gap' && page;
      });
      await answered(await reader.acknowledge({ epoch: hello.epoch, seq: 1 }), 204);
      await sender.send([reader], body('2'));
      const { entries } = await bench.arrived(reader, 2);
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        [2],
      );
      assert.deepEqual(textsOf(entries), ['2']);
    },
  },
];
