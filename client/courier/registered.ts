// A registered client, as the parts see it that work for it.

import type { Curves } from '../crypto/curves.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { Self } from '../protocol/identity.ts';
import type { State } from '../state/state.ts';
import type { Credentials, Relay } from '../transport/relay.ts';

export interface Registered {
  readonly self: Self;
  readonly state: State;
  readonly relay: Relay;
  /** Signs what goes to the relay. */
  readonly as: Credentials;
  readonly curves: Curves;
  readonly random: RandomSource;
  /** Seconds since 1970. */
  readonly now: () => number;
}
