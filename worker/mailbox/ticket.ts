// What a ticket for the stream says about the mailbox that issued it, and about the request that asked for it: of one
// request only one ticket opens a stream, so a replayed request is worth nothing.

import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { bytes, struct, uint, type ValueOf } from '../../client/wire/codec.ts';
import { epochBytes } from '../../client/wire/registration.ts';
import type { SignedRequest } from '../auth.ts';

/** Of a request's id, what a ticket carries. */
export const ticketRequestBytes = 16;

export const TicketClaim = struct('ticket claim', {
  epoch: bytes(epochBytes),
  /** Milliseconds since 1970; no two tickets of a mailbox share it. */
  issued: uint(),
  /** When the request was signed, seconds since 1970, and the beginning of its signature's hash. */
  signed: uint(),
  request: bytes(ticketRequestBytes),
});
export type TicketClaim = ValueOf<typeof TicketClaim>;

/** What a request is known by: SHA-256 of its signature. */
export async function requestId({ fields }: SignedRequest): Promise<Bytes> {
  const signature = fields.find(({ name }) => name === 'signature')?.value ?? '';
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(signature)));
}
