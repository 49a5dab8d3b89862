// Events in plain words.

import { type Client, type ClientEvent, CliquetError, type ErrorCode } from '../index.ts';
import { bold, join, red, type Safe, text, yellow } from './escape.ts';
import { sentenceOf } from './failure.ts';
import { lineStart, messageLine } from './message-line.ts';
import { groupName, personName, shortId } from './names.ts';
import { formatDuration } from './time.ts';

const gapReasons = {
  expired: 'they waited too long for this client',
  full: 'too many were waiting for this client',
  withdrawn: 'their sender has unregistered',
} as const;

const warning = (line: Safe) => text`${bold(red('Warning:'))} ${line}`;

/**
 * @param options  group: whether to say in which group; now: seconds since 1970
 * @returns the line, or null for what a person does not need to know
 */
export function eventLine(
  client: Client,
  event: ClientEvent,
  { group, now }: { readonly group: boolean; readonly now: number },
): Safe | null {
  const where = group && 'group' in event ? groupName(event.group) : null;
  if (event.type === 'message') return messageLine(client, event, where);
  const words = wordsFor(client, event);
  if (words === null) return null;
  const id = event.type === 'edited' || event.type === 'deleted' ? event.id : null;
  return text`${lineStart(now, id, where)}${words}`;
}

function wordsFor(client: Client, event: Exclude<ClientEvent, { type: 'message' }>): Safe | null {
  const person = (hrid: string) => bold(personName(client, hrid));
  const reason = (code: ErrorCode) => sentenceOf(new CliquetError(code));
  switch (event.type) {
    case 'joined':
      if (event.by === client.hrid) return null;
      return text`${person(event.by)} has put you into this group of ${event.group.members.length}`;
    case 'invited': {
      // A hostile name must not end up in a shell: the id does.
      const id = event.group.id.slice(0, 8);
      return text`${person(event.by)}, who is not among your contacts, invites you into this group of ${event.group.members.length}; type: cliquet group accept ${id}, or decline`;
    }
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
      const names = event.refused.map(({ member }) => personName(client, member));
      return names.length === 0
        ? null
        : yellow(
            text`${shortId(event.id)} does not reach ${join(names, ', ')}: not registered, not taking anything from you, or too much waits for them`,
          );
    }
    case 'unreached': {
      const names = event.refused.map(({ member }) => personName(client, member));
      return yellow(
        text`Something did not reach ${join(names, ', ')}: not registered any more, not taking anything from you, or away for too long; whoever does not see this group needs a new one`,
      );
    }
    case 'failed':
      return yellow(text`${shortId(event.id)} is not sent: ${reason(event.code)}`);
    case 'gap':
      return yellow(text`Messages of ${personName(client, event.sender)} will never come: ${gapReasons[event.reason]}`);
    case 'clone':
      return warning(
        text`the device of ${person(event.member)} was copied; nothing more of it is accepted. Talk to them on another way.`,
      );
    case 'fork':
      return warning(text`${person(event.member)} was given other messages than you. Talk to them on another way.`);
    case 'rolled-back':
      return warning(
        text`this store is older than what was sent from it; nothing more can be sent in this group from here.`,
      );
    case 'refused':
      return yellow(text`Something from ${personName(client, event.sender)} was refused: ${reason(event.code)}`);
    default:
      return null;
  }
}
