// Who comes, goes and returns, and what else is changed in a group, in plain words.

import type { ClientEvent, Group, Member } from '../index.ts';
import { bold, type Safe, text, warning } from './escape.ts';
import { type People, peopleNames, personName } from './names.ts';

type Told<T extends ClientEvent['type']> = Omit<Extract<ClientEvent, { type: T }>, 'type' | 'number' | 'at' | 'group'>;
export type Change = Told<'changed'>;

/**
 * One line for all that one generation has changed.
 * @param members  who is in the group now
 * @returns null if it has only brought new keys
 */
export function changeWords(people: People, change: Change, members: readonly Known[]): Safe | null {
  const { by, carried, removed, undone } = change;
  const deeds = carried ? [text`carried out the removal of ${peopleNames(people, removed)}`] : deedsOf(people, change);
  const [first, ...rest] = deeds;
  if (first === undefined) return null;
  const done = rest.reduce((all, deed, i) => text`${all}${i === rest.length - 1 ? ' and ' : ', '}${deed}`, first);
  const isOwn = by === people.hrid;
  // What is carried out, nobody has typed.
  const self = carried ? text`Your client` : text`You`;
  const who = isOwn ? self : bold(personName(people, by));
  if (!undone) return text`${who} ${isOwn && !carried ? 'have' : 'has'} ${done}`;
  const isMember = (hrid: string) => members.some((member) => member.hrid === hrid);
  // Who is out makes nothing again.
  const again = isMember(by) ? text`, and is made again by itself if that is still allowed` : text``;
  const back = removed.filter((hrid) => hrid !== by && isMember(hrid));
  const is = back.length === 1 && back[0] !== people.hrid ? 'is' : 'are';
  const now = back.length === 0 ? text`` : text`; ${peopleNames(people, back)} ${is} in the group again`;
  return text`${who} had ${done}, but another change got ahead of it: it does not count${again}${now}`;
}

type Known = Pick<Member, 'hrid'>;

function deedsOf(people: People, { by, added, removed, promoted, demoted, name, undone }: Change): Safe[] {
  const others = (hrids: readonly string[]) => hrids.filter((hrid) => hrid !== by);
  const list = (hrids: readonly string[]) => peopleNames(people, hrids);
  const [struck, lowered] = [others(removed), others(demoted)];
  const deeds: Safe[] = [];
  if (removed.includes(by)) deeds.push(text`left`);
  if (added.length > 0) deeds.push(text`added ${list(added)}`);
  if (struck.length > 0) deeds.push(text`removed ${list(struck)}`);
  if (promoted.length > 0) deeds.push(text`made ${list(promoted)} ${promoted.length === 1 ? 'an admin' : 'admins'}`);
  if (lowered.length > 0)
    deeds.push(text`made ${list(lowered)} ${lowered.length === 1 ? 'an ordinary member' : 'ordinary members'}`);
  if (demoted.includes(by)) deeds.push(text`stepped down as an admin`);
  // The name is foreign, so that it stands last; what does not count needs none.
  if (name !== null) deeds.push(undone ? text`renamed the group` : text`renamed the group to '${name}'`);
  return deeds;
}

/** A member without its keys is in again, or this client, whose removal is void. */
export function returnWords(people: People, group: Room, { member, by, whole }: Told<'returned'>): Safe {
  if (by === null)
    return text`Your removal from this group does not count: another change got ahead of it. You are in the group again, with all that was there before`;
  const host = by === people.hrid ? text`you have` : text`${bold(personName(people, by))} has`;
  if (member === people.hrid) {
    const what = whole ? 'all that was there before' : 'new keys: what was said before cannot be read here';
    return text`You are in this group again, with ${what}; ${host} let you in`;
  }
  const who = text`${bold(personName(people, member))} is`;
  const letIn = text`${host} let them in`;
  if (whole) return text`${who} back, with all that was there before; ${letIn}`;
  const removal = removalWords(people, group, member);
  const or = removal === null ? text`` : text`, or ${removal}`;
  return warning(
    text`${who} back without the earlier keys, as after the loss of a device; ${letIn}. If you are not sure that it is them, ask them on another way, compare the safety number (cliquet verify ${group.id.slice(0, 6)})${or}`,
  );
}

