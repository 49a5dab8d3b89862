// The client: identity, contacts, groups and events over one store and one relay. Everything that lasts goes through
// the state; the courier moves it.

import { type ClientEvent, toClientEvent } from './client-event.ts';
import type { ConnectionState } from './connection.ts';
import { putContact } from './contacts.ts';
import { Courier } from './courier.ts';
import type { Curves } from './crypto/curves.ts';
import { identityPublicKey } from './crypto/curves-noble.ts';
import { type RandomSource, systemRandom } from './crypto/random.ts';
import { selectCurves } from './crypto/select-curves.ts';
import { EventQueue } from './events.ts';
import { createGroup } from './founding.ts';
import { Group, type GroupHost } from './group.ts';
import { startOver } from './outbox.ts';
import { createIdentity, type Identity } from './protocol/identity.ts';
import { type Contact, type IdentityRecord, tables } from './records.ts';
import { type AskForCode, register } from './registration.ts';
import { State, type Transaction } from './state.ts';
import type { Store } from './store/store.ts';
import { httpRelay } from './transport/http.ts';
import { openPolling } from './transport/polling.ts';
import type { Credentials, OpenLink, Relay } from './transport/relay.ts';
import { openStream } from './transport/stream.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { normalText } from './wire/content.ts';
import { CliquetError } from './wire/errors.ts';
import { decodeInvite, encodeInvite } from './wire/invite.ts';
import { maxNameLength } from './wire/limits.ts';

export interface ClientOptions {
  /** The relay's address. A store belongs to one relay. */
  readonly relay: string;
  /** Where everything is kept; the client owns it until it is closed. */
  readonly store: Store;
  /** `stream` (a WebSocket) if not said and the platform has them; `polling` where only plain requests get through. */
  readonly transport?: 'stream' | 'polling';
  /** X25519 and Ed25519; the platform's WebCrypto where it has them, if not said. */
  readonly curves?: Curves;
  /** Fresh random bytes; the platform's generator if not said. */
  readonly random?: RandomSource;
  /** Milliseconds since 1970; the platform's clock if not said. */
  readonly now?: () => number;
}

const pollingIntervalMs = 2000;

export class Client {
  readonly #state: State;
  readonly #relay: Relay;
  readonly #curves: Curves;
  readonly #random: RandomSource;
  readonly #now: () => number;
  readonly #openLink: OpenLink;
  readonly #events: EventQueue;
  readonly #identity: Identity;
  readonly #host: GroupHost;
  #courier: Courier | null = null;
  #closed = false;
  #failure: unknown;
  #watchers: (() => void)[] = [];

  private constructor(state: State, options: ClientOptions, curves: Curves, identity: Identity) {
    this.#state = state;
    this.#curves = curves;
    this.#identity = identity;
    this.#random = options.random ?? systemRandom;
    const now = options.now ?? Date.now;
    this.#now = () => Math.floor(now() / 1000);
    this.#relay = httpRelay(options.relay, { now });
    const polls = options.transport === 'polling' || typeof WebSocket === 'undefined';
    this.#openLink = polls ? openPolling(pollingIntervalMs) : openStream;
    this.#events = new EventQueue(state);
    this.#host = { state, random: this.#random, change: (run) => this.#change(run) };
  }

  /**
   * Opens the client that lives in a store, or makes a new one there. A registered client connects at once and goes
   * on where it was.
   * @throws CliquetError `invite-invalid` if the store belongs to another relay
   */
  static async open(options: ClientOptions): Promise<Client> {
    const curves = options.curves ?? (await selectCurves());
    const state = await State.load(options.store, Object.values(tables));
    const { url } = httpRelay(options.relay);
    const record = state.get(tables.identity, '') ?? (await createRecord(state, options.random ?? systemRandom, url));
    if (record.relay !== url) throw new CliquetError('invite-invalid', 'this store belongs to another relay');
    const { seed, vid } = record;
    const client = new Client(state, options, curves, { seed, vid, pk: identityPublicKey(seed) });
    if (record.hrid !== null) client.#connect(record.hrid);
    return client;
  }

  /** Whether the relay knows this client. */
  get isRegistered(): boolean {
    return this.#hrid !== null;
  }

  /** This client's HRID, base64url, or null before registration. */
  get hrid(): string | null {
    return this.#hrid && bytesKey(this.#hrid);
  }

  /** The line to the relay. `replaced`: another connection of this client took its place; `connect()` takes it back. */
  get connection(): ConnectionState {
    return this.#courier?.status ?? 'offline';
  }

