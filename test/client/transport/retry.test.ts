import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RelayProblem } from '../../../client/transport/problem.ts';
import { Retry, retryDelayMs } from '../../../client/transport/retry.ts';

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

describe('Retry', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const start = () => {
    const wake = vi.fn();
    return { wake, retry: new Retry(wake) };
  };
  const asked = (retryAfter: number) => new RelayProblem({ code: 'rate-limited', retryAfter });

  it('wakes once a failure, and not before its time', () => {
    const { wake, retry } = start();
    retry.failed();
    expect(retry.isWaiting).toBe(true);
    vi.advanceTimersByTime(249);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(retry.isWaiting).toBe(false);
  });

  it('does not wait any longer where the line is back, unless the relay has asked it to', () => {
    const { wake, retry } = start();
    retry.failed();
    retry.lineIsBack();
    expect(retry.isWaiting).toBe(false);
    retry.failed(asked(90));
    retry.lineIsBack();
    expect(retry.isWaiting).toBe(true);
    vi.advanceTimersByTime(89_999);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('begins anew after a success, and wakes nobody after it was stopped', () => {
    const { wake, retry } = start();
    for (let i = 0; i < 20; i++) retry.failed();
    retry.succeeded();
    retry.failed();
    vi.advanceTimersByTime(500);
    expect(wake).toHaveBeenCalledTimes(1);
    retry.failed(asked(1));
    retry.stop();
    vi.advanceTimersByTime(3_600_000);
    expect(wake).toHaveBeenCalledTimes(1);
  });
});
