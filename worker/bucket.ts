// A token bucket: a burst, then so many a second. Its state can be kept elsewhere, so that an object that sleeps does not
// wake with a full one.

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** How much is left, and when that was (milliseconds since 1970). */
export interface Level {
  readonly tokens: number;
  readonly since: number;
}

export class Bucket {
  readonly #rate: Rate;
  #level: Level;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#level = { tokens: rate.burst, since: 0 };
  }

  get level(): Level {
    return this.#level;
  }

  set level(level: Level) {
    this.#level = level;
  }

  /** Takes so many tokens, or none. @returns 0, or the seconds to wait until there are as many */
  take(now: number, count = 1): number {
    const gained = (Math.max(0, now - this.#level.since) / 1000) * this.#rate.perSecond;
    const tokens = Math.min(this.#rate.burst, this.#level.tokens + gained);
    this.#level = { tokens: tokens >= count ? tokens - count : tokens, since: now };
    if (tokens >= count) return 0;
    return this.#rate.perSecond > 0 ? Math.ceil((count - tokens) / this.#rate.perSecond) : 3600;
  }
}
