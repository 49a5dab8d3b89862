// The owner's sends: the running number, and the records that somebody has not acknowledged. A record goes when nobody
// is waited for any more; if somebody will never have it, it stays a while without its body, to say so. What a recipient
// misses stands in `gap` until it was told. Lanes (lane.ts) are an index over both.

import { type Bytes, bytesKey, concatBytes, sameBytes, splitBytes } from '../../client/wire/bytes.ts';
import { hashBytes } from '../../client/wire/limits.ts';
import type { OutboxRecord } from '../../client/wire/outbox.ts';
import { Accepted, type Delivered, type MissCode, type Send } from '../../client/wire/send.ts';
import type { Count } from '../counters.ts';
import { Refusal } from '../errors.ts';
import {
  maxDeliveryBytes,
  maxDeliveryItems,
  maxMisses,
  maxOutboxBytes,
  maxRecords,
  missLifetimeSeconds,
  recipientOverheadBytes,
} from '../limits.ts';
import type { Sql } from '../ports.ts';
import { isFull, type Lane, newLane, type Pending, putGap } from './lane.ts';
import { type DeliveryItem, type GapReason, gapItem } from './peer.ts';
import { acknowledged, missedState, missOf, refusalOf, waited } from './recipient.ts';
import {
  acceptedOf,
  createRow,
  deliveredOf,
  headerLength,
  isReleased,
  type OutboxEntry,
  type RecordRow,
  sendBytes,
} from './record.ts';

export const saveStates = 'update record set states = ? where n = ?';

export class Outbox {
  readonly lanes: Map<string, Lane> = new Map();
  readonly #sql: Sql;
  readonly #count: Count;
  readonly #records = new Map<number, OutboxEntry>();
  /** What was accepted last, as it came: most recipients are handed it at once, and it need not be read again. */
  #newest: { readonly send: Send; readonly expires: number } | null = null;
  #last: number;
  #bytes = 0;
  /** Records that nobody is waited for. */
  #ended = 0;
  /** Records of which somebody more has acknowledged than is written. */
  readonly #unsaved = new Set<number>();
  /** No record ends before this, seconds since 1970. */
  #nextEnd = Number.POSITIVE_INFINITY;

  constructor(sql: Sql, count: Count) {
    this.#sql = sql;
    this.#count = count;
    this.#last = sql.query<{ n: number }>('select n from registration')[0]?.n ?? 0;
    const rows = sql.query<RecordRow>(
      'select n, expires, states, recipients, lengths, length(body) as bodyBytes from record order by n',
    );
    for (const row of rows) this.#index(row);
    type GapRow = { recipient: Bytes; n: number; from_n: number; reason: GapReason };
    for (const gap of sql.query<GapRow>('select recipient, n, from_n, reason from gap order by n')) {
      putGap(this.#lane(gap.recipient), gap.from_n, gap.n, gap.reason);
    }
  }

  /** The number that the next send must have. */
  get next(): number {
    return this.#last + 1;
  }

  /** When the next record ends, milliseconds since 1970. */
  get nextEnd(): number {
    return this.#nextEnd * 1000;
  }

  /**
   * The answer to a send whose number was accepted before; null if its number is the next.
   * @throws Refusal `number-reused` or `out-of-order`
   */
  repeated(n: number, digest: Bytes): Accepted | null {
    if (n === this.next) return null;
    if (n > this.next || n === 0) throw new Refusal('out-of-order', { expected: this.next });
    const record = this.#records.get(n);
    const [row] = record
      ? this.#sql.query<{ digest: Bytes; refused: null }>('select digest, null as refused from record where n = ?', n)
      : this.#sql.query<{ digest: Bytes | null; refused: Bytes | null }>(
          'select digest, refused from registration where n = ?',
          n,
        );
    if (row?.digest && !sameBytes(row.digest, digest)) throw new Refusal('number-reused', { expected: this.next });
    if (record) return acceptedOf(n, record.states);
    return row?.refused ? Accepted.decode(row.refused) : { n, refused: [] };
  }

