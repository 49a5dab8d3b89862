import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Delays } from '../../../client/courier/delays.ts';

const start = 1_800_000_000;
/** Delays whose random numbers are these, in turn. */
const delaysOf = (...fractions: number[]) =>
  new Delays(
    () => fractions.shift() ?? 0.5,
    () => {},
  );

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('isDue()', () => {
  it('is due when its time has passed, counted from when it was first asked for; each thing waits for itself', () => {
    const delays = delaysOf(0.5);
    const seconds = (fraction: number) => 2 + fraction;
    expect(delays.isDue('one', seconds, start)).toBe(false);
    expect(delays.isDue('one', seconds, start + 2.4)).toBe(false);
    expect(delays.isDue('one', seconds, start + 2.5)).toBe(true);
    expect(delays.isDue('other', seconds, start + 60)).toBe(false);
  });

  it('draws once for a wait, and again for the next', () => {
    const drawn: number[] = [];
    const random = vi.fn(() => 0.25);
    const delays = new Delays(random, () => {});
    const due = (wait: number) => (fraction: number) => {
      drawn.push(fraction);
      return wait;
    };
    for (let i = 0; i < 5; i++) expect(delays.isDue('name', due(10), start + i)).toBe(false);
    expect(random).toHaveBeenCalledTimes(1);
    expect(delays.isDue('name', due(0), start + 5)).toBe(true);
    expect(random).toHaveBeenCalledTimes(1);
    expect(delays.isDue('name', due(10), start + 6)).toBe(false);
    delays.forget('name');
    delays.isDue('name', due(10), start + 7);
    expect(random).toHaveBeenCalledTimes(3);
    expect(drawn).toEqual(Array(8).fill(0.25));
  });

  it('comes sooner if less is left to wait for, and never later', () => {
    const delays = delaysOf();
    expect(delays.isDue('name', () => 100, start)).toBe(false);
    expect(delays.next).toBe(start + 100);
    expect(delays.isDue('name', () => 20, start + 10)).toBe(false);
    expect(delays.next).toBe(start + 30);
    expect(delays.isDue('name', () => 1000, start + 29)).toBe(false);
    expect(delays.isDue('name', () => 1000, start + 30)).toBe(true);
  });

  it('is not due while there is nothing to wait for, and begins anew after it', () => {
    const delays = delaysOf();
    expect(delays.isDue('name', () => 10, start)).toBe(false);
    expect(delays.isDue('name', () => null, start + 20)).toBe(false);
    expect(delays.next).toBe(Number.POSITIVE_INFINITY);
    expect(delays.isDue('name', () => 10, start + 20)).toBe(false);
    expect(delays.isDue('name', () => 10, start + 30)).toBe(true);
  });
});

describe('endRound()', () => {
  it('lets go of what has ended and was not asked for in the round, and of nothing else', () => {
    const delays = delaysOf();
    delays.isDue('done', () => 5, start);
    delays.isDue('late', () => 50, start);
    delays.endRound(start);
    // Time goes by while a round is under way: what was asked for in it is due in the next one.
    delays.isDue('soon', () => 2, start + 4);
    delays.endRound(start + 6);
    expect(delays.next).toBe(start + 6);
    expect(delays.isDue('soon', () => 2, start + 6)).toBe(true);
    delays.endRound(start + 6);
    expect(delays.next).toBe(start + 50);
    expect(delays.isDue('late', () => 46, start + 6)).toBe(false);
    delays.endRound(start + 50);
    expect(delays.next).toBe(start + 50);
    delays.endRound(start + 50);
    expect(delays.next).toBe(Number.POSITIVE_INFINITY);
  });

  it('begins anew what is asked for again after that', () => {
    const delays = delaysOf();
    delays.isDue('name', () => 5, start);
    delays.endRound(start);
    delays.endRound(start + 5);
    expect(delays.isDue('name', () => 5, start + 5)).toBe(false);
    expect(delays.next).toBe(start + 10);
  });
});

describe('schedule()', () => {
  it('wakes when the first wait of all ends, and sets one timer only', () => {
    const wake = vi.fn();
    const delays = new Delays(() => 0, wake);
    delays.isDue('late', () => 50, start);
    delays.isDue('soon', () => 2.75, start);
    delays.schedule(start);
    delays.schedule(start);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2749);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);

    delays.forget('soon');
    delays.schedule(start + 3);
    vi.advanceTimersByTime(46_999);
    expect(wake).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(2);
  });

  it('looks at the clock every minute, as timers do not notice that the device has slept', () => {
    const wake = vi.fn();
    const delays = new Delays(() => 0, wake);
    delays.isDue('name', () => 24 * 3600, start);
    delays.schedule(start);
    vi.advanceTimersByTime(59_999);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('sets no timer if nothing waits, and wakes nobody after stop()', () => {
    const wake = vi.fn();
    const delays = new Delays(() => 0, wake);
    delays.schedule(start);
    expect(vi.getTimerCount()).toBe(0);
    delays.isDue('name', () => 5, start);
    delays.schedule(start);
    delays.stop();
    vi.advanceTimersByTime(60_000);
    expect(wake).not.toHaveBeenCalled();
  });
});
