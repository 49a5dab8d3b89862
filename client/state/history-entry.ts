// A message as the application sees it in a group's history, and the same as JSON.

import { type Bytes, bytesKey, encodeBase64 } from '../wire/bytes.ts';
import { readBody } from '../wire/content-body.ts';
import { CliquetError } from '../wire/errors.ts';
import { historyPrefix } from './history.ts';
import { archives, type HistoryRecord, type Outgoing, tables } from './records.ts';
import type { Reader } from './state.ts';

export type MessageContent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bytes'; readonly mediaType: string; readonly name: string | null; readonly data: Uint8Array }
  /** In a format of the application's own, named like org.example.poll. */
  | { readonly type: 'extension'; readonly kind: string; readonly version: number; readonly data: Uint8Array }
  /** Of a newer version of Cliquet, or against its rules: it cannot be shown. */
  | { readonly type: 'unsupported'; readonly kind: string };

/**
 * How far this client's message has come: it waits for the queue to be drained (`unsent`), for the relay (`sealed`), for
 * the others to fetch it (`accepted`), for their answers (`delivered`); everybody has it (`confirmed`). Or it will not be
 * sent or reaches nobody (`failed`), or somebody has not answered in the month that it was kept for them, or before the
 * group was lost (`unconfirmed`).
 */
export type MessageState =
  | 'received'
  | 'unsent'
  | 'sealed'
  | 'accepted'
  | 'delivered'
  | 'confirmed'
  | 'failed'
  | 'unconfirmed';

/** HRIDs, group and message ids are base64url; times are in seconds since 1970. */
export interface HistoryEntry {
  /** Counts up in each group. */
  readonly number: number;
  readonly group: string;
  /** Counts for its sender alone: another member may have used it too. */
  readonly id: string;
  readonly sender: string;
  readonly isSelf: boolean;
  /** Null if its author has deleted it. */
  readonly content: MessageContent | null;
  /** By the sender's clock, but not later than it came. */
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly editedAt: number | null;
  /** When it disappears here. */
  readonly expiresAt: number | null;
  /** The id of the message that it answers. */
  readonly reply: string | null;
  readonly asksReceipt: boolean;
  /** Who said to have read it, if it asked. */
  readonly readBy: readonly string[];
  readonly state: MessageState;
}

export function toContent(said: NonNullable<HistoryRecord['said']>): MessageContent {
  try {
    const body = readBody(said);
    if (body?.type === 'text') return { type: 'text', text: body.text };
    if (body?.type === 'bytes') return body;
    if (body?.type === 'extension') return body;
  } catch (error) {
    if (!(error instanceof CliquetError)) throw error;
  }
  return { type: 'unsupported', kind: said.kind };
}

export type StateOf = (group: Bytes, record: HistoryRecord) => MessageState;

/** @returns the entry, or null if nothing is left to show */
export function toEntry(group: Bytes, number: number, record: HistoryRecord, stateOf: StateOf): HistoryEntry | null {
  if (record.said === null && !record.deleted) return null;
  return {
    number,
    group: bytesKey(group),
    id: bytesKey(record.id),
    sender: bytesKey(record.sender),
    isSelf: record.isOwn,
    content: record.said && toContent(record.said),
    sentAt: record.sentAt,
    receivedAt: record.receivedAt,
    editedAt: record.editedAt,
    expiresAt: record.expiresAt,
    reply: record.reply && bytesKey(record.reply),
    asksReceipt: record.asksReceipt,
    readBy: record.readBy.map(bytesKey),
    state: stateOf(group, record),
  };
}

const outgoingStates: Record<Outgoing['state'], MessageState> = {
  sealed: 'sealed',
  accepted: 'accepted',
  again: 'accepted',
  delivered: 'delivered',
  refused: 'failed',
};

/** How far each of this client's messages is, from what is still to be done for it. */
export function messageStates(reader: Reader): StateOf {
  const states = new Map<string, MessageState>();
  const nameOf = (group: Bytes, id: Bytes) => `${bytesKey(group)}/${bytesKey(id)}`;
  for (const { value } of reader.all(tables.unsent)) states.set(nameOf(value.group, value.content.id), 'unsent');
  for (const { value } of reader.all(tables.outgoing)) {
    if (value.message !== null) states.set(nameOf(value.group, value.message.id), outgoingStates[value.state]);
  }
  return (group, { id, isOwn, ended }) => {
    if (!isOwn) return 'received';
    return ended ?? states.get(nameOf(group, id)) ?? 'confirmed';
  };
}

/** A page of a group's history, newest first. @param before the number to look below */
export async function readHistory(
  reader: Reader,
  group: Bytes,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<HistoryEntry[]> {
  const stateOf = messageStates(reader);
  const entries: HistoryEntry[] = [];
  for (let to = before; entries.length < limit; ) {
    const page = await reader.range(archives.history, historyPrefix(group), {
      ...(to === undefined ? {} : { to }),
      limit: Math.max(limit, 64),
      reverse: true,
    });
    for (const { key, value } of page) {
      to = Number(key.slice(-16));
      const entry = toEntry(group, to, value, stateOf);
      if (entry !== null && entries.length < limit) entries.push(entry);
    }
    if (page.length === 0) break;
  }
  return entries;
}

/** An entry with its bytes in base64, for `JSON.stringify`. */
export function historyEntryToJson(entry: HistoryEntry): Record<string, unknown> {
  const { content } = entry;
  return {
    ...entry,
    content: content && 'data' in content ? { ...content, data: encodeBase64(content.data) } : content,
  };
}
