// A clock that clients in a test go by: the time, and what the test has added to it.

import type { DeviceOptions } from './device.ts';

export class Clock {
  #aheadMs = 0;
  readonly options: DeviceOptions = { now: () => Date.now() + this.#aheadMs };

  pass(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }
}

/** Whoever stands second in a roster has waited for its turn by then. */
export const secondTurnSeconds = 61;
