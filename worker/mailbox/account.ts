// Everything of one registration, in memory while its mailbox is awake. A new registration is a new account: work that
// was begun for an earlier one notices that it is no longer the mailbox's and stops.

import { type Bytes, sameBytes } from '../../client/wire/bytes.ts';
import { epochBytes } from '../../client/wire/registration.ts';
import { importPublicKey } from '../auth.ts';
import type { Host, Sockets, Sql } from '../ports.ts';
import { Lanes } from './lanes.ts';
import { Outbox } from './outbox.ts';
import { Packages } from './packages.ts';
import type { Peers } from './peer.ts';
import { Queue } from './queue.ts';
import { createTables, hasTables, schemaVersion } from './schema.ts';
import { Stream, type StreamState } from './stream.ts';
import type { TicketClaim } from './ticket.ts';

type RegistrationRow = {
  hrid: Bytes;
  pk: Bytes;
  epoch: Bytes;
  ticket: number;
  signed: number;
  request: Bytes | null;
};

interface UsedTicket {
  readonly issued: number;
  readonly signed: number;
  readonly request: Bytes | null;
}

export class Account {
  readonly hrid: Bytes;
  /** Random, new at every registration: a cursor or a number of another epoch means nothing here. */
  readonly epoch: Bytes;
  readonly outbox: Outbox;
  readonly queue: Queue;
  readonly packages: Packages;
  readonly lanes: Lanes;
  readonly stream: Stream;
  readonly #pk: Bytes;
  readonly #sql: Sql;
  #ticket: UsedTicket;
  #key: Promise<CryptoKey> | undefined;

  private constructor(
    row: RegistrationRow,
    host: Host,
    peers: Peers,
    sockets: Sockets<StreamState>,
    isCurrent: (account: Account) => boolean,
  ) {
    this.hrid = row.hrid;
    this.epoch = row.epoch;
    this.#pk = row.pk;
    this.#ticket = { issued: row.ticket, signed: row.signed, request: row.request };
    this.#sql = host.sql;
    this.outbox = new Outbox(host.sql);
    this.queue = new Queue(host.sql);
    this.packages = new Packages(host.sql);
    this.stream = new Stream(sockets, this.queue);
    const sender = { hrid: row.hrid, epoch: row.epoch, isCurrent: () => isCurrent(this) };
    this.lanes = new Lanes(host, peers, this.outbox, sender, (numbers) => this.stream.delivered(numbers));
  }

  /** The registration that stands in storage, or null. */
  static load(
    host: Host,
    peers: Peers,
    sockets: Sockets<StreamState>,
    isCurrent: (account: Account) => boolean,
  ): Account | null {
    if (!hasTables(host.sql)) return null;
    const [row] = host.sql.query<RegistrationRow>('select hrid, pk, epoch, ticket, signed, request from registration');
    return row === undefined ? null : new Account(row, host, peers, sockets, isCurrent);
  }

  /** Writes a new registration. */
  static create(sql: Sql, hrid: Bytes, pk: Bytes): void {
    const epoch = crypto.getRandomValues(new Uint8Array(epochBytes));
    sql.transaction(() => {
      createTables(sql);
      sql.query(
        `insert into registration (id, schema, hrid, pk, epoch, seq, n, ticket, signed, uploaded)
         values (0, ?, ?, ?, ?, 0, 0, 0, 0, 0)`,
        ...[schemaVersion, hrid, pk, epoch],
      );
    });
  }

  /** The owner's key, to check signatures with. */
  key(): Promise<CryptoKey> {
    this.#key ??= importPublicKey(this.#pk);
    return this.#key;
  }

  /** The newest ticket that opened a stream: when it was issued, and the request that had asked for it. */
  get ticket(): UsedTicket {
    return this.#ticket;
  }

  /** Whether a ticket may open a stream: it is of this registration, newer than the last one, and of another request. */
  mayUse({ epoch, issued, signed, request }: TicketClaim): boolean {
    const last = this.#ticket;
    const isReplay = signed < last.signed || (last.request !== null && sameBytes(request, last.request));
    return sameBytes(epoch, this.epoch) && issued > last.issued && !isReplay;
  }

  useTicket({ issued, signed, request }: TicketClaim): void {
    this.#sql.query('update registration set ticket = ?, signed = ?, request = ?', issued, signed, request);
    this.#ticket = { issued, signed, request };
  }
}
