// A mailbox's queue: what waits for its owner, in order. A cursor is (epoch, seq).
//
//   GET  /v1/queue?epoch=E&after=SEQ → 200 QueuePage
//   POST /v1/queue/acks              Ack → 204

import { bytes, bytesUpTo, flag, list, oneOf, struct, uint, union, type ValueOf } from './codec.ts';
import { hashBytes, maxBodyBytes, maxHeaderBytes, maxQueuePage } from './limits.ts';
import { epochBytes } from './registration.ts';

export const Hello = struct('hello', {
  /** Random, new whenever the mailbox is created; a cursor of another epoch is void. */
  epoch: bytes(epochBytes),
  /** The newest entry's seq, 0 if there never was one. */
  last: uint(),
  /** All up to here is acknowledged and gone. */
  acked: uint(),
  /** The number that the relay expects for the owner's next send. */
  nextSend: uint(),
  /** One-time key packages left. */
  keyPackages: uint(),
  /** False once the last-resort package has served: upload another. */
  lastResortFresh: flag,
  /** Seconds since 1970, by the relay's clock. */
  now: uint(),
});
export type Hello = ValueOf<typeof Hello>;

export const QueueEntry = union('queue entry', {
  message: struct('queued message', {
    seq: uint(),
    from: bytes(hashBytes),
    header: bytesUpTo(maxHeaderBytes),
    body: bytesUpTo(maxBodyBytes),
  }),
  /** Messages n = fromN … toN of a sender will never come. */
  gap: struct('gap', {
    seq: uint(),
    from: bytes(hashBytes),
    fromN: uint(),
    toN: uint(),
    reason: oneOf('expired', 'full', 'withdrawn'),
  }),
});
export type QueueEntry = ValueOf<typeof QueueEntry>;

export const QueuePage = struct('queue page', {
  hello: Hello,
  entries: list(QueueEntry, maxQueuePage),
});
export type QueuePage = ValueOf<typeof QueuePage>;

/** Everything up to and including `seq` is safely stored by the owner and may be deleted. */
export const Ack = struct('acknowledgement', { epoch: bytes(epochBytes), seq: uint() });
export type Ack = ValueOf<typeof Ack>;
