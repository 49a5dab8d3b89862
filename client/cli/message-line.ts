// A message of a history on one line. What is foreign stands last, so that no text can pass for something else or push
// a column away.

import type { HistoryEntry, MessageContent, MessageState } from '../index.ts';
import { bold, dim, join, type Safe, text } from './escape.ts';
import { type People, personName, shortId } from './names.ts';
import { formatClock, formatTime } from './time.ts';

export type ShownMessage = Pick<
  HistoryEntry,
  'id' | 'sender' | 'receivedAt' | 'expiresAt' | 'reply' | 'asksReceipt'
> & {
  readonly content: MessageContent | null;
} & Partial<Pick<HistoryEntry, 'editedAt' | 'readBy' | 'state'>>;

const states: Record<MessageState, string | null> = {
  received: null,
  unsent: 'waits to be sent',
  sealed: 'waits for the relay',
  accepted: 'sent',
  delivered: 'delivered',
  confirmed: null,
  failed: 'not sent',
  unconfirmed: 'not confirmed by all',
};

/** When, which and where: the same columns for everything that is told. @param group null where it is clear */
export function lineStart(seconds: number, id: string | null, group: Safe | null): Safe {
  const time = dim(formatTime(seconds));
  const which = id === null ? text`      ` : shortId(id);
  return group === null ? text`${time}  ${which}  ` : text`${time}  ${which}  ${bold(group)} · `;
}

export function messageLine(people: People, message: ShownMessage, group: Safe | null): Safe {
  return text`${lineStart(message.receivedAt, message.id, group)}${messageText(people, message)}`;
}

/** Who says what. */
function messageText(people: People, message: ShownMessage): Safe {
  const who = bold(personName(people, message.sender));
  const notes = notesOn(people, message);
  const about = notes.length === 0 ? text`` : text` ${dim(text`(${join(notes, ', ')})`)}`;
  const { content } = message;
  switch (content?.type) {
    case undefined:
      return text`${who}${about} ${dim('has deleted this message')}`;
    case 'text':
      return text`${who}${about}: ${content.text}`;
    case 'bytes':
      return text`${who}${about} sent a file of ${formatSize(content.data.length)}, ${content.mediaType}: ${content.name ?? 'no name'}`;
    case 'extension':
      return text`${who}${about} sent something for another program, ${formatSize(content.data.length)}: ${content.kind} ${content.version}`;
    case 'unsupported':
      return text`${who}${about} sent something that takes a newer version of Cliquet: ${content.kind}`;
  }
}

function notesOn(
  people: People,
  { reply, editedAt, expiresAt, state, readBy = [], asksReceipt }: ShownMessage,
): Safe[] {
  const notes: Safe[] = [];
  const stateNote = state === undefined ? null : states[state];
  if (reply !== null) notes.push(text`answers ${reply.slice(0, 6)}`);
  if (editedAt) notes.push(text`edited`);
  if (stateNote !== null) notes.push(text`${stateNote}`);
  if (readBy.length > 0)
    notes.push(
      text`read by ${join(
        readBy.map((hrid) => personName(people, hrid)),
        ', ',
      )}`,
    );
  else if (asksReceipt && state === 'received') notes.push(text`asks whether you have read it`);
  if (expiresAt !== null) notes.push(text`disappears at ${formatClock(expiresAt)}`);
  return notes;
}

/** 512 bytes, 34.2 KB. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} byte${bytes === 1 ? '' : 's'}`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
