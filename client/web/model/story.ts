// The lines of a conversation in words.

import type { Group } from '../../index.ts';
import { messages } from './language.ts';
import type { Line } from './line.ts';
import { nameOf, namesOf, whoIs } from './people.ts';
import type { Pane } from './route.ts';
import type { Session } from './session.ts';

export interface Told {
  readonly text: string;
  /** Something that the person should know of, or act on. */
  readonly isWarning: boolean;
  /** Where they can, and what that is called. */
  readonly remedy: { readonly pane: Pane; readonly label: string } | null;
}

const warnings: readonly Line['type'][] = [
  'asks',
  'missed',
  'unreached',
  'accepted',
  'failed',
  'gap',
  'clone',
  'fork',
  'rolled-back',
  'refused',
];

export function tell(session: Session, group: Group, line: Line): Told {
  const isWarning = warnings.includes(line.type) || (line.type === 'returned' && isStrange(line, session.client.hrid));
  return {
    text: wordsFor(session, group, line),
    isWarning,
    remedy: group.status === 'active' ? remedyFor(line, session.client.hrid) : null,
  };
}

/** Whether somebody else is back without the keys of before: it could be anybody who has the phrase. */
const isStrange = ({ whole, by, member }: Extract<Line, { type: 'returned' }>, self: string | null): boolean =>
  !whole && by !== null && member !== self;

function remedyFor(line: Line, self: string | null): Told['remedy'] {
  const { story } = messages.value;
  const compare = { pane: 'verify', label: story.compare } as const;
  switch (line.type) {
    case 'changed':
      return line.added.length + line.removed.length > 0 && !line.undone ? compare : null;
    case 'returned':
      return isStrange(line, self) ? compare : null;
    case 'clone':
    case 'unreached':
      return { pane: 'members', label: story.seeMembers };
    default:
      return null;
  }
}

function wordsFor(session: Session, group: Group, line: Line): string {
  const { story, errors, words } = messages.value;
  const self = session.client.hrid;
  const name = (hrid: string) => nameOf(session, hrid);
  const names = (hrids: readonly string[]) => namesOf(session, hrids);
  const who = (hrid: string) => whoIs(session, hrid);
  switch (line.type) {
    case 'invited':
      return story.invited(who(line.by), group.members.length);
    case 'joined':
      return line.by === self ? story.founded : story.joined(who(line.by), group.members.length);
    case 'changed':
      return changeWords(session, line);
    case 'returned':
      if (line.member === self) return story.returnedYou(line.by === null ? null : who(line.by), line.whole);
      return line.by !== null && !line.whole
        ? story.returnedNew(name(line.member), who(line.by))
        : story.returnedWhole(name(line.member), who(line.by ?? line.member));
    case 'asks':
      return story.asks(name(line.member));
    case 'missed':
      return story.missed(name(line.sender), line.count);
    case 'removed':
      return line.by === self ? story.outYou : story.out(who(line.by));
    case 'timer':
      return line.seconds === null
        ? story.timerOff(who(line.by))
        : story.timer(who(line.by), words.duration(line.seconds));
    case 'verified':
      return line.isVerified ? story.verified : story.unverified;
    case 'unreached':
      return story.unreached(names(line.refused.map(({ member }) => member)));
    case 'accepted':
      return story.refusedBy(names(line.refused.map(({ member }) => member)));
    case 'failed':
      return story.failed(errors[line.code]);
    case 'gap':
      return story.gap(name(line.sender), line.reason);
    case 'clone':
      return line.member === self ? story.cloneYou : story.clone(name(line.member));
    case 'fork':
      return story.fork(name(line.member));
    case 'rolled-back':
      return story.rolledBack;
    case 'refused':
      return story.refused(name(line.sender), errors[line.code]);
  }
}

function changeWords(session: Session, change: Extract<Line, { type: 'changed' }>): string {
  const { story } = messages.value;
  const { by, added, removed, promoted, demoted, name, carried, undone } = change;
  const names = (hrids: readonly string[]) => namesOf(session, hrids);
  const others = (hrids: readonly string[]) => hrids.filter((hrid) => hrid !== by);
  const author = whoIs(session, by);
  if (carried) return story.carried(names(removed));
  const parts: string[] = [];
  if (removed.includes(by)) parts.push(story.left(author));
  if (added.length > 0) parts.push(story.added(author, names(added)));
  if (others(removed).length > 0) parts.push(story.removed(author, names(others(removed))));
  if (promoted.length > 0) parts.push(story.promoted(author, names(promoted)));
  if (others(demoted).length > 0) parts.push(story.demoted(author, names(others(demoted))));
  if (demoted.includes(by)) parts.push(story.steppedDown(author));
  if (name !== null) parts.push(story.renamed(author, name));
  if (undone) parts.push(story.undone);
  else if (added.length + removed.length > 0) parts.push(story.verifyAgain);
  return parts.join(' ');
}
