// How long a group keeps what was said in it.

import { messagesDue, retireMessages } from './state/history.ts';
import { type HistoryRule, maxHistoryDays, tables } from './state/records.ts';
import type { Transaction } from './state/state.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

/**
 * How long content is kept in a group's history, in this client's store: others keep what they keep.
 * @category Messages
 */
export type HistoryPolicy =
  /** Until the application has heard it. */
  | 'none'
  /** Always. */
  | 'all'
  /** For some days. */
  | {
      /** How many: a whole number from 1 to 36,500. */
      readonly days: number;
    };

/** @throws RangeError unless the days are a whole number from 1 to 36,500 */
export function toRule(policy: HistoryPolicy): HistoryRule {
  if (typeof policy === 'string') return { type: policy };
  if (!Number.isInteger(policy.days) || policy.days < 1 || policy.days > maxHistoryDays) {
    throw new RangeError(`"days" expected a whole number from 1 to ${maxHistoryDays}, got ${policy.days}`);
  }
  return { type: 'days', days: policy.days };
}

export const toPolicy = (rule: HistoryRule | undefined): HistoryPolicy =>
  rule?.type === 'days' ? { days: rule.days } : (rule?.type ?? 'none');

/** Puts a group under another rule; what is older goes at once. @param now seconds since 1970 */
export async function applyRule(tx: Transaction, group: Bytes, history: HistoryRule, now: number): Promise<void> {
  const conversation = tx.get(tables.conversations, bytesKey(group));
  if (conversation === undefined) throw new CliquetError('group-unknown');
  tx.put(tables.conversations, bytesKey(group), { ...conversation, history });
  // In one commit: what is left of it by a kill would not be looked at again.
  const due = messagesDue(tx, group);
  for (let from: number | null = 0; from !== null; ) from = await retireMessages(tx, group, from, due, true, now);
}
