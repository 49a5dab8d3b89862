// Errors on the wire: RFC 9457 problem documents with a stable code.

import * as v from 'valibot';
import { type ErrorCode, isErrorCode } from './errors.ts';

export const ProblemSchema = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  code: v.custom<ErrorCode>(isErrorCode),
  detail: v.optional(v.string()),
  /** Of `stale-signature`: the relay's time, seconds since 1970. */
  time: v.optional(v.number()),
  /** Of `out-of-order`: the number that the relay expects. */
  expected: v.optional(v.number()),
  /** Of refusals that pass: seconds to wait, as in Retry-After. */
  retryAfter: v.optional(v.number()),
});

export type Problem = v.InferOutput<typeof ProblemSchema>;
