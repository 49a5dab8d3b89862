// The client: identity, contacts, groups and events over one store and one relay. Everything that lasts goes through
// the state; the courier moves it.

import { Changes } from './changes.ts';
import { type ClientEvent, toClientEvent } from './client-event.ts';
import { type ClientOptions, linkOf, secondsOf } from './client-options.ts';
import type { ConnectionState } from './courier/connection.ts';
import { Courier } from './courier/courier.ts';
import { createGroup } from './courier/founding.ts';
import { type Pending, pendingIn } from './courier/outbox.ts';
import type { Registered } from './courier/registered.ts';
import type { Curves } from './crypto/curves.ts';
import { type RandomSource, systemRandom } from './crypto/random.ts';
import { recoveryPhrase } from './crypto/recovery-phrase.ts';
import { selectCurves } from './crypto/select-curves.ts';
import { Group, type GroupHost, type HistoryPolicy, toRule } from './group.ts';
import { Housekeeping } from './housekeeping.ts';
import { type Identity, identityOf } from './protocol/identity.ts';
import {
  type AskForCode,
  noteDeregistration,
  noteRegistration,
  type RegistrationOptions,
  register,
} from './registration.ts';
import { createClient, type RestoreOptions, restore } from './restore.ts';
import { assertName } from './sendable.ts';
import { writeBackup } from './state/backup.ts';
import { type ContactEntry, putContact, removeContact, renameContact, toContactEntry } from './state/contacts.ts';
import { EventQueue } from './state/events.ts';
import type { HistoryEntry } from './state/history-entry.ts';
import { tables } from './state/records.ts';
import { loadState } from './state/schema.ts';
import { type HistoryQuery, searchHistory } from './state/search.ts';
import type { State, Transaction } from './state/state.ts';
import { httpRelay } from './transport/http.ts';
import type { Credentials, Relay } from './transport/relay.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { normalText } from './wire/content-body.ts';
import { CliquetError, type ErrorCode } from './wire/errors.ts';
import { decodeInvite, encodeInvite } from './wire/invite.ts';

export class Client {
  readonly #state: State;
  readonly #relay: Relay;
  readonly #curves: Curves;
  readonly #random: RandomSource;
  readonly #now: () => number;
  readonly #options: ClientOptions;
  readonly #events: EventQueue;
  readonly #identity: Identity;
  readonly #host: GroupHost;
  readonly #housekeeping: Housekeeping;
  #courier: Courier | null = null;
  #closed = false;
  #failure: unknown;
  readonly #changes = new Changes();

