import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../client/transport/retry.ts';

describe('retryDelayMs()', () => {
  it('doubles from half a second to a minute', () => {
    const delays = Array.from({ length: 12 }, (_, i) => retryDelayMs(i + 1, 0));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000, 60_000]);
    expect(retryDelayMs(5000, 0)).toBe(60_000);
  });

  it('is spread over the upper half, and never zero', () => {
    for (const attempt of [1, 4, 8, 100]) {
      const longest = retryDelayMs(attempt, 0);
      expect(retryDelayMs(attempt, 0.5)).toBe(longest * 0.75);
      expect(retryDelayMs(attempt, 0.999_999)).toBeGreaterThan(longest / 2);
    }
  });
});
