// The client as the application sees it: identity, contacts, groups and events over one store and one relay. What runs
// behind it is the conductor.

import { type ClientEvent, toClientEvent } from './client-event.ts';
import type { ClientOptions } from './client-options.ts';
import { Conductor } from './conductor.ts';
import type { ConnectionState } from './courier/connection.ts';
import { type Group, groupOf } from './group.ts';
import { type HistoryPolicy, toRule } from './history-policy.ts';
import type { RestoreOptions } from './recovery.ts';
import type { AskForCode, RegistrationOptions } from './registration.ts';
import { assertName } from './sendable.ts';
import { type ContactEntry, putContact, removeContact, renameContact, toContactEntry } from './state/contacts.ts';
import type { HistoryEntry } from './state/history-entry.ts';
import { type Pending, pendingIn } from './state/pending.ts';
import { tables } from './state/records.ts';
import { type HistoryQuery, searchHistory } from './state/search.ts';
import type { State } from './state/state.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { normalText } from './wire/content-body.ts';
import { CliquetError, type ErrorCode } from './wire/errors.ts';
import { decodeInvite, encodeInvite } from './wire/invite.ts';
import { loaded } from './wire/loaded.ts';

/**
 * One person's device: its identity, its contacts and its groups, in one {@link Store}, at one relay. Everything is durable
 * when the promise of it is fulfilled, and goes on by itself: a program that is killed opens the store again and has lost
 * nothing.
 *
 * Beside the errors that each method names, all that change something are rejected with {@link CliquetError}
 * `client-closed` after {@link Client.close}, and `store-unwritable` if the store cannot be written; nothing has changed
 * then. Those that ask the relay may find it `unreachable`, or hear `rate-limited`, `not-registered` (it has forgotten this
 * client), `stale-signature` (this clock is wrong) or `internal-error` of it, and `relay-misbehaved` if its answer makes no
 * sense; `not-loaded` says that a part of the library, which is loaded when it is wanted, has not come.
 * {@link CliquetError.retry} says whether the same call may succeed later.
 *
 * HRIDs (identifiers at the relay), group ids and message ids are text everywhere: base64url without padding (RFC 4648 §5)
 * of 32, 32 and 16 bytes, so 43, 43 and 22 characters.
 * @category Clients
 * @example
 * ```ts
 * import { Client, encryptedStore } from 'cliquet';
 * import { sqliteStore } from 'cliquet/sqlite';
 *
 * const store = await encryptedStore(sqliteStore('me.db'), 'a good passphrase');
 * const client = await Client.open({ relay: 'http://localhost:8787', store });
 * if (!client.isRegistered) await client.register('someone@example.org', () => prompt('Which code did you get?'));
 *
 * const group = await client.createGroup([inviteOfAnother], { name: 'Holidays' });
 * await group.send('hello');
 * for await (const event of client.events()) {
 *   if (event.type !== 'message') continue;
 *   console.log(event.sender, event.content);
 *   break;
 * }
 * await client.close();
 * ```
 */
export class Client {
  readonly #conductor: Conductor;

  private constructor(conductor: Conductor) {
    this.#conductor = conductor;
  }

