// How often the owner may ask. An open connection keeps what is left, so that an object that sleeps does not wake with a
// full budget; without one, an object that was put away has been idle for about as long as the budget takes to fill.

import { Bucket, type Rate } from '../bucket.ts';
import { Refusal } from '../errors.ts';
import type { Stream } from './stream.ts';

export class Budget {
  readonly #bucket: Bucket;

  constructor(rate: Rate) {
    this.#bucket = new Bucket(rate);
  }

  /** Takes so many requests. @throws Refusal `rate-limited` */
  spend(stream: Stream, now: number, requests: number): void {
    const kept = stream.budget;
    if (kept !== null && kept.since > this.#bucket.level.since) this.#bucket.level = kept;
    const retryAfter = this.#bucket.take(now, requests);
    this.keep(stream);
    if (retryAfter > 0) throw new Refusal('rate-limited', { retryAfter });
  }

  /** Hands what is left to the connection. */
  keep(stream: Stream): void {
    stream.keepBudget(this.#bucket.level);
  }
}
