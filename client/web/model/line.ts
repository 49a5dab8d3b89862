// What happened in a group and is no message: a line of its conversation. It is kept as it was told, and put into words
// when it is shown, in the language of then.

import type { Client, ClientEvent, Group } from '../../index.ts';

type LineType =
  | 'invited'
  | 'joined'
  | 'changed'
  | 'returned'
  | 'asks'
  | 'missed'
  | 'removed'
  | 'timer'
  | 'unreached'
  | 'accepted'
  | 'failed'
  | 'gap'
  | 'clone'
  | 'fork'
  | 'rolled-back'
  | 'refused';

type Told<E> = E extends ClientEvent ? Omit<E, 'group' | 'step' | 'at' | 'number'> : never;

/** What the person has done here, and no event tells of. */
type Own =
  | { readonly type: 'timer'; readonly by: string; readonly seconds: number | null }
  | { readonly type: 'verified'; readonly isVerified: boolean };

type Happening = Told<Extract<ClientEvent, { readonly type: LineType }>> | Own;

/** Between the lines of two events there is room for some of the person's own. */
const numbersAnEvent = 16;

export type Line = Happening & {
  /** Counts up in each group. */
  readonly number: number;
  /** Seconds since 1970. */
  readonly at: number;
  /** The number of the newest message that was told before it in this group; -1 if none was. */
  readonly behind: number;
};

/** What people need not see: what came twice, or concerns nothing that is here. */
const silentCodes = ['duplicate', 'message-unknown'];

/** @returns what is to be kept of an event, or null if it is nothing for a conversation */
function happeningOf(event: ClientEvent): Happening | null {
  switch (event.type) {
    case 'changed': {
      const { group: _, at: __, number: ___, ...rest } = event;
      const { added, removed, promoted, demoted, name } = rest;
      const isEmpty = [added, removed, promoted, demoted].every(({ length }) => length === 0) && name === null;
      return isEmpty ? null : rest;
    }
    case 'accepted': {
      const { group: _, step: __, at: ___, number: ____, ...rest } = event;
      return rest.refused.length === 0 ? null : rest;
    }
    case 'invited':
    case 'joined':
    case 'returned':
    case 'asks':
    case 'missed':
    case 'removed':
    case 'timer':
    case 'unreached':
    case 'failed':
    case 'clone':
    case 'fork':
    case 'rolled-back': {
      const { group: _, at: __, number: ___, ...rest } = event;
      return rest;
    }
    case 'gap':
    case 'refused': {
      const { at: _, number: __, ...rest } = event;
      return rest.type === 'refused' && silentCodes.includes(rest.code) ? null : rest;
    }
    default:
      return null;
  }
}

/**
 * @param behind  by group: the number of the newest message that was told
 * @returns the lines that an event leads to, in one group, or in all that its sender is in
 */
export function linesOf(
  client: Client,
  event: ClientEvent,
  behind: (group: string) => number,
  now: number,
): { readonly group: string; readonly line: Line }[] {
  const happening = happeningOf(event);
  if (happening === null) return [];
  return groupsOf(client, event).map(({ id }) => ({
    group: id,
    line: { ...happening, number: event.number * numbersAnEvent, at: event.at ?? now, behind: behind(id) },
  }));
}

function groupsOf(client: Client, event: ClientEvent): readonly Group[] {
  if ('group' in event) return [event.group];
  const { sender } = event;
  return client.groups.filter(
    ({ status, members }) => status === 'active' && members.some(({ hrid }) => hrid === sender),
  );
}

/** A line of the person's own doing, behind the newest one that there is. */
export function ownLine(happening: Own, newest: Line | null, after: number | null, behind: number, now: number): Line {
  const number = Math.max(newest?.number ?? -1, (after ?? -1) * numbersAnEvent) + 1;
  return { ...happening, number, at: now, behind };
}
