// One thing grows, ten times at a time, and all else stays: members, messages that wait, groups of a client, registrations in
// the filter, mailboxes on a host. The sizes take their turns in one run. A slope of 0 is what does not grow, 1 what grows alike.
// `npm run bench -- growth`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Curves } from '../../client/crypto/curves.ts';
import { openMessage } from '../../client/protocol/open.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { loadState } from '../../client/state/schema.ts';
import type { State } from '../../client/state/state.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import type { Store } from '../../client/store/store.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { Layers } from '../../worker/filter/layers.ts';
import { at } from '../support/chat.ts';
import { curves, foundTestGroup, type Person, sealText, startOfTime } from '../support/group.ts';
import { median } from '../support/quantile.ts';
import { seededRandom } from '../support/random.ts';
import { type HostName, startRelay } from '../support/relay.ts';
import { Client } from '../support/request.ts';
import { openRelayGroup } from './group.ts';
import { drain, measures, run as runLoad } from './load.ts';
import { interleave } from './pairs.ts';
import { cliquet } from './peers-own.ts';
import { vars } from './relay.ts';
import type { Report } from './report.ts';
import { begin, putGroup, takeIn } from './stored.ts';

const random = seededRandom('growth');

export async function run(report: Report): Promise<void> {
  await members(report, report.quick ? [3, 6] : [2, 4, 8, 16, 32, 64, 128, 256]);
  await groups(report, report.quick ? [1, 3] : [1, 10, 100, 500]);
  registrations(report, report.quick ? [1e3, 1e4] : [1e3, 1e4, 1e5, 1e6, 1e7]);
  await queued(report, report.quick ? [1, 5] : [1, 10, 100, 1000]);
  await mailboxes(report, report.quick ? [3, 6] : [10, 100, 1000]);
}

