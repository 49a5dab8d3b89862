// What callers who cannot prove who they are cost, and whom. Their refusals are counted by network prefix; past the
// limit, the prefix's signed requests are refused for a while before any object is woken for them. Whoever was admitted
// from there lately is not: nobody locks out a neighbour behind the same address. All of it is this isolate's memory.

import { type Bytes, bytesKey } from '../client/wire/bytes.ts';
import { BoundedMap } from './bounded-map.ts';
import { Refusal } from './errors.ts';
import { admittedMs, maxAdmittedCallers, maxRefusedPrefixes, refusedPrefixMs } from './limits.ts';

export class Strangers {
  readonly #allow: (key: string) => Promise<boolean>;
  readonly #now: () => number;
  readonly #refused = new Recent(maxRefusedPrefixes, refusedPrefixMs);
  readonly #admitted = new Recent(maxAdmittedCallers, admittedMs);

  /**
   * @param allow  whether something under this key may happen once more
   * @param now    milliseconds since 1970
   */
  constructor(allow: (key: string) => Promise<boolean>, now: () => number) {
    this.#allow = allow;
    this.#now = now;
  }

  /** @throws Refusal `rate-limited` if this prefix has been refused too often, and this caller was not admitted from it */
  check(prefix: string, hrid: Bytes): void {
    const now = this.#now();
    const waitMs = this.#refused.remaining(prefix, now);
    if (waitMs === 0 || this.#admitted.remaining(callerKey(prefix, hrid), now) > 0) return;
    throw new Refusal('rate-limited', { retryAfter: Math.ceil(waitMs / 1000) });
  }

  /** The caller has proved who it is. */
  admit(prefix: string, hrid: Bytes): void {
    this.#admitted.add(callerKey(prefix, hrid), this.#now());
  }

  /** Does a part of admitting a request, and counts it if it refuses the caller. */
  async count<T>(prefix: string, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isOfCaller(error) && !(await this.#allow(`refused ${prefix}`))) this.#refused.add(prefix, this.#now());
      throw error;
    }
  }
}

function isOfCaller(error: unknown): boolean {
  return error instanceof Refusal && ['bad-signature', 'not-registered'].includes(error.problem.code);
}

function callerKey(prefix: string, hrid: Bytes): string {
  return `${bytesKey(hrid)} ${prefix}`;
}

/** Keys that came up lately. Past the bound, the one that came up longest ago goes. */
class Recent {
  readonly #lifetimeMs: number;
  readonly #ends: BoundedMap<number>;

  constructor(max: number, lifetimeMs: number) {
    this.#ends = new BoundedMap(max);
    this.#lifetimeMs = lifetimeMs;
  }

  add(key: string, now: number): void {
    this.#ends.set(key, now + this.#lifetimeMs);
  }

  /** Milliseconds; 0 if it did not come up, or later than now: the clock was set back. */
  remaining(key: string, now: number): number {
    const remaining = (this.#ends.get(key) ?? 0) - now;
    return remaining > this.#lifetimeMs ? 0 : Math.max(0, remaining);
  }
}
