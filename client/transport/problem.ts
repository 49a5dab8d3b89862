// A refusal by the relay, with what it adds to the code.

import { CliquetError } from '../wire/errors.ts';
import type { Problem } from '../wire/problem.ts';

/** No relay is waited for longer than this, whatever it asks for. */
const maxRetryAfterSeconds = 3600;

/** What is no whole number was not said. */
function whole(value: number | undefined): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
}

export class RelayProblem extends CliquetError {
  /** The relay's clock, seconds since 1970, with `stale-signature`. */
  readonly time: number | undefined;
  /** The number that the relay expects, with `out-of-order`. */
  readonly expected: number | undefined;
  /** Seconds to wait, as in Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(problem: Pick<Problem, 'code' | 'time' | 'expected' | 'retryAfter'>) {
    super(problem.code);
    this.time = whole(problem.time);
    this.expected = whole(problem.expected) || undefined;
    const retryAfter = whole(problem.retryAfter);
    this.retryAfter = retryAfter && Math.min(retryAfter, maxRetryAfterSeconds);
  }
}
