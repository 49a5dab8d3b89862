// POST /v1/messages: one body for several recipients, under the sender's own running number.
//
//   Send      [n, [[hrid 32, header]…], body, ttlSeconds]
//   Accepted  [n, [[index, code]…]]
//   Delivered [n, acknowledged, [[index, code]…]]     later, over the stream

import { bytes, bytesUpTo, list, oneOf, struct, uint, type ValueOf } from './codec.ts';
import { hashBytes, maxBodyBytes, maxHeaderBytes, maxRecipients, messageTtlSeconds } from './limits.ts';

export const refusalCodes = ['unregistered', 'mailbox-full', 'gone', 'refused'] as const;
/**
 * Why the relay did not take a message for one recipient ([PROTOCOL.md §8](../../docs/PROTOCOL.md)).
 * @category Events
 */
export type RefusalCode =
  /** It is not registered. */
  | 'unregistered'
  /** 256 messages or 8 MiB of this sender wait for it. */
  | 'mailbox-full'
  /** Its mailbox has gone lately. */
  | 'gone'
  /** It takes nothing of this sender. */
  | 'refused';

export const missCodes = ['gone', 'refused', 'expired'] as const;
/**
 * Why a recipient that a message was taken for will never acknowledge it ([PROTOCOL.md §8](../../docs/PROTOCOL.md)).
 * @category Events
 */
export type MissCode =
  /** Its mailbox has gone. */
  | 'gone'
  /** It takes nothing of this sender. */
  | 'refused'
  /** It was away for longer than the relay keeps a message: 30 days, unless its sender asked for less. */
  | 'expired';

export const Recipient = struct('recipient', {
  hrid: bytes(hashBytes),
  /** What this recipient alone gets beside the body. */
  header: bytesUpTo(maxHeaderBytes),
});
export type Recipient = ValueOf<typeof Recipient>;

/** The list allows more than `maxRecipients`, so that one too many has an error code of its own. */
export const Send = struct('send', {
  /** 1, 2, 3 …: the last accepted number plus one; a repeated number is answered alike and changes nothing. */
  n: uint(),
  to: list(Recipient, 4 * maxRecipients, 1),
  body: bytesUpTo(maxBodyBytes),
  /** How long the relay keeps it for who has not acknowledged. */
  ttlSeconds: uint(messageTtlSeconds),
});
export type Send = ValueOf<typeof Send>;

export const Accepted = struct('accepted', {
  n: uint(),
  /** Recipients, by position in `to`, for whom it was not taken. */
  refused: list(struct('refusal', { index: uint(maxRecipients), code: oneOf(...refusalCodes) }), maxRecipients),
});
export type Accepted = ValueOf<typeof Accepted>;

/** What became of a message for which nobody is waited any more. */
export const Delivered = struct('delivered', {
  n: uint(),
  /** How many recipients have acknowledged it. */
  acknowledged: uint(maxRecipients),
  /** Recipients, by position in `to`, that it was taken for and that will never have it. */
  missed: list(struct('miss', { index: uint(maxRecipients), code: oneOf(...missCodes) }), maxRecipients),
});
export type Delivered = ValueOf<typeof Delivered>;
