// Moves everything between the state and the relay: takes in the queue, seals what the application has sent, posts
// what is sealed. It follows from what is stored only, so a client that was stopped anywhere goes on where it was.

import { Connection, type ConnectionState } from './connection.ts';
import { Contributions } from './contributions.ts';
import type { Curves } from './crypto/curves.ts';
import type { RandomSource } from './crypto/random.ts';
import { receiveEntry } from './inbox.ts';
import { markDelivered, repostLost, rollBack, sealContent, startOver, tellFailed, unposted } from './outbox.ts';
import { Poster } from './poster.ts';
import type { Self } from './protocol/identity.ts';
import { loadRatchet } from './ratchets.ts';
import { tables } from './records.ts';
import { type PackageStock, replenishKeyPackages } from './registration.ts';
import type { State, Transaction } from './state.ts';
import type { Credentials, Link, OpenLink, Relay } from './transport/relay.ts';
import { emptyContent } from './unsent.ts';
import { bytesKey, sameBytes } from './wire/bytes.ts';
import { CliquetError, type ErrorCode } from './wire/errors.ts';
import type { KeyPackage } from './wire/key-package.ts';
import { messageIdBytes } from './wire/limits.ts';
import type { Hello, QueueEntry } from './wire/queue.ts';

/** Entries of the queue that are taken in with one commit. */
const batchSize = 32;
/** A stream tells of deliveries by itself; this is for links that do not, and for what was missed. */
const reconcileSeconds = 60;

