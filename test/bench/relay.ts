// What the relay carries at N = 3 on real workerd: sends a second, and the time from accepted to acknowledged by both
// recipients. Beside it, by turns in the same run, a bare worker (floor.ts) that writes the same rows and makes the same
// calls: the ratio says what the relay adds, the absolute figures are this machine's. `npm run bench -- relay`.

import { join } from 'node:path';
import { quantile } from '../support/quantile.ts';
import { startRelay } from '../support/relay.ts';
import { type Cpu, usedCpu } from './cpu.ts';
import { openFloorGroup, openRelayGroup } from './group.ts';
import { type Group, type Measured, run, type Way } from './load.ts';

/** `--quick`: only that it runs, with figures that say little. */
const isQuick = process.argv.includes('--quick');
// Short slices: whatever else the machine does meanwhile, it does to both workers.
const [groupCount, slices, sliceMs] = isQuick ? [4, 2, 1000] : [16, 15, 2000];
const largeBatch = 8;

interface Slice extends Measured {
  readonly cpu: Cpu;
}

/** One worker under one load. */
class Case {
  readonly title: string;
  readonly slices: Slice[] = [];
  readonly run: (milliseconds: number) => Promise<Measured>;

  constructor(worker: string, groups: readonly Group[], way: Way, batch: number) {
    this.title = `${worker}, ${way}, ${batch === 1 ? 'alone' : `by ${batch}`}`;
    this.run = (milliseconds) =>
      run(groups, way, batch, milliseconds).catch((cause: unknown) => {
        throw new Error(this.title, { cause });
      });
  }

  /** While one worker is measured the others idle, so what all have used in that time is this one's. */
  async measure(): Promise<void> {
    const before = usedCpu();
    const measured = await this.run(sliceMs);
    const after = usedCpu();
    const cpu = {
      workerd: after.workerd - before.workerd,
      wrangler: after.wrangler - before.wrangler,
      generator: after.generator - before.generator,
    };
    this.slices.push({ ...measured, cpu });
  }

  get sends(): number {
    return sum(this.slices.map(({ sends }) => sends));
  }

  /** Milliseconds a send. */
  cpu(of: keyof Cpu): number {
    return (1000 * sum(this.slices.map(({ cpu }) => cpu[of]))) / this.sends;
  }
}

const sum = (figures: readonly number[]) => figures.reduce((total, each) => total + each, 0);

function print(title: string, ...cells: readonly string[]): void {
  console.log(`  ${title.padEnd(32)}${cells.map((cell) => cell.padStart(10)).join('')}`);
}

function printRatio(relay: Case, floor: Case): void {
  const rates = ({ slices }: Case) => slices.map(({ sends, seconds }) => sends / seconds);
  const floorRates = rates(floor);
  const ratios = rates(relay).map((rate, i) => rate / (floorRates[i] ?? 0));
  const figures = [0.5, 0.25, 0.75].map((q) => quantile(ratios, q));
  print(relay.title, ...[...figures, relay.cpu('workerd') / floor.cpu('workerd')].map((ratio) => ratio.toFixed(2)));
}

function printFigures(each: Case): void {
  const { title, sends, slices } = each;
  const acknowledging = slices.flatMap((slice) => slice.acknowledging);
  const inAll = slices.flatMap((slice) => slice.inAll);
  print(
    title,
    (sends / sum(slices.map(({ seconds }) => seconds))).toFixed(0),
    ...[0.5, 0.95, 0.99].map((q) => quantile(acknowledging, q).toFixed(1)),
    quantile(inAll, 0.5).toFixed(1),
    ...(['workerd', 'wrangler', 'generator'] as const).map((of) => each.cpu(of).toFixed(2)),
  );
}

// Both under wrangler.
const relay = await startRelay({ config: join(import.meta.dirname, '../../wrangler.toml'), onLog: () => undefined });
const floor = await startRelay({ config: join(import.meta.dirname, 'wrangler.toml') });
try {
  const names = Array.from({ length: groupCount }, (_, i) => `group-${i}`);
  const relayGroups = await Promise.all(names.map(() => openRelayGroup(relay)));
  const floorGroups = await Promise.all(names.map((name) => openFloorGroup(floor.url, name)));
  const pairs = [1, largeBatch].flatMap((batch) =>
    (['http', 'stream'] as const).map((way) => ({
      relay: new Case('relay', relayGroups, way, batch),
      floor: new Case('bare worker', floorGroups, way, batch),
    })),
  );
  const cases = pairs.flatMap((pair) => [pair.relay, pair.floor]);
  // What is compiled or woken only once belongs to no slice.
  for (const each of cases) await each.run(sliceMs / 10);
  const before = sum(relayGroups.map(({ received }) => received));
  for (let i = 0; i < slices; i++) for (const each of cases) await each.measure();
  const received = sum(relayGroups.map((group) => group.received)) - before;

  const seconds = (slices * sliceMs) / 1000;
  console.log(`The relay at N = 3, ${groupCount} senders at once, ${seconds} s each in ${slices} slices by turns`);
  console.log(
    '  Relay / bare worker: sends a second, as median and quartiles over the slices; CPU time of workerd a send:',
  );
  print('', 'median', 'lower', 'upper', 'CPU');
  for (const pair of pairs) printRatio(pair.relay, pair.floor);
  console.log('  Accepted to acknowledged; sent to acknowledged; CPU time a send:');
  print('', 'sends/s', 'p50 ms', 'p95 ms', 'p99 ms', 'p50 ms', 'workerd', 'wrangler', 'generator');
  for (const each of cases) printFigures(each);
  const sends = sum(pairs.map((pair) => pair.relay.sends));
  console.log(`  ${sends} sends through the relay, all acknowledged; ${received} messages received`);
} finally {
  await Promise.all([relay.stop(), floor.stop()]);
}
// The streams of this side are still open.
process.exit();
