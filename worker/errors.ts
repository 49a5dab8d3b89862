// Problems: how every refusal leaves the relay. Objects and routes throw a Refusal; it crosses calls between objects
// as data (a thrown error loses its class there) and becomes one RFC 9457 problem document at the edge.

import { CliquetError, type ErrorCode, errorCodes } from '../client/wire/errors.ts';
import type { Problem } from '../client/wire/problem.ts';
import { mediaTypes } from '../client/wire/routes.ts';
import { log } from './log.ts';

/** The codes that have an HTTP status: those that the relay may answer. */
export type ProblemCode = {
  [C in ErrorCode]: (typeof errorCodes)[C] extends { readonly status: number } ? C : never;
}[ErrorCode];

export interface ProblemFields {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly time?: number;
  readonly expected?: number;
  readonly retryAfter?: number;
}

/** A request that is refused on purpose. */
export class Refusal extends Error {
  readonly problem: ProblemFields;

  constructor(code: ProblemCode, more: Omit<ProblemFields, 'code'> = {}) {
    super(code);
    this.problem = { code, ...more };
  }
}

/** What a call to another object answers: its value, or why not. */
export type Result<T> = { readonly value: T } | { readonly problem: ProblemFields };

/** Runs `work`; refusals come back as data, everything else still throws. */
export async function settle<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === null) throw error;
    return { problem };
  }
}

/** @throws Refusal if the call was refused */
export function unwrap<T>(result: Result<T>): T {
  if ('value' in result) return result.value;
  const { code, ...more } = result.problem;
  throw new Refusal(code, more);
}

function problemOf(error: unknown): ProblemFields | null {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof CliquetError && isProblemCode(error.code)) return { code: error.code };
  return null;
}

function isProblemCode(code: ErrorCode): code is ProblemCode {
  return 'status' in errorCodes[code];
}

/** The code under which the relay answers whatever was thrown. */
export function codeOf(error: unknown): ProblemCode {
  return problemOf(error)?.code ?? 'internal-error';
}

/** The problem document for whatever was thrown. What was not thrown on purpose is logged by its class alone. */
export function problemResponse(error: unknown): Response {
  const problem = problemOf(error);
  if (problem === null) log('failure', { error: error instanceof Error ? error.name : typeof error });
  const { code, ...more } = problem ?? { code: 'internal-error' as const };
  const { status, title } = errorCodes[code];
  const document: Problem = { type: `urn:cliquet:problem:${code}`, title, status, code, ...more };
  const headers = new Headers({ 'content-type': mediaTypes.problem, 'cache-control': 'no-store' });
  if (more.retryAfter !== undefined) headers.set('retry-after', String(more.retryAfter));
  return new Response(JSON.stringify(document), { status, headers });
}
