// Calls to another mailbox: one that does not answer in time counts as failed, and when to try again.

import { callTimeoutMs, firstRetryMs, lastRetryMs } from '../limits.ts';

/** @throws what the call throws, or if it takes too long; it may take effect all the same, then or later */
export async function inTime<T>(call: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('a mailbox does not answer')), callTimeoutMs);
  try {
    return await Promise.race([call, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Calls that have not been answered. Those that take too long are given up by the alarm, or by the next call: a timer for
 * each costs a tenth of what a message takes.
 */
export class Calls {
  readonly #now: () => number;
  /** The oldest first. */
  readonly #pending = new Set<{ readonly end: number; readonly giveUp: () => void }>();

  /** @param now  milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws what the call throws, or if it was given up; it may take effect all the same, then or later */
  async answer<T>(call: Promise<T>): Promise<T> {
    this.expire();
    const late = Promise.withResolvers<never>();
    const giveUp = () => late.reject(new Error('a mailbox does not answer'));
    const pending = { end: this.#now() + callTimeoutMs, giveUp };
    this.#pending.add(pending);
    try {
      return await Promise.race([call, late.promise]);
    } finally {
      this.#pending.delete(pending);
    }
  }

  expire(): void {
    for (const { end, giveUp } of this.#pending) {
      if (end > this.#now()) return;
      giveUp();
    }
  }
}

/** Milliseconds to wait after so many failures in a row: 5 s doubling to an hour, ± 20 %. */
export function backoffMs(failures: number): number {
  return Math.round(Math.min(firstRetryMs * 2 ** (failures - 1), lastRetryMs) * (0.8 + 0.4 * Math.random()));
}
