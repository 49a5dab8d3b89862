// GET /v1/outbox?after=N: the caller's own messages that somebody has not acknowledged yet.

import { bytes, list, oneOf, struct, uint, type ValueOf } from './codec.ts';
import { hashBytes, maxRecipients } from './limits.ts';

/** Records in one page; ask again after the last one's n. */
export const maxOutboxPage = 64;

export const OutboxRecord = struct('outbox record', {
  n: uint(),
  /** Seconds since 1970 at which what is not delivered ends. */
  expires: uint(),
  waiting: list(
    struct('waiting recipient', {
      hrid: bytes(hashBytes),
      /** pending: not yet in the recipient's queue; queued: there, not acknowledged. */
      state: oneOf('pending', 'queued'),
    }),
    maxRecipients,
  ),
});
export type OutboxRecord = ValueOf<typeof OutboxRecord>;

export const OutboxPage = struct('outbox page', {
  nextSend: uint(),
  /** In order of n. */
  records: list(OutboxRecord, maxOutboxPage),
});
export type OutboxPage = ValueOf<typeof OutboxPage>;
