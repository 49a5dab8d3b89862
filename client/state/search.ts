// Searching histories: newest first, in one group or across all, by time and by text.

import { type Bytes, decodeBase64Url } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { historyPrefix } from './history.ts';
import { type HistoryEntry, messageStates, type StateOf, toEntry } from './history-entry.ts';
import { archives, tables } from './records.ts';
import type { Reader } from './state.ts';

const pageSize = 128;
/** A clock that was wrong for a while may have put messages this far out of order. */
const clockSlackSeconds = 24 * 3600;

/**
 * Which messages are wanted; all if nothing is said.
 * @category Messages
 */
export interface HistoryQuery {
  /** The group's id; all groups if not said. */
  readonly group?: string;
  /** Stands somewhere in the message's text or in its file's name, whatever the case. */
  readonly text?: string;
  /** The first instant at which it may have come, in seconds since 1970. */
  readonly from?: number;
  /** The first instant at which it may not have come any more, in seconds since 1970. */
  readonly to?: number;
}

/** @throws CliquetError `group-unknown` */
export async function* searchHistory(reader: Reader, query: HistoryQuery): AsyncGenerator<HistoryEntry> {
  const stateOf = messageStates(reader);
  const groups = query.group === undefined ? allGroups(reader) : [groupOf(reader, query.group)];
  const isWanted = matcher(query);
  const readers = groups.map((group) => newestFirst(reader, group, query, stateOf));
  // The newest of each group; the newest of them is next.
  const heads = await Promise.all(readers.map(async (each) => (await each.next()).value ?? null));
  for (;;) {
    let newest = -1;
    heads.forEach((head, i) => {
      if (head !== null && head.receivedAt > (heads[newest]?.receivedAt ?? -1)) newest = i;
    });
    const entry = heads[newest];
    if (!entry) return;
    if (isWanted(entry)) yield entry;
    heads[newest] = (await readers[newest]?.next())?.value ?? null;
  }
}

async function* newestFirst(
  reader: Reader,
  group: Bytes,
  { from = 0 }: HistoryQuery,
  stateOf: StateOf,
): AsyncGenerator<HistoryEntry, undefined> {
  for (let to: number | undefined; ; ) {
    const range = { ...(to === undefined ? {} : { to }), limit: pageSize, reverse: true };
    const page = await reader.range(archives.history, historyPrefix(group), range);
    for (const { key, value } of page) {
      to = Number(key.slice(-16));
      if (value.receivedAt < from - clockSlackSeconds) return undefined;
      const entry = toEntry(group, to, value, stateOf);
      if (entry !== null) yield entry;
    }
    if (page.length < pageSize) return undefined;
  }
}

function matcher({ text, from = 0, to = Number.POSITIVE_INFINITY }: HistoryQuery): (entry: HistoryEntry) => boolean {
  const normal = (given: string) => given.normalize('NFKC').toLowerCase();
  const wanted = text === undefined ? '' : normal(text);
  return ({ content, receivedAt }) => {
    if (receivedAt < from || receivedAt >= to) return false;
    if (wanted === '') return true;
    if (content?.type === 'text') return normal(content.text).includes(wanted);
    return content?.type === 'bytes' && content.name !== null && normal(content.name).includes(wanted);
  };
}

const allGroups = (reader: Reader) => reader.all(tables.groups).map(({ value }) => value.id);

function groupOf(reader: Reader, id: string): Bytes {
  if (reader.get(tables.groups, id) === undefined) throw new CliquetError('group-unknown');
  return decodeBase64Url(id);
}
