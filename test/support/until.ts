// Waiting for an event instead of for a time.

/** Nothing is judged by it: it ends what would wait for ever, also on a machine that has much else to do. */
const defaultTimeoutMs = 45_000;

type Nothing = undefined | null | false | 0;

/**
 * Asks again until there is something.
 * @param timeoutMs  for what takes its time
 * @throws if there is nothing by the deadline
 */
export async function until<T>(
  ask: () => Promise<T | Nothing> | T | Nothing,
  timeoutMs: number = defaultTimeoutMs,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`nothing happened in ${timeoutMs} ms`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}
