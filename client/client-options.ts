// What a client is made with.

import type { Parcel } from './courier/parcel.ts';
import type { Curves } from './crypto/curves.ts';
import type { RandomSource } from './crypto/random.ts';
import type { HistoryPolicy } from './history-policy.ts';
import type { Store } from './store/store.ts';

/**
 * What a client is opened with.
 * @category Clients
 */
export interface ClientOptions {
  /** The relay's address, https or http; only its origin counts. A store belongs to one relay; once it does, this may be left out. */
  readonly relay?: string;
  /** Where everything is kept; the client owns it until it is closed. */
  readonly store: Store;
  /** Whether a registered client connects by itself; true if not said. */
  readonly connect?: boolean;
  /** How long the content of new groups is kept in their history; what was said before, or `none`, if not said. */
  readonly history?: HistoryPolicy;
  /**
   * `stream` (a WebSocket) if not said and the platform has them; `polling`, every 2 seconds, where only plain requests get
   * through.
   */
  readonly transport?: 'stream' | 'polling';
  /** Hears of every envelope that the relay has accepted or handed over, to show what it sees; must not throw. */
  readonly onParcel?: (parcel: Parcel) => void;
  /** X25519 and Ed25519; the platform's WebCrypto where it has them, if not said. */
  readonly curves?: Curves;
  /** Fresh random bytes; the platform's generator if not said. */
  readonly random?: RandomSource;
  /** Milliseconds since 1970; the platform's clock if not said. */
  readonly now?: () => number;
}

/** The time, in seconds since 1970. */
export const secondsOf = ({ now = Date.now }: ClientOptions): number => Math.floor(now() / 1000);
