// A client in a process of its own, as a test holds it: commands in, answers and events out, through as many lives as
// it takes. It remembers what it was told, as an application would that must not do anything twice.

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestRelay } from '../support/relay.ts';
import { type Runtime, start } from '../support/runtime.ts';
import { until } from '../support/until.ts';
import type { Command, Line } from './client.ts';

type Told = Extract<Line, { readonly type: 'event' }>;
type Done = Extract<Line, { readonly type: 'done' }>;

const script = `${import.meta.dirname}/client.ts`;

export class Remote {
  readonly #runtime: Runtime;
  readonly #relay: TestRelay;
  readonly #file: string;
  readonly #passphrase: string;
  readonly #address: string;
  readonly #lives: ReturnType<typeof start>[] = [];
  readonly #events: Told[] = [];
  readonly #done: Done[] = [];

  constructor(runtime: Runtime, relay: TestRelay, file: string, passphrase: string, address: string) {
    this.#runtime = runtime;
    this.#relay = relay;
    this.#file = file;
    this.#passphrase = passphrase;
    this.#address = address;
  }

  /** Starts it; registers it if its file is new. @returns its invite @throws with the code that it says */
  async open(): Promise<string> {
    const after = Math.max(-1, ...this.#events.map(({ number }) => number));
    const args = [this.#relay.url, this.#file, this.#passphrase, this.#address, String(after)];
    const child = start(this.#runtime, script, args);
    // Whoever is killed does not read what was on its way.
    child.stdin.on('error', () => {});
    const lines: Line[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Line;
      lines.push(said);
      if (said.type === 'asks-code') {
        void this.#relay.inbox(this.#address).then((code) => child.stdin.write(`${code}\n`));
      }
      if (said.type === 'event') this.#events.push(said);
      if (said.type === 'done') this.#done.push(said);
    });
    this.#lives.push(child);
    const said = await until(() => lines.find(({ type }) => type === 'opened' || type === 'failed'));
    if (said.type !== 'opened') throw new Error(said.type === 'failed' ? said.code : said.type);
    return said.invite;
  }

  get #child() {
    const child = this.#lives.at(-1);
    if (child === undefined) throw new Error('it has not been opened');
    return child;
  }

  /** The texts that it was told, in all its lives. */
  get texts(): string[] {
    return this.#events.flatMap(({ text }) => text ?? []);
  }

  /** The texts that it has stored to be sent. */
  get sent(): string[] {
    return this.#done.flatMap(({ text }) => text ?? []);
  }

  /** Hands over a command without waiting. */
  tell(command: Command): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  async do(command: Command): Promise<void> {
    const before = this.#done.length;
    this.tell(command);
    await until(() => this.#done.length > before);
  }

  heard(event: string): Promise<Told> {
    return until(() => this.#events.find((told) => told.event === event));
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  /** Ends its input, and waits until it has ended by itself. @returns its exit status */
  async end(): Promise<number | null> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    const [status] = await closed;
    return status;
  }

  killAll(): void {
    for (const child of this.#lives) child.kill('SIGKILL');
  }
}
