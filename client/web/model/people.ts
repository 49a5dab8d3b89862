// What people and groups are called here.

import type { Group, HistoryEntry } from '../../index.ts';
import type { Who } from '../messages/en-story.ts';
import { messages } from './language.ts';
import type { Session } from './session.ts';
import { beginningOf } from './text.ts';

const shownId = 6;

/** What turns text around, or cannot be seen, has no place in a name. */
const plain = (name: string): string =>
  name.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '').trim();

/** The name that the person has given somebody, or the beginning of their HRID. */
export function nameOf({ client, names }: Session, hrid: string): string {
  if (hrid === client.hrid) return messages.value.common.you;
  return plain(names.get(hrid) ?? '') || hrid.slice(0, shownId);
}

export const isKnown = ({ client, names }: Session, hrid: string): boolean => hrid === client.hrid || names.has(hrid);

export const whoIs = (session: Session, hrid: string): Who => ({
  name: nameOf(session, hrid),
  isYou: hrid === session.client.hrid,
});

export function namesOf(session: Session, hrids: readonly string[], type?: 'conjunction' | 'disjunction'): string {
  const { words, others } = messages.value;
  return words.list(
    hrids.map((hrid) => nameOf(session, hrid)),
    others,
    type,
  );
}

/** A group as it is called; one without a name by who is in it. */
export function groupName(session: Session, { id, name, members }: Group): string {
  const shown = plain(name);
  if (shown !== '') return shown;
  const others = members.filter(({ isSelf }) => !isSelf).map(({ hrid }) => hrid);
  return others.length === 0 ? messages.value.common.groupWithout(id.slice(0, shownId)) : namesOf(session, others);
}

const summaryLength = 200;

/** A text in one line. */
export const summaryOfText = (text: string): string => beginningOf(text, summaryLength, summaryLength);

/** A message in one line. */
export function summaryOf({ content }: HistoryEntry): string {
  const { story } = messages.value;
  switch (content?.type) {
    case undefined:
      return story.deletedMessage;
    case 'text':
      return summaryOfText(content.text);
    case 'bytes':
      return story.sentFile(content.name ?? content.mediaType);
    default:
      return story.sentOther;
  }
}
