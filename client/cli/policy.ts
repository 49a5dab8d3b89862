// How long a group keeps its messages, as people write and read it.

import type { HistoryPolicy } from '../index.ts';
import { text } from './escape.ts';
import { usage } from './failure.ts';

const maxDays = 36_500;

/** @throws Failure unless it is all, none, or a number of days */
export function parsePolicy(value: string): HistoryPolicy {
  if (value === 'all' || value === 'none') return value;
  const [, digits] = /^(\d{1,5})d?$/.exec(value) ?? [];
  const days = Number(digits);
  if (days >= 1 && days <= maxDays) return { days };
  throw usage(text`'${value}' is no rule for a history; write all, none, or a number of days.`);
}

export function formatPolicy(policy: HistoryPolicy): string {
  if (policy === 'all') return 'kept here for good';
  if (policy === 'none') return 'kept here until they are shown';
  return `kept here for ${policy.days} day${policy.days === 1 ? '' : 's'}`;
}