export interface CourierOptions {
  readonly state: State;
  readonly relay: Relay;
  readonly as: Credentials;
  readonly self: Self;
  readonly curves: Curves;
  readonly random: RandomSource;
  /** Seconds since 1970. */
  readonly now: () => number;
  readonly openLink: OpenLink;
  /** Something has changed: the state, or the line to the relay. */
  readonly changed: () => void;
  /** The store failed; the courier has stopped. */
  readonly failed: (error: unknown) => void;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #connection: Connection;
  readonly #poster: Poster;
  readonly #contributions = new Contributions(() => this.nudge());
  #status: ConnectionState = 'offline';
  #problem: ErrorCode | null = null;
  #link: Link | null = null;
  /** The hello of this connection has been taken in. */
  #greeted: Promise<void> = Promise.resolve();
  #stock: PackageStock = { oneTime: 0, lastResortFresh: false };
  #incoming: QueueEntry[] = [];
  #drainedByRelay = false;
  /** When to ask the relay next what it still holds: seconds since 1970. */
  #reconcileAt = 0;
  /** What runs already; each of the loops looks again at what is stored before it ends. */
  readonly #running = new Set<string>();
  readonly #wanted = new Set<string>();

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#poster = new Poster({
      state: options.state,
      change: (run) => this.#change(run),
      wake: () => this.nudge(),
    });
    this.#connection = new Connection(options.relay, options.as, options.openLink, {
      hello: (hello, link) => {
        this.#link = link;
        this.#incoming = [];
        this.#drainedByRelay = false;
        this.#reconcileAt = 0;
        this.#greeted = this.#guard(() => this.#greet(hello, link));
      },
      entry: (entry) => {
        this.#incoming.push(entry);
        void this.#loop('take in', () => this.#takeIn());
      },
      drained: () => {
        this.#drainedByRelay = true;
        void this.#loop('take in', () => this.#takeIn());
      },
      delivered: (n) => void this.#guard(() => this.#change((tx) => markDelivered(tx, n))),
      changed: (status, problem) => {
        this.#status = status;
        this.#problem = problem;
        if (status !== 'online') this.#link = null;
        options.changed();
      },
    });
  }

  /** Why this client is not online, if something went wrong. */
  get problem(): ErrorCode | null {
    return this.#problem;
  }

  get status(): ConnectionState {
    return this.#status;
  }

  start(): void {
    this.#poster.start();
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
    this.#link = null;
    this.#status = 'offline';
    this.#poster.stop();
    this.#contributions.stop();
  }

  /** There may be something to seal, to post or to contribute. */
  nudge(): void {
    void this.#loop('work', () => this.#work());
  }

  /** Whether the queue is taken in, and everything sealed and accepted by the relay. */
  get isSettled(): boolean {
    const { state } = this.#options;
    return (
      this.#isDrained &&
      this.#running.size === 0 &&
      state.all(tables.unsent).length === 0 &&
      unposted(state).length === 0
    );
  }

  get #isDrained(): boolean {
    return this.#link !== null && this.#drainedByRelay && this.#incoming.length === 0;
  }

  async #greet(hello: Hello, link: Link): Promise<void> {
    const cursor = await this.#change(async (tx) => {
      const numbers = tx.get(tables.numbers, '');
      if (numbers === undefined) throw new CliquetError('client-closed');
      const { cursor } = numbers;
      // This client has sent, taken in or registered anew what this store does not know of: the store is an older copy.
      const isSameQueue = cursor !== null && sameBytes(cursor.epoch, hello.epoch);
      if (isSameQueue && cursor.seq >= hello.acked && numbers.nextSend >= hello.nextSend) {
        repostLost(tx, hello.nextSend);
        if (cursor.seq <= hello.last) return cursor;
        // The relay was restored from an older copy: what it gives numbers to anew is taken in; the ratchet drops the rest.
        const older = { epoch: hello.epoch, seq: hello.acked };
        tx.put(tables.numbers, '', { ...(tx.get(tables.numbers, '') ?? numbers), cursor: older });
        return older;
      }
      const next = { epoch: hello.epoch, seq: Math.max(isSameQueue ? cursor.seq : 0, hello.acked) };
      tx.put(tables.numbers, '', { ...numbers, cursor: next });
      if (!isSameQueue) startOver(tx);
      await rollBack(tx, hello.nextSend);
      return next;
    });
    if (cursor.seq > hello.acked) await link.acknowledge(cursor).catch(() => {});
    this.#stock = { oneTime: hello.keyPackages, lastResortFresh: hello.lastResortFresh };
    void this.#loop('replenish', () => this.#replenish());
  }

  /** Tops up the key packages at the relay, beside the queue; what fails is tried again with the next hello. */
  async #replenish(): Promise<void> {
    const { state, relay, as, curves, random, self, now } = this.#options;
    try {
      this.#stock = await replenishKeyPackages(state, relay, as, curves, random, self, this.#stock, now());
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error;
    }
  }

  async #takeIn(): Promise<void> {
    const { curves, self, now } = this.#options;
    await this.#greeted;
    while (this.#incoming.length > 0) {
      const link = this.#link;
      const batch = this.#incoming.splice(0, batchSize);
      const used: KeyPackage['kind'][] = [];
      const cursor = await this.#change(async (tx) => {
        for (const entry of batch) {
          const before = tx.get(tables.numbers, '')?.cursor;
          if (!before || entry.seq <= before.seq) continue; // taken in before, its acknowledgement was lost
          const kind = await receiveEntry(tx, curves, self, entry, now());
          if (kind !== null) used.push(kind);
          const numbers = tx.get(tables.numbers, '');
          if (numbers) tx.put(tables.numbers, '', { ...numbers, cursor: { epoch: before.epoch, seq: entry.seq } });
        }
        return tx.get(tables.numbers, '')?.cursor;
      });
      if (cursor) await link?.acknowledge(cursor).catch(() => {}); // repeated with the next hello
      this.#reckonPackages(used);
    }
    if (this.#isDrained) {
      if (this.#reconcileAt <= this.#options.now()) void this.#loop('outbox', () => this.#reconcileOutbox());
      this.nudge();
    }
  }

  /** Packages that agreements have used are gone from the relay too. */
  #reckonPackages(used: readonly KeyPackage['kind'][]): void {
    if (used.length === 0) return;
    const { oneTime, lastResortFresh } = this.#stock;
    this.#stock = {
      oneTime: Math.max(0, oneTime - used.filter((kind) => kind === 'one-time').length),
      lastResortFresh: lastResortFresh && !used.includes('last-resort'),
    };
    void this.#loop('replenish', () => this.#replenish());
  }

  async #work(): Promise<void> {
    if (!this.#isDrained) return;
    await this.#sealUnsent();
    await this.#contribute();
    void this.#loop('post', () => this.#post());
  }

  async #post(): Promise<void> {
    if (this.#link !== null && this.#isDrained) await this.#poster.post(this.#link);
  }

  async #sealUnsent(): Promise<void> {
    const { state, curves, random, self, now } = this.#options;
    for (const { key, value } of state.all(tables.unsent)) {
      const group = state.get(tables.groups, bytesKey(value.group));
      if (group === undefined || !this.#isDrained) continue;
      try {
        await this.#change(async (tx) => {
          await sealContent(tx, curves, random, self, group, value.content, now());
          tx.delete(tables.unsent, key);
        });
        void this.#loop('post', () => this.#post()); // what is sealed leaves while the next is being sealed
      } catch (error) {
        if (!(error instanceof CliquetError)) throw error;
        const { code } = error;
        await this.#change((tx) => {
          tx.delete(tables.unsent, key);
          return tellFailed(tx, value.group, value.content.id, code);
        });
      }
      this.#contributions.forget(bytesKey(value.group));
    }
  }

  /** Sends the empty messages that are due, and looks again when the next one is. */
  async #contribute(): Promise<void> {
    const { state, curves, random, self, now } = this.#options;
    for (const { key, value: group } of state.all(tables.groups)) {
      const ratchet = group.status === 'active' ? loadRatchet(state, group.generation) : undefined;
      if (ratchet === undefined) this.#contributions.forget(key);
      else if (this.#contributions.isDue(key, ratchet, now()) && this.#isDrained) {
        const content = emptyContent(random(messageIdBytes), now());
        try {
          await this.#change((tx) => sealContent(tx, curves, random, self, group, content, now()));
        } catch (error) {
          if (!(error instanceof CliquetError)) throw error; // as when the store has just turned out to be an old copy
        }
        this.#contributions.forget(key);
      }
    }
    if (this.#isDrained) this.#contributions.schedule(now());
  }

  /** What the relay no longer lists has been acknowledged by everybody while this client was away. */
  async #reconcileOutbox(): Promise<void> {
    const { state, relay, as, now } = this.#options;
    this.#reconcileAt = now() + reconcileSeconds;
    const accepted = state.all(tables.outgoing).filter(({ value }) => value.state === 'accepted');
    if (accepted.length === 0) return;
    try {
      const listed = new Set<number>();
      let next = 0;
      for (let after = 0; ; ) {
        const { records, nextSend } = await relay.readOutbox(as, after);
        next = nextSend;
        for (const { n } of records) listed.add(n);
        const last = records.at(-1);
        if (last === undefined || last.n <= after) break;
        after = last.n;
      }
      await this.#change((tx) => {
        for (const { value } of accepted) if (value.n < next && !listed.has(value.n)) markDelivered(tx, value.n);
      });
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error; // asked again with the next connection
    }
  }

  async #change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    const result = await this.#options.state.transact(run);
    this.#options.changed();
    return result;
  }

  /** Runs one of the loops, once at a time; what was asked for meanwhile is looked at before it ends. */
  async #loop(name: string, run: () => Promise<void>): Promise<void> {
    this.#wanted.add(name);
    if (this.#running.has(name)) return;
    this.#running.add(name);
    while (this.#wanted.delete(name)) await this.#guard(run);
    this.#running.delete(name);
    this.#options.changed();
  }

  /** The relay's failures are waited out; anything else, as of the store, ends the courier. */
  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (error instanceof CliquetError && error.code === 'client-closed') return;
      this.stop();
      this.#options.failed(error);
    }
  }
}
