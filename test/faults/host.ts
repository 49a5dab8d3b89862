// What the harness kills: a relay with its state on disk. Everything else it knows of one is HTTP and sockets.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { type BuildOptions, build } from 'esbuild';
import { runtimes } from '../support/disk-relay.ts';
import { node, type Runtime } from '../support/runtime.ts';
import { miniflareOptions, readWorkerOptions, workerdScript } from '../support/workerd.ts';
import { type Faults, faultsPath, type Happened, pointsOf } from './points.ts';

export interface Host {
  /** Where this life of it answers. */
  readonly url: string;
  start(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Ends it for good; its state goes too. */
  stop(): Promise<void>;
  /** What a host can do that has points to be held or hurt at. */
  readonly faults?: {
    /** From now until the next start. */
    arm(faults: Faults): Promise<void>;
    /** What has happened since the first start. */
    readonly happened: readonly Happened[];
    readonly points: readonly string[];
  };
  /** After the last kill: what is left of messages on disk, in words. */
  leftovers?(): string[];
}

const checkout = join(import.meta.dirname, '../..');

const bundleOptions: BuildOptions = {
  entryPoints: [join(import.meta.dirname, 'worker.ts')],
  bundle: true,
  format: 'esm',
  target: 'es2024',
  conditions: ['workerd', 'worker', 'browser'],
  external: ['cloudflare:*', 'node:*'],
  logLevel: 'error',
};

/**
 * What of a mailbox's tables is empty once everybody has acknowledged everything. A record that somebody has missed for
 * good stays a while, without what it said.
 */
const messageTables: Readonly<Record<string, string>> = {
  record: 'where length(body) > 0',
  entry: '',
  gap: '',
  farewell: '',
};

/** Hosts by the name under which the command knows them. */
export const hosts = {
  workerd: createWorkerd,
  deno: () => createDisk(runtimes.deno),
  node: () => createDisk(runtimes.node),
} satisfies Readonly<Record<string, () => Host>>;

/** A line of a life's output. */
type Line = Happened | { readonly event: 'request' };

/** Real workerd, and the entry that has points. */
function createWorkerd(): Host {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-faults-'));
  const bundle = join(checkout, `.build/faults-${basename(folder)}.mjs`);
  const happened: Happened[] = [];
  let life: Life | undefined;
  return {
    get url() {
      return life?.url ?? '';
    },
    async start() {
      if (!existsSync(bundle)) await build({ ...bundleOptions, outfile: bundle });
      const options = miniflareOptions(await readWorkerOptions(), folder, 0, bundle);
      life = await startLife(node, [workerdScript, JSON.stringify(options)], (line) => {
        if (line.event === 'fault') happened.push(line);
      });
    },
    kill: async () => life?.kill(),
    async stop() {
      await life?.kill();
      rmSync(folder, { recursive: true, force: true });
      rmSync(bundle, { force: true });
    },
    faults: {
      happened,
      points: pointsOf.workerd,
      async arm(faults) {
        const response = await fetch(life?.url + faultsPath, { method: 'POST', body: JSON.stringify(faults) });
        if (!response.ok) throw new Error(`the host did not take faults: ${response.status}`);
      },
    },
    leftovers: () => readLeftovers(folder),
  };
}

/** The relay on a local disk, and the entry that has points. */
function createDisk(runtime: Runtime): Host {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-faults-'));
  const happened: Happened[] = [];
  let life: Life | undefined;
  return {
    get url() {
      return life?.url ?? '';
    },
    async start() {
      life = await startLife(runtime, [join(import.meta.dirname, 'disk.ts'), folder], (line) => {
        if (line.event === 'fault') happened.push(line);
      });
    },
    kill: async () => life?.kill(),
    async stop() {
      await life?.kill();
      rmSync(folder, { recursive: true, force: true });
    },
    faults: { happened, points: pointsOf.disk, arm: async (faults) => life?.tell(JSON.stringify(faults)) },
    leftovers: () => readLeftovers(folder),
  };
}

interface Life {
  readonly url: string;
  /** Writes a line to its input. */
  tell(line: string): void;
  kill(): Promise<void>;
}

async function startLife(
  { command, args, env }: Runtime,
  script: readonly string[],
  onLine: (line: Line) => void,
): Promise<Life> {
  const child = spawn(command, [...args, ...script], {
    cwd: checkout,
    // A process group of its own: what is killed is all of it, at once.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' },
  });
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close').then(() => undefined);
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
  };
  process.once('exit', kill);
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data;
  });
  const ready = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (text) => {
      const url = /^Ready on (\S+)$/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
      else if (text.startsWith('{"event"')) onLine(JSON.parse(text) as Line);
    });
  });
  const url = await Promise.race([ready, closed]);
  if (url === undefined) throw new Error(`the host did not start:\n${errors}`);
  return {
    url,
    tell: (line) => void child.stdin.write(`${line}\n`),
    async kill() {
      process.off('exit', kill);
      kill();
      await closed;
    },
  };
}

function readLeftovers(stateFolder: string): string[] {
  const files = readdirSync(stateFolder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /mailbox.*\.sqlite$/i.test(file),
  );
  const mailboxes = files.flatMap((file) => {
    const database = new DatabaseSync(join(stateFolder, file));
    try {
      const counts = Object.entries(messageTables).flatMap(([table, where]) => {
        const known = database.prepare(`select 1 from sqlite_master where type = 'table' and name = ?`).get(table);
        if (known === undefined) return [];
        const count = database.prepare(`select count(*) as count from ${table} ${where}`).get()?.count;
        return [{ table, count }];
      });
      return counts.length > 0 ? [counts] : [];
    } finally {
      database.close();
    }
  });
  // A check that finds no mailbox would say that all are empty.
  if (mailboxes.length === 0) return ['no mailbox was found on disk'];
  return mailboxes.flat().flatMap(({ table, count }) => (count === 0 ? [] : [`${count} rows are left in ${table}`]));
}
