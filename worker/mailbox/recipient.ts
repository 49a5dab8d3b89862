// What has become of a message for one recipient, as one byte of its record: `waited` until the recipient has
// acknowledged it; or why it never will, told at once (in the answer to the send) or later.

import { type MissCode, missCodes, type RefusalCode, refusalCodes } from '../../client/wire/send.ts';

export const waited = 0;
export const acknowledged = 1;
const firstRefusal = 2;
const firstMiss = firstRefusal + refusalCodes.length;

/** The state of a recipient for whom a send was not taken. */
export function refusedState(code: RefusalCode): number {
  return firstRefusal + refusalCodes.indexOf(code);
}

/** The state of a recipient that was waited for. */
export function missedState(code: MissCode): number {
  return firstMiss + missCodes.indexOf(code);
}

/** Why the send was not taken for this recipient, null if it was. */
export function refusalOf(state: number): RefusalCode | null {
  return refusalCodes[state - firstRefusal] ?? null;
}

/** Why this recipient, for whom the send was taken, never acknowledges; null if it has or may. */
export function missOf(state: number): MissCode | null {
  return missCodes[state - firstMiss] ?? null;
}
