// Section 3: what is CBOR, and no other bytes for the same.

import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { ClientFrame } from '../../client/wire/frame.ts';
import { Ack } from '../../client/wire/queue.ts';
import { routes } from '../../client/wire/routes.ts';
import { Send } from '../../client/wire/send.ts';
import { deviations, hostileInputs } from '../support/cbor.ts';
import { answered, type Bench, type Case, type Member, refused } from './bench.ts';

const post = (member: Member, path: string, body: Uint8Array<ArrayBuffer>) =>
  member.fetch({ method: 'POST', path, body });

/** As many clients as it takes to try so much, with what each of them has to try. */
async function spread<T>(bench: Bench, tries: readonly T[], run: (member: Member, what: T) => Promise<void>) {
  const members = await bench.register(4);
  const each = Math.ceil(tries.length / members.length);
  await Promise.all(
    members.map(async (member, i) => {
      for (const what of tries.slice(i * each, (i + 1) * each)) await run(member, what);
    }),
  );
}

export const encoding: readonly Case[] = [
  {
    title: 'a body that is cut off anywhere is refused',
    cites: 'A decoder refuses (`malformed`) whatever does not encode back to the very same bytes: trailing bytes',
    async run(bench) {
      const body = Ack.encode({ epoch: new Uint8Array(16), seq: 1000 });
      const cuts = Array.from(body, (_, length) => body.slice(0, length)).slice(1);
      await spread(bench, cuts, async (member, cut) => {
        await refused(post(member, routes.queueAcks, cut), 'malformed');
      });
    },
  },
  {
    title: 'a body that is followed by anything is refused',
    cites: 'trailing bytes, longer forms, a wrong number of fields, a wrong length, a value outside its limits.',
    async run(bench) {
      const [member] = await bench.register(1);
      const body = Ack.encode({ epoch: (await member.queue()).hello.epoch, seq: 0 });
      for (const more of [[0], [0xff], [0xf6], [...body]]) {
        await refused(post(member, routes.queueAcks, Uint8Array.of(...body, ...more)), 'malformed');
      }
      await answered(await post(member, routes.queueAcks, body), 204);
    },
  },
  {
    title: 'longer forms, indefinite lengths, maps, tags, floats and negative integers are refused in every field',
    cites:
      'There are no maps, tags, floats, negative integers or indefinite lengths. Integers and lengths take their shortest form (RFC 8949 §4.2).',
    async run(bench) {
      const [sender, other] = await bench.register(2);
      const body = Send.encode(sender.message([other], encodeUtf8('x'), { ttlSeconds: 60 }));
      // One in four of them, at another field each.
      const tries = deviations(body).filter((_, i) => i % 4 === 0);
      await spread(bench, tries, async (member, { what, bytes }) => {
        const response = await post(member, routes.messages, bytes);
        await refused(response, 'malformed').catch((error: Error) => {
          error.message = `${what}: ${error.message}`;
          throw error;
        });
      });
    },
  },
  {
    title: 'what is no CBOR at all is refused, soon',
    cites: 'Limits are checked before anything else is done with a value.',
    async run(bench) {
      const tries = hostileInputs().filter(({ bytes }) => bytes.length > 0);
      await spread(bench, tries, async (member, { bytes }) => {
        await refused(post(member, routes.messages, bytes), 'malformed');
      });
    },
  },
  {
    title: 'a frame that has more than one encoding is refused, in each but one',
    cites: '`[5, …]` comes for a frame that does not decode, too (n null)',
    async run(bench) {
      const [member] = await bench.register(1);
      const connection = await bench.connect(member);
      const { hello } = await connection.next('hello');
      await connection.next('drained');
      const frame = ClientFrame.encode({ type: 'ack', ack: { epoch: hello.epoch, seq: 0 } });
      const tries = deviations(frame).filter((_, i) => i % 3 === 0);
      for (const { bytes } of [...tries.slice(0, 40), { bytes: new Uint8Array() }]) {
        connection.sendRaw(bytes);
        const { code, n } = await connection.next('problem');
        if (code !== 'malformed' || n !== null) throw new Error(`expected malformed, and ${code} came (n: ${n})`);
      }
      connection.send({ type: 'ack', ack: { epoch: hello.epoch, seq: 1 } });
      await connection.next('problem');
    },
  },
];
