// worker/deno.ts as a process of its own, under Node or real Deno.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { choosePort, type LocalRelay } from '../../worker/local.ts';
import { deno } from '../runtimes/deno.ts';
import { node, type Runtime } from './runtime.ts';

const checkout = join(import.meta.dirname, '../..');
const script = join(checkout, 'worker/deno.ts');

/** Deno with leave for what a relay needs, as docs/OPERATIONS.md says. */
const denoRelay: Runtime = {
  ...deno,
  args: [
    ...['run', '--quiet', '--no-prompt', '--no-lock', '--no-remote', '--node-modules-dir=manual'],
    ...['--allow-net', '--allow-env', '--allow-sys'],
    ...[`--allow-read=${checkout},${tmpdir()}`, `--allow-write=${tmpdir()}`],
  ],
};
export const runtimes: Readonly<Record<'node' | 'deno', Runtime>> = { node, deno: denoRelay };

export interface DiskRelayOptions {
  readonly host: keyof typeof runtimes;
  /** 0 finds a free one. */
  readonly port: number;
  readonly stateFolder: string;
  /** Paths of a PEM key and certificate: then the relay speaks TLS. */
  readonly https?: { readonly key: string; readonly cert: string };
  /** A shell's commands that go before it, in the same process. */
  readonly shell?: string;
  /** What it is told by its environment, besides. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
}

/** @returns once it listens */
export async function startDiskRelay(options: DiskRelayOptions): Promise<LocalRelay> {
  const { command, args, env } = runtimes[options.host];
  const wanted = options.port === 0 ? await choosePort(0) : options.port;
  const line = [command, ...args, script, '--dev'];
  const [program = '', ...rest] = options.shell ? ['sh', '-c', `${options.shell}; exec "$0" "$@"`, ...line] : line;
  const child = spawn(program, rest, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      PORT: String(wanted),
      STATE: options.stateFolder,
      ADDRESS_HEADER: 'cf-connecting-ip',
      ...(options.https ? { TLS_KEY: options.https.key, TLS_CERT: options.https.cert } : {}),
      ...options.vars,
    },
  });
  const ended = once(child, 'close').then(() => undefined);
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  const killNow = () => kill('SIGKILL');
  process.once('exit', killNow);
  const end = async (signal: NodeJS.Signals) => {
    process.off('exit', killNow);
    kill(signal);
    await ended;
  };
  createInterface(child.stdout).on('line', options.onLog);
  let output = '';
  const listening = new Promise<number>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      output += `${line}\n`;
      const port = /is running at .*:(\d+)$/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const port = await Promise.race([listening, ended]);
  if (port === undefined) throw new Error(`the relay did not start:\n${output}`);
  const scheme = options.https ? 'https' : 'http';
  return {
    url: `${scheme}://localhost:${port}`,
    port,
    processGroup: child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    ended,
  };
}
