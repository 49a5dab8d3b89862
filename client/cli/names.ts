// What a person calls things: groups and contacts by name or by the beginning of their id, messages by the beginning
// of theirs. Whatever could mean two things is refused, with both.

import type { Client, Group, HistoryEntry } from '../index.ts';
import { dim, join, type Safe, text } from './escape.ts';
import { Failure } from './failure.ts';

const minPrefix = 4;
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
  const found = pick(
    wanted,
    groups,
    ({ id }) => id,
    ({ name }) => name,
  );
  const [only] = found;
  if (only === undefined) {
    const known =
      groups.length === 0
        ? text`there is none yet; type: cliquet group create`
        : text`see them with: cliquet group list`;
    throw new Failure(text`There is no group '${wanted}' here; ${known}`);
  }
  if (found.length > 1)
    throw ambiguous(
      wanted,
      'groups',
      found.map((group) => text`${group.id.slice(0, shownId)} (${groupName(group)})`),
    );
  return only;
}

export interface Known {
  readonly hrid: string;
  readonly name: string;
}

/** @throws Failure unless exactly one contact is meant */
export function findContact<T extends Known>(contacts: readonly T[], wanted: string): T {
  const found = pick(
    wanted,
    contacts,
    ({ hrid }) => hrid,
    ({ name }) => name,
  );
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

/** What is meant: the whole id, the name, the name in other case, or the beginning of the id; the first that fits. */
function pick<T>(
  wanted: string,
  all: readonly T[],
  idOf: (one: T) => string,
  nameOf: (one: T) => string,
): readonly T[] {
  const lower = wanted.toLowerCase();
  const ways: ((one: T) => boolean)[] = [
    (one) => idOf(one) === wanted,
    (one) => nameOf(one) === wanted,
    (one) => nameOf(one).toLowerCase() === lower,
    (one) => wanted.length >= minPrefix && idOf(one).startsWith(wanted),
  ];
  for (const fits of wanted === '' ? [] : ways) {
    const found = all.filter(fits);
    if (found.length > 0) return found;
  }
  return [];
}

function ambiguous(wanted: string, what: string, candidates: readonly Safe[]): Failure {
  return new Failure(
    text`'${wanted}' could be ${candidates.length} ${what}; name one by its id: ${join(candidates, ', ')}`,
  );
}
