// What waits for the owner, in the order in which it came: (epoch, seq), seq without gaps. An index in memory, built
// when the object wakes, saves columns and counters; bodies stay on disk.

import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { BoundedMap } from '../bounded-map.ts';
import type { Count } from '../counters.ts';
import { Refusal } from '../errors.ts';
import { markLifetimeMs, maxKnownSenders, maxQueueBytes, maxQueueEntries } from '../limits.ts';
import type { Sql } from '../ports.ts';
import type { Delivery, DeliveryItem, GapReason } from './peer.ts';

/** That everything up to n of one sender's epoch is acknowledged. */
export interface Report {
  readonly sender: Bytes;
  readonly epoch: Bytes;
  readonly n: number;
}

export function reportKey({ sender, epoch }: Omit<Report, 'n'>): string {
  return bytesKey(sender) + bytesKey(epoch);
}

interface Waiting extends Report {
  readonly seq: number;
  readonly size: number;
  /** When it becomes a gap (seconds since 1970); never, if it is one. */
  readonly expires: number;
}

/** And no gap, which stands for messages that will not come. */
const isMessage = ({ expires }: Waiting) => Number.isFinite(expires);

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
  readonly #count: Count;
  #waiting: Waiting[];
  /** What came last, while it waits: a connected owner is given it at once, and it need not be read again. */
  #newest: QueueEntry[] = [];
  /** What is acknowledged of a sender, by reportKey(): it never becomes less, also when its mark is forgotten. */
  readonly #acknowledged = new BoundedMap<number>(maxKnownSenders);
  #last: number;
  #bytes: number;
  #nextEnd: number;

  constructor(sql: Sql, count: Count) {
    this.#sql = sql;
    this.#count = count;
    type Row = {
      seq: number;
      sender: Bytes;
      epoch: Bytes;
      n: number;
      size: number;
      reason: string | null;
      expires: number;
    };
    this.#waiting = sql
      .query<Row>(
        'select seq, sender, epoch, n, length(header) + length(body) as size, reason, expires from entry order by seq',
      )
      .map(({ reason, expires, ...row }) => ({
        ...row,
        expires: reason === null ? expires : Number.POSITIVE_INFINITY,
      }));
    this.#nextEnd = Math.min(...this.#waiting.map(({ expires }) => expires));
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

  /** When the next message ends, milliseconds since 1970. */
  get nextEnd(): number {
    return this.#nextEnd * 1000;
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
    const acked = this.#ackedOf(sender, senderEpoch);
    const waiting = this.#waiting.findLast(
      (entry) => sameBytes(entry.sender, sender) && sameBytes(entry.epoch, senderEpoch),
    );
    let upTo = Math.max(acked, waiting?.n ?? 0);

    const fresh: Waiting[] = [];
    const newest: QueueEntry[] = [];
    let full = false;
    // No transaction, which takes longer than a statement: if one fails, those before it stay, and the sender hears so.
    for (const item of items) {
      if (item.n <= upTo) continue;
      const size = item.header.length + item.body.length;
      full = !this.#hasRoom(fresh, size);
      if (full) break;
      const seq = this.#last + fresh.length + 1;
      const expires = item.gap === null ? item.expires : Number.POSITIVE_INFINITY;
      const entry = { seq, sender, epoch: senderEpoch, n: item.n, size, expires };
      newest.push(this.#insert(entry, item, upTo));
      fresh.push(entry);
      upTo = item.n;
    }
    this.#waiting.push(...fresh);
    this.#newest = newest;
    this.#nextEnd = Math.min(this.#nextEnd, ...fresh.map(({ expires }) => expires));
    this.#last += fresh.length;
    this.#bytes += fresh.reduce((bytes, { size }) => bytes + size, 0);
    this.#count('delivered', '', fresh.filter(isMessage).length);
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
    const [first, last] = [seqs[0] ?? 0, seqs.at(-1) ?? 0];
    if (seqs.length === 0) return [];
    const isNewest = this.#newest[0] !== undefined && this.#newest[0].seq <= first;
    if (isNewest) return this.#newest.filter(({ seq }) => seq >= first && seq <= last);
    return this.#sql
      .query<EntryRow>(
        'select seq, sender, n, reason, from_n, header, body from entry where seq between ? and ? order by seq',
        ...[first, last],
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
    // A sender that deregistered and came back may stand here under two epochs.
    const reports = new Map(done.map((entry) => [reportKey(entry), entry]));
    // No transaction: if the deletion fails, the owner is sent again what the marks say is acknowledged.
    for (const entry of reports.values()) {
      this.#sql.query(
        `insert into mark (sender, epoch, n, seq, used) values (?, ?, ?, ?, ?)
         on conflict (sender, epoch) do update set n = excluded.n, seq = excluded.seq, used = excluded.used`,
        ...[entry.sender, entry.epoch, entry.n, entry.seq, now],
      );
    }
    this.#sql.query('delete from entry where seq <= ?', seq);
    for (const [key, { n }] of reports) this.#acknowledged.set(key, n);
    this.#waiting = this.#waiting.slice(done.length);
    this.#newest = this.#newest.filter((entry) => entry.seq > seq);
    this.#bytes -= done.reduce((bytes, { size }) => bytes + size, 0);
    this.#count('acknowledged', '', done.filter(isMessage).length);
    return [...reports.values()];
  }

  /** Everybody who has something in the queue. */
  senders(): Bytes[] {
    return [...new Map(this.#waiting.map(({ sender }) => [bytesKey(sender), sender])).values()];
  }

  /** Messages that have waited long enough become gaps, in their places. @param now milliseconds since 1970 */
  expire(now: number): void {
    if (this.nextEnd > now) return;
    this.#newest = [];
    const isOver = ({ expires }: Waiting) => expires * 1000 <= now;
    this.#sql.query(
      `update entry set reason = 'expired', from_n = n, header = x'', body = x'' where reason is null and expires <= ?`,
      Math.floor(now / 1000),
    );
    this.#count('expired', '', this.#waiting.filter(isOver).length);
    this.#waiting = this.#waiting.map((entry) =>
      isOver(entry) ? { ...entry, size: 0, expires: Number.POSITIVE_INFINITY } : entry,
    );
    this.#bytes = this.#waiting.reduce((bytes, { size }) => bytes + size, 0);
    this.#nextEnd = Math.min(...this.#waiting.map(({ expires }) => expires));
  }

  /** The senders that have not been heard of for a day, and what was acknowledged of each. */
  oldMarks(now: number): Report[] {
    return this.#sql.query<{ sender: Bytes; epoch: Bytes; n: number }>(
      'select sender, epoch, n from mark where used <= ?',
      now - markLifetimeMs,
    );
  }

  /** Forgets an old mark, whose sender knows of it, unless it was used again. The highest seq must not go with it. */
  forgetMark({ sender, epoch, n }: Report, now: number): void {
    this.#sql.transaction(() => {
      this.#sql.query('update registration set seq = ? where seq < ?', this.#last, this.#last);
      this.#sql.query(
        'delete from mark where sender = ? and epoch = ? and n = ? and used <= ?',
        ...[sender, epoch, n, now - markLifetimeMs],
      );
    });
  }

  /** When the oldest mark is a day old, infinite if there is none. */
  nextOldMark(): number {
    const [oldest] = this.#sql.query<{ used: number | null }>('select min(used) as used from mark');
    return oldest?.used == null ? Number.POSITIVE_INFINITY : oldest.used + markLifetimeMs;
  }

  /** Up to where the owner has acknowledged what this sender sent. */
  #ackedOf(sender: Bytes, epoch: Bytes): number {
    const key = reportKey({ sender, epoch });
    const known = this.#acknowledged.get(key);
    if (known !== undefined) return known;
    const [mark] = this.#sql.query<{ n: number }>('select n from mark where sender = ? and epoch = ?', sender, epoch);
    this.#acknowledged.set(key, mark?.n ?? 0);
    return mark?.n ?? 0;
  }

  #hasRoom(fresh: readonly Waiting[], size: number): boolean {
    const bytes = fresh.reduce((sum, entry) => sum + entry.size, this.#bytes + size);
    return this.#waiting.length + fresh.length < maxQueueEntries && bytes <= maxQueueBytes;
  }

  /** @param upTo  what is here already of this sender: a gap begins after it */
  #insert({ seq, sender, epoch, n }: Waiting, { gap, expires, header, body }: DeliveryItem, upTo: number): QueueEntry {
    const reason = gap?.reason ?? null;
    const from_n = gap && Math.max(gap.fromN, upTo + 1);
    this.#sql.query(
      `insert into entry (seq, sender, epoch, n, reason, from_n, expires, header, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[seq, sender, epoch, n, reason, from_n, expires, header, body],
    );
    return readEntry({ seq, sender, n, reason, from_n, header, body });
  }
}

function readEntry({ seq, sender, n, reason, from_n, header, body }: EntryRow): QueueEntry {
  return reason === null
    ? { type: 'message', seq, from: sender, header, body }
    : { type: 'gap', seq, from: sender, fromN: from_n ?? n, toN: n, reason };
}
