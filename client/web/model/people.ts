// What people and groups are called here.

import type { Group, HistoryEntry } from '../../index.ts';
import type { Who } from '../messages/en-story.ts';
import { plainName } from '../messages/isolate.ts';
import { messages } from './language.ts';
import type { Session } from './session.ts';
import { beginningOf } from './text.ts';

/** So much of an id, that nobody makes one that begins so on purpose. */
const shownId = 10;

/** The name that the person has given somebody, or the beginning of their HRID. */
export function nameOf({ client, names }: Session, hrid: string): string {
  if (hrid === client.hrid) return messages.value.common.you;
  return plainName(names.get(hrid) ?? '') || hrid.slice(0, shownId);
}

export const isKnown = ({ client, names }: Session, hrid: string): boolean => hrid === client.hrid || names.has(hrid);

/** What two names must not have in common, so that they can be told apart. */
const likeness = (name: string): string =>
  plainName(name)
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    .toLowerCase();

/** Whether somebody else is called that here, or the person would be. @param hrid  who is to be called so; null if nobody knows them */
export function isTaken({ names }: Session, name: string, hrid: string | null): boolean {
  const wanted = likeness(name);
  const { you, youTitle } = messages.value.common;
  const others = [...names].filter(([other]) => other !== hrid).map(([, each]) => each);
  return wanted !== '' && [you, youTitle, ...others].some((other) => likeness(other) === wanted);
}

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
  const shown = plainName(name);
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
