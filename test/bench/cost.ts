// What a relay on Cloudflare costs beyond what the plan includes, from what is counted (counts.ts) and what the platform
// charges. `npm run bench -- cost`; docs/OPERATIONS.md has its table.

import { type Counts, messageAlone, messageTo, messageTogether, registration } from './counts.ts';
import type { Weight } from './peer.ts';
import { cliquet } from './peers-own.ts';
import { figure, type Report, toTable } from './report.ts';

/** US dollars, from developers.cloudflare.com/{workers,durable-objects,kv,analytics/analytics-engine}/platform/pricing. */
const tariff = {
  asOf: 'November 2026',
  rowWritten: 1e-6,
  rowRead: 0.001e-6,
  objectRequest: 0.15e-6,
  gigabyteSecond: 12.5e-6,
  request: 0.3e-6,
  cpuMs: 0.02e-6,
  keyValueWrite: 5e-6,
  point: 0.25e-6,
  gigabyteMonth: 0.2,
} as const;

/** Not counted but assumed: how long a request keeps an object awake, and the Worker's part of one. */
const assumed = { objectMs: 20, cpuMs: 3 } as const;
const objectGigabytes = 0.128;

/** Each part of the price of so many, in dollars. */
export function costOf(counts: Counts, howMany: number): Record<string, number> {
  const seconds = (counts.objectRequests * assumed.objectMs) / 1000;
  const each = {
    'rows written': counts.rows * tariff.rowWritten,
    'rows read': counts.rowsRead * tariff.rowRead,
    'requests to objects': counts.objectRequests * tariff.objectRequest,
    'time of objects': seconds * objectGigabytes * tariff.gigabyteSecond,
    'requests to the Worker': counts.requests * (tariff.request + assumed.cpuMs * tariff.cpuMs),
    'writes to KV': counts.keyValueWrites * tariff.keyValueWrite,
    'counters, if bound': counts.points * tariff.point,
    'storage, a month': (counts.bytes / 1e9) * tariff.gigabyteMonth,
  };
  return Object.fromEntries(Object.entries(each).map(([name, price]) => [name, price * howMany]));
}

const columns: readonly (readonly [string, Record<string, number>])[] = [
  ['1,000 registrations', costOf(registration, 1000)],
  ['a million messages, each acknowledged alone', costOf(messageAlone, 1e6)],
  ['a million messages, 50 acknowledged together', costOf(messageTogether, 1e6)],
];

const dollars = (price = 0) => (price === 0 ? '–' : price < 0.005 ? '< 0.01' : price.toFixed(2));
const sum = (parts: Record<string, number>) => Object.values(parts).reduce((total, part) => total + part, 0);

/** A table in Markdown. */
export function costTable(): string {
  return toTable(costRows());
}

function costRows(): string[][] {
  const [[, first = {}] = []] = columns;
  return [
    ['US $', ...columns.map(([title]) => title)],
    ...Object.keys(first).map((name) => [name, ...columns.map(([, parts]) => dollars(parts[name]))]),
    ['in all', ...columns.map(([, parts]) => dollars(sum(parts)))],
  ];
}

/** Without the counters, which are this relay's own wish. */
const priceOf = (counts: Counts) => sum(costOf({ ...counts, points: 0 }, 1e6));

/** A message, as one to all recipients, or as one to each of them, as pairwise sessions need. */
async function pairwiseRows(report: Report): Promise<{ readonly prices: string[][]; readonly amounts: string[][] }> {
  const prices = [['members', 'US $ as one', 'US $ pairwise']];
  const amounts = [['', 'rows written', 'rows read', 'sends', 'requests to objects', 'bytes in', 'bytes out']];
  const toOneWeighs = await weigh(2);
  // A hundred who have all said something take many seconds.
  for (const members of report.quick ? [3, 10] : [3, 10, 100]) {
    const others = members - 1;
    const [one, pairwise] = [messageTo(others), messageTo(1)];
    const ratio = priceOf(one) / (others * priceOf(pairwise));
    report.ratio(`price of a message to ${others}, as one / pairwise`, [ratio], { counted: true });
    prices.push([String(members), ...[priceOf(one), others * priceOf(pairwise)].map(dollars)]);
    const weight = await weigh(members);
    for (const [how, times, counts, { uploaded, downloaded }] of [
      ['as one', 1, one, { uploaded: weight.uploaded, downloaded: others * weight.downloaded }],
      ['pairwise', others, pairwise, toOneWeighs],
    ] as const) {
      const { rows, rowsRead, objectRequests } = counts;
      const figures = [rows, rowsRead, 1, objectRequests, uploaded, downloaded].map((each) => figure(times * each));
      amounts.push([`N = ${members}, ${how}`, ...figures]);
    }
  }
  return { prices, amounts };
}

/** Of a line of text in such a group. */
async function weigh(members: number): Promise<Weight> {
  const group = await cliquet.setup(members);
  await group.answer();
  return group.send('the boat leaves at nine');
}

export async function run(report: Report): Promise<void> {
  const head = `Beyond what the plan includes, at the prices of ${tariff.asOf}`;
  report.table(`${head}, N = 3 over streams:`, costRows());
  const { prices, amounts } = await pairwiseRows(report);
  report.table('A million messages, acknowledged alone, the counters not bound:', prices);
  report.table(
    'What one of them takes; the milliseconds of CPU time of a send are in the table of the relay:',
    amounts,
  );
  report.raw.counts = { registration, messageAlone, messageTogether, toOne: messageTo(1) };
}
