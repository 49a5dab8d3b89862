// Lines of a shell as somebody types them, in the checkout.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './until.ts';

const checkout = join(import.meta.dirname, '../..');

/** One that runs. */
export class Line {
  said = '';
  readonly #line: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(line: string, env: Readonly<Record<string, string>> = {}) {
    this.#line = line;
    const folders = ['node_modules/.bin', 'test/node_modules/.bin'].map((folder) => join(checkout, folder));
    const path = [...folders, process.env.PATH ?? ''].join(':');
    this.#child = spawn('sh', ['-c', line], {
      cwd: checkout,
      detached: true,
      env: { ...process.env, NO_COLOR: '1', ...env, PATH: path },
    });
    this.#ended = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data) => {
        this.said += data;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until it says this. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const isOver = () => this.#child.exitCode !== null || this.#child.signalCode !== null;
    const found = await until(async () => pattern.exec(this.said) ?? (isOver() && 'over'));
    if (found === 'over') throw new Error(`"${this.#line}" has ended without saying ${pattern}:\n${this.said}`);
    return found;
  }

  /** @returns what it has said, once it has ended by itself. @throws unless it ends with this status */
  async ends(status = 0): Promise<string> {
    this.#child.stdin?.end();
    const [code] = await this.#ended;
    if (code !== status) throw new Error(`"${this.#line}" has ended with ${code}:\n${this.said}`);
    return this.said;
  }

  /** Ctrl+C. */
  async stop(): Promise<void> {
    this.#signal('SIGINT');
    await this.#ended;
  }

  /** Whatever is left of it. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody is left to be told.
    }
  }
}
