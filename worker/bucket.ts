// A token bucket: a burst, then so many a second. In memory only: an object that is evicted has been idle for longer
// than it takes to fill again.

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #since = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /** Takes one token. @returns 0, or the seconds to wait for the next one */
  take(now: number): number {
    const gained = (Math.max(0, now - this.#since) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#since = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return this.#rate.perSecond > 0 ? Math.ceil((1 - this.#tokens) / this.#rate.perSecond) : 3600;
  }
}
