import { expect, test } from 'vitest';
import { formatPolicy, parsePolicy } from '../../../client/cli/policy.ts';

test('parsePolicy() all, none, or a number of days', () => {
  expect(['all', 'none', '30', '7d'].map(parsePolicy)).toEqual(['all', 'none', { days: 30 }, { days: 7 }]);
  for (const wrong of ['', '0', '-1', '1.5', '99999', 'some', '3w'])
    expect(() => parsePolicy(wrong), wrong).toThrow('is no rule for a history');
});

test('formatPolicy() says it in words', () => {
  expect([formatPolicy('all'), formatPolicy('none'), formatPolicy({ days: 1 }), formatPolicy({ days: 30 })]).toEqual([
    'kept here for good',
    'kept here until they are shown',
    'kept here for 1 day',
    'kept here for 30 days',
  ]);
});
