// Section 10: frames in both directions.

import assert from 'node:assert/strict';
import { concatBytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { ClientFrame } from '../../client/wire/frame.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { routes } from '../../client/wire/routes.ts';
import { answered, type Bench, type Case, type Member } from './bench.ts';

/** A stream on which nothing waits. */
async function greeted(bench: Bench, member: Member) {
  const connection = await bench.connect(member);
  const { hello } = await connection.next('hello');
  const { last } = await connection.next('drained');
  assert.deepEqual([hello.last, last], [0, 0]);
  return { connection, hello, epoch: hello.epoch };
}

const window =
  'The relay sends no further entry while 64 entries or 1 MiB are sent and not acknowledged; one entry may exceed the latter.';

export const stream: readonly Case[] = [
  {
    title: 'begins with Hello, then what waits, then the end of it',
    cites: '[0, Hello]                    first',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      for (const text of ['1', '2']) await sender.send([member], encodeUtf8(text));
      const page = await bench.arrived(member, 2);
      const connection = await bench.connect(member);
      const { hello } = await connection.next('hello');
      assert.deepEqual({ ...hello, now: 0 }, { ...page.hello, now: 0 });
      for (const entry of page.entries) assert.deepEqual((await connection.next('entry')).entry, entry);
      assert.equal((await connection.next('drained')).last, 2);
    },
  },
  {
    title: 'says at once that nothing waits',
    cites: "[2, last]                     drained: everything up to Hello's `last` was sent",
    async run(bench) {
      const [sender, member] = await bench.register(2);
      await greeted(bench, member);
      await sender.send([member], encodeUtf8('x'));
      const { hello } = await bench.arrived(member, 1);
      await answered(await member.acknowledge({ epoch: hello.epoch, seq: 1 }), 204);
      const connection = await bench.connect(member);
      await connection.next('hello');
      assert.equal((await connection.next('drained')).last, 1);
    },
  },
  {
    title: 'brings what comes, in order',
    cites: '[1, QueueEntry]               in order of seq, from the first that is not acknowledged',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      for (let seq = 1; seq <= 5; seq++) {
        const body = encodeUtf8(String(seq));
        await sender.send([member], body);
        const { entry } = await connection.next('entry');
        assert.deepEqual(entry, { type: 'message', seq, from: sender.hrid, header: Uint8Array.of(0), body });
      }
    },
  },
  {
    title: 'begins with the first entry that is not acknowledged',
    cites: 'in order of seq, from the first that is not acknowledged',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { connection, epoch } = await greeted(bench, member);
      for (let i = 0; i < 3; i++) await sender.send([member], encodeUtf8('x'));
      for (let seq = 1; seq <= 3; seq++) assert.equal((await connection.next('entry')).entry.seq, seq);
      connection.send({ type: 'ack', ack: { epoch, seq: 1 } });
      await bench.eventually('the acknowledgement', async () => (await member.queue()).hello.acked === 1);
      connection.close();
      const again = await bench.connect(member);
      assert.equal((await again.next('hello')).hello.acked, 1);
      for (let seq = 2; seq <= 3; seq++) assert.equal((await again.next('entry')).entry.seq, seq);
      assert.equal((await again.next('drained')).last, 3);
    },
  },
  {
    title: 'takes sends as over HTTP',
    cites: '[0, Send]                     as POST /v1/messages',
    async run(bench) {
      const [member, other] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      const send = member.message([bench.stranger(), other], encodeUtf8('x'));
      const accepted = { n: 1, refused: [{ index: 0, code: 'unregistered' }] };
      for (let i = 0; i < 2; i++) {
        connection.send({ type: 'send', send });
        assert.deepEqual((await connection.next('accepted')).accepted, accepted);
      }
      // The same number over HTTP, and the next one.
      member.next = 1;
      assert.deepEqual(await member.send([], encodeUtf8('x'), send), accepted);
      assert.equal((await member.send([other], encodeUtf8('y'))).n, 2);
      await bench.arrived(other, 2);
    },
  },
  {
    title: 'works sends off in order, however many are under way',
    cites: 'Frames of the client are worked off in order, a send after the one before it was accepted.',
    async run(bench) {
      const [member, other] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      const numbers = Array.from({ length: 16 }, (_, i) => i + 1);
      for (const n of numbers) {
        connection.send({ type: 'send', send: member.message([other], encodeUtf8(String(n)), { n }) });
      }
      for (const n of numbers) assert.equal((await connection.take('accepted')).accepted.n, n);
      const { entries } = await bench.arrived(other, 16);
      const texts = entries.map((entry) => entry.type === 'message' && new TextDecoder().decode(entry.body));
      assert.deepEqual(texts, numbers.map(String));
    },
  },
  {
    title: 'takes acknowledgements, and does not answer them',
    cites: 'An acknowledgement that is not refused has no answer.',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { connection, epoch } = await greeted(bench, member);
      for (const seq of [1, 2]) {
        await sender.send([member], encodeUtf8('x'));
        assert.equal((await connection.next('entry')).entry.seq, seq);
      }
      for (const seq of [1, 1, 2, 0]) connection.send({ type: 'ack', ack: { epoch, seq } });
      connection.send({ type: 'ack', ack: { epoch, seq: 3 } });
      // The first answer is to the last frame.
      assert.equal((await connection.next('problem')).code, 'beyond-queue');
      assert.deepEqual((await member.queue()).entries, []);
      await bench.outbox(sender, []);
    },
  },
  {
    title: 'tells the sender when nobody is waited for any more',
    cites:
      '`Delivered` is `[n, acknowledged, [[index, code]…]]`: of the recipients for whom message n was taken, how many have acknowledged it',
    async run(bench) {
      const [sender, one, two] = await bench.register(3);
      const { connection } = await greeted(bench, sender);
      await sender.send([one, bench.stranger(), two], encodeUtf8('x'));
      await sender.send([one], encodeUtf8('y'));
      const epochs = [(await bench.arrived(one, 2)).hello.epoch, (await bench.arrived(two, 1)).hello.epoch] as const;
      await answered(await one.acknowledge({ epoch: epochs[0], seq: 2 }), 204);
      const first = (await connection.next('delivered')).delivered;
      assert.deepEqual(first, { n: 2, acknowledged: 1, missed: [] });
      await answered(await two.acknowledge({ epoch: epochs[1], seq: 1 }), 204);
      const second = (await connection.next('delivered')).delivered;
      assert.deepEqual(second, { n: 1, acknowledged: 2, missed: [] });
    },
  },
  {
    title: 'tells the sender who will never have a message: who is gone, refuses, or was late',
    cites: 'and which will never have it: `gone`, `refused` or `expired`.',
    async run(bench) {
      const [sender, leaving, refusing, late, reader] = await bench.register(5);
      const list = Refusals.encode({ senders: [sender.hrid] });
      await answered(await refusing.fetch({ method: 'PUT', path: routes.refusals, body: list }), 204);
      const { connection } = await greeted(bench, sender);
      await sender.send([leaving, refusing, late, reader], encodeUtf8('x'), { ttlSeconds: 4 });
      for (const member of [leaving, late]) await bench.arrived(member, 1);
      const { hello } = await bench.arrived(reader, 1);
      await answered(await reader.acknowledge({ epoch: hello.epoch, seq: 1 }), 204);
      await answered(await leaving.deregister((await leaving.queue()).hello.epoch), 204);
      const { delivered } = await connection.next('delivered');
      assert.deepEqual(delivered, {
        n: 1,
        acknowledged: 1,
        missed: ['gone', 'refused', 'expired'].map((code, index) => ({ index, code })),
      });
    },
  },
  {
    title: 'answers a send that is refused with its number and the expected one',
    cites: '[5, code, n|null, expected|null, retryAfter|null]   a send (n) or something else (null) was refused',
    async run(bench) {
      const [member, other] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      const refusal = async (send: Parameters<Member['message']>[2], to = [other]) => {
        connection.send({ type: 'send', send: member.message(to, encodeUtf8('x'), send) });
        const { code, n, expected } = await connection.next('problem');
        return { code, n, expected };
      };
      assert.deepEqual(await refusal({ n: 5 }), { code: 'out-of-order', n: 5, expected: 1 });
      assert.deepEqual(await refusal({ n: 0 }), { code: 'out-of-order', n: 0, expected: 1 });
      assert.deepEqual(await refusal({}, [other, other]), { code: 'duplicate-recipient', n: 1, expected: null });
      connection.send({ type: 'send', send: member.message([other], encodeUtf8('x')) });
      assert.equal((await connection.next('accepted')).accepted.n, 1);
      assert.deepEqual(await refusal({ body: encodeUtf8('y') }), { code: 'number-reused', n: 1, expected: 2 });
    },
  },
  {
    title: 'answers an acknowledgement that is refused, and goes on',
    cites: '[1, [epoch 16, seq]]          as POST /v1/queue/acks',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { connection, epoch } = await greeted(bench, member);
      for (const [ack, code] of [
        [{ epoch, seq: 1 }, 'beyond-queue'],
        [{ epoch: new Uint8Array(16), seq: 0 }, 'epoch-mismatch'],
      ] as const) {
        connection.send({ type: 'ack', ack });
        const problem = await connection.next('problem');
        assert.deepEqual([problem.code, problem.n], [code, null]);
      }
      await sender.send([member], encodeUtf8('x'));
      await connection.next('entry');
    },
  },
  {
    title: 'answers what is no frame, and goes on',
    cites: '`[5, …]` comes for a frame that does not decode, too (n null)',
    async run(bench) {
      const [member, other] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      const send = ClientFrame.encode({ type: 'send', send: member.message([other], encodeUtf8('x')) });
      for (const frame of [
        Uint8Array.of(0xff),
        send.slice(0, -1),
        concatBytes(send, Uint8Array.of(0)),
        send.with(1, 7),
      ]) {
        connection.sendRaw(frame);
        const { code, n } = await connection.next('problem');
        assert.deepEqual([code, n], ['malformed', null]);
      }
      connection.sendRaw(send);
      assert.equal((await connection.next('accepted')).accepted.n, 1);
    },
  },
  {
    title: 'takes frames of 524,304 bytes and no larger ones',
    cites: 'A frame has at most 524,304 bytes (`too-large`).',
    async run(bench) {
      const [member] = await bench.register(1);
      const { connection } = await greeted(bench, member);
      for (const [bytes, wanted] of [
        [524_305, 'too-large'],
        [524_304, 'malformed'],
      ] as const) {
        connection.sendRaw(new Uint8Array(bytes));
        const { code, n } = await connection.next('problem');
        assert.deepEqual([code, n], [wanted, null]);
      }
    },
  },
  {
    title: 'sends a slow reader 64 entries, and goes on when it acknowledges',
    cites: window,
    async run(bench) {
      const [member, one, two] = await bench.register(3);
      await Promise.all(
        [one, two].map(async (sender) => {
          for (let i = 0; i < 35; i++) await sender.send([member], encodeUtf8('x'));
        }),
      );
      await bench.arrived(member, 70);
      const connection = await bench.connect(member);
      const { hello } = await connection.next('hello');
      for (let seq = 1; seq <= 64; seq++) assert.equal((await connection.next('entry')).entry.seq, seq);
      // What the relay says next is the answer to this, and no entry.
      connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 71 } });
      assert.equal((await connection.next('problem')).code, 'beyond-queue');
      connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 2 } });
      for (let seq = 65; seq <= 66; seq++) assert.equal((await connection.next('entry')).entry.seq, seq);
      connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 71 } });
      assert.equal((await connection.next('problem')).code, 'beyond-queue');
      connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 66 } });
      for (let seq = 67; seq <= 70; seq++) assert.equal((await connection.next('entry')).entry.seq, seq);
      assert.equal((await connection.next('drained')).last, 70);
    },
  },
  {
    title: 'sends a slow reader a mebibyte, and goes on when it acknowledges',
    cites: window,
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const total = 10;
      for (let i = 0; i < total; i++) await sender.send([member], new Uint8Array(131_072));
      await bench.arrived(member, total);
      const connection = await bench.connect(member);
      const { hello } = await connection.next('hello');
      let seq = 0;
      for (let bytes = 0; seq < total; bytes = 0) {
        // Asked before anything is acknowledged: all entries that the window allows come before the answer.
        connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: total + 1 } });
        const before = seq;
        for (let frame = await connection.any(); frame.type !== 'problem'; frame = await connection.any()) {
          if (frame.type === 'drained') continue;
          assert.ok(frame.type === 'entry' && frame.entry.type === 'message', `a frame ${frame.type} came`);
          bytes += frame.entry.body.length;
          assert.equal(frame.entry.seq, ++seq);
        }
        assert.ok(seq > before && bytes <= 1024 * 1024, `${bytes} bytes came and were not acknowledged`);
        connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq } });
      }
    },
  },
  {
    title: 'is closed by a newer one with 4409, and nothing is lost',
    cites:
      'A second connection of the same client closes the first one with code 4409, which does not reconnect by itself; nothing is lost.',
    async run(bench) {
      const [sender, member] = await bench.register(2);
      const { connection } = await greeted(bench, member);
      await sender.send([member], encodeUtf8('1'));
      await connection.next('entry');
      const second = await bench.connect(member);
      assert.equal(await connection.closeCode(), 4409);
      await second.next('hello');
      assert.equal((await second.next('entry')).entry.seq, 1);
      await second.next('drained');
      await sender.send([member], encodeUtf8('2'));
      assert.equal((await second.next('entry')).entry.seq, 2);
    },
  },
  {
    title: 'answers the text ping with pong, and ends at any other',
    cites: 'The text message `ping` is answered by `pong`; any other text closes the connection (1003)',
    async run(bench) {
      const [member] = await bench.register(1);
      const { connection } = await greeted(bench, member);
      for (let i = 0; i < 2; i++) {
        connection.sendRaw('ping');
        assert.equal(await connection.text(), 'pong');
      }
      connection.sendRaw('ping ');
      assert.equal(await connection.closeCode(), 1003);
    },
  },
  {
    title: 'ends when its owner deregisters',
    cites: '16 MiB waiting (1008) and deregistration (1000).',
    async run(bench) {
      const [member] = await bench.register(1);
      const { connection, epoch } = await greeted(bench, member);
      await answered(await member.deregister(epoch), 204);
      assert.equal(await connection.closeCode(), 1000);
    },
  },
];
