// When to try again: after half a second, doubling to a minute, with jitter so that clients do not come back all at
// once after an outage; and not before the relay has said.

import { RelayProblem } from './problem.ts';

const firstDelayMs = 500;
const maxDelayMs = 60_000;
const jitter = 0.5;

/** @param attempt  how many attempts have failed in a row, from 1 @param fraction  random, from 0 to below 1 */
export function retryDelayMs(attempt: number, fraction: number): number {
  const delay = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs);
  return delay * (1 - jitter * fraction);
}

/** The pause between two attempts at one thing. */
export class Retry {
  readonly #wake: () => void;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The relay has asked for this pause. */
  #isAsked = false;

  /** @param wake  it is time to try again */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether it is too soon to try again. */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** An attempt has failed: wakes later, and much later after many failures. */
  failed(error?: unknown): void {
    this.#failures++;
    const askedMs = error instanceof RelayProblem ? (error.retryAfter ?? 0) * 1000 : 0;
    this.#isAsked = askedMs > 0;
    clearTimeout(this.#timer);
    const waitMs = Math.max(askedMs, retryDelayMs(this.#failures, Math.random()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake();
    }, waitMs);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** The line is back: what failed for want of one may be tried at once. */
  lineIsBack(): void {
    if (!this.#isAsked) this.stop();
  }

  stop(): void {
    this.#failures = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
