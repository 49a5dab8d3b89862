// Kills a relay at random and at named points while clients keep sending, and compares what they have read with what
// the relay had accepted. As a command, `npm run test:faults`; `--help` says what it takes.

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../support/random.ts';
import { Crowd } from './crowd.ts';
import { type Host, hosts } from './host.ts';
import { Killer } from './killer.ts';
import { openLine } from './line.ts';

export interface FaultsReport {
  readonly kills: number;
  /** Messages that the relay has accepted, each for some of the others. */
  readonly accepted: number;
  readonly lost: number;
  readonly doubled: number;
  /** In whose place a gap stood, for a reason. */
  readonly missed: number;
  /** What else must not be, in words; what is lost is named here too. */
  readonly wrong: readonly string[];
  /** Where the host was killed, and how often. */
  readonly where: Readonly<Record<string, number>>;
  /** What else was done to it, and how often. */
  readonly faults: Readonly<Record<string, number>>;
  /** Points at which it was never killed. */
  readonly unreached: readonly string[];
}

/** So many kills go through all points, those too that are not reached at the first attempt. */
const enoughForAll = 200;

/** @throws if the harness itself fails */
export async function runFaults(
  kills: number,
  seed: string,
  host: Host,
  progress: (done: number) => void,
): Promise<FaultsReport> {
  const random = seededRandom(seed);
  await host.start();
  const line = await openLine(() => host.url);
  const crowd = new Crowd(line, seed);
  const killer = new Killer(host, line, random, () => crowd.books.accepted);
  try {
    await crowd.begin();
    const killing = async () => {
      for (let done = 0; done < kills; done++) {
        await killer.kill();
        progress(done + 1);
      }
      await killer.storm();
    };
    await Promise.race([killing(), crowd.failed]);
    const rest = await crowd.rest(() => killer.restart());
    const { lost, doubled, missed, wrong } = crowd.verdict();
    crowd.over();
    await host.kill();
    const { where, faults, unreached } = killer;
    const missing = kills >= enoughForAll && unreached.length > 0 ? [`never killed at ${unreached.join(', ')}`] : [];
    const all = [...crowd.books.wrong, ...wrong, ...rest, ...(host.leftovers?.() ?? []), ...missing];
    return { kills, accepted: crowd.books.accepted, lost, doubled, missed, wrong: all, where, faults, unreached };
  } finally {
    crowd.over();
    await line.close();
    await host.stop();
  }
}

const usage = `npm run test:faults -- [--kills 200] [--seed TEXT] [--host ${Object.keys(hosts).join('|')}] [--verbose]

Kills a relay with SIGKILL while clients keep sending, starts it again on the same state, and says whether anything that
it had accepted was lost or doubled. --seed repeats the choices of a run; --verbose says what was done where.`;

/** Of what is wrong, so much is shown. */
const maxShown = 40;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: process.env.SEED ?? String(Date.now()) },
      host: { type: 'string', default: 'workerd' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const createHost = Object.hasOwn(hosts, values.host) ? hosts[values.host as keyof typeof hosts] : undefined;
  const kills = Number(values.kills);
  if (values.help || createHost === undefined || !Number.isSafeInteger(kills) || kills < 0) {
    console.log(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  console.log(`seed: ${values.seed}`);
  const report = await runFaults(kills, values.seed, createHost(), (done) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${kills} kills`);
    else if (done % 20 === 0) console.log(`${done} of ${kills} kills`);
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  const { accepted, lost, doubled, missed, wrong, where, faults, unreached } = report;
  if (values.verbose) {
    console.log(`killed at: ${tally(where)}`);
    console.log(`besides: ${tally(faults)}`);
    console.log(`never killed at: ${unreached.join(', ')}`);
    console.log(`${missed} messages ended as gaps`);
  }
  for (const line of wrong.slice(0, maxShown)) console.log(line);
  if (wrong.length > maxShown) console.log(`… and ${wrong.length - maxShown} more`);
  if (wrong.length > 0) console.log(`the same again: --seed ${values.seed}`);
  console.log(`faults: ${kills} kills, ${accepted} accepted, ${lost} lost, ${doubled} doubled`);
  if (lost + doubled + wrong.length > 0) process.exitCode = 1;
}

function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => `${what} ${times}`)
    .join(', ');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
  // A stream that was cut may keep the process alive.
  process.exit();
}
