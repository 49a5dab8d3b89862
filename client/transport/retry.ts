// When to try again: after half a second, doubling to a minute, with jitter so that clients do not come back all at
// once after an outage.

const firstDelayMs = 500;
const maxDelayMs = 60_000;
const jitter = 0.5;

/** @param attempt  how many attempts have failed in a row, from 1 @param fraction  random, from 0 to below 1 */
export function retryDelayMs(attempt: number, fraction: number): number {
  const delay = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs);
  return delay * (1 - jitter * fraction);
}
