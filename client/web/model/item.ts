// What stands in a conversation: a message, or a line that tells what happened.

import type { HistoryEntry } from '../../index.ts';
import type { Line } from './line.ts';

export type Item =
  | { readonly type: 'message'; readonly key: string; readonly at: number; readonly entry: HistoryEntry }
  | { readonly type: 'line'; readonly key: string; readonly at: number; readonly line: Line };

export const toItem = (line: Line): Item => ({ type: 'line', key: `l${line.number}`, at: line.at, line });

/** Whether a line stands before a message. */
export function stands({ at, behind }: Line, { receivedAt, number }: HistoryEntry): boolean {
  return at < receivedAt || (at === receivedAt && behind < number);
}

/** Whether two items under one key look the same. */
export function isSame(a: Item, b: Item): boolean {
  if (a.type !== 'message' || b.type !== 'message') return true;
  const look = ({ content, editedAt, expiresAt, state, readBy }: HistoryEntry) =>
    [content === null, editedAt, expiresAt, state, readBy.length, content?.type === 'text' ? content.text : ''].join();
  return look(a.entry) === look(b.entry);
}
