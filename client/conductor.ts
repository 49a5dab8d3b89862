// What runs behind a client: its state, the courier that moves it, and what goes by itself. `Client` and `Group` are what
// the application sees of it. Everything that lasts goes through the state.

import { Changes } from './changes.ts';
import { type ClientOptions, secondsOf } from './client-options.ts';
import type { ConnectionState } from './courier/connection.ts';
import type { Courier } from './courier/courier.ts';
import type { Registered } from './courier/registered.ts';
import type { Curves } from './crypto/curves.ts';
import { type RandomSource, systemRandom } from './crypto/random.ts';
import { selectCurves } from './crypto/select-curves.ts';
import type { Host } from './group.ts';
import { toRule } from './history-policy.ts';
import type { Housekeeping } from './housekeeping.ts';
import type * as Online from './online.ts';
import { createIdentity, type Identity, identityOf } from './protocol/identity.ts';
import { type AskForCode, type RegistrationOptions, register } from './registration.ts';
import { EventQueue } from './state/events.ts';
import { type IdentityRecord, tables } from './state/records.ts';
import { beginStore, loadState } from './state/schema.ts';
import type { State, Transaction } from './state/state.ts';
import { httpRelay } from './transport/http.ts';
import type { Credentials, Relay } from './transport/relay.ts';
import type { Bytes } from './wire/bytes.ts';
import { CliquetError, type ErrorCode } from './wire/errors.ts';
import { loaded } from './wire/loaded.ts';

export class Conductor implements Host {
  readonly state: State;
  readonly relay: Relay;
  readonly identity: Identity;
  readonly random: RandomSource;
  readonly now: () => number;
  readonly events: EventQueue;
  readonly #curves: Curves;
  readonly #options: ClientOptions;
  readonly #changes = new Changes();
  #online: typeof Online | null = null;
  #housekeeping: Housekeeping | null = null;
  #courier: Courier | null = null;
  #closed = false;
  #failure: unknown;

  private constructor(state: State, options: ClientOptions, relay: string, curves: Curves, identity: Identity) {
    this.state = state;
    this.identity = identity;
    this.random = options.random ?? systemRandom;
    this.now = () => secondsOf(options);
    this.relay = httpRelay(relay, { now: options.now ?? Date.now });
    this.events = new EventQueue(state);
    this.#curves = curves;
    this.#options = options;
  }

  /**
   * Opens what lives in a store; if that fails, the store is closed.
   * @param prepare  does something to the state before anything else
   */
  static async open(options: ClientOptions, prepare: (state: State) => Promise<void>): Promise<Conductor> {
    try {
      const state = await loadState(options.store, secondsOf(options), () => secondsOf(options));
      await prepare(state);
      return await Conductor.#openFrom(state, options);
    } catch (error) {
      await options.store.close();
      throw error;
    }
  }

