// `npm run bench`: measures, prints tables, and says where a bound is not met. Every comparison has its two sides by turns in
// one run. `--help` says the rest.

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, putTables, Report } from './report.ts';

/** Each is a file here that has `run(report)`. */
const benchmarks: Readonly<Record<string, string>> = {
  client: 'a client beside the bare primitives, and catching up',
  peers: 'sealing and opening a message, beside other libraries',
  bytes: 'what a message and an agreement weigh for the sender and for a receiver, beside others',
  relay: 'sends a second and latencies of the relay on workerd, beside a bare worker',
  hosts: 'the same relay on Node and on Deno, beside workerd',
  growth: 'one thing at a time grows: what that does to time and size, as plots',
  start: 'how long starts take, and how large bundles are',
  store: "what a client's state costs on disk and in memory",
  web: 'from a click on Send until the message stands in another browser, beside two bare pages',
  cost: 'what a relay on Cloudflare costs, beside the same group with a message to each pair',
};
/** What `--quick` runs unless others are named: those with bounds, and the price. */
const quickOnes = ['client', 'peers', 'bytes', 'relay', 'start', 'cost'];

const help = `npm run bench [-- NAME…] [--quick] [--json FILE] [--write]

${Object.entries(benchmarks)
  .map(([name, about]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

  --quick      a short run, less than a minute, of ${quickOnes.join(', ')}
               or of what is named; ends with 1 if a ratio is far past its bound
  --json FILE  also writes every figure of every round
  --write      also puts the tables into docs/bench/README.md, and plots beside it`;

const folder = join(import.meta.dirname, '../../docs/bench');
const page = join(folder, 'README.md');

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const unknown = positionals.find((name) => !(name in benchmarks));
  if (unknown !== undefined)
    throw new TypeError(`There is no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}`);
  const names = positionals.length > 0 ? positionals : values.quick ? quickOnes : Object.keys(benchmarks);

  const machine = machineOf();
  console.log(machine);
  const reports: Report[] = [];
  for (const name of names) {
    const report = new Report(name, values.quick, (text) => showProgress(`${name}: ${text}`));
    report.progress('…');
    const { run } = (await import(`./${name}.ts`)) as { readonly run: (report: Report) => Promise<void> };
    await run(report);
    showProgress('');
    console.log(`\n## ${name}: ${benchmarks[name]}\n\n${report.toMarkdown()}`);
    reports.push(report);
    if (values.write) writePage(report, machine);
  }
  if (values.json !== undefined) {
    const figures = reports.map(({ name, ratios, raw }) => [name, { ratios, raw }] as const);
    writeFileSync(
      values.json,
      JSON.stringify({ machine, quick: values.quick, ...Object.fromEntries(figures) }, null, 2),
    );
  }
  const { text, isFine } = conclude(reports);
  console.log(`\n${text}`);
  if (!isFine) process.exitCode = 1;
}

/** Where and when. */
function machineOf(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${cpu?.model.trim()}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${day}`;
}

/** One line that is written over; without a terminal one line for each benchmark. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else if (text.endsWith('…')) process.stderr.write(`${text}\n`);
}

function writePage(report: Report, machine: string): void {
  for (const [name, svg] of report.plots) writeFileSync(join(folder, name), svg);
  writeFileSync(page, putTables(readFileSync(page, 'utf8'), report, machine));
}

await main().catch((error: unknown) => {
  showProgress('');
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
});
// Streams of this side may still be open.
process.exit();