/** Each size in its turn; the medians of the rounds. */
async function bySize<Name extends string>(
  sizes: readonly number[],
  rounds: number,
  measure: (size: number) => Promise<Record<Name, number>>,
): Promise<Record<Name, [number, number][]>> {
  const measured = await interleave(rounds, Object.fromEntries(sizes.map((size) => [size, () => measure(size)])));
  const points = {} as Record<Name, [number, number][]>;
  for (const size of sizes) {
    const figures = measured[size] ?? [];
    for (const name of Object.keys(at(figures, 0)) as Name[]) {
      points[name] ??= [];
      points[name].push([size, median(figures.map((each) => each[name]))]);
    }
  }
  return points;
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function members(report: Report, sizes: readonly number[]): Promise<void> {
  const opened = new Map<number, Awaited<ReturnType<typeof cliquet.setup>>>();
  for (const size of sizes) {
    report.progress(`a group of ${size}`);
    opened.set(size, await cliquet.setup(size));
  }
  const measure = async (size: number) => {
    const group = opened.get(size);
    if (group === undefined) throw new RangeError('no such group');
    await group.answer();
    let sealed: Awaited<ReturnType<typeof group.send>> | undefined;
    const seal = await timeOf(async () => {
      sealed = await group.send('the boat leaves at nine');
    });
    if (sealed === undefined) throw new RangeError('nothing was sealed');
    const message = sealed;
    const open = await timeOf(() => group.receive(message));
    return { seal, open, uploaded: message.uploaded, downloaded: message.downloaded };
  };
  await bySize(sizes, 5, measure);
  const { seal, open, uploaded, downloaded } = await bySize(sizes, report.quick ? 3 : 25, measure);
  report.plot('members-time', 'A full message', 'members', 'ms', [
    { name: 'seal', points: seal },
    { name: 'open', points: open },
  ]);
  report.plot('members-bytes', 'A full message', 'members', 'bytes', [
    { name: 'uploaded', points: uploaded },
    { name: 'downloaded', points: downloaded },
  ]);
  const calls = await Promise.all([at(sizes, 0), at(sizes, sizes.length - 1)].map(publicKeyCalls));
  const [few = 0, many = 0] = calls;
  report.ratio(`public-key operations of a receiver, N = ${sizes.at(-1)} / N = ${sizes[0]}`, [many / few], {
    ...{ most: 1, counted: true, margin: 1 },
  });
}

/** How often a receiver calls the provider of curves to open a full message. */
async function publicKeyCalls(size: number): Promise<number> {
  const { people, ratchets } = await foundTestGroup(random, size);
  const { headers, body } = await sealText(random, at(people, 0), at(ratchets, 0), 'hello');
  let calls = 0;
  const counted: Curves = {
    name: curves.name,
    agree: (...values) => curves.agree(...values).finally(() => calls++),
    sign: (...values) => curves.sign(...values).finally(() => calls++),
    verify: (...values) => curves.verify(...values).finally(() => calls++),
  };
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  await openMessage(counted, at(ratchets, 1), 0, at(headers, 1), envelope, startOfTime);
  return calls;
}

async function groups(report: Report, sizes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
  const clients = new Map<number, { store: Store; state: State; sender: Person; receiver: Ratchet; theirs: Ratchet }>();
  try {
    for (const size of sizes) {
      report.progress(`a client with ${size} groups`);
      const store = sqliteStore(join(folder, `${size}.db`));
      const state = await begin(store, random.bytes(32));
      let founding = await foundTestGroup(random, 3);
      await putGroup(state, founding, 'Group');
      for (let i = 1; i < size; i++) {
        founding = await foundTestGroup(random, 3);
        await putGroup(state, founding, 'Group');
      }
      const [receiver, theirs] = [at(founding.ratchets, 0), at(founding.ratchets, 1)];
      clients.set(size, { store, state, sender: at(founding.people, 1), receiver, theirs });
    }
    const measure = async (size: number) => {
      const client = clients.get(size);
      if (client === undefined) throw new RangeError('no such client');
      const sealed = await sealText(random, client.sender, client.theirs, 'hello');
      client.theirs = sealed.ratchet;
      const message = await timeOf(() => takeIn(client.state, client.receiver.generation, sealed));
      const start = await timeOf(() => loadState(client.store, startOfTime));
      return { message, start };
    };
    const { message, start } = await bySize(sizes, report.quick ? 3 : 25, measure);
    report.plot('groups', 'A client with many groups', 'groups', 'ms', [
      { name: 'to take a message in', points: message },
      { name: 'to load the store', points: start },
    ]);
  } finally {
    for (const { state } of clients.values()) await state.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const shards = 256;

/** In one shard of as many as there are; what a reader looks up, and what a writer publishes. */
function registrations(report: Report, sizes: readonly number[]): void {
  report.progress('the filter');
  const hash = () => ({ upper: random.below(2 ** 32), lower: random.below(2 ** 32) });
  const lookUps = Array.from({ length: 1000 }, hash);
  const layers = new Layers([], 0);
  const time: [number, number][] = [];
  const bytes: [number, number][] = [];
  let entered = 0;
  for (const size of sizes) {
    for (; entered < size / shards; entered++) layers.add(hash());
    const look = () => {
      const start = performance.now();
      for (const each of lookUps) layers.has(each);
      return performance.now() - start;
    };
    const times = Array.from({ length: report.quick ? 5 : 200 }, look);
    time.push([size, median(times)]);
    bytes.push([size, layers.publish().length / 1024]);
  }
  report.plot('registrations', 'The filter', 'registrations', 'ms, KiB', [
    { name: 'ms for 1,000 look-ups', points: time },
    { name: 'KiB of a shard', points: bytes },
  ]);
}

async function queued(report: Report, sizes: readonly number[]): Promise<void> {
  report.progress('messages that wait');
  const relay = await startRelay({ vars, onLog: () => undefined });
  try {
    const group = await openRelayGroup(relay, 3, 'stream');
    const measure = async (depth: number) => {
      const { filled, drained } = await drain([group], depth);
      return { filled: 1000 / filled, drained: 1000 / drained };
    };
    const { filled, drained } = await bySize(sizes, report.quick ? 1 : 5, measure);
    report.plot('queued', 'Messages that wait, on workerd', 'messages in a queue', 'ms a message', [
      { name: 'to send one while nobody takes them', points: filled },
      { name: 'to take one in with all the others', points: drained },
    ]);
  } finally {
    await relay.stop();
  }
}

/** A relay on each host, to which more and more clients come. */
async function mailboxes(report: Report, sizes: readonly number[]): Promise<void> {
  const points: Partial<Record<HostName, [number, number][]>> = {};
  for (const host of ['workerd', 'node'] as const) {
    const relay = await startRelay({ host, vars, onLog: () => undefined });
    try {
      const group = await openRelayGroup(relay, 3, 'stream');
      let registered = 3;
      points[host] = [];
      for (const size of sizes) {
        report.progress(`${size} mailboxes on ${host}`);
        for (; registered < size; registered++) await Client.register(relay);
        const slices = [];
        for (let i = 0; i < 3; i++) slices.push(await runLoad([group], report.quick ? 300 : 3000));
        points[host].push([size, median(slices.map(measures['p50 ms']))]);
      }
    } finally {
      await relay.stop();
    }
  }
  report.plot(
    'mailboxes',
    'A host with many mailboxes',
    'mailboxes',
    'ms from accepted to delivered, p50',
    Object.entries(points).map(([name, own]) => ({ name, points: own })),
  );
}
