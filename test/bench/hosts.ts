// The same relay on workerd and on Deno, by turns in one run, at N = 3: sends a second, and the time from a send to its
// acknowledgement by both recipients. The ratio is of each pair; the absolute figures are this machine's.
// `npm run bench -- hosts`.

import { median, quantile } from '../support/quantile.ts';
import { startRelay } from '../support/relay.ts';
import { openRelayGroup } from './group.ts';
import { type Group, type Measured, run } from './load.ts';

/** `--quick`: only that it runs, with figures that say little. */
const isQuick = process.argv.includes('--quick');
const [groupCount, pairs, sliceMs] = isQuick ? [4, 2, 1000] : [16, 5, 30_000];
const names = ['workerd', 'deno'] as const;

const relays = await Promise.all(names.map((host) => startRelay({ host, onLog: () => undefined })));
const groups = await Promise.all(
  relays.map((relay) => Promise.all(Array.from({ length: groupCount }, () => openRelayGroup(relay)))),
);
const measured: Measured[][] = names.map(() => []);

const measure = async (host: number) => {
  const all: readonly Group[] = groups[host] ?? [];
  measured[host]?.push(await run(all, 'stream', 1, sliceMs));
};

try {
  // What is compiled or woken only once belongs to no slice.
  for (const all of groups) await run(all, 'stream', 1, sliceMs / 10);
  for (let pair = 0; pair < pairs; pair++) {
    for (const host of pair % 2 === 0 ? [0, 1] : [1, 0]) await measure(host);
    if (process.stderr.isTTY) process.stderr.write(`\r${pair + 1} of ${pairs} pairs`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');

  const rates = measured.map((slices) => slices.map(({ sends, seconds }) => sends / seconds));
  const latencies = (q: number) => measured.map((slices) => slices.map(({ inAll }) => quantile(inAll, q)));
  console.log(
    `The relay at N = 3, ${groupCount} senders at once over streams, ${pairs} pairs of ${sliceMs / 1000} s by turns`,
  );
  console.log('  Sends a second; sent to acknowledged by both recipients, in ms; medians over the pairs:');
  const columns = [rates, ...[0.5, 0.95, 0.99].map(latencies)];
  console.log(
    `  ${['', 'sends/s', 'p50', 'p95', 'p99'].map((title, i) => (i === 0 ? title.padEnd(16) : title.padStart(9))).join('')}`,
  );
  for (const [i, name] of names.entries()) {
    const figures = columns.map((column) =>
      median(column[i] ?? [])
        .toFixed(1)
        .padStart(9),
    );
    console.log(`  ${name.padEnd(16)}${figures.join('')}`);
  }
  const ratios = columns.map(([workerd = [], deno = []]) =>
    median(deno.map((figure, i) => figure / (workerd[i] ?? 0)))
      .toFixed(2)
      .padStart(9),
  );
  console.log(`  ${'deno / workerd'.padEnd(16)}${ratios.join('')}`);
  console.log(`  ${measured.flat().reduce((sum, { sends }) => sum + sends, 0)} sends, all acknowledged`);
} finally {
  await Promise.all(relays.map((relay) => relay.stop()));
}
// The streams of this side are still open.
process.exit();
