import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Contributions } from '../../../client/courier/contributions.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { foundTestGroup, startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';

const { ratchets } = await foundTestGroup(seededRandom('contributions'), 3);
const [founder, newcomer] = ratchets as [Ratchet, Ratchet, Ratchet];
/** One that has read so many messages without an answer, the first one at `since`. */
const reader = (unansweredContent: number, unansweredSince = startOfTime): Ratchet => ({
  ...founder,
  unansweredContent,
  unansweredSince,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('isDue()', () => {
  it('is due for a newcomer after two seconds, counted from when it was first asked', () => {
    const contributions = new Contributions(() => {});
    expect(contributions.isDue('group', newcomer, startOfTime)).toBe(false);
    expect(contributions.isDue('group', newcomer, startOfTime + 1.9)).toBe(false);
    expect(contributions.isDue('group', newcomer, startOfTime + 2 + 3 * 0.25)).toBe(true);
    expect(contributions.isDue('other', newcomer, startOfTime + 60)).toBe(false);
  });

  it('is due for a reader at max(20, 4N) messages and up to a tenth more, the same for the whole wait', () => {
    const dues = Array.from({ length: 50 }, () => {
      const contributions = new Contributions(() => {});
      let count = 1;
      // However often it is asked in between.
      while (![1, 2, 3].some(() => contributions.isDue('group', reader(count), startOfTime))) count++;
      return count;
    });
    expect(Math.min(...dues)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...dues)).toBeLessThanOrEqual(22);
    expect(new Set(dues).size).toBeGreaterThan(1);
  });

  it('draws once for a wait, and again for the next', () => {
    const drawn = vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const contributions = new Contributions(() => {});
    for (let count = 1; count <= 21; count++) expect(contributions.isDue('g', reader(count), startOfTime)).toBe(false);
    expect(drawn).toHaveBeenCalledTimes(1);
    expect(contributions.isDue('g', reader(22), startOfTime)).toBe(true);
    contributions.forget('g');
    contributions.isDue('g', reader(1), startOfTime);
    expect(drawn).toHaveBeenCalledTimes(2);
  });

  it('is not due for who has nothing to answer', () => {
    const contributions = new Contributions(() => {});
    expect(contributions.isDue('group', reader(5), startOfTime)).toBe(false);
    expect(contributions.isDue('group', founder, startOfTime + 10 * 24 * 3600)).toBe(false);
    contributions.schedule(startOfTime);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('schedule()', () => {
  it('wakes when the first of all groups is due, and sets one timer only', () => {
    const wake = vi.fn();
    const contributions = new Contributions(wake);
    contributions.isDue('reader', reader(3), startOfTime);
    contributions.isDue('newcomer', newcomer, startOfTime);
    contributions.schedule(startOfTime);
    contributions.schedule(startOfTime);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1999);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(751);
    expect(wake).toHaveBeenCalledTimes(1);

    contributions.forget('newcomer');
    contributions.schedule(startOfTime + 3);
    vi.advanceTimersByTime((24 * 3600 - 4) * 1000);
    expect(wake).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(2.5 * 3600 * 1000);
    expect(wake).toHaveBeenCalledTimes(2);
  });

  it('wakes nobody after stop()', () => {
    const wake = vi.fn();
    const contributions = new Contributions(wake);
    contributions.isDue('newcomer', newcomer, startOfTime);
    contributions.schedule(startOfTime);
    contributions.stop();
    vi.advanceTimersByTime(60_000);
    expect(wake).not.toHaveBeenCalled();
  });
});
