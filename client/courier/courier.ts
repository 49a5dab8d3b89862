// Moves everything between the state and the relay: takes in the queue, seals what the application has sent, posts
// what is sealed. It follows from what is stored only, so a client that was stopped anywhere goes on where it was.

import { unposted } from '../state/pending.ts';
import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import type { Link, OpenLink } from '../transport/relay.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import type { Envelope } from '../wire/envelope.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import type { KeyPackage } from '../wire/key-package.ts';
import type { Hello, QueueEntry } from '../wire/queue.ts';
import type { Recipient } from '../wire/send.ts';
import { readAhead } from './ahead.ts';
import { openRatchet } from './condition.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { Delays } from './delays.ts';
import { takeHello } from './greeting.ts';
import { Healer } from './healer.ts';
import { receiveEntry } from './inbox.ts';
import { KeyPackages } from './key-packages.ts';
import { markDelivered } from './outbox.ts';
import { type Parcel, toParcel } from './parcel.ts';
import { Poster } from './poster.ts';
import { reconcileOutbox } from './reconcile.ts';
import type { Registered } from './registered.ts';
import { Sealer } from './sealer.ts';

/** Entries of the queue that are taken in with one commit. */
const batchSize = 32;
/** Entries that wait to be taken in: far more than an honest relay sends before the first is acknowledged. */
const maxIncoming = 4096;
/** A stream tells of deliveries by itself; this is for links that do not, and for what was missed. */
const reconcileSeconds = 60;

export interface CourierOptions {
  readonly client: Registered;
  readonly openLink: OpenLink;
  /** Something has changed: the state, or the line to the relay. */
  readonly changed: () => void;
  /** An envelope has come, or the relay has accepted one. */
  readonly onParcel: (parcel: Parcel) => void;
  /** The store failed for good; the courier has stopped. */
  readonly failed: (error: unknown) => void;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #connection: Connection;
  readonly #poster: Poster;
  readonly #sealer: Sealer;
  readonly #healer: Healer;
  readonly #delays: Delays;
  readonly #keyPackages: KeyPackages;
  #status: ConnectionState = 'offline';
  #problem: ErrorCode | null = null;
  #link: Link | null = null;
  /** The hello of this connection has been taken in. */
  #greeted: Promise<void> = Promise.resolve();
  #incoming: QueueEntry[] = [];
  #drainedByRelay = false;
  /** The store could not be written: the next connection tries that first. */
  #storeFailed = false;
  /** When to ask the relay next what it still holds: seconds since 1970. */
  #reconcileAt = 0;
  /** What runs already; each of the loops looks again at what is stored before it ends. */
  readonly #running = new Set<string>();
  readonly #wanted = new Set<string>();

