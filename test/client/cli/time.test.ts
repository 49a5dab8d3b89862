import { expect, test } from 'vitest';
import { formatClock, formatDuration, formatTime, parseDuration, parseMoment } from '../../../client/cli/time.ts';

const at = (...date: [number, number, number, number?, number?, number?]) => {
  const [year, month, day, hour = 0, minute = 0, second = 0] = date;
  return new Date(year, month - 1, day, hour, minute, second).getTime() / 1000;
};
const now = at(2026, 11, 24, 14, 3, 5);

test('formatTime() and formatClock() are local', () => {
  expect(formatTime(now)).toBe('2026-11-24 14:03');
  expect(formatClock(at(2026, 1, 2, 3, 4))).toBe('03:04');
});

test('parseDuration() takes a number and a unit', () => {
  expect(['30s', '5m', '1h', '7d', '4w', ' 2 H '].map(parseDuration)).toEqual([
    30, 300, 3600, 604_800, 2_419_200, 7200,
  ]);
  for (const wrong of ['', '5', 'm', '0s', '-1d', '1.5h', '1y', '9999999s', '5m5s', '5constructor']) {
    expect(() => parseDuration(wrong), wrong).toThrow('is no duration');
  }
});

test('formatDuration() names the largest unit that leaves nothing over', () => {
  expect([1, 90, 60, 3600, 86_400, 172_800, 604_800, 1_209_600, 3661].map(formatDuration)).toEqual([
    '1 second',
    '90 seconds',
    '1 minute',
    '1 hour',
    '1 day',
    '2 days',
    '1 week',
    '2 weeks',
    '3661 seconds',
  ]);
});

test('parseMoment() takes dates, times, words and durations', () => {
  const start = (value: string) => parseMoment(value, 'start', now);
  const end = (value: string) => parseMoment(value, 'end', now);
  expect(start('2026-11-23')).toBe(at(2026, 11, 23));
  expect(end('2026-11-23')).toBe(at(2026, 11, 23, 23, 59, 59));
  expect(start('2026-11-23T10:30')).toBe(at(2026, 11, 23, 10, 30));
  expect(end('2026-11-23 10:30:07')).toBe(at(2026, 11, 23, 10, 30, 7));
  expect([start('today'), end('today')]).toEqual([at(2026, 11, 24), at(2026, 11, 24, 23, 59, 59)]);
  expect([start('yesterday'), end('Yesterday')]).toEqual([at(2026, 11, 23), at(2026, 11, 23, 23, 59, 59)]);
  expect(start('7d')).toBe(now - 604_800);
  for (const wrong of [
    '',
    'tomorrow',
    '2026-02-31',
    '2026-13-01',
    '2026-1-1',
    '24.11.2026',
    '2026-11-24T25:00',
    '12:00',
  ]) {
    expect(() => start(wrong), wrong).toThrow('is no date');
  }
});
