// What the relay carries on real workerd: sends a second, and the time from accepted to delivered, which is acknowledged by
// every recipient. Beside it, by turns in the same run, a bare worker (floor.ts) that writes the same rows, makes the same
// calls and exchanges as much with clients: the ratio says what the relay adds. `npm run bench -- relay`.

import { median } from '../support/quantile.ts';
import { startRelay } from '../support/relay.ts';
import { Client, type Relay } from '../support/request.ts';
import { prepareWorker } from '../support/workerd.ts';
import { startBareWorker } from './bare-worker.ts';
import { openFloorGroup, openRelayGroup, openSocket, openStream, type RelayGroup, type Way } from './group.ts';
import { drain, type Group, measures, run as runLoad } from './load.ts';
import { interleave, ratiosOf } from './pairs.ts';
import { figure, type Report } from './report.ts';
import { cellsOf, measure, type Slice, titles } from './slice.ts';

const bounds = { 'sends/s': { least: 0.8 }, 'p99 ms': { most: 1.5 } } as const;
/** More than a client can send in a benchmark. */
export const vars = { REQUEST_BURST: '10000', REQUESTS_PER_SECOND: '1000' };

interface Load {
  readonly title: string;
  readonly members: number;
  readonly way: Way;
  /** Groups of which one member sends at once. */
  readonly groups: number;
  /** Clients besides that are connected and say nothing. */
  readonly idle: number;
}

interface Plan {
  readonly loads: readonly Load[];
  readonly pairs: number;
  readonly sliceMs: number;
  readonly depths: readonly number[];
}

const quickPlan: Plan = {
  loads: [
    { title: 'N = 3, streams', members: 3, way: 'stream', groups: 4, idle: 0 },
    { title: 'N = 3, polling', members: 3, way: 'polling', groups: 4, idle: 0 },
  ],
  pairs: 3,
  sliceMs: 300,
  depths: [8],
};

const plan: Plan = {
  loads: [
    // What a message to a pair takes, for groups that send one to each.
    { title: 'N = 2, streams', members: 2, way: 'stream', groups: 16, idle: 0 },
    { title: 'N = 3, streams', members: 3, way: 'stream', groups: 16, idle: 0 },
    { title: 'N = 10, streams', members: 10, way: 'stream', groups: 8, idle: 0 },
    { title: 'N = 100, streams', members: 100, way: 'stream', groups: 2, idle: 0 },
    { title: 'N = 3, polling', members: 3, way: 'polling', groups: 16, idle: 0 },
    { title: 'N = 10, polling', members: 10, way: 'polling', groups: 4, idle: 0 },
    { title: 'N = 3, streams, 1,000 idle', members: 3, way: 'stream', groups: 16, idle: 1000 },
  ],
  pairs: 5,
  sliceMs: 6000,
  depths: [1, 100, 1000],
};

export async function run(report: Report): Promise<void> {
  report.progress('starts');
  await prepareWorker();
  const [relay, floor] = await Promise.all([startRelay({ onLog: () => undefined, vars }), startBareWorker()]);
  const { loads, pairs, sliceMs, depths } = report.quick ? quickPlan : plan;
  const figures: string[][] = [];
  const counts = { sends: 0, received: 0 };
  try {
    for (const load of loads) {
      report.progress(`${load.title}: groups`);
      const [relayGroups, floorGroups] = await openGroups(relay, floor.url, load);
      const slice = (groups: readonly Group[]) => () => measure(groups, sliceMs);
      // What is compiled or woken only once belongs to no slice.
      await interleave(1, {
        relay: () => runLoad(relayGroups, sliceMs / 5),
        floor: () => runLoad(floorGroups, sliceMs / 5),
      });
      const before = receivedBy(relayGroups);
      const sides = { relay: slice(relayGroups), 'bare worker': slice(floorGroups) };
      const measured = await interleave(pairs, sides, (done) =>
        report.progress(`${load.title}: ${done} of ${pairs} pairs`),
      );
      counts.sends += measured.relay.reduce((sum, { sends }) => sum + sends * (load.members - 1), 0);
      counts.received += receivedBy(relayGroups) - before;
      compare(report, load.title, measured);
      figures.push(...Object.entries(measured).map(([name, slices]) => [`${name}, ${load.title}`, ...cellsOf(slices)]));
      report.raw[load.title] = measured;
      for (const group of [...relayGroups, ...floorGroups]) group.leave();
    }
    report.table(
      'Sends a second, accepted to delivered, and milliseconds of CPU time a send; medians over the slices:',
      [['', ...titles], ...figures],
    );
    await measureDepths(report, relay, floor.url, depths);
    if (counts.sends !== counts.received) throw new Error(`${counts.received} of ${counts.sends} messages have come`);
    report.table('Every send was delivered:', [
      ['messages sent to a recipient', 'received'],
      Object.values(counts).map(figure),
    ]);
  } finally {
    await Promise.all([relay.stop(), floor.stop()]);
  }
}

/** Waits for each of many to come and be gone. */
async function measureDepths(report: Report, relay: Relay, floorUrl: string, depths: readonly number[]): Promise<void> {
  const load: Load = { title: 'depth', members: 3, way: 'stream', groups: 4, idle: 0 };
  const [relayGroups, floorGroups] = await openGroups(relay, floorUrl, load);
  const rows: string[][] = [];
  for (const depth of depths) {
    report.progress(`${depth} wait for each recipient`);
    const sides = { relay: () => drain(relayGroups, depth), 'bare worker': () => drain(floorGroups, depth) };
    const measured = await interleave(report.quick ? 1 : 3, sides);
    for (const what of ['filled', 'drained'] as const) {
      const [own, bare] = [measured.relay, measured['bare worker']].map((all) => all.map((each) => each[what]));
      const title = what === 'filled' ? 'sends/s into a queue that fills' : 'messages/s out of a queue that empties';
      report.ratio(`relay / bare worker, ${title}, depth ${depth}`, ratiosOf(own ?? [], bare ?? []));
      rows.push([`${title}, depth ${depth}`, ...[own, bare].map((all) => figure(median(all ?? [])))]);
    }
    report.raw[`depth ${depth}`] = measured;
  }
  report.table('Messages that wait while their recipients are away, then all come back at once, N = 3, four groups:', [
    ['', 'relay', 'bare worker'],
    ...rows,
  ]);
}

async function openGroups(
  relay: Relay,
  floorUrl: string,
  { title, members, way, groups, idle }: Load,
): Promise<[RelayGroup[], Group[]]> {
  const names = Array.from({ length: groups }, (_, i) => `${title}-${i}`.replaceAll(/\W+/g, '-'));
  const opened = await Promise.all([
    Promise.all(names.map(() => openRelayGroup(relay, members, way))),
    Promise.all(names.map((name) => openFloorGroup(floorUrl, name, members, way))),
  ]);
  for (let i = 0; i < idle; i++) {
    await Promise.all([
      openStream(await Client.register(relay), () => undefined),
      openSocket(`${floorUrl}/0-idle-${i}`, []),
    ]);
  }
  return opened;
}

const receivedBy = (groups: readonly RelayGroup[]) => groups.reduce((sum, { received }) => sum + received, 0);

function compare(report: Report, title: string, measured: Readonly<Record<string, readonly Slice[]>>): void {
  const { relay = [], 'bare worker': bare = [] } = measured;
  for (const [name, bound] of Object.entries(bounds) as [keyof typeof bounds, object][]) {
    const ratios = ratiosOf(relay.map(measures[name]), bare.map(measures[name]));
    report.ratio(`relay / bare worker, ${name}, ${title}`, ratios, bound);
  }
}
