// Everything of one registration, in memory while its mailbox is awake. A new registration is a new account: work that
// was begun for an earlier one notices that it is no longer the mailbox's and stops.

import { type Bytes, sameBytes } from '../../client/wire/bytes.ts';
import type { Hello } from '../../client/wire/queue.ts';
import { epochBytes } from '../../client/wire/registration.ts';
import type { Send } from '../../client/wire/send.ts';
import { importPublicKey } from '../auth.ts';
import { Refusal } from '../errors.ts';
import { day, idleMs, mailboxFullRetrySeconds } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, type Sockets, type Sql, wakeBy } from '../ports.ts';
import { Changes } from './changes.ts';
import { Lanes, type Sender } from './lanes.ts';
import type { Registry } from './membership.ts';
import { Outbox } from './outbox.ts';
import { Packages } from './packages.ts';
import type { Peers } from './peer.ts';
import { Queue } from './queue.ts';
import { RefusedSenders } from './refusals.ts';
import { Reports } from './reports.ts';
import { createTables, hasTables, schemaVersion, upgradeTables } from './schema.ts';
import { Stream, type StreamState } from './stream.ts';
import type { TicketClaim } from './ticket.ts';

type RegistrationRow = {
  hrid: Bytes;
  pk: Bytes;
  epoch: Bytes;
  ticket: number;
  signed: number;
  request: Bytes | null;
  seen: number;
  generation: number;
};

/** What an account asks of its mailbox. */
export interface Keeper {
  isCurrent(account: Account): boolean;
  absent: Sender['absent'];
}

export class Account {
  readonly hrid: Bytes;
  /** Random, new at every registration: a cursor or a number of another epoch means nothing here. */
  readonly epoch: Bytes;
  readonly outbox: Outbox;
  readonly queue: Queue;
  readonly packages: Packages;
  readonly changes: Changes;
  readonly refused: RefusedSenders;
  readonly lanes: Lanes;
  readonly reports: Reports;
  readonly stream: Stream;
  readonly #host: Host;
  readonly #keeper: Keeper;
  readonly #row: RegistrationRow;
  #key: Promise<CryptoKey> | undefined;
  #isEntering = false;

  private constructor(row: RegistrationRow, host: Host, peers: Peers, sockets: Sockets<StreamState>, keeper: Keeper) {
    this.hrid = row.hrid;
    this.epoch = row.epoch;
    this.#row = row;
    this.#host = host;
    this.#keeper = keeper;
    this.outbox = new Outbox(host.sql, host.count);
    this.queue = new Queue(host.sql, host.count);
    this.packages = new Packages(host.sql);
    this.changes = new Changes(host.sql);
    this.refused = new RefusedSenders(host.sql);
    this.stream = new Stream(sockets, this.queue);
    const self = { hrid: row.hrid, epoch: row.epoch, isCurrent: () => keeper.isCurrent(this) };
    this.reports = new Reports(host, peers, this.queue, self);
    this.lanes = new Lanes(host, peers, this.outbox, {
      ...self,
      finished: (delivered) => this.stream.delivered(delivered),
      absent: keeper.absent,
    });
  }

  /** The registration that stands in storage, or null. */
  static load(host: Host, peers: Peers, sockets: Sockets<StreamState>, keeper: Keeper): Account | null {
    if (!hasTables(host.sql)) return null;
    upgradeTables(host.sql, host.now());
    const [row] = host.sql.query<RegistrationRow>(
      'select hrid, pk, epoch, ticket, signed, request, seen, generation from registration',
    );
    return row === undefined ? null : new Account(row, host, peers, sockets, keeper);
  }

  /** Writes a new registration. @param generation of the filter key under which the owner is in the filter */
  static create(sql: Sql, hrid: Bytes, pk: Bytes, generation: number, now: number): void {
    const epoch = crypto.getRandomValues(new Uint8Array(epochBytes));
    sql.transaction(() => {
      createTables(sql);
      sql.query(
        `insert into registration (id, schema, hrid, pk, epoch, seq, n, ticket, signed, seen, generation)
         values (0, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?)`,
        ...[schemaVersion, hrid, pk, epoch, now, generation],
      );
    });
  }

