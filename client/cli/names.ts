// What a person calls things: groups and contacts by name or by the beginning of their id, messages by the beginning
// of theirs. Whatever could mean two things is refused, with both.

import type { Client, Group, HistoryEntry, Member } from '../index.ts';
import { bold, dim, join, type Safe, text } from './escape.ts';
import { Failure } from './failure.ts';

/** Whose names are known here. */
export type People = Pick<Client, 'hrid' | 'contacts'>;

const minPrefix = 4;
/** Of those that could be meant, so many are told: enough for a person, and no flood from whoever founds groups. */
const maxCandidates = 5;
/** Of those whom one line names, so many are named. */
const maxNames = 8;
const shownId = 6;
const shownHrid = 8;

/** The beginning of a group's or a message's id, as it is shown and understood. */
export const shortId = (id: string): Safe => dim(id.slice(0, shownId));

/** A group as it is called here. */
export const groupName = ({ id, name }: Pick<Group, 'id' | 'name'>): Safe =>
  name === '' ? text`group ${id.slice(0, shownId)}` : text`${name}`;

/** A person as they are called here: their petname, or the beginning of their HRID. */
export function personName(people: People, hrid: string): Safe {
  if (hrid === people.hrid) return text`you`;
  const name = people.contacts.find((contact) => contact.hrid === hrid)?.name;
  return name ? text`${name}` : text`${hrid.slice(0, shownHrid)}`;
}

/** "Bob", "Bob and Carol", "Bob, Carol and 3 others". */
export function peopleNames(people: People, hrids: readonly string[], last: 'and' | 'or' = 'and'): Safe {
  const names = hrids.map((hrid) => bold(personName(people, hrid)));
  const shown = names.length > maxNames ? names.slice(0, maxNames - 1) : names;
  const rest = names.length - shown.length;
  const end = rest > 0 ? text`${rest} others` : shown.pop();
  if (end === undefined || shown.length === 0) return end ?? text`nobody`;
  return text`${join(shown, ', ')} ${last} ${end}`;
}

/** @throws Failure unless exactly one group is meant */
export function findGroup(client: Client, wanted: string): Group {
  const { groups } = client;
  const { byId, byPrefix, byAnyCase } = waysTo(wanted);
  // Others choose a group's name, and may choose what another is called or its id begins with: neither is taken then.
  const found = pick<Group>(groups, [({ id }) => byId(id), ({ id, name }) => byPrefix(id) || byAnyCase(name)]);
  const [only] = found;
  if (only === undefined) throw noGroup(groups, wanted);
  if (found.length > 1)
    throw ambiguous(
      wanted,
      'groups',
      found.map((group) => text`${group.id.slice(0, shownId)} (${groupName(group)})`),
    );
  return only;
}

function noGroup(groups: readonly Group[], wanted: string): Failure {
  const { byAnyCase } = waysTo(wanted);
  const alike = groups.find(({ name }) => wanted.length > 1 && byAnyCase(name.slice(0, wanted.length)));
  const known =
    groups.length === 0
      ? text`there is none yet; type: cliquet group create`
      : alike === undefined
        ? text`see them with: cliquet group list`
        : text`do you mean ${alike.id.slice(0, shownId)} (${groupName(alike)})?`;
  return new Failure(text`There is no group '${wanted}' here; ${known}`);
}

export interface Known {
  readonly hrid: string;
  readonly name: string;
}

/** @throws Failure unless exactly one contact is meant */
export function findContact<T extends Known>(contacts: readonly T[], wanted: string): T {
  const found = findPerson(contacts, wanted, 'contacts');
  if (found !== null) return found;
  throw new Failure(text`There is no contact '${wanted}' here; see them with: cliquet contacts`);
}

/** Invites as they are, and those of contacts. @throws Failure unless each means exactly one contact */
export function findInvites({ contacts }: Pick<Client, 'contacts'>, who: readonly string[]): string[] {
  return who.map((one) => (one.includes('cliquet:') ? one : findContact(contacts, one).invite));
}

