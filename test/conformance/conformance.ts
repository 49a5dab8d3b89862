// Runs the suite against a relay, whoever has written it. As a command, `npm run conformance`; `--help` says what it
// takes.

import { parseArgs } from 'node:util';
import { Bench, type Case, type Target } from './bench.ts';
import { sections } from './cases.ts';
import { hosts } from './hosts.ts';
import { openTarget } from './target.ts';

/** Cases at once: each has clients of its own. */
const maxAtOnce = 6;

const usage = `npm run conformance -- --url URL | --host ${Object.keys(hosts).join('|')}

Checks that a relay does what docs/PROTOCOL.md says, over HTTP and sockets only. --url names one that runs, --host starts
one of ours. A relay that tells clients to wait is waited for, so that it may take long.

  --codes COMMAND  prints the newest code that was sent to the address that is its last argument; without it, codes are
                   read as from a relay in development: GET /dev/inbox?address=… → {"codes": [{"code": "123456"}, …]}
  --domain NAME    addresses are made up under it; example.org if it is not said
  --only TEXT      only cases in whose section or title it stands
  --verbose        names the cases that have passed, too`;

interface Named extends Case {
  readonly name: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      host: { type: 'string' },
      codes: { type: 'string' },
      domain: { type: 'string' },
      only: { type: 'string', default: '' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const start = values.host === undefined ? undefined : hosts[values.host];
  if (values.help || (values.url === undefined) === (start === undefined)) {
    console.log(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const all = Object.entries(sections).flatMap(([section, cases]) =>
    cases.map((each): Named => ({ ...each, name: `${section}: ${each.title}` })),
  );
  const wanted = all.filter(({ name }) => name.toLowerCase().includes(values.only.toLowerCase()));
  if (wanted.length === 0) throw new Error(`no case has "${values.only}" in its title`);
  const host = await start?.();
  try {
    const target = await openTarget(host?.url ?? values.url ?? '', values);
    const failed = await runAll(wanted, target, values.verbose);
    console.log(`conformance: ${wanted.length - failed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await host?.stop();
  }
}

/** @returns how many have failed */
async function runAll(cases: readonly Named[], target: Target, verbose: boolean): Promise<number> {
  const waiting = [...cases];
  let [done, failed] = [0, 0];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const began = Date.now();
      const error = await new Bench(target).run(next).then(
        () => null,
        (thrown: unknown) => ({ thrown }),
      );
      done++;
      if (error !== null) failed++;
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
      if (error !== null) console.log(describe(next, error.thrown));
      else if (verbose) console.log(`passed  ${next.name} (${Date.now() - began} ms)`);
      if (process.stdout.isTTY) process.stdout.write(`${done} of ${cases.length}`);
      else if (!verbose && done % 20 === 0) console.log(`${done} of ${cases.length}`);
    }
  };
  await Promise.all(Array.from({ length: maxAtOnce }, work));
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  return failed;
}

function describe({ name, cites }: Named, thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const what = error.name === 'AssertionError' ? error.message : `${error.name}: ${error.message}`;
  const sentences = [cites].flat().map((sentence) => `docs/PROTOCOL.md: ${sentence.replace(/\s+/g, ' ')}`);
  const lines = [...sentences, ...what.trimEnd().split('\n')];
  return [`FAILED  ${name}`, ...lines.map((line) => `        ${line}`)].join('\n');
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
// A stream that a case has left open may keep the process alive.
process.exit();
