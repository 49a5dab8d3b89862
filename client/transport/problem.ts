// A refusal by the relay, with what it adds to the code.

import { CliquetError, type ErrorCode, errorCodes } from '../wire/errors.ts';
import type { Problem } from '../wire/problem.ts';

/** No relay is waited for longer than this, whatever it asks for. */
const maxRetryAfterSeconds = 3600;

/** The end of the year 9999: a signature cannot say later times. */
const maxTime = 253_402_300_799;

/** What is no whole number was not said. */
function whole(value: number | undefined): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
}

/** The code of a refusal; a relay has no say in what goes on in the client, as in its store. */
export function relayCode(code: ErrorCode): ErrorCode {
  return 'status' in errorCodes[code] ? code : 'relay-misbehaved';
}

export class RelayProblem extends CliquetError {
  /** The relay's clock, seconds since 1970, with `stale-signature`. */
  readonly time: number | undefined;
  /** The number that the relay expects, with `out-of-order`. */
  readonly expected: number | undefined;
  /** Seconds to wait, as in Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(problem: Pick<Problem, 'code' | 'time' | 'expected' | 'retryAfter'>) {
    super(relayCode(problem.code));
    const time = whole(problem.time);
    this.time = time !== undefined && time <= maxTime ? time : undefined;
    this.expected = whole(problem.expected) || undefined;
    const retryAfter = whole(problem.retryAfter);
    this.retryAfter = retryAfter && Math.min(retryAfter, maxRetryAfterSeconds);
  }
}
