// An example in a process of its own: what it has said so far, and its ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Runtime } from '../support/runtime.ts';
import { until } from '../support/until.ts';

const examples = join(import.meta.dirname, '../../docs/examples');

/** It starts with a passphrase, which is slow on purpose, on a machine that has other things to do. */
const patienceMs = 60_000;

export class Example {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  /** On both streams, as somebody at a terminal would see it. */
  said = '';

  /** @param script  its path from docs/examples */
  constructor({ command, args, env }: Runtime, script: string, ...scriptArgs: readonly string[]) {
    this.#child = spawn(command, [...args, join(examples, script), ...scriptArgs], { env: { ...process.env, ...env } });
    this.#closed = once(this.#child, 'close');
    // Nothing is left of a test that has failed.
    const killNow = () => void this.#child.kill('SIGKILL');
    process.once('exit', killNow);
    void this.#closed.then(() => process.off('exit', killNow));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    }
  }

  /** Waits until it has said something. @returns what the pattern's group has caught */
  async says(pattern: RegExp): Promise<string> {
    const hasEnded = () => this.#child.exitCode !== null;
    const found = await until(() => pattern.exec(this.said) ?? hasEnded(), patienceMs);
    if (found === true) throw new Error(`it has ended, and said: ${this.said}`);
    return found[1] ?? '';
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** @returns its exit status */
  async ends(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    return this.ends();
  }
}
