// Everything that waits for one recipient, in the order of the sender's numbers: an index in memory over `record` and
// `gap`, built anew when the object wakes. What it forgets then (what was handed over) the recipient knows.

import type { Bytes } from '../../client/wire/bytes.ts';
import { maxPendingBytesPerRecipient, maxPendingPerRecipient } from '../limits.ts';
import type { GapReason } from './peer.ts';

/** One message that this recipient has not acknowledged. */
interface PendingMessage {
  readonly n: number;
  readonly gap: null;
  /** Its place among the record's recipients. */
  readonly index: number;
  readonly headerOffset: number;
  readonly headerLength: number;
  /** Bytes of header and body. */
  readonly size: number;
}

/** Messages that will never come, which this recipient has not been told. */
interface PendingGap {
  readonly n: number;
  readonly gap: { readonly fromN: number; readonly reason: GapReason };
  readonly size: 0;
}

export type Pending = PendingMessage | PendingGap;

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

export function newLane(recipient: Bytes): Lane {
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

/** When the lane has something to do next. */
export function dueAt(lane: Lane): number {
  return hasUnsent(lane) ? lane.notBefore : Math.max(lane.probeAt, lane.notBefore);
}

/** Whether the lane has something that was not handed over yet. */
export function hasUnsent(lane: Lane): boolean {
  return (lane.pending.at(-1)?.n ?? 0) > lane.sent;
}

/** Whether too much that is not in the recipient's queue yet waits for it to take `size` bytes more. */
export function isFull(lane: Lane, size: number): boolean {
  // The object was away: what the recipient has is asked when this is handed over.
  if (lane.recipientEpoch === null && lane.failures === 0) return false;
  let [messages, bytes] = [0, size];
  for (let i = lane.pending.length - 1; i >= 0; i--) {
    const pending = lane.pending[i];
    if (pending === undefined || pending.n <= lane.sent) break;
    if (pending.gap === null) messages++;
    bytes += pending.size;
    if (messages >= maxPendingPerRecipient) return true;
  }
  return bytes > maxPendingBytesPerRecipient;
}

/** Puts a gap in the place of the messages fromN … n. It becomes one with its neighbours that have the same reason. */
export function putGap(lane: Lane, fromN: number, n: number, reason: GapReason): void {
  const gap: PendingGap = { n, gap: { fromN, reason }, size: 0 };
  const before = lane.pending.filter((pending) => pending.n < fromN);
  const after = lane.pending.filter((pending) => pending.n > n);
  lane.pending = [...before, gap, ...after].reduce<Pending[]>((joined, next) => {
    const last = joined.at(-1);
    const joins = last?.gap && next.gap && last.n > lane.sent && last.gap.reason === next.gap.reason;
    if (joins) joined.splice(-1, 1, { n: next.n, gap: last.gap, size: 0 });
    else joined.push(next);
    return joined;
  }, []);
}
