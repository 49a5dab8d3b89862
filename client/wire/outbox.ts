// GET /v1/outbox?after=N: the caller's own messages that somebody has not acknowledged, yet or for good.

import { bytes, list, oneOf, struct, uint, type ValueOf } from './codec.ts';
import { hashBytes, maxRecipients } from './limits.ts';
import { missCodes } from './send.ts';

/** Records in one page; ask again after the last one's n. */
export const maxOutboxPage = 64;

export const OutboxRecord = struct('outbox record', {
  n: uint(),
  /** Seconds since 1970 at which what is not delivered ends; once nobody is waited for, at which the record goes. */
  expires: uint(),
  /** Who has not acknowledged it. */
  recipients: list(
    struct('outbox recipient', {
      hrid: bytes(hashBytes),
      /** pending: not yet in the recipient's queue; queued: there, not acknowledged; else why it never will be there. */
      state: oneOf('pending', 'queued', 'unregistered', 'mailbox-full', ...missCodes),
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