  /** Whether all that waits leaves room for this send. */
  hasRoom(send: Send): boolean {
    if (this.#records.size - this.#ended >= maxRecords) return false;
    const size = sendBytes(send.to, send.body);
    if (this.#bytes + size > maxOutboxBytes) this.#releaseQueued();
    return this.#bytes + size <= maxOutboxBytes;
  }

  /** Whether too much waits for this recipient to take `size` bytes more. */
  isFull(recipient: Bytes, size: number): boolean {
    const lane = this.lanes.get(bytesKey(recipient));
    return lane !== undefined && isFull(lane, size);
  }

  /**
   * Takes the next send. The caller has checked its number.
   * @param now  milliseconds since 1970
   * @returns the lanes that have something to do now
   */
  accept(send: Send, digest: Bytes, refused: Accepted['refused'], now: number): Lane[] {
    this.#count('accepted', '');
    for (const each of new Set(refused.map(({ code }) => code))) {
      this.#count('recipient-refused', each, refused.filter(({ code }) => code === each).length);
    }
    return this.#sql.transaction(() => {
      const row = createRow(send, refused, Math.ceil(now / 1000) + send.ttlSeconds);
      const told = refused.filter(({ code }) => code === 'mailbox-full').flatMap(({ index }) => send.to[index] ?? []);
      const gapped = told.map(({ hrid }) => this.#putGap(this.#lane(hrid), send.n, send.n, 'full'));
      if (refused.length === send.to.length) {
        this.#remember(send.n, digest, acceptedOf(send.n, row.states));
        this.#last = send.n;
        return gapped;
      }
      this.#sql.query(
        'insert into record (n, expires, states, digest, recipients, lengths, headers, body) values (?, ?, ?, ?, ?, ?, ?, ?)',
        ...[row.n, row.expires, row.states, digest, row.recipients, row.lengths],
        concatBytes(...send.to.map(({ header }) => header)),
        send.body,
      );
      this.#newest = { send, expires: row.expires };
      return [...this.#index(row), ...gapped];
    });
  }

  /** What the lane hands over next: in order, and no more than one call carries. */
  items(lane: Lane): DeliveryItem[] {
    const items: DeliveryItem[] = [];
    let bytes = 0;
    for (const pending of lane.pending) {
      if (pending.n <= lane.sent) continue;
      if (items.length === maxDeliveryItems) break;
      const item = this.#item(pending);
      bytes += item.header.length + item.body.length;
      if (items.length > 0 && bytes > maxDeliveryBytes) break;
      const last = items.at(-1);
      const joins = item.gap && last?.gap?.reason === item.gap.reason;
      if (joins) items.splice(-1, 1, { ...item, gap: last.gap });
      else items.push(item);
    }
    return items;
  }

  /**
   * The recipient's queue has taken everything up to `sent`, and its owner has acknowledged everything up to `acked`.
   * What somebody else has yet to acknowledge is written by `save`.
   * @returns what became of the messages that nobody is waited for any more
   */
  advance(lane: Lane, sent: number, acked: number, now: number): Delivered[] {
    lane.sent = sent;
    const told = lane.pending.filter(({ n, gap }) => gap !== null && n <= Math.max(sent, acked));
    for (const { n } of told) this.#sql.query('delete from gap where recipient = ? and n = ?', lane.recipient, n);
    if (told.length > 0) lane.pending = lane.pending.filter((each) => !told.includes(each));
    const finished = this.#strike(lane, ({ n }) => n <= acked, acknowledged, now);
    this.drop(lane);
    return finished;
  }

  /** Writes who has acknowledged. Until then, only the recipients' mailboxes know it for sure. */
  save(): void {
    for (const n of this.#unsaved) {
      const record = this.#records.get(n);
      if (record) this.#sql.query(saveStates, record.states, n);
    }
    this.#unsaved.clear();
  }

  /** The recipient will never have what waits for it, and is not to be told. */
  end(lane: Lane, miss: MissCode, now: number): Delivered[] {
    this.#sql.query('delete from gap where recipient = ?', lane.recipient);
    lane.pending = lane.pending.filter(({ gap }) => gap === null);
    const finished = this.#strike(lane, () => true, missedState(miss), now);
    this.drop(lane);
    return finished;
  }

  /**
   * Ends what has waited long enough: who has not got it is told by a gap. Records that only say what was missed go.
   * @param now  milliseconds since 1970
   */
  expire(now: number): Delivered[] {
    if (this.nextEnd > now) return [];
    const over = [...this.#records].filter(([, { expires }]) => expires * 1000 <= now);
    const ended = new Set(over.map(([n]) => n));
    for (const [n, { left }] of over) if (left === 0) this.#delete(n);
    const finished = [...this.lanes.values()].flatMap((lane) => {
      const due = lane.pending.filter(({ n, gap }) => gap === null && ended.has(n));
      // One after the other: across one that is gone already, gaps before and after it would become one.
      const done = due.flatMap(({ n }) => {
        const delivered = this.#strike(lane, (pending) => pending.n === n, missedState('expired'), now);
        // What is in the recipient's queue ends there by itself.
        if (n > lane.sent) this.#putGap(lane, n, n, 'expired');
        return delivered;
      });
      this.#count('expired', '', due.filter(({ n }) => n > lane.sent).length);
      this.drop(lane);
      return done;
    });
    this.#nextEnd = Math.min(...[...this.#records.values()].map(({ expires }) => expires));
    return finished;
  }

  /** What every recipient must still be told if the owner goes: the range that it has not got. */
  owed(): { recipient: Bytes; fromN: number; n: number }[] {
    return [...this.lanes.values()].flatMap(({ recipient, pending, sent }) => {
      const first = pending.find(({ n }) => n > sent);
      const last = pending.at(-1);
      if (first === undefined || last === undefined) return [];
      return [{ recipient, fromN: first.gap?.fromN ?? first.n, n: last.n }];
    });
  }

  /** Forgets a lane that has nothing to do: else it would be asked after for ever. */
  drop(lane: Lane): void {
    if (lane.pending.length === 0 && !lane.busy) this.lanes.delete(bytesKey(lane.recipient));
  }

  page(after: number, max: number): OutboxRecord[] {
    const numbers = [...this.#records.keys()].filter((n) => n > after).slice(0, max);
    return numbers.map((n) => {
      const [row] = this.#sql.query<{ recipients: Bytes }>('select recipients from record where n = ?', n);
      const record = this.#records.get(n);
      if (row === undefined || record === undefined) throw new Error('a record is missing');
      const recipients = splitBytes(row.recipients, hashBytes).flatMap((hrid, index) => {
        const state = record.states[index] ?? acknowledged;
        if (state === acknowledged) return [];
        const sent = this.lanes.get(bytesKey(hrid))?.sent ?? 0;
        return [
          {
            hrid,
            state: missOf(state) ?? refusalOf(state) ?? (sent >= n ? ('queued' as const) : ('pending' as const)),
          },
        ];
      });
      return { n, expires: record.expires, recipients };
    });
  }

  #item(pending: Pending): DeliveryItem {
    const { n, gap } = pending;
    if (gap !== null) return gapItem(gap.fromN, n, gap.reason);
    if (this.#newest?.send.n === n) {
      const { send, expires } = this.#newest;
      return { n, gap: null, expires, header: send.to[pending.index]?.header ?? new Uint8Array(), body: send.body };
    }
    const [row] = this.#sql.query<{ expires: number; lengths: Bytes; header: Bytes; body: Bytes }>(
      // Of an empty blob, substr() is null.
      `select expires, lengths, coalesce(substr(headers, ?, ?), x'') as header, body from record where n = ?`,
      ...[pending.headerOffset + 1, pending.headerLength, n],
    );
    if (row === undefined) throw new Error('a record is missing');
    if (isReleased(row)) return gapItem(n, n, 'full');
    return { n, gap: null, expires: row.expires, header: row.header, body: row.body };
  }

  /** The messages of this lane that `isDone` get a new state, and are not waited for any more. */
  #strike(lane: Lane, isDone: (pending: Pending) => boolean, state: number, now: number): Delivered[] {
    const done = lane.pending.filter((pending) => pending.gap === null && isDone(pending));
    if (done.length === 0) return [];
    const finished = done.flatMap((pending) =>
      pending.gap === null ? this.#mark(pending.n, pending.index, state, now) : [],
    );
    lane.pending = lane.pending.filter((pending) => !done.includes(pending));
    return finished;
  }

