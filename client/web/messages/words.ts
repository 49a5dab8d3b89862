// What the message files need of a language: plurals, lists, times.

import { isolate } from './isolate.ts';

/** The forms of a number that English and French have. */
interface Forms {
  readonly one: string;
  readonly other: string;
}

const units = [
  [604_800, 'week'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

export interface Words {
  /** `#` in the forms stands for the number. */
  plural(count: number, forms: Forms): string;
  /** "Bob, Carol and Dan"; of many, the first ones and how many more. */
  list(names: readonly string[], more: (count: number) => string, type?: 'conjunction' | 'disjunction'): string;
  /** 14:03. @param seconds since 1970 */
  clock(seconds: number): string;
  /** 14:03:27. @param ms since 1970 */
  exactClock(ms: number): string;
  /** Thursday, 26 November. */
  day(seconds: number): string;
  /** When something was, as short as it may be: today's clock, else the day. */
  when(seconds: number): string;
  /** 5 minutes, 1 day: in the largest unit that leaves nothing over. */
  duration(seconds: number): string;
  /** 1.2 KB. */
  size(bytes: number): string;
}

const maxNames = 6;

const isSameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString();

export function wordsIn(locale: string): Words {
  const plurals = new Intl.PluralRules(locale);
  const clockFormat = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const exactFormat = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const dayFormat = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
  const yearFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
  const shortFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const unit = (count: number, name: string, unitDisplay: 'long' | 'short' = 'long', maximumFractionDigits = 0) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay, maximumFractionDigits }).format(count);
  const day = (seconds: number) => {
    const date = new Date(seconds * 1000);
    return (date.getFullYear() === new Date().getFullYear() ? dayFormat : yearFormat).format(date);
  };
  return {
    plural: (count, forms) => forms[plurals.select(count) === 'one' ? 'one' : 'other'].replace('#', String(count)),
    list: (names, more, type = 'conjunction') => {
      const shown = names.length > maxNames ? names.slice(0, maxNames - 1) : names;
      const rest = names.length - shown.length;
      const all = [...shown.map(isolate), ...(rest > 0 ? [more(rest)] : [])];
      return new Intl.ListFormat(locale, { type }).format(all);
    },
    exactClock: (ms) => exactFormat.format(ms),
    clock: (seconds) => clockFormat.format(seconds * 1000),
    day,
    when: (seconds) => {
      const date = new Date(seconds * 1000);
      if (isSameDay(date, new Date())) return clockFormat.format(date);
      return date.getFullYear() === new Date().getFullYear() ? shortFormat.format(date) : day(seconds);
    },
    duration: (seconds) => {
      const [size, name] = units.find(([each]) => seconds >= each && seconds % each === 0) ?? [1, 'second'];
      return unit(seconds / size, name);
    },
    size: (bytes) => {
      if (bytes < 1000) return unit(bytes, 'byte');
      return bytes < 1_000_000
        ? unit(bytes / 1000, 'kilobyte', 'short', 1)
        : unit(bytes / 1_000_000, 'megabyte', 'short', 1);
    },
  };
}
