import { afterEach, describe, expect, test, vi } from 'vitest';
import { Health } from '../../worker/health.ts';
import { healthAgeMs, healthTimeoutMs } from '../../worker/limits.ts';

afterEach(() => void vi.useRealTimers());

function setUp() {
  const calls = { storage: 0, filter: 0 };
  const clock = { now: 1000 };
  const broken = new Map<string, () => Promise<never>>();
  const check = (name: 'storage' | 'filter') => async () => {
    calls[name]++;
    await broken.get(name)?.();
  };
  const health = new Health({ storage: check('storage'), filter: check('filter') }, () => clock.now);
  return { calls, clock, broken, health };
}

describe('Health', () => {
  test('asks storage and filter, and not again within ten seconds, whoever wants to know', async () => {
    const { calls, clock, health } = setUp();
    expect(await health.failing()).toEqual([]);
    clock.now += healthAgeMs - 1;
    expect(await health.failing()).toEqual([]);
    expect(calls).toEqual({ storage: 1, filter: 1 });
    clock.now++;
    await health.failing();
    expect(calls).toEqual({ storage: 2, filter: 2 });
    // The clock was set back: what was found later than now is not believed.
    clock.now = 0;
    await health.failing();
    expect(calls).toEqual({ storage: 3, filter: 3 });
  });

  test('tells what fails, and that it works again', async () => {
    const { clock, broken, health } = setUp();
    broken.set('filter', () => Promise.reject(new Error('down')));
    expect(await health.failing()).toEqual(['filter']);
    broken.set('storage', () => {
      throw new Error('down');
    });
    clock.now += healthAgeMs;
    expect(await health.failing()).toEqual(['storage', 'filter']);
    broken.clear();
    clock.now += healthAgeMs;
    expect(await health.failing()).toEqual([]);
  });

  test('waits for an answer, but not for ever', async () => {
    vi.useFakeTimers();
    const { broken, health } = setUp();
    broken.set('storage', () => new Promise<never>(() => undefined));
    const failing = health.failing();
    await vi.advanceTimersByTimeAsync(healthTimeoutMs);
    expect(await failing).toEqual(['storage']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
