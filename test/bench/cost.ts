// What a relay on Cloudflare costs beyond what the plan includes, from what is counted (counts.ts) and what the platform
// charges. `npm run bench -- cost`; docs/OPERATIONS.md has its table.

import { type Counts, messageAlone, messageTogether, registration } from './counts.ts';

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

/** A table in Markdown. */
export function costTable(): string {
  const [[, first = {}] = []] = columns;
  const dollars = (price = 0) => (price === 0 ? '–' : price < 0.005 ? '< 0.01' : price.toFixed(2));
  const sum = (parts: Record<string, number>) => Object.values(parts).reduce((total, part) => total + part, 0);
  const rows = [
    ['US $', ...columns.map(([title]) => title)],
    ...Object.keys(first).map((name) => [name, ...columns.map(([, parts]) => dollars(parts[name]))]),
    ['in all', ...columns.map(([, parts]) => dollars(sum(parts)))],
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

console.log(`Beyond what the plan includes, at the prices of ${prices.asOf}, N = 3 over streams:\n\n${costTable()}`);
