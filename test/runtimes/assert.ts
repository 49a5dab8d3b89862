// What the store's contract uses of node:assert/strict, for browsers.

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [mine, others] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return mine.length === others.size && mine.every(([key, value]) => others.has(key) && isSame(value, others.get(key)));
}

function ok(value: unknown, message = 'expected something'): asserts value {
  if (!value) throw new Error(message);
}

function deepEqual(actual: unknown, expected: unknown): void {
  ok(isSame(actual, expected), `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

async function rejects(promise: Promise<unknown>, expected: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => ({ reason }),
  );
  ok(error !== null, 'expected a rejection');
  for (const [key, value] of Object.entries(expected)) {
    deepEqual((error.reason as Readonly<Record<string, unknown>>)[key], value);
  }
}

const assert: {
  ok(value: unknown, message?: string): asserts value;
  equal(actual: unknown, expected: unknown): void;
  deepEqual(actual: unknown, expected: unknown): void;
  rejects(promise: Promise<unknown>, expected?: Readonly<Record<string, unknown>>): Promise<void>;
} = { ok, equal: deepEqual, deepEqual, rejects };

export default assert;
