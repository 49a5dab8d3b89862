// Times and durations, as people write and read them: local time, and whole units.

import { text } from './escape.ts';
import { usage } from './failure.ts';

const secondsOf = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const names = [
  [secondsOf.w, 'week'],
  [secondsOf.d, 'day'],
  [secondsOf.h, 'hour'],
  [secondsOf.m, 'minute'],
  [1, 'second'],
] as const;

const pad = (value: number) => String(value).padStart(2, '0');

/** 2026-11-24 14:03, local time. @param seconds since 1970 */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${formatClock(seconds)}`;
}

/** 14:03, local time. */
export function formatClock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** 5 minutes, 1 day: in the largest unit that leaves nothing over. */
export function formatDuration(seconds: number): string {
  const [unit, name] = names.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, 'second'];
  const count = seconds / unit;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** @returns seconds @throws Failure unless it is a number with a unit: 30s, 5m, 1h, 7d, 4w */
export function parseDuration(value: string): number {
  const [, count, unit] = /^(\d{1,6}) ?([smhdw])$/.exec(value.trim().toLowerCase()) ?? [];
  const size = Object.entries(secondsOf).find(([name]) => name === unit)?.[1];
  const seconds = Number(count) * (size ?? 0);
  if (size === undefined || seconds < 1) {
    throw usage(text`'${value}' is no duration; write a number and a unit: 30s, 5m, 1h, 7d or 4w.`);
  }
  return seconds;
}

/**
 * A moment, written as 2026-11-24, 2026-11-24T14:03, today, yesterday, or 7d for seven days ago.
 * @param edge  where in its day a date without a time lies
 * @param now   seconds since 1970
 * @returns seconds since 1970
 * @throws Failure
 */
export function parseMoment(value: string, edge: 'start' | 'end', now: number): number {
  const written = value.trim().toLowerCase();
  if (/^\d{1,6} ?[smhdw]$/.test(written)) return now - parseDuration(written);
  const day = written === 'today' ? startOfDay(now, 0) : written === 'yesterday' ? startOfDay(now, -1) : null;
  if (day !== null) return edge === 'start' ? day : startOfDay(day, 1) - 1;
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[t ](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(written);
  if (match) {
    const [year = 0, month = 0, date = 0, hour = 0, minute = 0, second = 0] = match
      .slice(1)
      .map((part) => Number(part ?? 0));
    const moment = new Date(year, month - 1, date, hour, minute, second);
    // 2026-02-31 would become a day in March.
    const isReal =
      moment.getMonth() === month - 1 && moment.getDate() === date && hour < 24 && minute < 60 && second < 60;
    const seconds = Math.floor(moment.getTime() / 1000);
    if (isReal) return match[4] === undefined && edge === 'end' ? startOfDay(seconds, 1) - 1 : seconds;
  }
  throw usage(
    text`'${value}' is no date; write 2026-11-24, 2026-11-24T14:03, today, yesterday, or 7d for seven days ago.`,
  );
}

/** The first second of the day that is so many days later. */
function startOfDay(seconds: number, days: number): number {
  const date = new Date(seconds * 1000);
  return Math.floor(new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime() / 1000);
}