/** A member without any key of before asks to be let in. */
export function askWords(people: People, group: Room, { member }: Told<'asks'>): Safe {
  const [id, who] = [group.id.slice(0, 6), member.slice(0, 8)];
  const removal = removalWords(people, group, member);
  const ifNot = removal === null ? text`` : text`; if not, ${removal}`;
  return warning(
    text`${bold(personName(people, member))} asks to be let in again, as after the loss of a device. Whoever has their recovery phrase could be it: ask them on another way. If it is them, type: cliquet group readmit ${id} ${who}${ifNot}`,
  );
}

type Room = Pick<Group, 'id' | 'members'>;

/**
 * How somebody can be got out of a group: by this person, or by whom it has to ask.
 * @returns null if nobody else may do it
 */
export function removalWords(people: People, { id, members }: Room, hrid: string): Safe | null {
  const at = members.findIndex((member) => member.hrid === hrid);
  const admins = members.slice(0, Math.max(0, at)).filter(({ role }) => role === 'admin');
  // A hostile name must not end up in a shell: ids do.
  if (admins.some(({ isSelf }) => isSelf))
    return text`remove them: cliquet group remove ${id.slice(0, 6)} ${hrid.slice(0, 8)}`;
  const names = admins.map((admin) => admin.hrid);
  return names.length === 0 ? null : text`ask ${peopleNames(people, names, 'or')} to remove them`;
}

/** Two devices speak with one member's keys. */
export function cloneWords(people: People, group: Room, { member }: Pick<Told<'clone'>, 'member'>): Safe {
  if (member === people.hrid)
    return warning(
      text`another device uses the same keys as this one: a copy of this store. The others take nothing more of either until the group has new keys. If the copy is yours, use one of the two only; if not, somebody has copied your store: register anew with another one (--store FILE), and have this one removed from your groups.`,
    );
  const who = bold(personName(people, member));
  const removal = removalWords(people, group, member);
  const ifNot = removal === null ? text`have them register anew` : removal;
  return warning(
    text`two devices use the keys of ${who}: one of them is a copy. Nothing more of either is taken until the group has new keys. Ask ${who} on another way: if both are theirs, they should use one only; if not, somebody has copied the device, so ${ifNot}`,
  );
}

/** What others have said, and this client will never read. */
export function missedWords(people: People, { sender, count }: Told<'missed'>): Safe {
  const name = bold(personName(people, sender));
  const what = count === 1 ? text`A message of ${name} is` : text`${count} messages of ${name} are`;
  return text`${what} lost for good: neither the relay nor their device sends it any more; ask them to say it again`;
}

/** This client is out of a group. */
export function outWords(people: People, group: Pick<Group, 'id' | 'members'>, { by }: Told<'removed'>): Safe {
  const what =
    by === people.hrid
      ? text`You have left this group`
      : text`${bold(personName(people, by))} has removed you from this group`;
  return text`${what}. ${afterwards(people, group)}`;
}

/** What somebody who is out of a group still has of it, and who could change that. */
export function afterwards(people: People, { id, members }: Pick<Group, 'id' | 'members'>): Safe {
  const stays = text`What was said stays readable; type: cliquet history ${id.slice(0, 6)}`;
  const others = members.filter(({ isSelf }) => !isSelf);
  const admins = others.filter(({ role }) => role === 'admin');
  // After the last admin has left, whoever came first is one.
  const hosts = admins.length > 0 ? admins : others.slice(0, 1);
  if (hosts.length === 0) return stays;
  const names = peopleNames(
    people,
    hosts.map(({ hrid }) => hrid),
    'or',
  );
  return text`${names} can add you again. ${stays}`;
}
