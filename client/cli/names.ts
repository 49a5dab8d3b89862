// What a person calls things: groups and contacts by name or by the beginning of their id, messages by the beginning
// of theirs. Whatever could mean two things is refused, with both.

import type { Client, Group, HistoryEntry } from '../index.ts';
import { dim, join, type Safe, text } from './escape.ts';
import { Failure } from './failure.ts';

const minPrefix = 4;
/** Of those that could be meant, so many are told: enough for a person, and no flood from whoever founds groups. */
const maxCandidates = 5;
const shownId = 6;
const shownHrid = 8;

/** The beginning of a group's or a message's id, as it is shown and understood. */
export const shortId = (id: string): Safe => dim(id.slice(0, shownId));

/** A group as it is called here. */
export const groupName = ({ id, name }: Group): Safe =>
  name === '' ? text`group ${id.slice(0, shownId)}` : text`${name}`;

/** A person as they are called here: their petname, or the beginning of their HRID. */
export function personName(client: Client, hrid: string): Safe {
  if (hrid === client.hrid) return text`you`;
  const name = client.contacts.find((contact) => contact.hrid === hrid)?.name;
  return name ? text`${name}` : text`${hrid.slice(0, shownHrid)}`;
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
  const { byId, byPrefix, byName, byAnyCase } = waysTo(wanted);
  // The person has chosen these names, so a name goes before the beginning of an id.
  const found = pick<T>(contacts, [
    ({ hrid }) => byId(hrid),
    ({ name }) => byName(name),
    ({ name }) => byAnyCase(name),
    ({ hrid }) => byPrefix(hrid),
  ]);
  const [only] = found;
  if (only === undefined)
    throw new Failure(text`There is no contact '${wanted}' here; see them with: cliquet contacts`);
  if (found.length > 1) {
    throw ambiguous(
      wanted,
      'contacts',
      found.map(({ hrid, name }) => text`${hrid.slice(0, shownHrid)} (${name || 'no name'})`),
    );
  }
  return only;
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
