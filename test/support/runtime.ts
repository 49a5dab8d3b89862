// What runs a script of ours in a process of its own. test/runtimes/ has others than Node.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface Runtime {
  readonly command: string;
  /** Before the script. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const node: Runtime = { command: process.execPath, args: ['--disable-warning=ExperimentalWarning'] };

/**
 * Starts a script with pipes; what it complains of goes to this process's standard error.
 * @param shell  a shell's commands to go before it, in the same process
 */
export function start(
  { command, args, env }: Runtime,
  script: string,
  scriptArgs: readonly string[],
  shell = '',
): ChildProcessByStdio<Writable, Readable, null> {
  const line = [command, ...args, script, ...scriptArgs];
  const [program = '', ...rest] = shell === '' ? line : ['sh', '-c', `${shell} exec "$0" "$@"`, ...line];
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
}
