// What an ended registration still owes: each recipient that had not got everything is told, by one gap, that it will
// never come. Until all have heard it, this is all that the object keeps; a new registration may begin meanwhile.

import type { Bytes } from '../../client/wire/bytes.ts';
import { maxLanesAtOnce } from '../limits.ts';
import { log } from '../log.ts';
import { type Host, wakeBy } from '../ports.ts';
import { backoffMs, inTime } from './call.ts';
import { gapItem, type Peers } from './peer.ts';
import { schemaVersion } from './schema.ts';

interface Owed {
  readonly recipient: Bytes;
  readonly fromN: number;
  readonly n: number;
}

type Row = {
  sender: Bytes;
  epoch: Bytes;
  recipient: Bytes;
  from_n: number;
  n: number;
  failures: number;
  not_before: number;
};

export class Farewells {
  readonly #host: Host;
  readonly #peers: Peers;
  readonly #running = new Set<number>();

  constructor(host: Host, peers: Peers) {
    this.#host = host;
    this.#peers = peers;
  }

  /** Within the transaction that ends the registration. @param epoch of the ended registration */
  add(sender: Bytes, epoch: Bytes, owed: readonly Owed[]): void {
    const { sql } = this.#host;
    if (owed.length > 0 && !this.#hasTable()) {
      sql.query(`create table farewell (
        id integer primary key, sender blob not null, epoch blob not null, recipient blob not null, from_n integer not null, n integer not null,
        failures integer not null, not_before integer not null, schema integer not null default 2)`);
    }
    for (const { recipient, fromN, n } of owed) {
      sql.query(
        `insert into farewell (sender, epoch, recipient, from_n, n, failures, not_before, schema)
         values (?, ?, ?, ?, ?, 0, 0, ?)`,
        ...[sender, epoch, recipient, fromN, n, schemaVersion],
      );
    }
  }

  /** Says what is due. @returns when there is more to say, infinite if never */
  resume(): number {
    if (!this.#hasTable()) return Number.POSITIVE_INFINITY;
    const now = this.#host.now();
    type Due = { id: number; not_before: number };
    const rows = this.#host.sql.query<Due>('select id, not_before from farewell');
    if (rows.length === 0) this.#host.sql.query('drop table farewell');
    for (const { id, not_before } of rows) {
      if (not_before > now || this.#running.has(id) || this.#running.size === maxLanesAtOnce) continue;
      this.#running.add(id);
      this.#host.later(this.#say(id).finally(() => this.#said(id)));
    }
    return Math.min(...rows.map(({ not_before }) => Math.max(not_before, now + backoffMs(1))));
  }

  /** A recipient of an ended registration has acknowledged up to n: of that it needs to hear nothing. */
  acknowledged(recipient: Bytes, epoch: Bytes, n: number): void {
    const { sql } = this.#host;
    if (!this.#hasTable()) return;
    sql.query('delete from farewell where recipient = ? and epoch = ? and n <= ?', recipient, epoch, n);
    sql.query(
      'update farewell set from_n = ? where recipient = ? and epoch = ? and from_n <= ?',
      ...[n + 1, recipient, epoch, n],
    );
  }

  /** Its rows outlive the registration, and so have a version of their own. @throws if it is a later one */
  #hasTable(): boolean {
    const { sql } = this.#host;
    const [table] = sql.query<{ sql: string }>(
      `select sql from sqlite_master where type = 'table' and name = 'farewell'`,
    );
    if (table === undefined) return false;
    if (!table.sql.includes('schema')) sql.query('alter table farewell add column schema integer not null default 2');
    const [newest] = sql.query<{ schema: number | null }>('select max(schema) as schema from farewell');
    if ((newest?.schema ?? 0) > schemaVersion) throw new Error('a mailbox of a newer version');
    return true;
  }

  #said(id: number): void {
    this.#running.delete(id);
    // The last one takes the table with it, and the object's storage if nobody is registered: by the alarm.
    if (this.#running.size === 0) wakeBy(this.#host.alarm, this.#host.now());
  }

  async #say(id: number): Promise<void> {
    const { sql } = this.#host;
    const [row] = sql.query<Row>('select * from farewell where id = ?', id);
    if (row === undefined) return;
    const heard = await this.#deliver(row);
    if (!this.#hasTable()) return;
    // With the epoch: a later end of another registration may have given the id to what that one owes.
    if (heard) {
      sql.query('delete from farewell where id = ? and epoch = ?', id, row.epoch);
      return;
    }
    const failures = row.failures + 1;
    const notBefore = this.#host.now() + backoffMs(failures);
    sql.query(
      'update farewell set failures = ?, not_before = ? where id = ? and epoch = ?',
      ...[failures, notBefore, id, row.epoch],
    );
    wakeBy(this.#host.alarm, notBefore);
  }

  async #deliver({ sender, epoch, recipient, from_n: fromN, n }: Row): Promise<boolean> {
    try {
      const peer = await this.#peers.mailbox(recipient);
      const delivery = { sender, senderEpoch: epoch, recipientEpoch: null, items: [gapItem(fromN, n, 'withdrawn')] };
      return (await inTime(peer.deliver(delivery))).status !== 'full';
    } catch {
      log('lane-failed');
      return false;
    }
  }
}