  constructor(options: CourierOptions) {
    this.#options = options;
    const { client, openLink } = options;
    this.#poster = new Poster({
      state: client.state,
      change: (run) => this.#change(run),
      wake: () => this.nudge(),
      posted: ({ to, body }) => this.#show('sent', client.self.hrid, to, body),
    });
    const fraction = () => new DataView(client.random(4).buffer).getUint32(0) / 2 ** 32;
    this.#delays = new Delays(fraction, () => this.nudge());
    const change = <R>(run: (tx: Transaction) => R | Promise<R>) => this.#change(run);
    this.#sealer = new Sealer({
      client,
      change,
      isReady: () => this.#isDrained,
      sealed: () => void this.#loop('post', () => this.#post()),
      delays: this.#delays,
    });
    this.#healer = new Healer({ client, change, delays: this.#delays });
    this.#keyPackages = new KeyPackages(client, () => this.#replenish());
    this.#connection = new Connection(client.relay, client.as, openLink, {
      hello: (hello, link) => {
        this.#link = link;
        this.#incoming = [];
        this.#drainedByRelay = false;
        this.#reconcileAt = 0;
        this.#poster.lineIsBack();
        this.#greeted = this.#guard(() => this.#greet(hello, link));
      },
      entry: (entry) => {
        if (this.#incoming.length >= maxIncoming) this.#connection.interrupt('relay-misbehaved');
        else this.#incoming.push(entry);
        void this.#loop('take in', () => this.#takeIn());
      },
      drained: () => {
        this.#drainedByRelay = true;
        void this.#loop('take in', () => this.#takeIn());
      },
      delivered: (delivered) => void this.#guard(() => this.#change((tx) => markDelivered(tx, delivered))),
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
    this.#keyPackages.start();
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
    this.#link = null;
    // It is of a registration that may be about to end; else it comes again.
    this.#incoming = [];
    this.#status = 'offline';
    this.#poster.stop();
    this.#delays.stop();
    this.#keyPackages.stop();
  }

  /** There may be something to seal, to post or to contribute. */
  nudge(): void {
    void this.#loop('work', () => this.#work());
  }

  /** Whether the queue is taken in, and everything that can be is sealed and accepted by the relay. */
  get isSettled(): boolean {
    const { state } = this.#options.client;
    return (
      this.#isDrained &&
      this.#running.size === 0 &&
      !state.all(tables.unsent).some(({ value }) => this.#isSealable(value.group)) &&
      unposted(state).length === 0
    );
  }

  /** Whether what is said in a group can be sealed now: it may be on its way to being let in again. */
  #isSealable(groupId: Bytes): boolean {
    const { state } = this.#options.client;
    const group = state.get(tables.groups, bytesKey(groupId));
    return group !== undefined && openRatchet(state, group) !== undefined;
  }

  get #isDrained(): boolean {
    return this.#link !== null && this.#drainedByRelay && this.#incoming.length === 0;
  }

  async #greet(hello: Hello, link: Link): Promise<void> {
    const cursor = await this.#change(async (tx) => {
      const numbers = tx.get(tables.numbers, '');
      if (this.#storeFailed && numbers !== undefined) tx.put(tables.numbers, '', numbers);
      return takeHello(tx, hello);
    });
    // After a failure, the little that was written here proves nothing: all there is to write has to succeed first.
    if (!this.#storeFailed) this.#connection.confirm();
    if (cursor.seq > hello.acked) await link.acknowledge(cursor).catch(() => {});
    this.#keyPackages.set({ oneTime: hello.keyPackages, lastResortFresh: hello.lastResortFresh });
    this.#replenish();
  }

  /** Tops up the key packages at the relay, beside the queue. */
  #replenish(): void {
    void this.#loop('replenish', () => this.#keyPackages.replenish());
  }

  async #takeIn(): Promise<void> {
    const { client } = this.#options;
    const { now } = client;
    await this.#greeted;
    while (this.#incoming.length > 0) {
      const link = this.#link;
      const batch = this.#incoming.splice(0, batchSize);
      const used: KeyPackage['kind'][] = [];
      const ahead = batch.map((entry) => readAhead(client.state, client.curves, entry));
      const cursor = await this.#change(async (tx) => {
        for (const [i, entry] of batch.entries()) {
          const before = tx.get(tables.numbers, '')?.cursor;
          if (!before || entry.seq <= before.seq) continue; // taken in before, its acknowledgement was lost
          const kind = await receiveEntry(tx, client, entry, now(), ahead[i]);
          if (kind !== null) used.push(kind);
          const numbers = tx.get(tables.numbers, '');
          if (numbers) tx.put(tables.numbers, '', { ...numbers, cursor: { epoch: before.epoch, seq: entry.seq } });
        }
        return tx.get(tables.numbers, '')?.cursor;
      });
      if (cursor) await link?.acknowledge(cursor).catch(() => {}); // repeated with the next hello
      for (const [i, entry] of batch.entries()) {
        if (entry.type !== 'message') continue;
        const { from, header, body } = entry;
        this.#show('received', from, [{ hrid: client.self.hrid, header }], body, ahead[i]?.envelope);
      }
      if (used.length > 0) {
        this.#keyPackages.used(used);
        this.#replenish();
      }
    }
    if (this.#isDrained) this.nudge();
  }

  async #work(): Promise<void> {
    if (!this.#isDrained) return;
    await this.#sealer.seal();
    void this.#loop('post', () => this.#post());
    await this.#healer.heal();
    // A generation that was opened may be what content has waited for.
    await this.#sealer.seal();
    void this.#loop('post', () => this.#post());
    const now = this.#options.client.now();
    this.#delays.endRound(now);
    this.#delays.schedule(now);
  }

  async #post(): Promise<void> {
    if (this.#link === null || !this.#isDrained) return;
    await this.#poster.post(this.#link);
    // Only now: what the relay had accepted before the line was lost counts as accepted here only when it is posted again,
    // and everybody may have had it by then.
    if (this.#reconcileAt <= this.#options.client.now()) void this.#loop('outbox', () => this.#reconcile());
  }

  #show(...parcel: [Parcel['direction'], Bytes, readonly Recipient[], Bytes, Envelope?]): void {
    const shown = toParcel(this.#options.client.state, ...parcel);
    if (shown !== null) this.#options.onParcel(shown);
  }

  async #reconcile(): Promise<void> {
    const { client } = this.#options;
    this.#reconcileAt = client.now() + reconcileSeconds;
    try {
      await reconcileOutbox(client);
      this.#options.changed();
    } catch (error) {
      // Asked again with the next connection.
      if (!(error instanceof CliquetError) || error.code === 'store-unwritable') throw error;
    }
  }

  async #change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    const result = await this.#options.client.state.transact(run);
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
    if (this.#storeFailed && this.#isDrained && this.#running.size === 0) {
      this.#storeFailed = false;
      this.#connection.confirm();
    }
    this.#options.changed();
  }

  /** The relay's failures are waited out, and a store's that cannot be written; anything else ends the courier. */
  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      const code = error instanceof CliquetError ? error.code : null;
      if (code === 'client-closed') return;
      if (code === 'store-unwritable') {
        // Nothing of it is acknowledged: with the next connection all of it comes again. What came after it must not be
        // taken in before, or it would count as taken in too.
        this.#storeFailed = true;
        this.#connection.interrupt(code);
        this.#incoming = [];
        return;
      }
      this.stop();
      this.#options.failed(error);
    }
  }
}