  /**
   * Opens the client that lives in a store, or makes a new one there. A registered client connects at once and goes
   * on where it was. If this fails, the store is closed.
   * @throws CliquetError `other-relay`, if the store belongs to another; `store-too-new`, `store-damaged`,
   *   `store-unwritable`; `invite-invalid` for a relay's address that is none; TypeError if the store is new and no relay
   *   was said; RangeError for a history's days that cannot be
   * @example
   * ```ts
   * import { Client, memoryStore } from 'cliquet';
   *
   * const client = await Client.open({
   *   relay: 'http://localhost:8787',
   *   store: memoryStore(), // nothing is left when the program ends
   *   history: { days: 30 },
   * });
   * console.log(client.isRegistered, client.connection); // false offline
   * ```
   */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(await Conductor.open(options, async () => {}));
  }

  /**
   * Makes a new client out of a backup, in an empty store. The words alone bring the identity back; a backup brings
   * contacts and rosters too. Groups are `lost` then, as their keys were on the old device only: their members are asked to
   * let this client in again ({@link Group.readmit}). If this fails, the store is closed.
   *
   * The file and what it holds: [STORAGE.md](../docs/STORAGE.md), "Backup".
   * @param options  as for {@link Client.open}, with what opens the backup; the relay is needed only without a backup
   * @throws CliquetError `backup-invalid`, `wrong-passphrase`, `phrase-invalid`, `store-not-empty`, `other-relay`, and as
   *   {@link Client.open}; TypeError if neither words nor a passphrase with a backup are given
   * @example
   * ```ts
   * import { Client, memoryStore } from 'cliquet';
   *
   * const words = await client.recoveryPhrase();
   * const backup = await client.backup();
   * await client.close(); // and then the device is lost
   *
   * const restored = await Client.restore({ store: memoryStore(), backup, phrase: words });
   * console.log(restored.hrid === client.hrid, restored.groups.map(({ status }) => status)); // true [ 'lost' ]
   * ```
   */
  static async restore(options: ClientOptions & RestoreOptions): Promise<Client> {
    const prepare = async (state: State) => (await loadRecovery()).restore(state, options);
    return new Client(await Conductor.open(options, prepare));
  }

  /** Whether the relay knows this client, as far as is known here. */
  get isRegistered(): boolean {
    return this.#conductor.hrid !== null;
  }

  /**
   * This client's HRID (SHA-256 over digests of its address, its key and its vault id:
   * [PROTOCOL.md §4](../docs/PROTOCOL.md)), or null before registration.
   */
  get hrid(): string | null {
    const { hrid } = this.#conductor;
    return hrid && bytesKey(hrid);
  }

  /** The origin of this client's relay, such as `https://relay.example.org`. */
  get relay(): string {
    return this.#conductor.relay.url;
  }

  /** The line to the relay. */
  get connection(): ConnectionState {
    return this.#conductor.connection;
  }

  /** Why this client is not online: what went wrong last, or null. */
  get problem(): ErrorCode | null {
    return this.#conductor.problem;
  }

  /** How much is on its way. */
  get pending(): Pending {
    return pendingIn(this.#conductor.state);
  }

  /** Everybody whose groups are joined without asking. */
  get contacts(): readonly ContactEntry[] {
    const { state } = this.#conductor;
    return state.all(tables.contacts).map(({ value }) => toContactEntry(state, value));
  }

  /** All groups that were not declined: also invitations, and those that this client was in once. */
  get groups(): readonly Group[] {
    return this.#conductor.state
      .all(tables.groups)
      .filter(({ value }) => value.status !== 'declined')
      .map(({ key }) => groupOf(this.#conductor, key));
  }

  /**
   * Registers with the relay ([PROTOCOL.md §5](../docs/PROTOCOL.md)): a code goes to the address, and the relay learns the
   * HRID. Groups that this client was in under another address are `lost`, and invitations declined: there it is known by
   * the HRID of that one.
   * @param address  an e-mail address (RFC 5321), or a phone number in international form (E.164); at most 254 characters
   * @param ask      gets the code from the person, again after a wrong one; null gives up
   * @param options  the language of the letter
   * @throws CliquetError `already-registered`, `address-invalid`, `channel-unavailable`, `registration-cancelled`,
   *   `challenge-expired`, `challenge-exhausted`, `challenge-too-soon`, `challenge-undeliverable`, `challenge-unknown`,
   *   `rate-limited`, `unreachable`, `relay-misbehaved`
   * @example
   * ```ts
   * import { Client, memoryStore } from 'cliquet';
   *
   * const client = await Client.open({ relay: 'http://localhost:8787', store: memoryStore() });
   * await client.register('someone@example.org', (attempt) =>
   *   prompt(attempt === 1 ? 'Which code did you get?' : 'That was not it. Which code did you get?'),
   * );
   * console.log(client.hrid, client.invite());
   * ```
   */
  async register(address: string, ask: AskForCode, options: RegistrationOptions = {}): Promise<void> {
    await this.#conductor.register(address, ask, options);
  }

  /**
   * Ends the registration: the relay drops what it holds of this client. Contacts and groups stay in the store.
   * @throws CliquetError `not-registered`, `unreachable`, `rate-limited`
   */
  async unregister(): Promise<void> {
    await this.#conductor.unregister();
  }

  /**
   * What brings others to this client: text that starts with `cliquet:`, for a link's fragment or a QR code
   * ([PROTOCOL.md §4](../docs/PROTOCOL.md)). It is no secret, but whoever can change it on its way can stand in the middle,
   * until safety numbers are compared.
   * @throws CliquetError `not-registered`
   */
  invite(): string {
    const { hrid, identity, relay } = this.#conductor;
    if (hrid === null) throw new CliquetError('not-registered');
    return encodeInvite({ relay: relay.url, hrid, pk: identity.pk });
  }

  /**
   * Keeps somebody as a contact: their groups are then joined without asking.
   * @param invite   as {@link Client.invite} gives it, also behind the `#` of a link; at most 1024 characters
   * @param options  name: what the person calls the contact, at most 128 characters; nobody else learns it
   * @returns the contact's HRID
   * @throws CliquetError `invite-invalid`, `other-relay`, `identity-conflict`; RangeError for a name that is too long
   * @example
   * ```ts
   * const hrid = await client.addContact(inviteOfAnother, { name: 'Bob' });
   * console.log(client.contacts.find((contact) => contact.hrid === hrid)?.name); // Bob
   * ```
   */
  async addContact(invite: string, { name }: { readonly name?: string } = {}): Promise<string> {
    const decoded = decodeInvite(invite);
    if (name !== undefined) assertName(name);
    await this.#conductor.change((tx) => putContact(tx, this.relay, decoded, name));
    return bytesKey(decoded.hrid);
  }

  /**
   * Calls a contact by another name.
   * @param hrid  of the contact
   * @param name  at most 128 characters
   * @throws CliquetError `contact-unknown`; RangeError for a name that is too long
   */
  async renameContact(hrid: string, name: string): Promise<void> {
    assertName(name);
    await this.#conductor.change((tx) => renameContact(tx, hrid, normalText(name)));
  }

  /**
   * Forgets a contact: its next groups wait for the person's consent.
   * @param hrid  of the contact
   * @throws CliquetError `contact-unknown`
   */
  async removeContact(hrid: string): Promise<void> {
    await this.#conductor.change((tx) => removeContact(tx, hrid));
  }

  /**
   * Founds a group with those whom the invites name; they become contacts, and this client is its admin
   * ([PROTOCOL.md §11](../docs/PROTOCOL.md)). What is sent can be sealed at once; those who keep this client as a contact
   * join by themselves, others are asked.
   * @param invites  1 to 255, as {@link Client.invite} gives them
   * @param options  name: at most 128 characters, which all members see; history: how long content is kept here, as for all
   *   new groups if not said
   * @throws CliquetError `not-registered`, `invite-invalid`, `other-relay`, `identity-conflict`, `group-size`,
   *   `duplicate-member`, `no-key-package`, `unregistered`, `rate-limited`, `key-package-invalid`, `unreachable`;
   *   RangeError for a name that is too long, or a history's days that cannot be
   * @example
   * ```ts
   * const group = await client.createGroup([inviteOfAnother], { name: 'Holidays', history: { days: 30 } });
   * await group.send('hello');
   * await client.settled(); // the relay has it
   * ```
   */
  async createGroup(
    invites: readonly string[],
    { name = '', history }: { readonly name?: string; readonly history?: HistoryPolicy } = {},
  ): Promise<Group> {
    assertName(name);
    const rule = history === undefined ? undefined : toRule(history);
    const contacts = invites.map(decodeInvite);
    const group = await this.#conductor.act((client) =>
      this.#conductor.online.createGroup(client, contacts, normalText(name), rule),
    );
    return groupOf(this.#conductor, bytesKey(group));
  }

  /**
   * What happens, in order, for one reader at a time. An event counts as taken when the next one is asked for; until
   * then it stays in the store, and is told again when the client is opened again. It ends when the client is closed.
   * @param options  after: the number of the last event that the application has dealt with; it and those before are
   *   dropped. Who keeps that number together with what the event has led to hears everything exactly once.
   * @throws TypeError if the events are being read already; what the store has thrown, if the client cannot go on
   * @example
   * ```ts
   * await group.send('who is there?');
   * for await (const event of client.events()) {
   *   if (event.type === 'invited') await event.group.accept(); // somebody who is no contact: ask the person
   *   if (event.type === 'message' && event.content.type === 'text') {
   *     console.log(event.group.name, event.content.text);
   *     break;
   *   }
   * }
   * ```
   */
  async *events({ after }: { readonly after?: number } = {}): AsyncGenerator<ClientEvent> {
    for await (const { number, at, event } of this.#conductor.events.take(after)) {
      const told = await toClientEvent(this.#conductor, number, event, this.#conductor.now(), at);
      if (told !== null) yield told;
    }
  }

  /**
   * What was said and is kept, newest first, in one group or in all; see {@link HistoryPolicy}.
   * @throws CliquetError `group-unknown`
   * @example
   * ```ts
   * await group.send('the train leaves at nine');
   * for await (const { content, sentAt } of client.search({ text: 'train' })) {
   *   console.log(new Date(sentAt * 1000), content?.type === 'text' && content.text);
   * }
   * ```
   */
  search(query: HistoryQuery = {}): AsyncGenerator<HistoryEntry> {
    return searchHistory(this.#conductor.state, query);
  }

  /**
   * The identity as 24 words, separated by spaces (BIP-39, English, 256 bits), from which it can be brought back: whoever
   * has them can speak in this client's name.
   */
  async recoveryPhrase(): Promise<string> {
    const { recoveryPhrase } = await loadRecovery();
    return recoveryPhrase(this.#conductor.identity.seed);
  }

  /**
   * Identity, contacts and rosters, encrypted: nothing of what was said, and no key of a group. The recovery phrase
   * opens it, and the passphrase too, if one is given ([STORAGE.md](../docs/STORAGE.md), "Backup").
   * @param options  passphrase: made into a key with Argon2id (RFC 9106; 32 MiB, 3 passes); onProgress: hears how far that
   *   is, 0 to 1
   * @returns the file, for {@link Client.restore}
   * @throws CliquetError `client-closed`
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises';
   *
   * await writeFile('cliquet.backup', await client.backup({ passphrase: 'a good passphrase' }), { mode: 0o600 });
   * ```
   */
  async backup(
    options: { readonly passphrase?: string; readonly onProgress?: (fraction: number) => void } = {},
  ): Promise<Bytes> {
    this.#conductor.assertOpen();
    const { writeBackup } = await loadRecovery();
    return writeBackup(this.#conductor.state, this.#conductor.random, { ...options, now: this.#conductor.now() });
  }

  /**
   * Connects: at last if it was opened without that, again after it was replaced, at once if it waits to try again.
   * @throws CliquetError `not-registered`, `client-closed`
   */
  connect(): void {
    this.#conductor.connect();
  }

  /**
   * Waits until the queue is taken in and the relay has accepted all that is sent so far and can be sealed, however long.
   * @param options  signal: ends the waiting, and nothing else
   * @throws CliquetError `not-registered`; `replaced` if another connection has taken this one's place;
   *   `store-unwritable`; whatever else the store has thrown; the signal's reason
   * @example
   * ```ts
   * await group.send('good night');
   * await client.settled({ signal: AbortSignal.timeout(60_000) });
   * await client.close();
   * ```
   */
  async settled({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#conductor.settled(signal);
  }

  /**
   * Waits until something may have changed: the line, a group, what is still to be sent. For a screen that shows it.
   * @param signal  ends the waiting
   * @throws the signal's reason
   */
  changed(signal?: AbortSignal): Promise<void> {
    return this.#conductor.changed(signal);
  }

  /** Ends the connection and closes the store. What is not sent yet goes out when the client is opened again. */
  async close(): Promise<void> {
    await this.#conductor.close();
  }
}

const loadRecovery = () => loaded(import('./recovery.ts'));
