// A message as the application sees it in a group's history, and the same as JSON.

import { type Bytes, bytesKey, encodeBase64 } from '../wire/bytes.ts';
import { readBody } from '../wire/content-body.ts';
import { CliquetError } from '../wire/errors.ts';
import { historyPrefix } from './history.ts';
import { archives, type HistoryRecord, type Outgoing, tables } from './records.ts';
import type { Reader } from './state.ts';

/**
 * What somebody has said ([PROTOCOL.md §14](../../docs/PROTOCOL.md)), by its `type`.
 * @category Messages
 */
export type MessageContent =
  /** Text. */
  | {
      /** Tells text from the others. */
      readonly type: 'text';
      /** At most 64 KiB in UTF-8. */
      readonly text: string;
    }
  /** Bytes, as of a file. */
  | {
      /** Tells bytes from the others. */
      readonly type: 'bytes';
      /** What they are, as their sender says: at most 128 characters. */
      readonly mediaType: string;
      /** What the file is called, as its sender says: at most 128 characters; or null. */
      readonly name: string | null;
      /** At most 64 KiB. */
      readonly data: Uint8Array;
    }
  /** In a format of an application's own. */
  | {
      /** Tells extensions from the others. */
      readonly type: 'extension';
      /** Which format, named like `org.example.poll`: at most 128 characters. */
      readonly kind: string;
      /** Which version of it. */
      readonly version: number;
      /** At most 64 KiB. */
      readonly data: Uint8Array;
    }
  /** Of a newer version of Cliquet, or against its rules: it cannot be shown. */
  | {
      /** Tells it from the others. */
      readonly type: 'unsupported';
      /** What its sender calls it: at most 128 characters. */
      readonly kind: string;
    };

/**
 * How far a message has come.
 * @category Messages
 */
export type MessageState =
  /** It is somebody else's. */
  | 'received'
  /** It waits for the queue to be drained, or for the group's keys. */
  | 'unsent'
  /** It waits for the relay. */
  | 'sealed'
  /** It waits for the others to fetch it. */
  | 'accepted'
  /** It waits for their answers. */
  | 'delivered'
  /** Everybody has it: they have answered with a message that covers it. */
  | 'confirmed'
  /** It will not be sent, or reaches nobody. */
  | 'failed'
  /** Somebody has not answered in the 31 days that it was kept for them, or before the group was lost. */
  | 'unconfirmed';

/**
 * A message in a group's history. HRIDs, group and message ids are base64url; times are in seconds since 1970.
 * @category Messages
 */
export interface HistoryEntry {
  /** Counts up in each group. */
  readonly number: number;
  /** The group's id. */
  readonly group: string;
  /** The message's id. It counts for its sender alone: another member may have used it too. */
  readonly id: string;
  /** The HRID of who has said it. */
  readonly sender: string;
  /** Whether this client has said it. */
  readonly isSelf: boolean;
  /** What was said; null if its author has deleted it. */
  readonly content: MessageContent | null;
  /** When it was sent: by the sender's clock, but not later than it came. */
  readonly sentAt: number;
  /** When it came here; of an own one, when it was said. */
  readonly receivedAt: number;
  /** When its author has changed it last, or null. */
  readonly editedAt: number | null;
  /** When it disappears here, or null. */
  readonly expiresAt: number | null;
  /** The id of the message that it answers, or null. */
  readonly reply: string | null;
  /** Whether its sender wants to be told when it was read ({@link Group.markRead}). */
  readonly asksReceipt: boolean;
  /** HRIDs of those who said to have read it, if it asked. */
  readonly readBy: readonly string[];
  /** How far it has come. */
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

/**
 * An entry for `JSON.stringify`.
 * @category Messages
 * @returns its fields, the data of its content in base64 (RFC 4648 §4)
 * @example
 * ```ts
 * import { historyEntryToJson } from 'cliquet';
 *
 * for (const entry of await group.history()) console.log(JSON.stringify(historyEntryToJson(entry)));
 * ```
 */
export function historyEntryToJson(entry: HistoryEntry): Record<string, unknown> {
  const { content } = entry;
  return {
    ...entry,
    content: content && 'data' in content ? { ...content, data: encodeBase64(content.data) } : content,
  };
}