  static async #openFrom(state: State, options: ClientOptions): Promise<Conductor> {
    const { relay, random = systemRandom, connect = true, history } = options;
    const curves = options.curves ?? (await selectCurves());
    const origin = relay === undefined ? undefined : httpRelay(relay).url;
    const record = state.get(tables.identity, '') ?? (await createClient(state, random, origin));
    if (origin !== undefined && record.relay !== origin) {
      throw new CliquetError('other-relay');
    }
    const conductor = new Conductor(state, options, record.relay, curves, identityOf(record.seed));
    if (history !== undefined) await state.transact((tx) => tx.put(tables.settings, '', { history: toRule(history) }));
    if (!isNew(state)) await conductor.#goOnline();
    if (connect && record.hrid !== null) conductor.#connect(record.hrid);
    return conductor;
  }

  /** What acts for a client that has registered, or is in a group. @throws CliquetError `not-registered` for any other */
  get online(): typeof Online {
    if (this.#online === null) throw new CliquetError('not-registered');
    return this.#online;
  }

  get hrid(): Bytes | null {
    return this.state.get(tables.identity, '')?.hrid ?? null;
  }

  get connection(): ConnectionState {
    return this.#courier?.status ?? 'offline';
  }

  get problem(): ErrorCode | null {
    return this.#courier?.problem ?? null;
  }

  async register(address: string, ask: AskForCode, options: RegistrationOptions): Promise<void> {
    this.assertOpen();
    // Unless the registration has ended at the relay, as this client has just been told.
    const isRegistered = this.hrid !== null;
    if (isRegistered && this.problem !== 'not-registered') throw new CliquetError('already-registered');
    // Before anything is asked for: nobody gets a code for a client that could not go on.
    await this.#goOnline();
    // Noted first: who is killed after the relay has made a new mailbox must not take it for the old one.
    if (isRegistered) await this.#endRegistration();
    const { hrid, epoch } = await register(this.relay, this.identity, this.#sign, address, ask, options);
    await this.change((tx) => this.online.noteRegistration(tx, hrid, epoch));
    this.#connect(hrid);
  }

  async unregister(): Promise<void> {
    const as = { hrid: this.#registeredHrid(), sign: this.#sign };
    try {
      // A restored client that has not been connected yet does not know its mailbox.
      const cursor = this.state.get(tables.numbers, '')?.cursor;
      const epoch = cursor?.epoch ?? (await this.relay.readQueue(as, null)).hello.epoch;
      await this.relay.deregister(as, epoch);
    } catch (error) {
      // It was done before, and this client ended before it could note that.
      if (!(error instanceof CliquetError) || error.code !== 'not-registered') throw error;
    }
    await this.#endRegistration();
  }

  connect(): void {
    this.assertOpen();
    const hrid = this.#registeredHrid();
    if (this.#courier === null) this.#connect(hrid);
    else this.#courier.start();
  }

  async settled(signal?: AbortSignal): Promise<void> {
    while (!this.#closed && !this.#courier?.isSettled) {
      if (this.#courier === null) throw new CliquetError('not-registered');
      if (this.#failure !== undefined) throw this.#failure;
      if (this.connection === 'replaced') throw new CliquetError('replaced');
      const { problem } = this;
      if (problem === 'not-registered' || problem === 'store-unwritable') throw new CliquetError(problem);
      await this.#changes.next(signal);
    }
  }

  changed(signal?: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#courier?.stop();
    this.#housekeeping?.stop();
    this.events.close();
    this.#changed();
    await this.state.close();
  }

  async change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    this.assertOpen();
    const result = await this.state.transact(run);
    this.#changed();
    return result;
  }

  async act<R>(run: (client: Registered) => Promise<R>): Promise<R> {
    this.assertOpen();
    const result = await run(this.#registered(this.#registeredHrid()));
    this.#changed();
    return result;
  }

  /** @throws CliquetError `client-closed` */
  assertOpen(): void {
    if (this.#closed) throw new CliquetError('client-closed');
  }

  readonly #sign: Credentials['sign'] = (message) => this.#curves.sign(this.identity.seed, message);

  #registeredHrid(): Bytes {
    const { hrid } = this;
    if (hrid === null) throw new CliquetError('not-registered');
    return hrid;
  }

  /** Loads what acts for a client, and begins what goes by itself. @throws CliquetError `not-loaded`, `client-closed` */
  async #goOnline(): Promise<void> {
    if (this.#online !== null) return;
    const online = await loaded(import('./online.ts'));
    this.assertOpen();
    // Somebody else may have waited for it too.
    if (this.#online !== null) return;
    this.#online = online;
    this.#housekeeping = new online.Housekeeping(this.state, this.now);
    // What has disappeared while this client was closed is gone before anything is told.
    await this.#housekeeping.run();
    this.assertOpen();
  }

  async #endRegistration(): Promise<void> {
    this.#courier?.stop();
    this.#courier = null;
    await this.change((tx) => this.online.noteDeregistration(tx));
  }

  #connect(hrid: Bytes): void {
    this.assertOpen();
    this.#courier?.stop();
    const { Courier, linkBy } = this.online;
    this.#courier = new Courier({
      client: this.#registered(hrid),
      openLink: linkBy(this.#options.transport),
      changed: () => this.#notify(),
      onParcel: this.#options.onParcel ?? (() => undefined),
      failed: (error) => {
        this.#failure = error;
        this.events.close(error);
        this.#notify();
      },
    });
    this.#courier.start();
  }

  #registered(hrid: Bytes): Registered {
    return {
      self: { identity: this.identity, hrid },
      state: this.state,
      relay: this.relay,
      as: { hrid, sign: this.#sign },
      curves: this.#curves,
      random: this.random,
      now: this.now,
    };
  }

  #changed(): void {
    this.#courier?.nudge();
    this.#notify();
  }

  #notify(): void {
    this.#housekeeping?.nudge();
    this.events.notify();
    this.#changes.notify();
  }
}

/** Whether a client has never been anybody: it has not registered, and no backup has brought groups. */
function isNew(state: State): boolean {
  const wasRegistered = state.get(tables.numbers, '')?.cursor !== null || state.get(tables.identity, '')?.hrid !== null;
  return !wasRegistered && state.first(tables.groups) === undefined;
}

/** A new client. @throws TypeError if no relay is said */
async function createClient(state: State, random: RandomSource, relay: string | undefined): Promise<IdentityRecord> {
  if (relay === undefined) throw new TypeError('"relay" expected for a new store');
  const { seed } = createIdentity(random);
  const record: IdentityRecord = { relay, seed, hrid: null };
  await state.transact((tx) => beginStore(tx, record));
  return record;
}
