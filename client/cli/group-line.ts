// A group on one line, and what is the matter with it.

import type { Group } from '../index.ts';
import { bold, type Safe, text, yellow } from './escape.ts';
import { groupName, shortId } from './names.ts';
import { formatTime } from './time.ts';

const statuses: Record<Group['status'] | 'held up', Safe> = {
  active: text`active  `,
  'held up': yellow('held up '),
  invited: yellow('invited '),
  lost: yellow('lost    '),
  declined: text`declined`,
  removed: yellow('removed '),
  left: text`left    `,
};

type Listed = Pick<Group, 'id' | 'name' | 'status' | 'heldUpSince'> & { readonly members: readonly unknown[] };

/** The beginning of its id, how it stands, how many are in it, and its name. */
export function groupLine(group: Listed): Safe {
  const { id, status, heldUpSince, members } = group;
  const stands = statuses[heldUpSince === null ? status : 'held up'];
  const count = `${String(members.length).padStart(3)} ${members.length === 1 ? 'member ' : 'members'}`;
  return text`${shortId(id)}  ${stands}  ${count}  ${bold(groupName(group))}`;
}

/** What it means that a group is held up, and what to do. @param since seconds since 1970 */
export const heldUpWords = (since: number): Safe =>
  yellow(
    text`Held up since ${formatTime(since)}: this device cannot follow the group, and asks the members to let it in again by itself. What you say may wait until then. Stay connected, with: cliquet listen, and ask one of the members to connect, too.`,
  );