  #mark(n: number, index: number, state: number, now: number): Delivered[] {
    const record = this.#records.get(n);
    if (record === undefined || record.states[index] !== waited) return [];
    record.states[index] = state;
    record.left--;
    if (record.left > 0) {
      this.#unsaved.add(n);
      if (state !== acknowledged) this.save();
      return [];
    }
    this.#sql.transaction(() => (hasMiss(record) ? this.#end(n, record, now) : this.#delete(n)));
    return [deliveredOf(n, record.states)];
  }

  /** Keeps of a record what it says of those who missed it. */
  #end(n: number, record: OutboxEntry, now: number): void {
    record.expires = Math.floor(now / 1000) + missLifetimeSeconds;
    this.#nextEnd = Math.min(this.#nextEnd, record.expires);
    this.#ended++;
    this.#release(n, record);
    this.#sql.query('update record set states = ?, expires = ? where n = ?', record.states, record.expires, n);
    this.#unsaved.delete(n);
    if (this.#ended <= maxMisses) return;
    const [oldest] = [...this.#records].find(([, { left }]) => left === 0) ?? [];
    if (oldest !== undefined) this.#delete(oldest);
  }

  #delete(n: number): void {
    const record = this.#records.get(n);
    if (record === undefined) return;
    if (n === this.#last) {
      const [row] = this.#sql.query<{ digest: Bytes }>('select digest from record where n = ?', n);
      this.#remember(n, row?.digest ?? null, acceptedOf(n, record.states));
    }
    this.#sql.query('delete from record where n = ?', n);
    if (this.#newest?.send.n === n) this.#newest = null;
    this.#records.delete(n);
    this.#unsaved.delete(n);
    this.#bytes -= record.size;
    if (record.left === 0 && hasMiss(record)) this.#ended--;
  }

  /** The newest number, when no record tells it. */
  #remember(n: number, digest: Bytes | null, accepted: Accepted): void {
    const answer = accepted.refused.length > 0 ? Accepted.encode(accepted) : null;
    this.#sql.query('update registration set n = ?, digest = ?, refused = ?', n, digest, answer);
  }

  /** Lets go headers and bodies of what is in every queue that it must come to: the sender's copy only takes room. */
  #releaseQueued(): void {
    const needed = new Set([...this.lanes.values()].flatMap(unsentNumbers));
    for (const [n, record] of this.#records) if (!needed.has(n)) this.#release(n, record);
  }

  #release(n: number, record: OutboxEntry): void {
    const size = record.states.length * recipientOverheadBytes;
    if (record.size === size) return;
    this.#sql.query(`update record set lengths = x'', headers = x'', body = x'' where n = ?`, n);
    if (this.#newest?.send.n === n) this.#newest = null;
    this.#bytes -= record.size - size;
    record.size = size;
  }

  #putGap(lane: Lane, fromN: number, n: number, reason: GapReason): Lane {
    const before = lane.pending.filter(({ gap }) => gap !== null);
    putGap(lane, fromN, n, reason);
    for (const gone of before.filter((each) => !lane.pending.includes(each))) {
      this.#sql.query('delete from gap where recipient = ? and n = ?', lane.recipient, gone.n);
    }
    for (const { n: end, gap } of lane.pending.filter((each) => each.gap !== null && !before.includes(each))) {
      this.#sql.query(
        'insert into gap (recipient, n, from_n, reason) values (?, ?, ?, ?)',
        ...[lane.recipient, end, gap?.fromN ?? end, gap?.reason ?? reason],
      );
    }
    return lane;
  }

  #index(row: RecordRow): Lane[] {
    const lanes: Lane[] = [];
    let headerOffset = 0;
    for (const [index, recipient] of splitBytes(row.recipients, hashBytes).entries()) {
      const length = headerLength(row, index);
      if (row.states[index] === waited) {
        const lane = this.#lane(recipient);
        const size = length + row.bodyBytes;
        lane.pending.push({ n: row.n, gap: null, index, headerOffset, headerLength: length, size });
        lanes.push(lane);
      }
      headerOffset += length;
    }
    const size = row.bodyBytes + headerOffset + row.states.length * recipientOverheadBytes;
    this.#records.set(row.n, { expires: row.expires, states: row.states, left: lanes.length, size });
    this.#bytes += size;
    if (lanes.length === 0) this.#ended++;
    this.#nextEnd = Math.min(this.#nextEnd, row.expires);
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

function hasMiss({ states }: OutboxEntry): boolean {
  return states.some((state) => missOf(state) !== null);
}

function unsentNumbers({ pending, sent }: Lane): number[] {
  return pending.flatMap(({ n, gap }) => (gap === null && n > sent ? [n] : []));
}
