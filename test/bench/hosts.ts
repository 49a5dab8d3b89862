// The same relay on workerd, on Node and on Deno, by turns in one run: sends a second, and the time from accepted to delivered.
// `npm run bench -- hosts`.

import { median } from '../support/quantile.ts';
import { hostNames, startRelay } from '../support/relay.ts';
import { openRelayGroup, type Way } from './group.ts';
import { type Measured, measures, run as runLoad } from './load.ts';
import { interleave, ratiosOf } from './pairs.ts';
import { vars } from './relay.ts';
import { figure, type Report } from './report.ts';

const loads: readonly (readonly [members: number, way: Way, groups: number])[] = [
  [3, 'stream', 16],
  [10, 'stream', 8],
  [100, 'stream', 2],
  [3, 'polling', 16],
];

export async function run(report: Report): Promise<void> {
  const [rounds, sliceMs] = report.quick ? [2, 500] : [5, 6000];
  const relays = await Promise.all(hostNames.map((host) => startRelay({ host, vars, onLog: () => undefined })));
  const rows: string[][] = [];
  let sends = 0;
  try {
    for (const [members, way, count] of report.quick ? loads.slice(0, 1) : loads) {
      const title = `N = ${members}, ${way}`;
      report.progress(`${title}: groups`);
      const sides: Record<string, () => Promise<Measured>> = {};
      for (const [i, relay] of relays.entries()) {
        const opening = Array.from({ length: report.quick ? 4 : count }, () => openRelayGroup(relay, members, way));
        const groups = await Promise.all(opening);
        sides[hostNames[i] ?? ''] = () => runLoad(groups, sliceMs);
      }
      // What is compiled or woken only once belongs to no round.
      await interleave(1, sides);
      const onRound = (done: number) => report.progress(`${title}: ${done} of ${rounds} rounds`);
      const measured = await interleave(rounds, sides, onRound);
      const { workerd = [], ...others } = measured;
      for (const [name, of] of Object.entries(measures)) {
        for (const [host, all] of Object.entries(others)) {
          report.ratio(`${host} / workerd, ${name}, ${title}`, ratiosOf(all.map(of), workerd.map(of)));
        }
      }
      for (const [host, all] of Object.entries(measured)) {
        rows.push([`${host}, ${title}`, ...Object.values(measures).map((of) => figure(median(all.map(of))))]);
        sends += all.reduce((sum, each) => sum + each.sends, 0);
      }
      report.raw[title] = measured;
    }
  } finally {
    await Promise.all(relays.map((relay) => relay.stop()));
  }
  report.table(`${sends} sends, all delivered; accepted to delivered; medians over the rounds:`, [
    ['', ...Object.keys(measures)],
    ...rows,
  ]);
}
