import { expect, test } from 'vitest';
import { Bucket } from '../../worker/bucket.ts';

test('Bucket.take() gives a burst, then the rate, and says how long to wait', () => {
  const bucket = new Bucket({ burst: 3, perSecond: 2 });
  expect([1, 2, 3].map(() => bucket.take(1000))).toEqual([0, 0, 0]);
  expect(bucket.take(1000)).toBe(1);
  expect(bucket.take(1499)).toBe(1);
  expect(bucket.take(1500)).toBe(0);
  expect(bucket.take(1500)).toBe(1);
  // However long it was idle, it holds no more than a burst.
  expect([1, 2, 3, 4].map(() => bucket.take(1_000_000))).toEqual([0, 0, 0, 1]);
});

test('Bucket.take() of a clock that goes back gives nothing away', () => {
  const bucket = new Bucket({ burst: 1, perSecond: 1 });
  expect(bucket.take(10_000)).toBe(0);
  expect(bucket.take(5000)).toBe(1);
  expect(bucket.take(6000)).toBe(0);
});
