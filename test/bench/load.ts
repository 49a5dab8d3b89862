// Load without a pause: many groups of which one member sends, each send acknowledged before the next, or in batches.

/** How a send reaches the worker. That it is acknowledged the sender always hears on its stream. */
export type Way = 'http' | 'stream';

/** Three members, of which one sends. */
export interface Group {
  /** Makes the recipients acknowledge so many messages together. */
  acknowledgeBy(batch: number): void;
  /** Numbers its sends 1, 2, 3 … */
  send(way: Way): Sent;
}

/** One send. Times as of `performance.now()`. */
interface Sent {
  readonly accepted: Promise<number>;
  /** The sender hears that both recipients have acknowledged. */
  readonly acknowledged: Promise<number>;
}

export interface Measured {
  readonly sends: number;
  readonly seconds: number;
  /** From accepted to acknowledged, in milliseconds. */
  readonly acknowledging: readonly number[];
  /** From sent to acknowledged, in milliseconds. */
  readonly inAll: readonly number[];
}

/** What may pass after the last send until it is acknowledged. */
const drainMs = 30_000;

/**
 * Lets every group send for so long, then waits until every send is acknowledged.
 * @param batch  recipients acknowledge so many messages together; unless it is 1, twice as many are under way in a group
 * @throws if a send is not acknowledged
 */
export async function run(groups: readonly Group[], way: Way, batch: number, milliseconds: number): Promise<Measured> {
  const acknowledging: number[] = [];
  const inAll: number[] = [];
  const window = batch === 1 ? 1 : 2 * batch;
  const start = performance.now();
  const sendAll = async (group: Group) => {
    group.acknowledgeBy(batch);
    const underWay = new Set<Promise<void>>();
    // A batch that was begun is filled, or its recipients would wait for the rest.
    for (let sent = 0; performance.now() - start < milliseconds || sent % batch > 0; sent++) {
      const sentAt = performance.now();
      const { accepted, acknowledged } = group.send(way);
      const done: Promise<void> = Promise.all([accepted, acknowledged]).then(([from, to]) => {
        // Over HTTP the two come on two connections, so the second may be heard first.
        acknowledging.push(Math.max(0, to - from));
        inAll.push(to - sentAt);
        underWay.delete(done);
      });
      underWay.add(done);
      await accepted;
      while (underWay.size >= window) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  };
  await within(milliseconds + drainMs, Promise.all(groups.map(sendAll)));
  return { sends: inAll.length, seconds: (performance.now() - start) / 1000, acknowledging, inAll };
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
  readonly #acknowledged = new Map<number, (time: number) => void>();

  expect(n: number): Sent {
    return {
      accepted: new Promise((settle) => this.#accepted.set(n, settle)),
      acknowledged: new Promise((settle) => this.#acknowledged.set(n, settle)),
    };
  }

  accepted(n: number): void {
    this.#accepted.get(n)?.(performance.now());
    this.#accepted.delete(n);
  }

  acknowledged(n: number): void {
    this.#acknowledged.get(n)?.(performance.now());
    this.#acknowledged.delete(n);
  }
}
