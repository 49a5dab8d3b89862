// What a ticket for the stream says about the mailbox that issued it, and about the request that asked for it: of one
// request only one ticket opens a stream, so a replayed request is worth nothing.

import { bytes, struct, uint, type ValueOf } from '../../client/wire/codec.ts';
import { epochBytes } from '../../client/wire/registration.ts';

export const requestIdBytes = 16;

export const TicketClaim = struct('ticket claim', {
  epoch: bytes(epochBytes),
  /** Milliseconds since 1970; no two tickets of a mailbox share it. */
  issued: uint(),
  /** When the request was signed, seconds since 1970, and the beginning of its signature's hash. */
  signed: uint(),
  request: bytes(requestIdBytes),
});
export type TicketClaim = ValueOf<typeof TicketClaim>;
