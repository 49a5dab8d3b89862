// Two clients that have nothing to do with an attack, and exchange messages while it goes on: all must arrive, once and in
// order. With SLOW=1 they are also timed: an attack may at most double how long a message takes.

import { expect } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { median } from './quantile.ts';
import { Client, type Relay } from './request.ts';
import { slow } from './seeds.ts';
import type { TestStream } from './stream.ts';

const timedExchanges = 50;
const patienceMs = 30_000;
/** So that the two do not make up the load themselves. */
const pauseMs = 10;

interface Person {
  readonly client: Client;
  readonly stream: TestStream;
  readonly epoch: Uint8Array<ArrayBuffer>;
  received: number;
}

export class Bystander {
  readonly #people: readonly [Person, Person];
  readonly #before: readonly number[];
  readonly #during: number[] = [];
  #exchanges = 0;
  #ending = false;
  #failure: unknown;
  readonly #running: Promise<void>;

  private constructor(people: readonly [Person, Person], before: readonly number[], exchanges: number) {
    this.#people = people;
    this.#before = before;
    this.#exchanges = exchanges;
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Registers the two, and lets them talk from now on. */
  static async start(relay: Relay): Promise<Bystander> {
    const people = [await appear(relay), await appear(relay)] as const;
    const before: number[] = [];
    for (let n = 0; n < (slow ? timedExchanges : 1); n++) before.push(await exchange(people, n));
    return new Bystander(people, before, before.length);
  }

  /** Whether they have talked for long enough to tell what an attack does to them: it should go on until then. */
  get isSure(): boolean {
    return this.#failure !== undefined || this.#during.length >= (slow ? timedExchanges : 3);
  }

  /**
   * Ends their conversation. Fails if anything was lost, doubled or late.
   * @param isTimed  false after an attack that takes all that the machine has, for then its own cores are what is timed
   */
  async check(isTimed = true): Promise<void> {
    this.#ending = true;
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
    // Once more, now that it is over.
    await exchange(this.#people, this.#exchanges++);
    for (const { client, stream, received } of this.#people) {
      expect((await client.queue()).hello.last).toBe(received);
      stream.close();
    }
    expect(this.#during.length).toBeGreaterThan(0);
    // What is over after a few messages says nothing about time.
    if (slow && isTimed && this.#during.length >= timedExchanges) {
      expect(median(this.#during)).toBeLessThan(2 * median(this.#before));
    }
  }

  async #run(): Promise<void> {
    do {
      this.#during.push(await exchange(this.#people, this.#exchanges));
      this.#exchanges++;
      await new Promise((wake) => setTimeout(wake, pauseMs));
    } while (!this.#ending);
  }
}

async function appear(relay: Relay): Promise<Person> {
  const client = await Client.register(relay);
  const stream = await client.stream();
  const { hello } = await stream.take('hello');
  return { client, stream, epoch: hello.epoch, received: 0 };
}

/** One message, by turns from one to the other. @returns how long it took, in milliseconds */
async function exchange(people: readonly [Person, Person], n: number): Promise<number> {
  const [from, to] = n % 2 === 0 ? people : [people[1], people[0]];
  const start = performance.now();
  await from.client.send([to.client], encodeUtf8(String(n)));
  const entry = await nextEntry(to.stream);
  const took = performance.now() - start;
  to.received++;
  expect(entry).toMatchObject({ type: 'message', seq: to.received });
  if (entry.type === 'message') expect(decodeUtf8(entry.body)).toBe(String(n));
  await to.stream.send({ type: 'ack', ack: { epoch: to.epoch, seq: entry.seq } });
  return took;
}

async function nextEntry(stream: TestStream): Promise<QueueEntry> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const index = stream.frames.findIndex(({ type }) => type === 'entry');
    const frame = stream.frames[index];
    if (frame?.type === 'entry') {
      stream.frames.splice(0, index + 1);
      return frame.entry;
    }
    if (stream.closed !== undefined) throw new Error(`a bystander was cut off (${stream.closed.code})`);
    if (Date.now() > deadline) throw new Error(`a bystander's message did not arrive in ${patienceMs} ms`);
    await new Promise((wake) => setTimeout(wake, 1));
  }
}
