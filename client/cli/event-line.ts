// Events in plain words.

import { type ClientEvent, CliquetError, type ErrorCode, type Group } from '../index.ts';
import { askWords, changeWords, missedWords, removalWords, returnWords } from './change-line.ts';
import { bold, join, type Safe, text, warning, yellow } from './escape.ts';
import { sentenceOf } from './failure.ts';
import { lineStart, messageLine } from './message-line.ts';
import { groupName, type People, peopleNames, personName, shortId } from './names.ts';
import { formatDuration } from './time.ts';

const gapReasons = {
  expired: 'they waited too long for this client',
  full: 'too many were waiting for this client',
  withdrawn: 'their sender has unregistered',
} as const;

/** An event, as far as it is shown. */
type ShownEvent = Shown<ClientEvent>;
type Shown<E> = E extends { readonly group: Group }
  ? Omit<E, 'group'> & { readonly group: Pick<Group, 'id' | 'name' | 'members'> }
  : E;

/**
 * @param options  listened: the id of the group that is listened to, which needs no name; null for all of them; now:
 *   seconds since 1970
 * @returns the line, or null for what a person does not need to know
 */
export function eventLine(
  people: People,
  event: ShownEvent,
  { listened, now }: { readonly listened: string | null; readonly now: number },
): Safe | null {
  const where = 'group' in event && event.group.id !== listened ? groupName(event.group) : null;
  if (event.type === 'message') return messageLine(people, event, where);
  const words = wordsFor(people, event);
  if (words === null) return null;
  const id = event.type === 'edited' || event.type === 'deleted' ? event.id : null;
  return text`${lineStart(now, id, where)}${words}`;
}

function wordsFor(people: People, event: Exclude<ShownEvent, { type: 'message' }>): Safe | null {
  const person = (hrid: string) => bold(personName(people, hrid));
  const reason = (code: ErrorCode) => sentenceOf(new CliquetError(code));
  switch (event.type) {
    case 'joined':
      if (event.by === people.hrid) return null;
      return text`${person(event.by)} has put you into this group of ${event.group.members.length}`;
    case 'invited': {
      // A hostile name must not end up in a shell: the id does.
      const id = event.group.id.slice(0, 8);
      const count = event.group.members.length;
      // A contact's groups are joined without asking, but for those that were left or declined before.
      return people.contacts.some(({ hrid }) => hrid === event.by)
        ? text`${person(event.by)} invites you into this group of ${count} again; type: cliquet group accept ${id}, or decline`
        : text`${person(event.by)}, who is not among your contacts, invites you into this group of ${count}; type: cliquet group accept ${id}, or decline`;
    }
    case 'changed':
      return changeWords(people, event, event.group.members);
    case 'returned':
      return returnWords(people, event.group, event);
    case 'asks':
      return askWords(people, event.group, event);
    case 'missed':
      return yellow(missedWords(people, event));
    case 'removed':
      return removalWords(people, event.group, event);
    case 'edited':
      return text`${person(event.sender)} has changed this message: ${event.text}`;
    case 'deleted':
      return text`${person(event.sender)} has deleted this message`;
    case 'read':
      return text`${person(event.reader)} has read ${join(event.ids.map(shortId), ', ')}`;
    case 'timer':
      return event.seconds === null
        ? text`${person(event.by)} lets messages stay from now on`
        : text`${person(event.by)} lets messages disappear after ${formatDuration(event.seconds)}`;
    case 'accepted': {
      const names = event.refused.map(({ member }) => personName(people, member));
      return names.length === 0
        ? null
        : yellow(
            text`${shortId(event.id)} does not reach ${join(names, ', ')}: not registered, not taking anything from you, or too much waits for them`,
          );
    }
    case 'unreached': {
      const names = peopleNames(
        people,
        event.refused.map(({ member }) => member),
      );
      return yellow(
        text`Something did not reach ${names}: not registered any more, not taking anything from you, or away for too long. Who misses it asks by itself to be let in again; whoever does not see this group at all can be removed and added again`,
      );
    }
    case 'failed':
      return yellow(text`${shortId(event.id)} is not sent: ${reason(event.code)}`);
    case 'gap':
      return yellow(text`Messages of ${personName(people, event.sender)} will never come: ${gapReasons[event.reason]}`);
    case 'clone':
      return warning(
        text`the device of ${person(event.member)} was copied; nothing more of it is accepted. Talk to them on another way.`,
      );
    case 'fork':
      return warning(text`${person(event.member)} was given other messages than you. Talk to them on another way.`);
    case 'rolled-back':
      return warning(
        text`this store is older than what was sent from it; nothing is sent in this group from here until its members have let it in again, which it asks for by itself.`,
      );
    case 'refused':
      return yellow(text`Something from ${personName(people, event.sender)} was refused: ${reason(event.code)}`);
    default:
      return null;
  }
}
