// A participant's process, as the demo holds it: commands in, answers and events out, and the keys of its TLS sessions.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import type { Command, Registered, ToldEvent } from './participant.ts';

export class Participant {
  readonly name: string;
  /** The name in lower case, as in PKa. */
  readonly x: string;
  registered: Registered = { hrid: '', invite: '', code: '' };
  readonly events: ToldEvent[] = [];
  /** The file that its state stands in. */
  readonly store: string;
  readonly #child: ChildProcess;
  readonly #keyLog: string;
  readonly #answers: ((answer: { answer?: unknown; error?: string }) => void)[] = [];

  /** @param folder  where the store and the key log go @param ca  the certificate authority to trust */
  constructor(name: string, relay: string, folder: string, ca: string) {
    this.name = name;
    this.x = name.toLowerCase();
    this.#keyLog = join(folder, `${name}.keys`);
    this.store = join(folder, `${name}.db`);
    const script = fileURLToPath(new URL('participant.ts', import.meta.url));
    const argv = ['--no-warnings', `--tls-keylog=${this.#keyLog}`, script, relay, this.store];
    this.#child = spawn(process.execPath, argv, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
    });
    if (this.#child.stdout === null) throw new Error('no standard output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const told = JSON.parse(line);
      if ('event' in told) this.events.push(told.event);
      else this.#answers.shift()?.(told);
    });
    this.#child.once('exit', (code) => {
      for (const answer of this.#answers.splice(0)) answer({ error: `${name} ended with ${code}` });
    });
  }

  /** Has the client do something; `T` is what the command answers. */
  async ask<T>(command: Command): Promise<T> {
    const answered = new Promise<{ answer?: unknown; error?: string }>((resolve) => this.#answers.push(resolve));
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const { answer, error } = await answered;
    if (error !== undefined) throw new Error(`${this.name}: ${error}`);
    return answer as T;
  }

  /** The first event that fits, now or later. */
  event<T extends ToldEvent['type']>(
    type: T,
    fits: (event: Extract<ToldEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ToldEvent, { type: T }>> {
    const isIt = (event: ToldEvent): event is Extract<ToldEvent, { type: T }> =>
      event.type === type && fits(event as Extract<ToldEvent, { type: T }>);
    return until(() => this.events.find(isIt));
  }

  /** EKs*: a fingerprint of the newest TLS session's traffic secret, read from the key log. */
  async sessionKey(): Promise<string> {
    const log = await readFile(this.#keyLog, 'utf8');
    const secret = log
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('CLIENT_TRAFFIC_SECRET_0'))
      .at(-1)
      ?.split(' ')[2];
    if (secret === undefined) throw new Error(`${this.name} has no TLS 1.3 session`);
    return createHash('sha256').update(Buffer.from(secret, 'hex')).digest('hex').slice(0, 8);
  }

  /** The device is gone: its process ends without warning, and its store with it. */
  async lose(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.kill();
    await ended;
    await rm(this.store);
    for (const beside of ['-wal', '-shm']) await rm(this.store + beside, { force: true });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
