// Plays stories of groups that change and heal, and says in how many of them the members did not end where they should.
// As a command, `npm run test:sim`; `--help` says what it takes.

import { availableParallelism } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { seededRandom } from '../support/random.ts';
import { Story } from './story.ts';

export interface StoriesReport {
  readonly stories: number;
  readonly messages: number;
  readonly diverged: number;
  readonly lost: number;
  readonly doubled: number;
  /** What was told as missed. */
  readonly missed: number;
  /** What happened, and how often. */
  readonly acts: Readonly<Record<string, number>>;
  /** What went over the relay, by type. */
  readonly envelopes: Readonly<Record<string, number>>;
  /** What must not be, in words, with the story in which it was. */
  readonly wrong: readonly string[];
}

const nothing: StoriesReport = {
  stories: 0,
  messages: 0,
  diverged: 0,
  lost: 0,
  doubled: 0,
  missed: 0,
  acts: {},
  envelopes: {},
  wrong: [],
};

/** One story of a seed. @param number from 0 */
export async function playStory(seed: string, number: number): Promise<StoriesReport> {
  try {
    const { diverged, lost, doubled, ...rest } = await Story.play(seededRandom(`${seed} ${number}`));
    const wrong = [...diverged, ...lost, ...doubled].map((what) => `story ${number}: ${what}`);
    const counts = { diverged: diverged.length, lost: lost.length, doubled: doubled.length };
    return { ...rest, ...counts, stories: 1, wrong };
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...nothing, stories: 1, diverged: 1, wrong: [`story ${number}: ${reason}`] };
  }
}

/** Both together. */
export function addReports(a: StoriesReport, b: StoriesReport): StoriesReport {
  return {
    stories: a.stories + b.stories,
    messages: a.messages + b.messages,
    diverged: a.diverged + b.diverged,
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    missed: a.missed + b.missed,
    acts: addCounts(a.acts, b.acts),
    envelopes: addCounts(a.envelopes, b.envelopes),
    wrong: [...a.wrong, ...b.wrong],
  };
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** Plays stories on all cores. @param progress hears how many are done */
export async function playStories(
  stories: number,
  seed: string,
  progress: (done: number) => void,
): Promise<StoriesReport> {
  let next = 0;
  let total = nothing;
  const play = async (worker: Worker) => {
    while (next < stories) {
      const number = next++;
      const report = await askWorker(worker, number);
      total = addReports(total, report);
      progress(total.stories);
    }
    await worker.terminate();
  };
  const file = fileURLToPath(import.meta.url);
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  const workers = Array.from(
    { length: Math.min(stories, availableParallelism()) },
    () => new Worker(file, { workerData: { seed }, execArgv }),
  );
  await Promise.all(workers.map(play));
  return total;
}

function askWorker(worker: Worker, number: number): Promise<StoriesReport> {
  return new Promise((resolve, reject) => {
    worker.once('message', (report: StoriesReport) => {
      worker.removeListener('error', reject);
      resolve(report);
    });
    worker.once('error', reject);
    worker.postMessage(number);
  });
}

const usage = `npm run test:sim -- [--stories 1000] [--seed TEXT] [--story NUMBER] [--verbose]

Plays stories of groups of 2 to 12: people come and go, talk, change the group at the same time, lose their phones, restore
older copies and come back, over a relay that loses messages. Says in the end how many members ended elsewhere than the
others, and how many contents were lost without a word or shown twice. --story plays one of them again; --verbose says
what happened.`;

const maxShown = 40;

/** What was typed makes no sense. */
class UsageError extends Error {}

/** @throws UsageError */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        stories: { type: 'string', default: '1000' },
        seed: { type: 'string', default: process.env.SEED ?? String(Date.now()) },
        story: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function toNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} expected a number, got '${value}'`);
  return Number(value);
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help) {
    console.log(usage);
    return;
  }
  const stories = toNumber('stories', values.stories);
  const story = values.story === undefined ? null : toNumber('story', values.story);
  console.log(`seed: ${values.seed}`);
  const report =
    story === null
      ? await playStories(stories, values.seed, showProgress(stories))
      : await playStory(values.seed, story);
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  const { messages, diverged, lost, doubled, missed, wrong } = report;
  if (values.verbose) {
    console.log(`acts: ${tally(report.acts)}`);
    console.log(`envelopes: ${tally(report.envelopes)}`);
    console.log(`told as missed: ${missed}`);
  }
  for (const line of wrong.slice(0, maxShown)) console.log(line);
  if (wrong.length > maxShown) console.log(`… and ${wrong.length - maxShown} more`);
  if (wrong.length > 0) console.log(`the same again: --seed ${values.seed} --story NUMBER`);
  console.log(
    `sim: ${report.stories} stories, ${messages} messages, ${diverged} diverged, ${lost} lost, ${doubled} doubled`,
  );
  if (wrong.length > 0) process.exitCode = 1;
}

function showProgress(stories: number): (done: number) => void {
  return (done) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${stories} stories`);
    else if (done % 50 === 0) console.log(`${done} of ${stories} stories`);
  };
}

function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => `${what} ${times}`)
    .join(', ');
}

if (!isMainThread && parentPort !== null) {
  const { seed } = workerData as { seed: string };
  const port = parentPort;
  port.on('message', async (number: number) => port.postMessage(await playStory(seed, number)));
} else if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error: unknown) => {
    const isUsage = error instanceof UsageError;
    console.error(isUsage ? `${error.message}; see: npm run test:sim -- --help` : error);
    process.exitCode = isUsage ? 2 : 1;
  });
  process.exit();
}
