// Lets many mailboxes of one relay be used for a while, and looks at what the relay takes of the machine meanwhile: its
// memory and its open files must not grow. As a command, `npm run test:soak`; `--help` says what it takes. Linux only.

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openFiles, residentBytes } from '../support/memory.ts';
import { median } from '../support/quantile.ts';
import { seededRandom } from '../support/random.ts';
import { type HostName, hostNames, startRelay } from '../support/relay.ts';
import { Client, randomBytes } from '../support/request.ts';
import type { TestStream } from '../support/stream.ts';

const mebibyte = 1024 * 1024;
const bodyBytes = 1024;
/** Who does something at the same time. */
const atOnce = 8;
/** One in so many has a stream open all the time. */
const streamShare = 10;
const samples = 40;
/** What it takes at the end, as the median of a quarter, against the second quarter: the first is for warming up. */
const maxGrowth = { factor: 1.1, bytes: 16 * mebibyte, files: 16 };

export interface SoakReport {
  readonly sends: number;
  /** Messages that were read and acknowledged. */
  readonly received: number;
  /** At equal distances of time. */
  readonly bytes: readonly number[];
  readonly files: readonly number[];
  /** What has grown, in words. */
  readonly grown: readonly string[];
}

export interface SoakOptions {
  readonly host: HostName;
  readonly mailboxes: number;
  readonly milliseconds: number;
  readonly seed: string;
  progress(line: string): void;
}

/** @throws if a message is lost, or the relay refuses something */
export async function runSoak({ host, mailboxes, milliseconds, seed, progress }: SoakOptions): Promise<SoakReport> {
  const random = seededRandom(seed);
  const relay = await startRelay({ host, onLog: () => undefined });
  const streams: TestStream[] = [];
  try {
    const owners: Owner[] = [];
    await Promise.all(
      Array.from({ length: atOnce }, async (_, first) => {
        for (let i = first; i < mailboxes; i += atOnce) {
          const client = await Client.register(relay);
          if (i % streamShare === 0) streams.push(await client.stream());
          owners.push(new Owner(client));
        }
      }),
    );
    progress(`${mailboxes} mailboxes on ${host}, ${streams.length} of them with a stream`);
    const start = performance.now();
    const end = start + milliseconds;
    const [bytes, files]: number[][] = [[], []];
    let sends = 0;
    const use = async () => {
      while (performance.now() < end) {
        const [sender, ...recipients] = pickIdle(owners, 3, random.below);
        await sender?.send(recipients);
        sends++;
      }
    };
    const watch = async () => {
      for (let i = 1; i <= samples; i++) {
        await new Promise((wake) => setTimeout(wake, start + (milliseconds * i) / samples - performance.now()));
        bytes?.push((await residentBytes(relay.processGroup)) ?? 0);
        files?.push((await openFiles(relay.processGroup)) ?? 0);
        if (i % (samples / 10) === 0) progress(lineOf(i / samples, sends, bytes ?? [], files ?? []));
      }
    };
    await Promise.all([watch(), ...Array.from({ length: atOnce }, use)]);
    for (const owner of owners) await owner.readAll();
    const received = owners.reduce((sum, owner) => sum + owner.received, 0);
    if (received !== 2 * sends) throw new Error(`${2 * sends} messages were sent, and ${received} came`);
    return { sends, received, bytes: bytes ?? [], files: files ?? [], grown: grown(bytes ?? [], files ?? []) };
  } finally {
    for (const stream of streams) stream.close();
    await relay.stop();
  }
}

/** Who uses a mailbox. */
class Owner {
  readonly client: Client;
  /** Messages that are on their way to it, or wait for it. */
  expected = 0;
  received = 0;
  isBusy = false;
  #seq = 0;

  constructor(client: Client) {
    this.client = client;
  }

  /** Sends one message, which its recipients read and acknowledge. */
  async send(recipients: readonly Owner[]): Promise<void> {
    const all = [this, ...recipients];
    for (const each of all) each.isBusy = true;
    await this.client.send(
      recipients.map(({ client }) => client),
      randomBytes(bodyBytes),
    );
    for (const recipient of recipients) recipient.expected++;
    for (const recipient of recipients) await recipient.read();
    for (const each of all) each.isBusy = false;
  }

