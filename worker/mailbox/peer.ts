// What one mailbox says to another. Nothing here waits: a mailbox that awaited another one inside these calls could
// wait for itself.

import type { Bytes } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';

export type GapReason = Extract<QueueEntry, { type: 'gap' }>['reason'];

/** One message for one recipient, or a gap: the messages from `fromN` up to `n` will never come. */
export interface DeliveryItem {
  readonly n: number;
  readonly gap: { readonly fromN: number; readonly reason: GapReason } | null;
  /** Seconds since 1970. */
  readonly expires: number;
  readonly header: Bytes;
  readonly body: Bytes;
}

/** Says that the messages fromN … n will never come. */
export function gapItem(fromN: number, n: number, reason: GapReason): DeliveryItem {
  return { n, gap: { fromN, reason }, expires: 0, header: new Uint8Array(), body: new Uint8Array() };
}

export interface Delivery {
  readonly sender: Bytes;
  readonly senderEpoch: Bytes;
  /** The queue that the sender believes it continues; null if it starts at its oldest unacknowledged message. */
  readonly recipientEpoch: Bytes | null;
  /** In order of n. None at all asks for the state only. */
  readonly items: readonly DeliveryItem[];
}

export type DeliveryAnswer =
  /**
   * `stored`: all are in the queue, or were. `full`: those up to `upTo` are. `renewed`: none was taken, because the
   * queue has another epoch. Everything up to `acked` is acknowledged.
   */
  | {
      readonly status: 'stored' | 'full' | 'renewed';
      readonly epoch: Bytes;
      readonly upTo: number;
      readonly acked: number;
    }
  /** Nobody is registered here, or the owner takes nothing from this sender. */
  | { readonly status: 'gone' | 'refused' };

export type ClaimAnswer =
  | { readonly package: Bytes }
  | { readonly code: 'unregistered' | 'no-key-package' | 'rate-limited' };

export interface Peer {
  deliver(delivery: Delivery): Promise<DeliveryAnswer>;
  /**
   * `recipient` has acknowledged everything up to n of the mailbox's queue epoch `epoch`.
   * @param remembers  and will be able to say so when it is asked; else this returns only once it is written
   */
  acked(recipient: Bytes, epoch: Bytes, n: number, remembers: boolean): Promise<void>;
  /** `recipient` has deregistered, with this mailbox's messages in its queue of that epoch. */
  gone(recipient: Bytes, epoch: Bytes): Promise<void>;
  claim(claimer: Bytes, id: Bytes): Promise<ClaimAnswer>;
}

export interface Peers {
  /** A fresh stub of the mailbox of `hrid`, registered or not: one that failed once keeps failing. */
  mailbox(hrid: Bytes): Promise<Peer>;
}
