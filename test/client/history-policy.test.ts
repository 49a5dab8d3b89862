import { expect, test } from 'vitest';
import { toPolicy, toRule } from '../../client/history-policy.ts';
import { maxHistoryDays } from '../../client/state/records.ts';

test('toRule() what toPolicy() gives back', () => {
  for (const policy of ['none', 'all', { days: 1 }, { days: maxHistoryDays }] as const) {
    expect(toPolicy(toRule(policy))).toEqual(policy);
  }
  expect(toPolicy(undefined)).toBe('none');
});

test('toRule() days that cannot be are refused by name', () => {
  for (const days of [0, -1, 1.5, Number.NaN, maxHistoryDays + 1]) {
    expect(() => toRule({ days })).toThrow(
      new RangeError(`"days" expected a whole number from 1 to 36500, got ${days}`),
    );
  }
});
