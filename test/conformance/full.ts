// Sections 8 and 9: a queue that takes no more, for some 32 MiB wait in it.

import assert from 'node:assert/strict';
import { encodeBase64Url } from '../../client/wire/bytes.ts';
import { answered, type Bench, type Case, type Member } from './bench.ts';

/** The largest body, so that it takes as few of them as can be. */
const body = new Uint8Array(131_072);
/** So many fill a queue of 32 MiB, whatever a relay counts beside the bodies. */
const enough = 260;

const send = (sender: Member, to: readonly Member[]) =>
  sender.send([], body, { to: to.map(({ hrid }) => ({ hrid, header: new Uint8Array() })) });

async function isPending(sender: Member): Promise<boolean> {
  const { records } = await sender.outbox(sender.next - 2);
  return records.some(({ recipients }) => recipients.some(({ state }) => state === 'pending'));
}

/** Sends until the reader's queue takes no more. */
async function fill(bench: Bench, reader: Member): Promise<void> {
  const senders = await bench.register(5);
  await Promise.all(
    senders.map(async (sender) => {
      for (let i = 0; i < enough / senders.length; i++) await send(sender, [reader]);
    }),
  );
  await bench.eventually('a full queue', async () => (await Promise.all(senders.map(isPending))).includes(true));
}

/** Reads and acknowledges what there is. @returns what of it is of each of these */
async function takeAll(reader: Member, senders: readonly Member[]): Promise<string[][]> {
  const found = senders.map((): string[] => []);
  const { hello } = await reader.queue();
  let seq = hello.acked;
  while (seq < hello.last) {
    const { entries } = await reader.queue(`?epoch=${encodeBase64Url(hello.epoch)}&after=${seq}`);
    for (const entry of entries) {
      seq = entry.seq;
      const of = senders.findIndex(({ hrid }) => encodeBase64Url(hrid) === encodeBase64Url(entry.from));
      found[of]?.push(entry.type === 'message' ? 'message' : `${entry.reason} ${entry.fromN}-${entry.toN}`);
    }
  }
  await answered(await reader.acknowledge({ epoch: hello.epoch, seq }), 204);
  return found;
}

export const full: readonly Case[] = [
  {
    title: 'what does not fit waits; a sender of whom too much waits is refused for this recipient alone',
    cites: [
      'or `mailbox-full` (256 messages or 8 MiB of this sender wait to get into its queue).',
      'who was refused with `mailbox-full` a gap `full` (section 9).',
      'who still had to get messages of the caller is told so once by a gap `withdrawn` (section 9).',
      "what does not fit waits in the sender's mailbox, and is tried again when this client has acknowledged something",
    ],
    async run(bench) {
      const [reader, sender, other, leaving] = await bench.register(4);
      await fill(bench, reader);
      const total = 68;
      const answers = [];
      for (let n = 1; n <= total; n++) answers.push(await send(sender, [reader, other]));
      const taken = answers.findIndex(({ refused }) => refused.length > 0);
      assert.ok(taken >= 60 && taken <= 65, `${taken} messages were taken`);
      for (const { refused } of answers.slice(taken)) assert.deepEqual(refused, [{ index: 0, code: 'mailbox-full' }]);
      assert.equal((await bench.arrived(other, total)).hello.last, total);

      for (let n = 1; n <= 2; n++) await send(leaving, [reader]);
      const { hello } = await reader.queue();
      await answered(await leaving.deregister((await leaving.queue()).hello.epoch), 204);

      // All that was in the queue until then, so that all that waits has room.
      await answered(await reader.acknowledge({ epoch: hello.epoch, seq: hello.last }), 204);
      const last = `full ${taken + 1}-${total}`;
      const [ofSender, ofLeaving]: [string[], string[]] = [[], []];
      await bench.eventually('all that has waited', async () => {
        const page = await takeAll(reader, [sender, leaving]);
        ofSender.push(...(page[0] ?? []));
        ofLeaving.push(...(page[1] ?? []));
        return ofSender.includes(last) && ofLeaving.length > 0;
      });
      assert.deepEqual(ofSender, [...Array(taken).fill('message'), last]);
      assert.deepEqual(ofLeaving, ['withdrawn 1-2']);
    },
  },
];
