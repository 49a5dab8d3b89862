import { beforeAll, describe, expect, test } from 'vitest';
import { contributionDue } from '../../../client/protocol/contribution.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { at, Chat } from '../../support/chat.ts';
import { startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';

const day = 24 * 3600;
let small: Ratchet;
let large: Ratchet;

beforeAll(async () => {
  small = (await Chat.start(seededRandom('small'), 3)).ratchet(0);
  large = (await Chat.start(seededRandom('large'), 33)).ratchet(0);
});

const reading = (ratchet: Ratchet, unansweredContent: number): Ratchet => ({
  ...ratchet,
  unansweredContent,
  unansweredSince: startOfTime,
});
const due = (ratchet: Ratchet, fraction = 0, after = 0) => contributionDue(ratchet, fraction, startOfTime + after);

describe('contributionDue()', () => {
  test('is nothing while nothing was opened, or if the store was rolled back', () => {
    expect(due(small)).toBe(null);
    expect(due({ ...reading(small, 100), rolledBack: true })).toBe(null);
    expect(due({ ...small, owesContribution: true, rolledBack: true })).toBe(null);
  });

  test('is now after max(20, 4N) content messages, up to a tenth more', () => {
    expect(due(reading(small, 19))).toBeGreaterThan(0);
    expect(due(reading(small, 20))).toBe(0);
    expect(due(reading(small, 20), 0.99)).toBeGreaterThan(0);
    expect(due(reading(small, 22), 0.99)).toBe(0);
    expect(due(reading(large, 131))).toBeGreaterThan(0);
    expect(due(reading(large, 132))).toBe(0);
  });

  test('is a day after the first of them, a week above 32 members, up to a tenth later', () => {
    expect(due(reading(small, 1))).toBe(day);
    expect(due(reading(small, 1), 0.5)).toBeCloseTo(day * 1.05);
    expect(due(reading(small, 1), 0, day - 10)).toBe(10);
    expect(due(reading(small, 1), 0, 3 * day)).toBe(0);
    expect(due(reading(large, 1))).toBe(7 * day);
  });

  test('is at once for a newcomer, spread over the members', () => {
    const owing = (ratchet: Ratchet) => ({ ...ratchet, owesContribution: true });
    expect(due(owing(small))).toBe(2);
    expect(due(owing(small), 0.999)).toBeLessThan(3);
    expect(due(owing(large), 0.5)).toBeGreaterThan(due(owing(small), 0.5) ?? 0);
    expect(at(large.members, 32).opened).toBe(0);
  });
});
