// Section 5: the end of a registration.

import assert from 'node:assert/strict';
import { encodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { mediaTypes, routes } from '../../client/wire/routes.ts';
import { isRegistered } from './answers.ts';
import { answered, type Case, refused } from './bench.ts';
import { signByHand } from './signing.ts';

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
