// Waiting a random while before something that any member may do, so that one of them does it and not all at once; and the
// one timer for all such waits.

/** Timers do not notice that the clock has jumped, or that the device has slept: it is looked at this often. */
const maxTimeoutMs = 60_000;

interface Wait {
  /** Random for this wait: 0 to below 1. */
  readonly fraction: number;
  /** Seconds since 1970. */
  readonly at: number;
  /** Whether it was asked for in this round. */
  readonly isWanted: boolean;
}

export class Delays {
  readonly #waits = new Map<string, Wait>();
  readonly #random: () => number;
  readonly #wake: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param random  0 to below 1 */
  constructor(random: () => number, wake: () => void) {
    this.#random = random;
    this.#wake = wake;
  }

  /**
   * Whether the time for something has come; its wait ends with that.
   * @param name   what it is; the wait for it begins when it is first asked for
   * @param delay  seconds from now, given the fraction of this wait; null: there is nothing to wait for
   * @param now    seconds since 1970
   */
  isDue(name: string, delay: (fraction: number) => number | null, now: number): boolean {
    const { fraction, at: earlier } = this.#waits.get(name) ?? {
      fraction: this.#random(),
      at: Number.POSITIVE_INFINITY,
    };
    const seconds = delay(fraction);
    if (seconds === null) {
      this.#waits.delete(name);
      return false;
    }
    const at = Math.min(earlier, now + seconds);
    if (at <= now) this.#waits.delete(name);
    else this.#waits.set(name, { fraction, at, isWanted: true });
    return at <= now;
  }

  /** It is not to be done any more. */
  forget(name: string): void {
    this.#waits.delete(name);
  }

  /**
   * A round is over, in which everything that may be due was asked for. A wait that has ended and was not asked for goes:
   * what it was for is done, or goes by another name now.
   * @param now  seconds since 1970
   */
  endRound(now: number): void {
    for (const [name, wait] of this.#waits) {
      if (!wait.isWanted && wait.at <= now) this.#waits.delete(name);
      else this.#waits.set(name, { ...wait, isWanted: false });
    }
  }

  /** When the next wait ends, in seconds since 1970; infinite if there is none. */
  get next(): number {
    return Math.min(...[...this.#waits.values()].map(({ at }) => at));
  }

  /** Sets the timer for the next one. @param now seconds since 1970 */
  schedule(now: number): void {
    clearTimeout(this.#timer);
    const { next } = this;
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(this.#wake, Math.min(maxTimeoutMs, Math.max(0, next - now) * 1000));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
