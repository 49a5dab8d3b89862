// When this client's empty messages are due, group by group, and the timer that wakes it for the next one.

import { contributionDue } from '../protocol/contribution.ts';
import type { Ratchet } from '../protocol/ratchet.ts';

interface Wait {
  /** Random for this wait, so that members do not all contribute at once. */
  readonly fraction: number;
  /** Seconds since 1970. */
  readonly at: number;
}

export class Contributions {
  readonly #waits = new Map<string, Wait>();
  readonly #wake: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether a group's empty message is due. @param now seconds since 1970 */
  isDue(group: string, ratchet: Ratchet, now: number): boolean {
    const { fraction, at: earlier } = this.#waits.get(group) ?? {
      fraction: Math.random(),
      at: Number.POSITIVE_INFINITY,
    };
    const due = contributionDue(ratchet, fraction, now);
    if (due === null) {
      this.#waits.delete(group);
      return false;
    }
    const at = Math.min(earlier, now + due);
    this.#waits.set(group, { fraction, at });
    return at <= now;
  }

  /** The client has said something in the group, or may not: what was due is not. */
  forget(group: string): void {
    this.#waits.delete(group);
  }

  /** Sets the timer for the next one. @param now seconds since 1970 */
  schedule(now: number): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#waits.values()].map(({ at }) => at));
    if (next !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(this.#wake, Math.max(0, next - now) * 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
