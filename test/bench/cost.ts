// What a relay on Cloudflare costs beyond what the plan includes, from what is counted (counts.ts) and what the platform
// charges. `npm run bench -- cost`; docs/OPERATIONS.md has its table.

import { type Counts, messageAlone, messageTo, messageTogether, registration } from './counts.ts';
import { type Report, toTable } from './report.ts';

/** US dollars, from developers.cloudflare.com/{workers,durable-objects,kv,analytics/analytics-engine}/platform/pricing. */
const prices = {
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
    'rows written': counts.rows * prices.rowWritten,
    'rows read': counts.rowsRead * prices.rowRead,
    'requests to objects': counts.objectRequests * prices.objectRequest,
    'time of objects': seconds * objectGigabytes * prices.gigabyteSecond,
    'requests to the Worker': counts.requests * (prices.request + assumed.cpuMs * prices.cpuMs),
    'writes to KV': counts.keyValueWrites * prices.keyValueWrite,
    'counters, if bound': counts.points * prices.point,
    'storage, a month': (counts.bytes / 1e9) * prices.gigabyteMonth,
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

/** A million messages, one to all recipients, or one to each of them as pairwise sessions need. */
function pairwiseRows(report: Report): string[][] {
  return [
    ['members', 'US $ as one', 'US $ pairwise', 'rows as one', 'rows pairwise', 'sends as one', 'sends pairwise'],
    ...[3, 10, 100].map((members) => {
      const others = members - 1;
      const [one, pairwise] = [messageTo(others), messageTo(1)];
      report.ratio(
        `price of a message to ${others}, as one / pairwise`,
        [priceOf(one) / (others * priceOf(pairwise))],
        {
          counted: true,
        },
      );
      return [
        String(members),
        ...[priceOf(one), others * priceOf(pairwise)].map(dollars),
        ...[one.rows, others * pairwise.rows, 1, others].map(String),
      ];
    }),
  ];
}

export async function run(report: Report): Promise<void> {
  const head = `Beyond what the plan includes, at the prices of ${prices.asOf}`;
  report.table(`${head}, N = 3 over streams:`, costRows());
  report.table('A million messages, acknowledged alone, the counters not bound:', pairwiseRows(report));
  report.raw.counts = { registration, messageAlone, messageTogether, toOne: messageTo(1) };
}
