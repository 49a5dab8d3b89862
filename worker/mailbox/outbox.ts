// The owner's sends: the running number, the records that somebody has not acknowledged, and per recipient a lane.
// Records are durable; lanes are an index over them in memory, built anew when the object wakes. What a lane forgets
// then (what it has handed over) the recipient knows: it skips what it has.

import { type Bytes, bytesKey, concatBytes, sameBytes } from '../../client/wire/bytes.ts';
import { hashBytes } from '../../client/wire/limits.ts';
import type { OutboxRecord } from '../../client/wire/outbox.ts';
import { Accepted, type Recipient, type Send } from '../../client/wire/send.ts';
import { Refusal } from '../errors.ts';
import {
  mailboxFullRetrySeconds,
  maxDeliveryBytes,
  maxDeliveryItems,
  maxOutboxBytes,
  maxPendingBytesPerRecipient,
  maxPendingPerRecipient,
  maxRecords,
  recipientOverheadBytes,
} from '../limits.ts';
import type { Sql } from '../ports.ts';
import type { DeliveryItem } from './peer.ts';

/** One message for one recipient that has not acknowledged it. */
interface Pending {
  readonly n: number;
  /** Its place among the record's recipients. */
  readonly index: number;
  readonly headerOffset: number;
  readonly headerLength: number;
  /** Bytes of header and body. */
  readonly size: number;
}

/** Everything that waits for one recipient, and how far the handing over has come. */
export interface Lane {
  readonly recipient: Bytes;
  /** In order of n. */
  pending: Pending[];
  /** The newest n that stands in the recipient's queue, 0 if that is not known. */
  sent: number;
  recipientEpoch: Bytes | null;
  busy: boolean;
  /** Failures in a row. */
  failures: number;
  /** After a failure: not before this time (milliseconds since 1970). */
  notBefore: number;
  /** When to ask whether what was handed over is acknowledged: the report may have been lost. */
  probeAt: number;
}

interface PendingRecord {
  readonly expires: number;
  readonly remaining: Bytes;
  left: number;
  readonly size: number;
}

type RecordRow = { n: number; expires: number; remaining: Bytes; recipients: Bytes; lengths: Bytes; bodyBytes: number };