  /** All groups that were not declined. */
  get groups(): readonly Group[] {
    return this.#state
      .all(tables.groups)
      .filter(({ value }) => value.status !== 'declined')
      .map(({ key }) => new Group(this.#host, key));
  }

  /**
   * Registers with the relay (diagram 1): a code goes to the address, and the relay learns the HRID.
   * @param address  an e-mail address, or a phone number in international form
   * @param ask      gets the code from the person, again after a wrong one; null gives up
   * @throws CliquetError `already-registered`, `address-invalid`, `registration-cancelled`, `challenge-…`, `unreachable`
   */
  async register(address: string, ask: AskForCode): Promise<void> {
    this.#assertOpen();
    if (this.isRegistered) throw new CliquetError('already-registered');
    const { hrid, epoch } = await register(this.#relay, this.#identity, this.#sign, address, ask);
    await this.#change((tx) => {
      const record = tx.get(tables.identity, '');
      const numbers = tx.get(tables.numbers, '');
      if (record === undefined || numbers === undefined) return;
      tx.put(tables.identity, '', { ...record, hrid });
      if (numbers.cursor !== null && sameBytes(numbers.cursor.epoch, epoch)) return;
      tx.put(tables.numbers, '', { ...numbers, cursor: { epoch, seq: 0 } });
      startOver(tx);
    });
    this.#connect(hrid);
  }

  /**
   * Ends the registration: the relay drops what it holds of this client. Contacts and groups stay in the store.
   * @throws CliquetError `not-registered`, `unreachable`
   */
  async unregister(): Promise<void> {
    const hrid = this.#hrid;
    const cursor = this.#state.get(tables.numbers, '')?.cursor;
    if (hrid === null || !cursor) throw new CliquetError('not-registered');
    await this.#relay.deregister({ hrid, sign: this.#sign }, cursor.epoch).catch((error: unknown) => {
      // It was done before, and this client ended before it could note that.
      if (!(error instanceof CliquetError) || error.code !== 'not-registered') throw error;
    });
    this.#courier?.stop();
    this.#courier = null;
    await this.#change((tx) => {
      const record = tx.get(tables.identity, '');
      if (record) tx.put(tables.identity, '', { ...record, hrid: null });
    });
  }

  /**
   * What somebody else needs to reach this client, as text for a link's fragment or a QR code.
   * @throws CliquetError `not-registered`
   */
  invite(): string {
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    return encodeInvite({ relay: this.#relay.url, hrid, pk: this.#identity.pk });
  }

  /**
   * Keeps somebody as a contact: their groups are then joined without asking.
   * @returns the contact's HRID, base64url
   * @throws CliquetError `invite-invalid`, `identity-conflict`
   */
  async addContact(invite: string): Promise<string> {
    const decoded = decodeInvite(invite);
    await this.#change((tx) => putContact(tx, this.#relay.url, decoded));
    return bytesKey(decoded.hrid);
  }

  /**
   * Founds a group (diagram 2) with those whom the invites name; they become contacts.
   * @param invites  1 to 255
   * @throws CliquetError `not-registered`, `invite-invalid`, `identity-conflict`, `group-size`, `duplicate-member`,
   *   `no-key-package`, `unregistered`, `rate-limited`, `key-package-invalid`, `unreachable`; RangeError for a name
   *   of more than 128 characters
   */
  async createGroup(invites: readonly string[], { name = '' }: { readonly name?: string } = {}): Promise<Group> {
    this.#assertOpen();
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    if (name.length > maxNameLength) {
      throw new RangeError(`"name" expected at most ${maxNameLength} characters, got ${name.length}`);
    }
    const contacts = invites.map((invite): Contact => decodeInvite(invite));
    const self = { identity: this.#identity, hrid };
    const as = { hrid, sign: this.#sign };
    const group = await createGroup(
      this.#state,
      this.#relay,
      as,
      this.#curves,
      this.#random,
      self,
      contacts,
      normalText(name),
      this.#now(),
    );
    this.#changed();
    return new Group(this.#host, bytesKey(group));
  }

  /**
   * What happens, in order, for one reader at a time. An event counts as taken when the next one is asked for; until
   * then it stays in the store.
   */
  async *events(): AsyncGenerator<ClientEvent> {
    for await (const event of this.#events.take()) yield toClientEvent(this.#host, event);
  }

  /** Connects again after this client was replaced by another connection. */
  connect(): void {
    this.#assertOpen();
    if (this.#hrid === null) throw new CliquetError('not-registered');
    this.#courier?.start();
  }

  /**
   * Waits until the queue is taken in and everything sent so far is accepted by the relay.
   * @throws CliquetError `not-registered`; whatever the store has thrown, if it has failed
   */
  async settled(): Promise<void> {
    if (!this.#closed && this.#courier === null) throw new CliquetError('not-registered');
    while (!this.#closed && !this.#courier?.isSettled) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Ends the connection and closes the store. What is not sent yet goes out when the client is opened again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#courier?.stop();
    this.#events.close();
    this.#changed();
    await this.#state.close();
  }

  readonly #sign: Credentials['sign'] = (message) => this.#curves.sign(this.#identity.seed, message);

  get #hrid(): Bytes | null {
    return this.#state.get(tables.identity, '')?.hrid ?? null;
  }

  #connect(hrid: Bytes): void {
    this.#assertOpen();
    this.#courier?.stop();
    this.#courier = new Courier({
      state: this.#state,
      relay: this.#relay,
      as: { hrid, sign: this.#sign },
      self: { identity: this.#identity, hrid },
      curves: this.#curves,
      random: this.#random,
      now: this.#now,
      openLink: this.#openLink,
      changed: () => this.#notify(),
      failed: (error) => {
        this.#failure = error;
        this.#events.close(error);
        this.#notify();
      },
    });
    this.#courier.start();
  }

  async #change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    this.#assertOpen();
    const result = await this.#state.transact(run);
    this.#changed();
    return result;
  }

  #changed(): void {
    this.#courier?.nudge();
    this.#notify();
  }

  #notify(): void {
    this.#events.notify();
    for (const resolve of this.#watchers.splice(0)) resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw new CliquetError('client-closed');
  }
}

async function createRecord(state: State, random: RandomSource, relay: string): Promise<IdentityRecord> {
  const { seed, vid } = createIdentity(random);
  const record: IdentityRecord = { relay, seed, vid, hrid: null };
  await state.transact((tx) => {
    tx.put(tables.identity, '', record);
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
  });
  return record;
}
