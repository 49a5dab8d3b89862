// What went wrong, as one sentence for a person that says what to do next, and the exit code.

import type { CliquetError, ErrorCode } from '../index.ts';
import { type Safe, text } from './escape.ts';

export const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure of the command itself. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly sentence: Safe;
  readonly exitCode: number;

  constructor(sentence: Safe, exitCode: number = exitCodes.failed) {
    super(String(sentence));
    this.sentence = sentence;
    this.exitCode = exitCode;
  }
}

/** The person pressed Ctrl-C, or the system asked the process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(exitCode: number = exitCodes.interrupted) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** What was typed makes no sense. */
export const usage = (sentence: Safe): Failure => new Failure(sentence, exitCodes.usage);

/** Where the library's sentence is not yet what a person at a terminal needs. */
const sentences: Partial<Record<ErrorCode, Safe>> = {
  'not-registered': text`You are not registered with the relay; type: cliquet register you@example.org`,
  'already-registered': text`You are registered already; to start over, type: cliquet unregister`,
  'store-in-use': text`Another program is using this store, such as 'cliquet listen'; end it first. To listen and send at once, type: cliquet chat GROUP`,
  'wrong-passphrase': text`That is not the passphrase; nothing was changed. Try again.`,
  'not-accepted': text`You have not accepted the invitation to this group yet; type: cliquet group accept GROUP`,
  'rate-limited': text`Too many requests; wait a minute and try again.`,
  'mailbox-full': text`Too much is waiting to be delivered; wait until the others have connected, and try again.`,
  'challenge-too-soon': text`A code was sent to this address a moment ago; wait a minute before you ask for another.`,
  'challenge-exhausted': text`Too many wrong answers; wait a while, then register again.`,
  'store-not-empty': text`There is a store already; restore into a new one, with --store FILE.`,
  unregistered: text`One of them is not registered with the relay any more; ask for a new invite.`,
};

export function isCliquetError(error: unknown): error is CliquetError {
  return error instanceof Error && error.name === 'CliquetError' && 'code' in error;
}

export const hasCode = (error: unknown, code: ErrorCode): boolean => isCliquetError(error) && error.code === code;

export function exitCodeOf(error: unknown): number {
  return error instanceof Failure || error instanceof Interrupted ? error.exitCode : exitCodes.failed;
}

/** One sentence that tells a person what went wrong. */
export function sentenceOf(error: unknown): Safe {
  if (error instanceof Failure) return error.sentence;
  if (isCliquetError(error)) return sentences[error.code] ?? text`${error.message}`;
  const system = systemSentence(error);
  if (system !== null) return system;
  const message = error instanceof Error ? error.message : String(error);
  return text`Something unexpected happened (${message}); CLIQUET_DEBUG=1 shows where.`;
}

/** The system's refusals around files that the person has named. */
function systemSentence(error: unknown): Safe | null {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return null;
  const path = String(error.path);
  switch (error.code) {
    case 'ENOENT':
      return text`There is no ${path}; check the path.`;
    case 'EEXIST':
      return text`${path} exists already; name another file, or say --force to overwrite it.`;
    case 'EISDIR':
      return text`${path} is a folder; name a file.`;
    case 'ENOTDIR':
      return text`A part of the path ${path} is no folder; check it.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return text`${path} may not be opened; check its permissions.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return text`There is no space left for ${path}; free some and try again.`;
    default:
      return null;
  }
}
