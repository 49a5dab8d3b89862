// The `cliquet` command in a process of its own, in pipes or in a pseudo-terminal, as a person would use it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type IPty, spawn as spawnInTerminal } from '@lydell/node-pty';
import { changePassphrase } from '../../client/store/encrypted.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { launcher } from './launcher.ts';
import type { TestRelay } from './relay.ts';
import { until } from './until.ts';

const argv = (path: string) => ['--disable-warning=ExperimentalWarning', path];
/** What a shell has to run. */
export const commandLine = [process.execPath, ...argv(launcher)].map((word) => `'${word}'`).join(' ');

/** Of Argon2id. */
const leastCost = { memoryKib: 8, passes: 1 };

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** Changes to the environment; undefined takes a variable out. */
  readonly env?: Record<string, string | undefined>;
  /** Without the terminal that the tests may run in. */
  readonly alone?: boolean;
}

/** What a command says to its relay is noted, if somebody asks for it (observe.ts). */
function observation(): Record<string, string> {
  const { EXCHANGES } = process.env;
  if (EXCHANGES === undefined) return {};
  return { EXCHANGES, NODE_OPTIONS: `--import=${new URL('observe-command.ts', import.meta.url)}` };
}

/** Somebody with a store of their own. */
export class Person {
  readonly name: string;
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly #argv: readonly string[];
  readonly #running = new Set<ChildProcess | IPty>();

  /** @param path  another launcher than that of this checkout */
  constructor(name: string, relay: Pick<TestRelay, 'url'>, env: Record<string, string> = {}, path: string = launcher) {
    this.#argv = argv(path);
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), 'cliquet-person-'));
    this.env = {
      PATH: process.env.PATH ?? '',
      HOME: this.folder,
      CLIQUET_STORE: join(this.folder, 'store.db'),
      CLIQUET_PASSPHRASE: `passphrase of ${name}`,
      CLIQUET_RELAY: relay.url,
      NO_COLOR: '1',
      ...observation(),
      ...env,
    };
  }

  /** Runs a command to its end, in pipes. */
  async run(args: readonly string[], { input = '', env = {}, alone = false }: RunOptions = {}): Promise<Ran> {
    const child = this.#spawn(args, env, alone);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (data) => {
      stdout += data;
    });
    child.stderr?.on('data', (data) => {
      stderr += data;
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const [status] = await once(child, 'close');
    this.#running.delete(child);
    return { status, stdout, stderr };
  }

  /** The output of a command that has to succeed. */
  async do(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(args);
    if (status !== 0) throw new Error(`cliquet ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** Starts a command that goes on, in pipes. */
  start(...args: readonly string[]): Running {
    const child = this.#spawn(args, {});
    return new Running(child);
  }

  /** Starts a command in a pseudo-terminal. */
  type(args: readonly string[], env: Record<string, string | undefined> = {}, columns = 100): Terminal {
    const pty = spawnInTerminal(process.execPath, [...this.#argv, ...args], {
      cols: columns,
      rows: 30,
      cwd: this.folder,
      env: { ...this.#without(env), TERM: 'xterm' },
    });
    this.#running.add(pty);
    return new Terminal(pty, () => this.#running.delete(pty));
  }

  /** Registers, and makes it cheap from then on to open the store. */
  async register(relay: TestRelay): Promise<void> {
    const address = `${this.name}@example.org`;
    const child = this.#spawn(['register', address], {});
    let stderr = '';
    child.stderr?.on('data', (data) => {
      stderr += data;
    });
    child.stdin?.end(`${await relay.inbox(address)}\n`);
    const [status] = await once(child, 'close');
    this.#running.delete(child);
    if (status !== 0) throw new Error(stderr);
    await this.#makeCheap();
  }

  /** A store says itself what its passphrase costs: this one has the same passphrase afterwards, at the least cost. */
  async #makeCheap(): Promise<void> {
    const { CLIQUET_STORE = '', CLIQUET_PASSPHRASE = '' } = this.env;
    const store = sqliteStore(CLIQUET_STORE);
    await changePassphrase(store, CLIQUET_PASSPHRASE, CLIQUET_PASSPHRASE, { parameters: leastCost });
    await store.close();
  }

  /** This person's environment with changes; undefined takes a variable out. */
  #without(changes: Record<string, string | undefined>): Record<string, string> {
    const entries = Object.entries({ ...this.env, ...changes });
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  /** Ends what still runs, and leaves nothing. */
  end(): void {
    for (const running of this.#running) running.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], env: Record<string, string | undefined>, alone = false): ChildProcess {
    const options = { cwd: this.folder, env: this.#without(env), detached: alone };
    const child = spawn(process.execPath, [...this.#argv, ...args], options);
    this.#running.add(child);
    return child;
  }
}

/** A command that goes on, and its lines. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
  }

  line(part: string): Promise<string> {
    return until(() => this.lines.find((line) => line.includes(part)));
  }

  /** What it says is read to nowhere any more. */
  closeOutput(): void {
    this.child.stdout?.destroy();
  }

  /** Waits until it has said this beside its answers. */
  told(part: string): Promise<boolean> {
    return until(() => this.stderr.includes(part));
  }

  /** Waits until it ends by itself. @returns its exit code */
  async end(): Promise<number | null> {
    const [status] = await once(this.child, 'close');
    return status;
  }

  /** Ends it with a signal. @returns its exit code, or the signal */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string> {
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    const [status, by] = await closed;
    return status ?? by;
  }
}

/** A pseudo-terminal: what was written to it so far, and somebody who types. */
export class Terminal {
  readonly #pty: IPty;
  seen = '';
  status: number | null = null;

  constructor(pty: IPty, ended: () => void) {
    this.#pty = pty;
    pty.onData((data) => {
      this.seen += data;
    });
    pty.onExit(({ exitCode }) => {
      this.status = exitCode;
      ended();
    });
  }

  /** Waits until something stands on the screen, and types a line. */
  async answer(question: string, line: string): Promise<void> {
    await this.see(question);
    this.seen = this.seen.slice(this.seen.indexOf(question) + question.length);
    this.#pty.write(`${line}\r`);
  }

  async see(part: string): Promise<void> {
    try {
      await until(() => this.seen.includes(part));
    } catch (error) {
      throw new Error(`"${part}" is not on the screen: ${JSON.stringify(this.seen.slice(-300))}`, { cause: error });
    }
  }

  press(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  /** What is sent to the process alone. */
  signal(name: NodeJS.Signals): void {
    this.#pty.kill(name);
  }

  end(): Promise<number> {
    return until(() => (this.status === null ? undefined : { status: this.status })).then(({ status }) => status);
  }
}