  /** The owner's key, to check signatures with. */
  key(): Promise<CryptoKey> {
    this.#key ??= importPublicKey(this.#row.pk);
    return this.#key;
  }

  hello(): Hello {
    const { oneTime, lastResortFresh } = this.packages.count();
    return {
      epoch: this.epoch,
      last: this.queue.last,
      acked: this.queue.acked,
      nextSend: this.outbox.next,
      keyPackages: oneTime,
      lastResortFresh,
      now: Math.floor(this.#host.now() / 1000),
    };
  }

  /** When the newest ticket that opened a stream was issued, milliseconds since 1970. */
  get issued(): number {
    return this.#row.ticket;
  }

  /** Whether a ticket may open a stream: it is of this registration, newer than the last one, and of another request. */
  mayUse({ epoch, issued, signed, request }: TicketClaim): boolean {
    const last = this.#row;
    const isReplay = signed < last.signed || (last.request !== null && sameBytes(request, last.request));
    return sameBytes(epoch, this.epoch) && issued > last.ticket && !isReplay;
  }

  useTicket({ issued, signed, request }: TicketClaim): void {
    this.#host.sql.query('update registration set ticket = ?, signed = ?, request = ?', issued, signed, request);
    Object.assign(this.#row, { ticket: issued, signed, request });
  }

  /** The owner is here: noted once a day, as it costs a written row. */
  see(): void {
    const now = this.#host.now();
    if (now - this.#row.seen < day) return;
    this.#host.sql.query('update registration set seen = ?', now);
    this.#row.seen = now;
  }

  /** When the owner has been away for too long, unless it comes back; milliseconds since 1970. */
  get idleEnd(): number {
    return this.#row.seen + idleMs;
  }

  /** After the filter key was changed: enters the owner under the new one. What fails is done the next time. */
  enter(registry: Registry): void {
    if (this.#row.generation === registry.generation || this.#isEntering) return;
    this.#isEntering = true;
    this.#host.later(this.#enter(registry));
  }

  async #enter(registry: Registry): Promise<void> {
    const { generation } = registry;
    try {
      await registry.enter(this.hrid);
    } catch {
      log('filter-unavailable');
      return;
    } finally {
      this.#isEntering = false;
    }
    if (!this.#keeper.isCurrent(this)) return;
    this.#host.sql.query('update registration set generation = ?', generation);
    this.#row.generation = generation;
  }

  /** @throws Refusal `epoch-mismatch` if the caller speaks of another registration's queue */
  checkEpoch(epoch: Bytes): void {
    if (!sameBytes(epoch, this.epoch)) throw new Refusal('epoch-mismatch');
  }

  /** @throws Refusal `mailbox-full` if all that waits, with this send, is too much */
  checkRoom(send: Send): void {
    if (this.outbox.hasRoom(send)) return;
    // What stands in the recipients' queues takes no room, once that is known.
    this.lanes.resume();
    throw new Refusal('mailbox-full', { retryAfter: mailboxFullRetrySeconds });
  }

  /**
   * The object has just woken. What a crash left undelivered has its alarm, unless the platform has given that up; and
   * what a peer says is no reason to ask all recipients what they have: they would wake, and ask theirs.
   */
  wake(): void {
    const { alarm } = this.#host;
    this.expire(this.#host.now());
    wakeBy(alarm, Math.min(this.idleEnd, alarm.due === null ? this.lanes.resume() : this.idleEnd));
  }

  /** Ends what is over. @returns when the next message or record ends, milliseconds since 1970; infinite if none does */
  expire(now: number): number {
    this.stream.delivered(this.outbox.expire(now));
    this.queue.expire(now);
    return Math.min(this.outbox.nextEnd, this.queue.nextEnd);
  }
}
