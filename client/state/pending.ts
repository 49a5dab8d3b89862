// What is on its way from this client to the others.

import { type Outgoing, tables } from './records.ts';
import type { Reader } from './state.ts';

/** Whether the relay has still to accept an envelope. */
export const isToPost = ({ state }: Outgoing) => state === 'sealed' || state === 'again';

/** The envelopes that the relay has not accepted, in the order of their numbers. */
export function unposted(reader: Reader): Outgoing[] {
  return reader
    .all(tables.outgoing)
    .map(({ value }) => value)
    .filter(isToPost);
}

/**
 * How much of this client is on its way.
 * @category Clients
 */
export interface Pending {
  /** How many contents are to be sealed. */
  readonly unsent: number;
  /** How many envelopes are to be posted. */
  readonly unposted: number;
  /** How many contents the relay has, and that somebody has not confirmed. */
  readonly unconfirmed: number;
}

export function pendingIn(reader: Reader): Pending {
  const unconfirmed = reader
    .all(tables.outgoing)
    .filter(({ value: { message, state } }) => message?.isContent && (state === 'accepted' || state === 'delivered'));
  return {
    unsent: reader.all(tables.unsent).length,
    unposted: unposted(reader).length,
    unconfirmed: unconfirmed.length,
  };
}
