// Everybody who uses the relay during a run: residents, who stay, and visitors, who register, stay for a few messages
// and go without a word.

import * as v from 'valibot';
import type { Bytes } from '../../client/wire/bytes.ts';
import { RegistrationSchema } from '../../client/wire/registration.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import { Client } from '../support/request.ts';
import { until } from '../support/until.ts';
import { judge, type Verdict } from './ledger.ts';
import type { Line } from './line.ts';
import { type Books, type Habits, Participant, retryMs } from './participant.ts';
import { pause } from './poster.ts';

const residents: Readonly<Record<string, Habits>> = {
  ana: { reads: 'stream', slow: false },
  ben: { reads: 'stream', slow: true },
  cem: { reads: 'poll', slow: false },
  dua: { reads: 'poll', slow: true },
  eve: { reads: 'both', slow: false },
};

/** A lane that has failed a few times waits for minutes; no run fails that often without a kill between. */
const restTimeoutMs = 120_000;
const restartAfterMs = 15_000;
const restLookMs = 250;
const maxAttempts = 1000;

export class Crowd {
  readonly books: Books;
  /** Rejects if anything fails that runs in the background. */
  readonly failed: Promise<never>;
  readonly #line: Line;
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #everybody: Participant[] = [];
  readonly #departed = new Set<string>();
  #sending: Promise<unknown> = Promise.resolve();
  #isEnough = false;
  #fail: (error: unknown) => void = () => {};

  constructor(line: Line, seed: string) {
    this.#line = line;
    this.books = { dues: [], accepted: 0, wrong: [], names: new Map(), reachable: () => line.up };
    this.#seed = seed;
    this.#random = seededRandom(`${seed} crowd`);
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever is not waiting for it just now finds out later.
    this.failed.catch(() => {});
  }

  /** Registers the residents, and lets everybody begin. */
  async begin(): Promise<void> {
    for (const [name, habits] of Object.entries(residents)) await this.#join(name, habits);
    const senders = this.#present().map((resident) =>
      resident.send(
        () => this.#present(),
        () => this.#isEnough,
      ),
    );
    this.#sending = Promise.all([...senders, this.#visits()]);
    this.#sending.catch(this.#fail);
  }

  /**
   * Lets everybody send a last message and waits until all is read and acknowledged, and nothing is left at the relay.
   * The relay is expected to run.
   * @param restart  called if all was read but something is left: what a dead object had still to tell another one, the
   *   other one asks for after hours, or when it starts
   * @returns what remained, in words
   */
  async rest(restart: () => Promise<void>): Promise<string[]> {
    this.#isEnough = true;
    await this.#sending;
    const present = this.#present();
    await Promise.all(
      present.map((participant) =>
        participant.sendTo(
          present.filter((other) => other !== participant),
          false,
        ),
      ),
    );
    try {
      await this.#settles(() => this.verdict().lost === 0, restTimeoutMs);
      const areIdle = async () => (await Promise.all(present.map((each) => each.isIdle()))).every(Boolean);
      await this.#settles(areIdle, restartAfterMs).catch(async () => {
        await restart();
        await this.#settles(areIdle, restTimeoutMs);
      });
      return [];
    } catch {
      // What is lost, the books say.
      if (this.verdict().lost > 0) return [];
      return (await Promise.all(present.map((each) => each.remains()))).flat();
    }
  }

  verdict(): Verdict {
    const readings = new Map(this.#everybody.map(({ name, reading }) => [name, reading]));
    return judge(this.books.dues, readings, this.#departed);
  }

  over(): void {
    this.#isEnough = true;
    for (const participant of this.#everybody) participant.over();
  }

  #present(): Participant[] {
    return this.#everybody.filter(({ name }) => !this.#departed.has(name));
  }

  async #visits(): Promise<void> {
    for (let i = 1; !this.#isEnough; i++) {
      const visitor = await this.#join(`visitor${i}`, { reads: 'both', slow: this.#random.chance(0.5) });
      const enough = this.books.accepted + 5 + this.#random.below(30);
      await visitor.send(
        () => this.#present(),
        () => this.#isEnough || this.books.accepted > enough,
      );
      this.#departed.add(visitor.name);
      await visitor.depart();
    }
  }

  async #join(name: string, habits: Habits): Promise<Participant> {
    const client = new Client(this.#line);
    const epoch = await register(client, this.books.reachable);
    const random = seededRandom(`${this.#seed} ${name}`);
    const participant = new Participant(name, client, epoch, habits, this.books, random);
    this.#everybody.push(participant);
    participant.read().catch(this.#fail);
    return participant;
  }

  async #settles(ask: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const settled = until(async () => {
      await pause(restLookMs);
      return ask();
    }, timeoutMs);
    await Promise.race([settled, this.failed]);
  }
}

/** Registers, as often as it takes: a code that waits in a development inbox dies with the relay. */
async function register(client: Client, reachable: () => Promise<void>): Promise<Bytes> {
  let last: unknown;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    try {
      const { challenge } = await client.challenge();
      const inbox = await fetch(`${client.url}/dev/inbox?address=${encodeURIComponent(client.uid)}`);
      const { codes } = v.parse(InboxSchema, await inbox.json());
      const response = await client.answer(challenge, codes[0]?.code ?? '');
      return v.parse(RegistrationSchema, await response.json()).epoch;
    } catch (error) {
      last = error;
      await reachable();
      await pause(retryMs);
    }
  }
  throw new Error('nobody can register', { cause: last });
}

const InboxSchema = v.object({ codes: v.array(v.object({ code: v.string() })) });
