// How fast a client seals and opens messages, in ratios: to the bare primitives (client-floor.ts), and to ts-mls for the
// same healing. `npm run bench -- client`; `--quick` looks at little, and `--json FILE` writes the raw times.

import { writeFileSync } from 'node:fs';
import type { Curves } from '../../client/crypto/curves.ts';
import { nobleCurves } from '../../client/crypto/curves-noble.ts';
import { webCryptoCurves } from '../../client/crypto/curves-webcrypto.ts';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { median } from '../support/quantile.ts';
import { catchUp } from './catch-up.ts';
import { floorOf } from './client-floor.ts';
import { formatRatio, interleave, ratioOf } from './interleave.ts';
import { MlsPair, suites } from './mls.ts';
import { said, Talk } from './talk.ts';

type Members = Awaited<ReturnType<typeof Talk.found>>;

const isQuick = process.argv.includes('--quick');
const only = process.env.BENCH_ONLY?.split(',');
const sizes = only?.[1] !== undefined ? [Number(only[1])] : isQuick ? [3, 10] : [2, 3, 10, 32, 100, 256];
const raw: Record<string, unknown>[] = [];

const ms = (times: readonly number[]) => `${median(times).toFixed(2)} ms`.padStart(9);
const line = (...columns: string[]) => console.log(`  ${columns.map((column) => column.padEnd(22)).join(' ')}`);

/** Light messages there are from 17 members on. */
async function besideFloor(curves: Curves, members: Members, isFull: boolean): Promise<void> {
  const size = members[0].ratchet.members.length;
  const talk = new Talk(curves, members);
  const floor = await floorOf(curves.name, size, isFull);
  const rounds = Math.max(isQuick ? 20 : 30, Math.round((curves.name === 'noble' ? 200 : 400) / Math.sqrt(size)));
  const sides = {
    send: () => talk.send(),
    floorSend: () => floor.send(),
    receive: () => talk.receive(),
    floorReceive: () => floor.receive(),
  };
  const times = await interleave(sides, rounds, async () => {
    if (isFull) talk.turn();
    else await talk.untilLight();
  });
  if (talk.wasFull !== isFull) throw new Error('the messages are not what they should be');
  raw.push({ provider: curves.name, size, isFull, times });
  const { send, floorSend, receive, floorReceive } = times;
  line(
    `${curves.name} N = ${size} ${isFull ? 'full' : 'light'}`,
    `send ${formatRatio(ratioOf(send, floorSend))}`,
    `receive ${formatRatio(ratioOf(receive, floorReceive))}`,
    `${ms(send)} ${ms(receive)}`,
  );
}

async function besideMls(suite: keyof typeof suites, members: Members): Promise<void> {
  const size = members[0].ratchet.members.length;
  const talk = new Talk(webCryptoCurves, members);
  const mls = await MlsPair.create(suites[suite], size);
  const text = encodeUtf8(said);
  const sides = {
    send: () => talk.send(),
    mlsSend: () => mls.send(text),
    receive: () => talk.receive(),
    mlsReceive: () => mls.receive(),
  };
  const times = await interleave(sides, isQuick ? 20 : 30, async () => talk.turn());
  raw.push({ suite, size, times });
  const { send, mlsSend, receive, mlsReceive } = times;
  const both = ratioOf(
    mlsSend.map((each, i) => each + (mlsReceive[i] ?? 0)),
    send.map((each, i) => each + (receive[i] ?? 0)),
  );
  line(
    `${suite} N = ${size}`,
    `send ${formatRatio(ratioOf(mlsSend, send))}`,
    `receive ${formatRatio(ratioOf(mlsReceive, receive))}`,
    `both ${formatRatio(both)}`,
  );
}

/** What a receiver's time does when the group is larger. */
async function besideThree(three: Members, members: Members): Promise<void> {
  const [small, large] = [new Talk(webCryptoCurves, three), new Talk(webCryptoCurves, members)];
  const sides = { large: () => large.receive(), small: () => small.receive() };
  const times = await interleave(sides, isQuick ? 40 : 200, async () => {
    for (const talk of [small, large]) {
      talk.turn();
      await talk.send();
    }
  });
  const size = members[0].ratchet.members.length;
  raw.push({ size, besideThree: times });
  line(`N = ${size}`, `receive ${formatRatio(ratioOf(times.large, times.small))}`);
}

const groups = new Map(await Promise.all(sizes.map(async (size) => [size, await Talk.found(size)] as const)));

const wants = (part: string) => only === undefined || only[0] === part;
if (wants('floor') || wants('webcrypto') || wants('noble')) {
  console.log('A message beside the bare primitives: how many times as long; quartiles of the rounds');
  for (const curves of [webCryptoCurves, nobleCurves]) {
    if (only !== undefined && !wants('floor') && !wants(curves.name)) continue;
    for (const [size, members] of groups) {
      await besideFloor(curves, members, true);
      if (size >= 17) await besideFloor(curves, members, false);
    }
  }
}
if (wants('growth')) {
  console.log('A receiver of full messages on WebCrypto: how many times as long as in a group of 3');
  const three = groups.get(3) ?? (await Talk.found(3));
  for (const [size, members] of groups) if (size > 3) await besideThree(three, members);
}
if (wants('mls')) {
  console.log('The same healing with ts-mls, a commit and a message: how many times as long as ours on WebCrypto');
  for (const suite of (only || isQuick ? ['X25519'] : Object.keys(suites)) as (keyof typeof suites)[]) {
    for (const [size, members] of groups) if (size <= 100) await besideMls(suite, members);
  }
}
if (wants('catch-up')) {
  console.log('1,000 messages from the queue into a SQLite store, on WebCrypto');
  for (const senders of [1, 3]) {
    const count = isQuick ? 200 : 1000;
    const taken = await catchUp(webCryptoCurves, senders, count, isQuick ? 1 : 3);
    raw.push({ senders, count, taken });
    const perSecond = (each: number[]) => ((count * 1000) / median(each)).toFixed(0);
    const [wall, cpu] = [perSecond(taken.map((each) => each.wall)), perSecond(taken.map((each) => each.cpu))];
    console.log(`  from ${senders}: ${wall} a second, ${cpu} in a second of a processor`);
  }
}
const json = process.argv.indexOf('--json');
if (json >= 0) writeFileSync(process.argv[json + 1] as string, JSON.stringify(raw));
