// What waits for the owner, in the order in which it came: (epoch, seq), seq without gaps. An index in memory, built
// when the object wakes, saves columns and counters; bodies stay on disk.

import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { Refusal } from '../errors.ts';
import { markLifetimeMs, maxQueueBytes, maxQueueEntries } from '../limits.ts';
import type { Sql } from '../ports.ts';
import type { Delivery, DeliveryItem, GapReason } from './peer.ts';

/** That everything up to n of one sender's epoch is acknowledged. */
export interface Report {
  readonly sender: Bytes;
  readonly epoch: Bytes;
  readonly n: number;
}

interface Waiting extends Report {
  readonly seq: number;
  readonly size: number;
}

type MarkRow = { sender: Bytes; epoch: Bytes; n: number; seq: number; used: number };
type EntryRow = {
  seq: number;
  sender: Bytes;
  n: number;
  reason: GapReason | null;
  from_n: number | null;
  header: Bytes;
  body: Bytes;
};

export class Queue {
  readonly #sql: Sql;
  #waiting: Waiting[];
  #last: number;
  #bytes: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#waiting = sql.query<{ seq: number; sender: Bytes; epoch: Bytes; n: number; size: number }>(
      'select seq, sender, epoch, n, length(header) + length(body) as size from entry order by seq',
    );
    this.#bytes = this.#waiting.reduce((bytes, { size }) => bytes + size, 0);
    const [row] = sql.query<{ last: number }>(
      `select max((select seq from registration), (select coalesce(max(seq), 0) from entry),
                  (select coalesce(max(seq), 0) from mark)) as last`,
    );
    this.#last = row?.last ?? 0;
  }

  /** The newest entry's seq; 0 if there never was one. */
  get last(): number {
    return this.#last;
  }

  /** All up to here is acknowledged and gone. */
  get acked(): number {
    return (this.#waiting[0]?.seq ?? this.#last + 1) - 1;
  }

  /** Entries and bytes that were sent up to `seq` and are not acknowledged. */
  inFlight(seq: number): { entries: number; bytes: number } {
    const sent = this.#waiting.filter((entry) => entry.seq <= seq);
    return { entries: sent.length, bytes: sent.reduce((bytes, { size }) => bytes + size, 0) };
  }

  /**
   * Stores what is new of a delivery, as far as there is room.
   * @returns the newest n of this sender that is here or was, and the newest that is acknowledged
   */
  store({ sender, senderEpoch, items }: Delivery): { upTo: number; acked: number; full: boolean } {
    const [mark] = this.#sql.query<MarkRow>('select epoch, n from mark where sender = ?', sender);
    const acked = mark !== undefined && sameBytes(mark.epoch, senderEpoch) ? mark.n : 0;
    const waiting = this.#waiting.findLast(
      (entry) => sameBytes(entry.sender, sender) && sameBytes(entry.epoch, senderEpoch),
    );
    let upTo = Math.max(acked, waiting?.n ?? 0);

    const fresh: Waiting[] = [];
    let full = false;
    this.#sql.transaction(() => {
      for (const item of items) {
        if (item.n <= upTo) continue;
        const size = item.header.length + item.body.length;
        full = !this.#hasRoom(fresh, size);
        if (full) break;
        const entry = { seq: this.#last + fresh.length + 1, sender, epoch: senderEpoch, n: item.n, size };
        this.#insert(entry, item);
        fresh.push(entry);
        upTo = item.n;
      }
    });
    this.#waiting.push(...fresh);
    this.#last += fresh.length;
    this.#bytes += fresh.reduce((bytes, { size }) => bytes + size, 0);
    return { upTo, acked, full };
  }

  /** The entries after `seq`, in order, at most so many and so much, but one at least. */
  read(after: number, maxEntries: number, maxBytes: number): QueueEntry[] {
    const seqs: number[] = [];
    let bytes = 0;
    for (const { seq, size } of this.#waiting) {
      if (seq <= after) continue;
      if (seqs.length === maxEntries || (seqs.length > 0 && bytes + size > maxBytes)) break;
      seqs.push(seq);
      bytes += size;
    }
    if (seqs.length === 0) return [];
    return this.#sql
      .query<EntryRow>(
        'select seq, sender, n, reason, from_n, header, body from entry where seq between ? and ? order by seq',
        ...[seqs[0] ?? 0, seqs.at(-1) ?? 0],
      )
      .map(readEntry);
  }

  /**
   * Deletes everything up to `seq`, leaving one mark a sender.
   * @returns what to tell the senders; nothing if it was acknowledged before
   * @throws Refusal `beyond-queue`
   */
  acknowledge(seq: number, now: number): Report[] {
    if (seq > this.#last) throw new Refusal('beyond-queue');
    const done = this.#waiting.filter((entry) => entry.seq <= seq);
    if (done.length === 0) return [];
    // A sender that deregistered and came back may stand here under two epochs; its newest one is remembered.
    const reports = new Map(done.map((entry) => [bytesKey(entry.sender), entry]));
    this.#sql.transaction(() => {
      for (const entry of reports.values()) {
        this.#sql.query(
          `insert into mark (sender, epoch, n, seq, used) values (?, ?, ?, ?, ?)
           on conflict (sender) do update set epoch = excluded.epoch, n = excluded.n, seq = excluded.seq, used = excluded.used`,
          ...[entry.sender, entry.epoch, entry.n, entry.seq, now],
        );
      }
      this.#sql.query('delete from entry where seq <= ?', seq);
    });
    this.#waiting = this.#waiting.slice(done.length);
    this.#bytes -= done.reduce((bytes, { size }) => bytes + size, 0);
    return [...reports.values()];
  }

  /** Everybody who has something in the queue. */
  senders(): Bytes[] {
    return [...new Map(this.#waiting.map(({ sender }) => [bytesKey(sender), sender])).values()];
  }

  /** Deletes old marks; the highest seq must not be forgotten with them. @returns when the next one is due */
  sweep(now: number): number | null {
    const [old] = this.#sql.query<{ count: number }>(
      'select count(*) as count from mark where used <= ?',
      now - markLifetimeMs,
    );
    if (old !== undefined && old.count > 0) {
      this.#sql.transaction(() => {
        this.#sql.query('update registration set seq = ?', this.#last);
        this.#sql.query('delete from mark where used <= ?', now - markLifetimeMs);
      });
    }
    const [oldest] = this.#sql.query<{ used: number | null }>('select min(used) as used from mark');
    return oldest?.used == null ? null : oldest.used + markLifetimeMs;
  }

  #hasRoom(fresh: readonly Waiting[], size: number): boolean {
    const bytes = fresh.reduce((sum, entry) => sum + entry.size, this.#bytes + size);
    return this.#waiting.length + fresh.length < maxQueueEntries && bytes <= maxQueueBytes;
  }

  #insert({ seq, sender, epoch, n }: Waiting, item: DeliveryItem): void {
    this.#sql.query(
      `insert into entry (seq, sender, epoch, n, reason, from_n, expires, header, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[seq, sender, epoch, n, item.gap?.reason ?? null, item.gap?.fromN ?? null],
      ...[item.expires, item.header, item.body],
    );
  }
}

function readEntry({ seq, sender, n, reason, from_n, header, body }: EntryRow): QueueEntry {
  return reason === null
    ? { type: 'message', seq, from: sender, header, body }
    : { type: 'gap', seq, from: sender, fromN: from_n ?? n, toN: n, reason };
}
