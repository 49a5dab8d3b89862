// Calls to another mailbox: one that does not answer in time counts as failed, and when to try again.

import { callTimeoutMs, firstRetryMs, lastRetryMs } from '../limits.ts';

/** @throws what the call throws, or if it takes too long; it may take effect all the same, then or later */
export async function inTime<T>(call: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('a mailbox does not answer')), callTimeoutMs);
  try {
    return await Promise.race([call, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds to wait after so many failures in a row: 5 s doubling to an hour, ± 20 %. */
export function backoffMs(failures: number): number {
  return Math.round(Math.min(firstRetryMs * 2 ** (failures - 1), lastRetryMs) * (0.8 + 0.4 * Math.random()));
}