  private constructor(state: State, options: ClientOptions, relay: string, curves: Curves, identity: Identity) {
    this.#state = state;
    this.#curves = curves;
    this.#identity = identity;
    this.#random = options.random ?? systemRandom;
    this.#now = () => secondsOf(options);
    this.#relay = httpRelay(relay, { now: options.now ?? Date.now });
    this.#options = options;
    this.#events = new EventQueue(state);
    this.#housekeeping = new Housekeeping(state, this.#now);
    this.#host = {
      state,
      random: this.#random,
      now: this.#now,
      change: (run) => this.#change(run),
      act: (run) => this.#act(run),
    };
  }

  static async #openAfter(options: ClientOptions, prepare: (state: State) => Promise<void>): Promise<Client> {
    try {
      const state = await loadState(options.store, secondsOf(options), () => secondsOf(options));
      await prepare(state);
      return await Client.#openFrom(state, options);
    } catch (error) {
      await options.store.close();
      throw error;
    }
  }

  static async #openFrom(state: State, options: ClientOptions): Promise<Client> {
    const { relay, random = systemRandom, connect = true, history } = options;
    const curves = options.curves ?? (await selectCurves());
    const origin = relay === undefined ? undefined : httpRelay(relay).url;
    const record = state.get(tables.identity, '') ?? (await createClient(state, random, origin));
    if (origin !== undefined && record.relay !== origin) {
      throw new CliquetError('other-relay');
    }
    const client = new Client(state, options, record.relay, curves, identityOf(record.seed));
    if (history !== undefined) await state.transact((tx) => tx.put(tables.settings, '', { history: toRule(history) }));
    // What has disappeared while this client was closed is gone before anything is told.
    await client.#housekeeping.run();
    if (connect && record.hrid !== null) client.#connect(record.hrid);
    return client;
  }

  /**
   * Opens the client that lives in a store, or makes a new one there. A registered client connects at once and goes
   * on where it was. If this fails, the store is closed.
   * @throws CliquetError `other-relay`, if the store belongs to another; `store-too-new`, `store-damaged`;
   *   `store-unwritable`; TypeError if the store is new and no relay was said
   */
  static async open(options: ClientOptions): Promise<Client> {
    return Client.#openAfter(options, async () => {});
  }

  /**
   * Makes a new client out of a backup, in an empty store. The words alone bring the identity back; a backup brings
   * contacts and rosters too. Groups are `lost` then: their keys were on the old device only.
   * @param options  as for `open`; backup: what `backup()` gave; phrase or passphrase: what opens it; relay: only needed
   *   without a backup
   * @throws CliquetError `backup-invalid`, `wrong-passphrase`, `phrase-invalid`, `store-not-empty`, `other-relay`; TypeError if neither words nor a passphrase with a backup are given
   */
  static async restore(options: ClientOptions & RestoreOptions): Promise<Client> {
    return Client.#openAfter(options, (state) => restore(state, options));
  }

  /** Whether the relay knows this client. */
  get isRegistered(): boolean {
    return this.#hrid !== null;
  }

  /** This client's HRID, base64url, or null before registration. */
  get hrid(): string | null {
    return this.#hrid && bytesKey(this.#hrid);
  }

  /** The origin of this client's relay. */
  get relay(): string {
    return this.#relay.url;
  }

  /** The line to the relay. `replaced`: another connection of this client took its place; `connect()` takes it back. */
  get connection(): ConnectionState {
    return this.#courier?.status ?? 'offline';
  }

  /** Why this client is not online: what went wrong last, or null. */
  get problem(): ErrorCode | null {
    return this.#courier?.problem ?? null;
  }

  get pending(): Pending {
    return pendingIn(this.#state);
  }

  /** Everybody whose groups are joined without asking. */
  get contacts(): readonly ContactEntry[] {
    return this.#state.all(tables.contacts).map(({ value }) => toContactEntry(this.#state, value));
  }

  /** All groups that were not declined. */
  get groups(): readonly Group[] {
    return this.#state
      .all(tables.groups)
      .filter(({ value }) => value.status !== 'declined')
      .map(({ key }) => new Group(this.#host, key));
  }

  /**
   * Registers with the relay (diagram 1): a code goes to the address, and the relay learns the HRID. Groups that this
   * client was in under another address are `lost`, and invitations declined: there it is known by the HRID of that one.
   * @param address  an e-mail address, or a phone number in international form
   * @param ask      gets the code from the person, again after a wrong one; null gives up
   * @param options  language: of the letter with the code, a BCP 47 tag; the platform's if not said
   * @throws CliquetError `already-registered`, `address-invalid`, `registration-cancelled`, `challenge-…`,
   *   `channel-unavailable`, `rate-limited`, `unreachable`, `relay-misbehaved`
   */
  async register(address: string, ask: AskForCode, options: RegistrationOptions = {}): Promise<void> {
    this.#assertOpen();
    // Unless the registration has ended at the relay, as this client has just been told.
    if (this.isRegistered && this.problem !== 'not-registered') throw new CliquetError('already-registered');
    // Noted first: who is killed after the relay has made a new mailbox must not take it for the old one.
    if (this.isRegistered) await this.#endRegistration();
    const { hrid, epoch } = await register(this.#relay, this.#identity, this.#sign, address, ask, options);
    await this.#change((tx) => noteRegistration(tx, hrid, epoch));
    this.#connect(hrid);
  }

  /**
   * Ends the registration: the relay drops what it holds of this client. Contacts and groups stay in the store.
   * @throws CliquetError `not-registered`, `unreachable`
   */
  async unregister(): Promise<void> {
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    const as = { hrid, sign: this.#sign };
    try {
      // A restored client that has not been connected yet does not know its mailbox.
      const cursor = this.#state.get(tables.numbers, '')?.cursor;
      const epoch = cursor?.epoch ?? (await this.#relay.readQueue(as, null)).hello.epoch;
      await this.#relay.deregister(as, epoch);
    } catch (error) {
      // It was done before, and this client ended before it could note that.
      if (!(error instanceof CliquetError) || error.code !== 'not-registered') throw error;
    }
    await this.#endRegistration();
  }

  /** What brings others to this client, for a link's fragment or a QR code. @throws CliquetError `not-registered` */
  invite(): string {
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    return encodeInvite({ relay: this.#relay.url, hrid, pk: this.#identity.pk });
  }

  /**
   * Keeps somebody as a contact: their groups are then joined without asking.
   * @param options  name: what the person calls the contact; nobody else learns it
   * @returns the contact's HRID, base64url
   * @throws CliquetError `invite-invalid`, `other-relay`, `identity-conflict`; RangeError for a name of over 128 characters
   */
  async addContact(invite: string, { name }: { readonly name?: string } = {}): Promise<string> {
    const decoded = decodeInvite(invite);
    if (name !== undefined) assertName(name);
    await this.#change((tx) => putContact(tx, this.#relay.url, decoded, name));
    return bytesKey(decoded.hrid);
  }

  /** @throws CliquetError `contact-unknown`; RangeError for a name of more than 128 characters */
  async renameContact(hrid: string, name: string): Promise<void> {
    assertName(name);
    await this.#change((tx) => renameContact(tx, hrid, normalText(name)));
  }

  /** Forgets a contact: its next groups wait for the person's consent. @throws CliquetError `contact-unknown` */
  async removeContact(hrid: string): Promise<void> {
    await this.#change((tx) => removeContact(tx, hrid));
  }

  /**
   * Founds a group (diagram 2) with those whom the invites name; they become contacts.
   * @param invites  1 to 255
   * @throws CliquetError `not-registered`, `invite-invalid`, `other-relay`, `identity-conflict`, `group-size`,
   *   `duplicate-member`, `no-key-package`, `unregistered`, `rate-limited`, `key-package-invalid`, `unreachable`;
   *   RangeError for a name of more than 128 characters
   */
  async createGroup(
    invites: readonly string[],
    { name = '', history }: { readonly name?: string; readonly history?: HistoryPolicy } = {},
  ): Promise<Group> {
    assertName(name);
    const rule = history === undefined ? undefined : toRule(history);
    const contacts = invites.map(decodeInvite);
    const group = await this.#act((client) => createGroup(client, contacts, normalText(name), rule));
    return new Group(this.#host, bytesKey(group));
  }

  /**
   * What happens, in order, for one reader at a time. An event counts as taken when the next one is asked for; until
   * then it stays in the store, and is told again when the client is opened again.
   * @param options  after: the number of the last event that the application has dealt with; it and those before are
   *   dropped. Who keeps that number together with what the event has led to hears everything exactly once.
   */
  async *events({ after }: { readonly after?: number } = {}): AsyncGenerator<ClientEvent> {
    for await (const { number, at, event } of this.#events.take(after)) {
      const told = await toClientEvent(this.#host, number, event, this.#now(), at);
      if (told !== null) yield told;
    }
  }

  /** What was said, newest first, in one group or in all. */
  search(query: HistoryQuery = {}): AsyncGenerator<HistoryEntry> {
    return searchHistory(this.#state, query);
  }

  /** The identity as 24 words, from which it can be brought back: whoever has them can speak in this client's name. */
  recoveryPhrase(): Promise<string> {
    return recoveryPhrase(this.#identity.seed);
  }

  /**
   * Identity, contacts and rosters, encrypted: nothing of what was said, and no key of a group. The recovery phrase
   * opens it, and the passphrase too, if one is given.
   */
  backup(
    options: { readonly passphrase?: string; readonly onProgress?: (fraction: number) => void } = {},
  ): Promise<Bytes> {
    this.#assertOpen();
    return writeBackup(this.#state, this.#random, { ...options, now: this.#now() });
  }

  /** Connects: at last if it was opened without that, again after it was replaced, at once if it waits to try again. */
  connect(): void {
    this.#assertOpen();
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    if (this.#courier === null) this.#connect(hrid);
    else this.#courier.start();
  }

  /**
   * Waits until the queue is taken in and the relay has accepted all that is sent so far and can be sealed, however long.
   * @param options  signal: ends the waiting, and nothing else
   * @throws CliquetError `not-registered`; `replaced` if another connection has taken this one's place;
   *   `store-unwritable`; whatever else the store has thrown; the signal's reason
   */
  async settled({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    while (!this.#closed && !this.#courier?.isSettled) {
      if (this.#courier === null) throw new CliquetError('not-registered');
      if (this.#failure !== undefined) throw this.#failure;
      if (this.connection === 'replaced') throw new CliquetError('replaced');
      const { problem } = this;
      if (problem === 'not-registered' || problem === 'store-unwritable') throw new CliquetError(problem);
      await this.#changes.next(signal);
    }
  }

  /** Waits until something may have changed: the line, a group, what is still to be sent. @throws the signal's reason */
  changed(signal?: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }

  /** Ends the connection and closes the store. What is not sent yet goes out when the client is opened again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#courier?.stop();
    this.#housekeeping.stop();
    this.#events.close();
    this.#changed();
    await this.#state.close();
  }

  readonly #sign: Credentials['sign'] = (message) => this.#curves.sign(this.#identity.seed, message);

  get #hrid(): Bytes | null {
    return this.#state.get(tables.identity, '')?.hrid ?? null;
  }

  async #endRegistration(): Promise<void> {
    this.#courier?.stop();
    this.#courier = null;
    await this.#change((tx) => noteDeregistration(tx));
  }

  #connect(hrid: Bytes): void {
    this.#assertOpen();
    this.#courier?.stop();
    this.#courier = new Courier({
      client: this.#registered(hrid),
      openLink: linkOf(this.#options),
      changed: () => this.#notify(),
      onParcel: this.#options.onParcel ?? (() => undefined),
      failed: (error) => {
        this.#failure = error;
        this.#events.close(error);
        this.#notify();
      },
    });
    this.#courier.start();
  }

  #registered(hrid: Bytes): Registered {
    return {
      self: { identity: this.#identity, hrid },
      state: this.#state,
      relay: this.#relay,
      as: { hrid, sign: this.#sign },
      curves: this.#curves,
      random: this.#random,
      now: this.#now,
    };
  }

  async #change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    this.#assertOpen();
    const result = await this.#state.transact(run);
    this.#changed();
    return result;
  }

  /** Does something for which the relay has to be reached. */
  async #act<R>(run: (client: Registered) => Promise<R>): Promise<R> {
    this.#assertOpen();
    const hrid = this.#hrid;
    if (hrid === null) throw new CliquetError('not-registered');
    const result = await run(this.#registered(hrid));
    this.#changed();
    return result;
  }

  #changed(): void {
    this.#courier?.nudge();
    this.#notify();
  }

  #notify(): void {
    this.#housekeeping.nudge();
    this.#events.notify();
    this.#changes.notify();
  }

  #assertOpen(): void {
    if (this.#closed) throw new CliquetError('client-closed');
  }
}
