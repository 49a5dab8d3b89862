// What a group needs of the client that it belongs to.

import type { Registered } from './courier/registered.ts';
import type { State, Transaction } from './state/state.ts';
import type { Bytes } from './wire/bytes.ts';

export interface GroupHost {
  readonly state: State;
  readonly random: (length: number) => Bytes;
  /** Seconds since 1970. */
  readonly now: () => number;
  change<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R>;
  /** Does something in the name of this client, for which the relay has to be reached. @throws CliquetError `not-registered` */
  act<R>(run: (client: Registered) => Promise<R>): Promise<R>;
}