/**
 * A member of a group, who need not be a contact. `you` means the person who asks.
 * @throws Failure unless exactly one is meant
 */
export function findMember(people: People, group: Pick<Group, 'id' | 'name' | 'members'>, wanted: string): Member {
  const { members } = group;
  const isMember = ({ hrid }: Known) => members.some((member) => member.hrid === hrid);
  // The others whom the person knows count too: a stranger's id may begin with the name of one of them.
  const known: Known[] = [
    ...members.map(({ hrid, name, isSelf }) => ({ hrid, name: isSelf ? 'you' : name })),
    ...people.contacts.filter((contact) => !isMember(contact)),
  ];
  const found = findPerson(known, wanted, 'people');
  const member = members.find(({ hrid }) => hrid === found?.hrid);
  if (member !== undefined) return member;
  const who = found === null ? text`There is no '${wanted}'` : text`${personName(people, found.hrid)} is not`;
  throw new Failure(
    text`${who} in ${groupName(group)}; see its members with: cliquet group show ${group.id.slice(0, shownId)}`,
  );
}

/** @throws Failure if several are meant */
function findPerson<T extends Known>(all: readonly T[], wanted: string, what: string): T | null {
  const { byId, byPrefix, byName, byAnyCase } = waysTo(wanted);
  // The person has chosen these names, so a name goes before the beginning of an id.
  const found = pick<T>(all, [
    ({ hrid }) => byId(hrid),
    ({ name }) => byName(name),
    ({ name }) => byAnyCase(name),
    ({ hrid }) => byPrefix(hrid),
  ]);
  if (found.length > 1) {
    throw ambiguous(
      wanted,
      what,
      found.map(({ hrid, name }) => text`${hrid.slice(0, shownHrid)} (${name || 'no name'})`),
    );
  }
  return found[0] ?? null;
}

/** @throws Failure unless exactly one message of the group's history is meant */
export async function findMessage(client: Client, group: Group, wanted: string): Promise<HistoryEntry> {
  const found: HistoryEntry[] = [];
  if (wanted.length >= minPrefix) {
    for await (const entry of client.search({ group: group.id })) {
      if (entry.id === wanted) return entry;
      if (entry.id.startsWith(wanted)) found.push(entry);
    }
  }
  const [only] = found;
  if (only === undefined) {
    const short = wanted.length < minPrefix ? text` (write at least ${minPrefix} characters of its id)` : text``;
    throw new Failure(
      text`There is no message '${wanted}' in ${groupName(group)}${short}; see them with: cliquet history`,
    );
  }
  if (found.length > 1)
    throw ambiguous(
      wanted,
      'messages',
      found.map(({ id }) => text`${id}`),
    );
  return only;
}

type Way<T> = (one: T) => boolean;

/** Those that the first way finds that finds any. */
function pick<T>(all: readonly T[], ways: readonly Way<T>[]): readonly T[] {
  for (const way of ways) {
    const found = all.filter(way);
    if (found.length > 0) return found;
  }
  return [];
}

/** How something can be called: by its id, the beginning of that, its name, or its name in other case. */
function waysTo(wanted: string) {
  // Keyboards and file systems compose the same letters differently.
  const name = wanted.normalize('NFC');
  const [longEnough, lower] = [wanted.length >= minPrefix, name.toLowerCase()];
  return {
    byId: (id: string) => id === wanted,
    byPrefix: (id: string) => longEnough && id.startsWith(wanted),
    byName: (one: string) => name !== '' && one.normalize('NFC') === name,
    byAnyCase: (one: string) => name !== '' && one.normalize('NFC').toLowerCase() === lower,
  };
}

function ambiguous(wanted: string, what: string, candidates: readonly Safe[]): Failure {
  const shown = candidates.slice(0, maxCandidates);
  const more = candidates.length > shown.length ? text`, …` : text``;
  return new Failure(
    text`'${wanted}' could be ${candidates.length} ${what}; name one by its id: ${join(shown, ', ')}${more}`,
  );
}
