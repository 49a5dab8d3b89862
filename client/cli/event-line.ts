// Events in plain words.

import { type ClientEvent, CliquetError, type ErrorCode, type Group } from '../index.ts';
import { askWords, changeWords, cloneWords, missedWords, outWords, returnWords } from './change-line.ts';
import { bold, join, type Safe, text, warning, yellow } from './escape.ts';
import { sentenceOf } from './failure.ts';
import { lineStart, messageLine } from './message-line.ts';
import { groupName, type People, peopleNames, personName, shortId } from './names.ts';
import { formatDuration } from './time.ts';

const gapReasons = {
  expired: text`they waited too long for this client. Connect more often, and ask for what matters to be said again`,
  full: text`too many were waiting for this client. Connect more often, and ask for what matters to be said again`,
  withdrawn: text`their sender has unregistered. Ask them on another way to register again`,
} as const;

/** Why something was passed over, where the sentence for a failed command says something else. */
const refusals: Partial<Record<ErrorCode, Safe>> = {
  malformed: text`this version does not understand it; both of you should update Cliquet`,
  'agreement-invalid': text`it does not go with what is known of the group here. Nothing was changed, and nothing has to be done`,
  'package-gone': text`the key for it is not on this device any more. If it was for a group of yours, this device asks by itself to be let in again; if you were to be added to one, ask for that again`,
  'keys-gone': text`the key for it is not on this device any more, which asks by itself to be let in again`,
  'key-package-invalid': text`the key in it is forged or too old; if they ask to be let in again, they will do so with another one`,
  'message-refused': text`it does not open, or was said by somebody who had been removed. Nothing was changed; if they are in the group, ask them to say it again`,
  'message-unknown': text`it is about a message that is not here. Nothing has to be done`,
  'not-own-message': text`it was to change what somebody else has said. Nothing was changed`,
  'too-far-ahead': text`too much of what was said before is missing here. It is asked for by itself; stay connected`,
  'identity-conflict': text`somebody appears in it under another key than before; compare safety numbers with them before you go on`,
};

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
  return text`${lineStart(event.at ?? now, id, where)}${words}`;
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
      return outWords(people, event.group, event);
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
            text`${shortId(event.id)} does not reach ${join(names, ', ')}: not registered, not taking anything from you, or too much waits for them. Ask them on another way to connect`,
          );
    }
    case 'unreached': {
      const names = peopleNames(
        people,
        event.refused.map(({ member }) => member),
      );
      const isAdmin = event.group.members.some(({ isSelf, role }) => isSelf && role === 'admin');
      const remedy = isAdmin ? 'can be removed and added again' : 'has to be removed and added again by an admin';
      return yellow(
        text`Something did not reach ${names}: not registered any more, not taking anything from you, or away for too long. Who misses it asks by itself to be let in again; whoever does not see this group at all ${remedy}`,
      );
    }
    case 'failed':
      return yellow(text`${shortId(event.id)} is not sent: ${reason(event.code)}`);
    case 'gap':
      return yellow(text`Messages of ${personName(people, event.sender)} will never come: ${gapReasons[event.reason]}`);
    case 'clone':
      return cloneWords(people, event.group, event);
    case 'fork':
      return warning(
        text`${person(event.member)} was given other messages than you. Compare on another way what was said. What you say here may wait until the members have let this device in again, which it asks for by itself.`,
      );
    case 'rolled-back':
      return warning(
        text`this store is older than what was sent from it; nothing is sent in this group from here until its members have let it in again, which it asks for by itself. Each says again, as far as it can, what it has said since; nobody does that for those who have gone.`,
      );
    case 'refused':
      return yellow(
        text`Something from ${personName(people, event.sender)} was passed over: ${refusals[event.code] ?? reason(event.code)}`,
      );
    default:
      return null;
  }
}