  async read(): Promise<void> {
    const { hello, entries } = await this.client.queue();
    const last = entries.at(-1)?.seq ?? 0;
    this.received += entries.filter(({ seq }) => seq > this.#seq).length;
    this.#seq = Math.max(this.#seq, last);
    if (last === 0) return;
    const response = await this.client.acknowledge({ epoch: hello.epoch, seq: last });
    if (!response.ok) throw new Error(`an acknowledgement was refused: ${response.status}`);
  }

  async readAll(): Promise<void> {
    while (this.received < this.expected) await this.read();
  }
}

/** Some who do nothing else at the moment. */
function pickIdle(owners: readonly Owner[], count: number, below: (limit: number) => number): Owner[] {
  const picked = new Set<Owner>();
  while (picked.size < count) {
    const owner = owners[below(owners.length)];
    if (owner && !owner.isBusy) picked.add(owner);
  }
  return [...picked];
}

function grown(bytes: readonly number[], files: readonly number[]): string[] {
  const quarter = samples / 4;
  const ends = (figures: readonly number[]) =>
    [median(figures.slice(quarter, 2 * quarter)), median(figures.slice(-quarter))] as const;
  const [bytesBefore, bytesAfter] = ends(bytes);
  const [filesBefore, filesAfter] = ends(files);
  const words: string[] = [];
  if (bytesAfter > bytesBefore * maxGrowth.factor + maxGrowth.bytes)
    words.push(`memory has grown from ${toMebibytes(bytesBefore)} to ${toMebibytes(bytesAfter)} MiB`);
  if (filesAfter > filesBefore + maxGrowth.files)
    words.push(`open files have grown from ${filesBefore} to ${filesAfter}`);
  return words;
}

const toMebibytes = (bytes: number) => Math.round(bytes / mebibyte);

function lineOf(share: number, sends: number, bytes: readonly number[], files: readonly number[]): string {
  const memory = `${toMebibytes(bytes.at(-1) ?? 0)} MiB`.padStart(9);
  return (
    `${Math.round(100 * share)} %`.padStart(6) +
    `${sends} sends`.padStart(14) +
    memory +
    `${files.at(-1)} open files`.padStart(17)
  );
}

const bars = '▁▂▃▄▅▆▇█';

/** A picture of figures in one line, from zero to the greatest. */
function draw(figures: readonly number[]): string {
  const greatest = Math.max(...figures, 1);
  return figures
    .map((figure) => bars[Math.min(bars.length - 1, Math.floor((figure / greatest) * bars.length))])
    .join('');
}

const usage = `npm run test:soak -- [--host ${hostNames.join('|')}] [--minutes 10] [--mailboxes 1000] [--seed TEXT]

Uses many mailboxes of a relay for a while, and says whether the relay's memory or its open files grow. Linux only.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: 'deno' },
      minutes: { type: 'string', default: '10' },
      mailboxes: { type: 'string', default: '1000' },
      seed: { type: 'string', default: process.env.SEED ?? String(Date.now()) },
      help: { type: 'boolean', default: false },
    },
  });
  const host = hostNames.find((name) => name === values.host);
  const [minutes, mailboxes] = [Number(values.minutes), Number(values.mailboxes)];
  if (
    values.help ||
    host === undefined ||
    !(minutes > 0) ||
    !Number.isSafeInteger(mailboxes) ||
    mailboxes < 3 * atOnce
  ) {
    console.log(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const { seed } = values;
  const report = await runSoak({ host, mailboxes, milliseconds: minutes * 60_000, seed, progress: console.log });
  console.log(`memory      ${draw(report.bytes)}  ${toMebibytes(Math.max(...report.bytes))} MiB at most`);
  console.log(`open files  ${draw(report.files)}  ${Math.max(...report.files)} at most`);
  for (const words of report.grown) console.log(words);
  console.log(
    `soak: ${minutes} minutes, ${mailboxes} mailboxes, ${report.sends} sends, ${report.received} received: ${report.grown.length === 0 ? 'flat' : 'grown'}`,
  );
  if (report.grown.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
  process.exit();
}
