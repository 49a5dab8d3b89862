// Load without a pause: many groups of which one member sends, each send acknowledged by everybody before the next.

import { quantile } from '../support/quantile.ts';

/** Members of whom one sends. */
export interface Group {
  /** Numbers its sends 1, 2, 3 … */
  send(): Sent;
  /** Its recipients go, and take no more in. */
  leave(): void;
  /** They come back, and take in what has waited. */
  comeBack(): Promise<void>;
}

/** One send. Times as of `performance.now()`. */
export interface Sent {
  readonly accepted: Promise<number>;
  /** The sender hears that every recipient has acknowledged. */
  readonly delivered: Promise<number>;
}

export interface Measured {
  readonly sends: number;
  readonly seconds: number;
  /** From accepted to delivered, in milliseconds. */
  readonly latencies: readonly number[];
}

/** What may pass after the last send until it is acknowledged. */
const drainMs = 60_000;

/**
 * Lets every group send for so long, then waits until every send is acknowledged.
 * @throws if a send is not acknowledged
 */
export async function run(groups: readonly Group[], milliseconds: number): Promise<Measured> {
  const latencies: number[] = [];
  const start = performance.now();
  const sendAll = async (group: Group) => {
    while (performance.now() - start < milliseconds) {
      const { accepted, delivered } = group.send();
      const [from, to] = await Promise.all([accepted, delivered]);
      // Over HTTP the two come on two connections, so the second may be heard first.
      latencies.push(Math.max(0, to - from));
    }
  };
  await within(milliseconds + drainMs, Promise.all(groups.map(sendAll)));
  return { sends: latencies.length, seconds: (performance.now() - start) / 1000, latencies };
}

/** As `Measured` is compared and printed. */
export const measures = {
  'sends/s': ({ sends, seconds }: Measured) => sends / seconds,
  'p50 ms': ({ latencies }: Measured) => quantile(latencies, 0.5),
  'p95 ms': ({ latencies }: Measured) => quantile(latencies, 0.95),
  'p99 ms': ({ latencies }: Measured) => quantile(latencies, 0.99),
} as const;

export interface Drained {
  /** Sends a second into queues that nobody empties. */
  readonly filled: number;
  /** Messages a second that a recipient takes in and acknowledges, with all of them coming back at once. */
  readonly drained: number;
}

/** Sends until so many wait for each recipient, then lets them come. */
export async function drain(groups: readonly Group[], depth: number): Promise<Drained> {
  const underWay = 8;
  for (const group of groups) group.leave();
  const start = performance.now();
  const delivered = await Promise.all(
    groups.map(async (group) => {
      const sent: Sent[] = [];
      while (sent.length < depth) {
        const batch = Array.from({ length: Math.min(underWay, depth - sent.length) }, () => group.send());
        await Promise.all(batch.map(({ accepted }) => accepted));
        sent.push(...batch);
      }
      return sent.map((each) => each.delivered);
    }),
  );
  const filled = performance.now();
  await Promise.all(groups.map((group) => group.comeBack()));
  await within(drainMs, Promise.all(delivered.flat()));
  const all = 1000 * depth * groups.length;
  return { filled: all / (filled - start), drained: all / (performance.now() - filled) };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error('a send was never acknowledged')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What the answers to one sender's sends are waited for by. */
export class Answers {
  readonly #accepted = new Map<number, (time: number) => void>();
  readonly #delivered = new Map<number, (time: number) => void>();

  expect(n: number): Sent {
    return {
      accepted: new Promise((settle) => this.#accepted.set(n, settle)),
      delivered: new Promise((settle) => this.#delivered.set(n, settle)),
    };
  }

  accepted(n: number): void {
    this.#accepted.get(n)?.(performance.now());
    this.#accepted.delete(n);
  }

  delivered(n: number): void {
    this.#delivered.get(n)?.(performance.now());
    this.#delivered.delete(n);
  }
}