export class Outbox {
  readonly lanes: Map<string, Lane> = new Map();
  readonly #records = new Map<number, PendingRecord>();
  readonly #sql: Sql;
  #last: number;
  #bytes = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#last = sql.query<{ n: number }>('select n from registration')[0]?.n ?? 0;
    const rows = sql.query<RecordRow>(
      'select n, expires, remaining, recipients, lengths, length(body) as bodyBytes from record order by n',
    );
    for (const row of rows) this.#index(row);
  }

  /** The number that the next send must have. */
  get next(): number {
    return this.#last + 1;
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /**
   * The answer to a send whose number was accepted before; null if its number is the next.
   * @throws Refusal `number-reused` or `out-of-order`
   */
  repeated(n: number, digest: Bytes): Accepted | null {
    if (n === this.next) return null;
    if (n > this.next || n === 0) throw new Refusal('out-of-order', { expected: this.next });
    type Row = { digest: Bytes | null; refused: Bytes | null };
    const [row] = this.#records.has(n)
      ? this.#sql.query<Row>('select digest, refused from record where n = ?', n)
      : this.#sql.query<Row>('select digest, refused from registration where n = ?', n);
    if (row?.digest && !sameBytes(row.digest, digest)) throw new Refusal('number-reused', { expected: this.next });
    return row?.refused ? Accepted.decode(row.refused) : { n, refused: [] };
  }

  /** @throws Refusal `mailbox-full` if all that waits, with this send, is too much */
  checkRoom(send: Send): void {
    if (this.#records.size < maxRecords && this.#bytes + recordBytes(send.to, send.body) <= maxOutboxBytes) return;
    throw new Refusal('mailbox-full', { retryAfter: mailboxFullRetrySeconds });
  }

  /** Whether too much that is not in this recipient's queue yet waits for it to take `size` bytes more. */
  isFull(recipient: Bytes, size: number): boolean {
    const lane = this.lanes.get(bytesKey(recipient));
    if (lane === undefined) return false;
    let bytes = size;
    for (let i = 1; i <= maxPendingPerRecipient; i++) {
      const pending = lane.pending.at(-i);
      if (pending === undefined || pending.n <= lane.sent) return bytes > maxPendingBytesPerRecipient;
      bytes += pending.size;
    }
    return true;
  }

  /**
   * Takes the next send. The caller has checked its number.
   * @returns the lanes that have something to do now
   */
  accept(send: Send, digest: Bytes, refused: Accepted['refused'], now: number): Lane[] {
    const answer = refused.length > 0 ? Accepted.encode({ n: send.n, refused }) : null;
    const takers = send.to.filter((_, index) => !refused.some((refusal) => refusal.index === index));
    if (takers.length === 0) {
      this.#sql.query('update registration set n = ?, digest = ?, refused = ?', send.n, digest, answer);
      this.#last = send.n;
      return [];
    }
    const row: RecordRow = {
      n: send.n,
      expires: Math.floor(now / 1000) + send.ttlSeconds,
      remaining: fullBitmap(takers.length),
      recipients: concatBytes(...takers.map(({ hrid }) => hrid)),
      lengths: concatBytes(...takers.map(({ header }) => Uint8Array.of(header.length >> 8, header.length & 0xff))),
      bodyBytes: send.body.length,
    };
    this.#sql.query(
      `insert into record (n, expires, remaining, digest, refused, recipients, lengths, headers, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.n, row.expires, row.remaining, digest, answer, row.recipients, row.lengths],
      concatBytes(...takers.map(({ header }) => header)),
      send.body,
    );
    return this.#index(row);
  }

  /** What the lane hands over next: in order, and no more than one call carries. */
  items(lane: Lane): DeliveryItem[] {
    const items: DeliveryItem[] = [];
    let bytes = 0;
    for (const { n, headerOffset, headerLength, size } of lane.pending) {
      if (n <= lane.sent) continue;
      if (items.length === maxDeliveryItems || (items.length > 0 && bytes + size > maxDeliveryBytes)) break;
      bytes += size;
      const [row] = this.#sql.query<{ expires: number; header: Bytes; body: Bytes }>(
        // Of an empty blob, substr() is null.
        `select expires, coalesce(substr(headers, ?, ?), x'') as header, body from record where n = ?`,
        ...[headerOffset + 1, headerLength, n],
      );
      if (row !== undefined) items.push({ n, gap: null, ...row });
    }
    return items;
  }

  /**
   * The recipient needs nothing up to `upTo` any more.
   * @returns the numbers of the messages that now everybody has
   */
  acknowledge(lane: Lane, upTo: number): number[] {
    const done = lane.pending.filter(({ n }) => n <= upTo);
    if (done.length === 0) return [];
    const finished = this.#sql.transaction(() => done.filter((pending) => this.#strike(pending)).map(({ n }) => n));
    lane.pending = lane.pending.slice(done.length);
    if (lane.pending.length === 0 && !lane.busy) this.drop(lane);
    return finished;
  }

  /** Forgets a lane that has nothing to do. */
  drop(lane: Lane): void {
    if (lane.pending.length === 0) this.lanes.delete(bytesKey(lane.recipient));
  }

  page(after: number, max: number): OutboxRecord[] {
    const numbers = [...this.#records.keys()].filter((n) => n > after).slice(0, max);
    return numbers.map((n) => {
      const [row] = this.#sql.query<{ expires: number; remaining: Bytes; recipients: Bytes }>(
        'select expires, remaining, recipients from record where n = ?',
        n,
      );
      if (row === undefined) throw new Error('a record is missing');
      const waiting = split(row.recipients).filter((_, index) => hasBit(row.remaining, index));
      return {
        n,
        expires: row.expires,
        waiting: waiting.map((hrid) => {
          const sent = this.lanes.get(bytesKey(hrid))?.sent ?? 0;
          return { hrid, state: sent >= n ? ('queued' as const) : ('pending' as const) };
        }),
      };
    });
  }

  /** Notes that one recipient is done with one record; true if it was the last one. */
  #strike({ n, index }: Pending): boolean {
    const record = this.#records.get(n);
    if (record === undefined || !hasBit(record.remaining, index)) return false;
    clearBit(record.remaining, index);
    record.left--;
    if (record.left > 0) {
      this.#sql.query('update record set remaining = ? where n = ?', record.remaining, n);
      return false;
    }
    if (n === this.#last) {
      this.#sql.query(
        `update registration set (n, digest, refused) = (select n, digest, refused from record where n = ?)`,
        n,
      );
    }
    this.#sql.query('delete from record where n = ?', n);
    this.#records.delete(n);
    this.#bytes -= record.size;
    return true;
  }

  #index(row: RecordRow): Lane[] {
    const hrids = split(row.recipients);
    const lanes: Lane[] = [];
    let headerOffset = 0;
    for (const [index, recipient] of hrids.entries()) {
      const headerLength = ((row.lengths[2 * index] ?? 0) << 8) | (row.lengths[2 * index + 1] ?? 0);
      if (hasBit(row.remaining, index)) {
        const lane = this.#lane(recipient);
        const size = headerLength + row.bodyBytes;
        lane.pending.push({ n: row.n, index, headerOffset, headerLength, size });
        lanes.push(lane);
      }
      headerOffset += headerLength;
    }
    const size = row.bodyBytes + headerOffset + hrids.length * recipientOverheadBytes;
    this.#records.set(row.n, { expires: row.expires, remaining: row.remaining, left: lanes.length, size });
    this.#bytes += size;
    this.#last = Math.max(this.#last, row.n);
    return lanes;
  }

  #lane(recipient: Bytes): Lane {
    const key = bytesKey(recipient);
    const lane = this.lanes.get(key) ?? newLane(recipient);
    this.lanes.set(key, lane);
    return lane;
  }
}

function newLane(recipient: Bytes): Lane {
  return {
    recipient,
    pending: [],
    sent: 0,
    recipientEpoch: null,
    busy: false,
    failures: 0,
    notBefore: 0,
    probeAt: 0,
  };
}

function recordBytes(to: readonly Recipient[], body: Bytes): number {
  return to.reduce((bytes, { header }) => bytes + header.length + recipientOverheadBytes, body.length);
}

function split(recipients: Bytes): Bytes[] {
  return Array.from({ length: recipients.length / hashBytes }, (_, index) =>
    recipients.slice(index * hashBytes, (index + 1) * hashBytes),
  );
}

function fullBitmap(length: number): Bytes {
  const bitmap = new Uint8Array(Math.ceil(length / 8));
  for (let index = 0; index < length; index++) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  return bitmap;
}

function hasBit(bitmap: Bytes, index: number): boolean {
  return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

function clearBit(bitmap: Bytes, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) & ~(1 << (index & 7));
}
