// Kills clients at random moments while they send and receive, and counts what their applications have seen. As a
// command, `npm run test:kills`: 200 kills; SEED=… repeats a run's choices.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, encryptedStore } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { seededRandom } from '../support/random.ts';
import { startRelay } from '../support/relay.ts';
import { node, type Runtime, start } from '../support/runtime.ts';
import { until } from '../support/until.ts';

const names = ['ana', 'ben', 'cem'] as const;
type Name = (typeof names)[number];
/** The third is never killed. */
const mortals = names.slice(0, 2);
/** A life is taken after at most so many words of it, and up to so many milliseconds later. */
const maxWords = 24;
const maxDelayMs = 12;

export interface KillsReport {
  readonly kills: number;
  /** Messages that everybody together should have read. */
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  /** Gaps, refusals, clones: none is due. */
  readonly wrong: readonly string[];
  /** What a process had said last when it was killed, and how often. */
  readonly where: Readonly<Record<string, number>>;
}

/** @param runtimes  what may run the next life of whoever was killed, on the same file */
export async function runKills(
  kills: number,
  seed: string,
  progress: (done: number) => void,
  runtimes: readonly Runtime[] = [node],
): Promise<KillsReport> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-kills-'));
  const relay = await startRelay();
  const running = new Map<Name, Life>();
  try {
    const hrids = await found(relay, folder);
    for (const name of names) running.set(name, new Life(name, folder, node));
    const where: Record<string, number> = {};
    for (let done = 0; done < kills; done++) {
      const name = random.pick(mortals);
      const life = running.get(name) as Life;
      const words = 1 + random.below(maxWords);
      await until(() => life.words.length >= words);
      await new Promise((wake) => setTimeout(wake, random.below(maxDelayMs + 1)));
      const last = await life.kill();
      where[last] = (where[last] ?? 0) + 1;
      running.set(name, new Life(name, folder, random.pick(runtimes)));
      progress(done + 1);
    }
    writeFileSync(join(folder, 'over'), '');
    await Promise.all([...running.values()].map((life) => until(() => life.words.includes('over'))));
    const logs = () => new Map(names.map((name) => [name, readLog(folder, name)]));
    // Enough is read, or nothing more comes.
    await until(() => count(logs(), hrids).lost === 0).catch(() => {});
    return { kills, where, ...count(logs(), hrids) };
  } finally {
    await Promise.all([...running.values()].map((life) => life.kill()));
    await relay.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One process of a participant. */
class Life {
  readonly words: string[] = [];
  readonly #child: ReturnType<typeof start>;

  constructor(name: Name, folder: string, runtime: Runtime) {
    this.#child = start(runtime, join(import.meta.dirname, 'participant.ts'), [name, folder]);
    this.#child.stdout.on('data', (data: Buffer) => this.words.push(...data.toString().trim().split('\n')));
  }

  /** @returns what it had said last */
  async kill(): Promise<string> {
    const closed = once(this.#child, 'close');
    if (this.#child.exitCode !== null) throw new Error(`a participant ended by itself after "${this.words.at(-1)}"`);
    this.#child.kill('SIGKILL');
    await closed;
    return this.words.at(-1) ?? '';
  }
}

/** Registers everybody and founds their group. @returns HRIDs by name */
async function found(relay: Awaited<ReturnType<typeof startRelay>>, folder: string): Promise<Map<string, Name>> {
  const clients = new Map<Name, Client>();
  for (const name of names) {
    const key = createHash('sha256').update(name).digest();
    const store = await encryptedStore(sqliteStore(join(folder, `${name}.db`)), new Uint8Array(key));
    const client = await Client.open({ relay: relay.url, store, history: { days: 1 } });
    const address = `${name}@example.org`;
    await client.register(address, () => relay.inbox(address));
    await client.settled();
    clients.set(name, client);
  }
  const [first, ...others] = [...clients.values()] as [Client, ...Client[]];
  for (const other of others) await other.addContact(first.invite());
  await first.createGroup(others.map((other) => other.invite()));
  await until(() => [...clients.values()].every(({ groups }) => groups.length === 1));
  const hrids = new Map([...clients].map(([name, client]) => [client.hrid ?? '', name]));
  for (const client of clients.values()) {
    await client.settled();
    await client.close();
  }
  return hrids;
}

interface Log {
  readonly sent: number;
  readonly read: readonly { readonly sender: string; readonly text: string }[];
  readonly wrong: readonly string[];
}

function readLog(folder: string, name: Name): Log {
  const lines = readFileSync(join(folder, `${name}.log`), 'utf8')
    .split('\n')
    .slice(0, -1);
  const read = lines.flatMap((line) => {
    const [, sender = '', text] = line.match(/^read \d+ (\S+) (.*)$/) ?? [];
    return text === undefined ? [] : [{ sender, text }];
  });
  return {
    read,
    sent: lines.filter((line) => line.startsWith('sent ')).length,
    wrong: lines.filter((line) => line.startsWith('wrong ')),
  };
}

/** Compares what each has read of each other with what that one has sent: everything once, and in order. */
function count(logs: ReadonlyMap<Name, Log>, hrids: ReadonlyMap<string, Name>): Omit<KillsReport, 'kills' | 'where'> {
  let [messages, lost, doubled] = [0, 0, 0];
  const wrong = [...logs.values()].flatMap((log) => log.wrong);
  for (const [reader, { read }] of logs) {
    for (const [sender, { sent }] of logs) {
      if (reader === sender) continue;
      const texts = read.filter((each) => hrids.get(each.sender) === sender).map(({ text }) => text);
      const expected = Array.from({ length: sent }, (_, i) => `${sender} ${i}`);
      const seen = new Set(texts);
      messages += sent;
      lost += expected.filter((text) => !seen.has(text)).length;
      doubled += texts.length - seen.size;
      const inOrder = texts.every((text, i) => text === expected[i]);
      if (!inOrder && texts.length === sent && seen.size === sent) wrong.push(`${sender}'s messages out of order`);
    }
  }
  return { messages, lost, doubled, wrong };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seed = process.env.SEED ?? String(Date.now());
  const kills = 200;
  console.log(`seed: ${seed}`);
  const report = await runKills(kills, seed, (done) => {
    if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${kills} kills`);
    else if (done % 20 === 0) console.log(`${done} of ${kills} kills`);
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  const where = Object.entries(report.where).sort(([, a], [, b]) => b - a);
  console.log(`killed after: ${where.map(([word, times]) => `${word} ${times}`).join(', ')}`);
  for (const line of new Set(report.wrong)) console.log(line);
  console.log(`kills: ${kills}, ${report.messages} messages, ${report.lost} lost, ${report.doubled} doubled`);
  if (report.lost + report.doubled + report.wrong.length > 0) process.exitCode = 1;
}
