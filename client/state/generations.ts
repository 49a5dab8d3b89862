// What a client holds of a group's generations beside the one that counts: ratchets of earlier and competing ones, for
// what is still to come there, and the export secrets of those whose ratchets are gone.

import type { Holdings, KnownLeaf } from '../protocol/accept.ts';
import { type Generation, isOnPath, type Lineage } from '../protocol/lineage.ts';
import type { Access } from '../protocol/opening.ts';
import { namedContribution, type Ratchet } from '../protocol/ratchet.ts';
import { type Bytes, bytesKey, decodeBase64Url, sameBytes } from '../wire/bytes.ts';
import type { LeafOrigin } from '../wire/record.ts';
import { deleteRatchet, generationPrefix, loadRatchet } from './ratchets.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

/** The generations of a group whose ratchets are here, in no particular order. */
export function ratchetsOf(reader: Reader, group: Bytes): Bytes[] {
  return coresOf(reader, group).map(({ generation }) => generation);
}

/** The same, without members and waiting messages. */
export function coresOf(reader: Reader, group: Bytes): Omit<Ratchet, 'members' | 'waiting'>[] {
  return reader.all(tables.ratchets).flatMap(({ value }) => (sameBytes(value.group, group) ? [value] : []));
}

/** Notes which generation counts, and of the others since when they do not. @param now seconds since 1970 */
export function markPresent(tx: Transaction, group: Bytes, present: Bytes, now: number): void {
  for (const { key, value } of tx.all(tables.ratchets)) {
    if (!sameBytes(value.group, group)) continue;
    const endedAt = sameBytes(value.generation, present) ? null : (value.endedAt ?? now);
    if (endedAt !== value.endedAt) tx.put(tables.ratchets, key, { ...value, endedAt });
  }
}

/** What an agreement to this client may be sealed to. @param now seconds since 1970 */
export function holdingsOf(reader: Reader, now: number): Holdings {
  return {
    package: (id) => {
      const kept = reader.get(tables.keyPackages, bytesKey(id));
      return kept !== undefined && kept.expires > now ? kept : null;
    },
    leaf: (origin) => findOwnLeaf(reader, origin),
    exportSecret: (generation) => exportSecretOf(reader, generation),
  };
}

export function exportSecretOf(reader: Reader, generation: Bytes): Bytes | null {
  const key = bytesKey(generation);
  return reader.get(tables.ratchets, key)?.exportSecret ?? reader.get(tables.exports, key)?.secret ?? null;
}

type Named = Pick<Ratchet, 'generation' | 'group' | 'exportSecret'>;

/** A generation that is open here, by the part of its id that stands on envelopes. */
export function findOpen(reader: Reader, prefix: Bytes): Named | undefined {
  const ratchets = reader.all(tables.ratchets).map(({ value }) => value);
  return ratchets.find(({ generation }) => sameBytes(generationPrefix(generation), prefix));
}

/** The ratchet of a generation that is open here, by the same. */
export function findRatchet(reader: Reader, prefix: Bytes): Ratchet | undefined {
  const found = findOpen(reader, prefix);
  return found && loadRatchet(reader, found.generation);
}

/** The same of one that is closed, as long as its export secret is kept. */
export function findClosed(reader: Reader, prefix: Bytes): Named | undefined {
  // A key is base64url: of 16 bytes, the first 21 characters say all but two bits.
  const [kept] = reader.all(tables.exports, bytesKey(prefix).slice(0, 21));
  return kept && { generation: decodeBase64Url(kept.key), group: kept.value.group, exportSecret: kept.value.secret };
}

/** Whether a generation is one of a group, and its export secret is here: what is shared in one group proves nothing in another. */
export function isSharedIn(reader: Reader, generation: Bytes, group: Bytes): boolean {
  const key = bytesKey(generation);
  const of = reader.get(tables.ratchets, key)?.group ?? reader.get(tables.exports, key)?.group;
  return of !== undefined && sameBytes(of, group);
}

/** An own leaf by where it was made, in that generation or as what a later one has begun with. */
function findOwnLeaf(
  reader: Reader,
  origin: Extract<LeafOrigin, { type: 'contribution' }>,
): ReturnType<Holdings['leaf']> {
  const there = loadRatchet(reader, origin.generation);
  const made = there?.members[there.self]?.contributions.find(({ from }) => from === origin.from);
  const kept = made?.leafSecret ? made : findInherited(reader, origin);
  return kept?.leafSecret ? { key: kept.leaf, secret: kept.leafSecret } : null;
}

function findInherited(reader: Reader, origin: Extract<LeafOrigin, { type: 'contribution' }>) {
  for (const { value } of reader.all(tables.ratchets)) {
    const ratchet = loadRatchet(reader, value.generation);
    const own = ratchet?.members[ratchet.self];
    const inherits = own?.firstLeaf.type === 'contribution' && isSameOrigin(own.firstLeaf, origin);
    const first = inherits ? own.contributions.find(({ from }) => from === 0) : undefined;
    if (first !== undefined) return first;
  }
  return undefined;
}

type ContributionOrigin = Extract<LeafOrigin, { type: 'contribution' }>;

const isSameOrigin = (a: ContributionOrigin, b: ContributionOrigin) =>
  a.from === b.from && sameBytes(a.generation, b.generation);

/** What others' leaves are known to be here. */
export function knownLeavesIn(reader: Reader): KnownLeaf {
  return (hrid, origin) => {
    const ratchet = loadRatchet(reader, origin.generation);
    const member = ratchet?.members.find((each) => sameBytes(each.hrid, hrid));
    return member?.contributions.find(({ from }) => from === origin.from)?.leaf ?? null;
  };
}

/** A generation, with its ratchet, if that is here. */
interface Held {
  readonly generation: Generation;
  readonly ratchet: Ratchet | undefined;
}

/** The path to a generation, from it backwards, with what is held of each. */
export function heldPath(reader: Reader, tip: Generation): Held[] {
  const held: Held[] = [];
  for (let at: Generation | null = tip; at !== null; at = at.parent) {
    held.push({ generation: at, ratchet: loadRatchet(reader, at.id) });
  }
  return held;
}

/** What is held beside a path: competing generations and what follows them, the last first. */
export function heldBranches(reader: Reader, lineage: Lineage, path: readonly Held[]): Held[] {
  const isBeside = (each: Generation) => !path.some(({ generation }) => generation === each);
  return [...lineage.values()]
    .filter(isBeside)
    .sort((a, b) => b.record.number - a.record.number)
    .map((generation) => ({ generation, ratchet: loadRatchet(reader, generation.id) }));
}

/** Whether a member was heard in a generation: it has opened it, or said something there. */
export function wasHeardIn(reader: Reader, { generation, ratchet }: Held, hrid: Bytes): boolean {
  if (sameBytes(generation.record.author, hrid)) return true;
  const position = ratchet?.members.findIndex((member) => sameBytes(member.hrid, hrid)) ?? -1;
  if (ratchet !== undefined) return (ratchet.members[position]?.opened ?? 0) > 0;
  const heard = reader.get(tables.exports, bytesKey(generation.id))?.heard ?? [];
  return heard.some((each) => sameBytes(each, hrid));
}

/** Whether a member has come, or come back, with a generation: of earlier ones it may have nothing. */
function beganIn(reader: Reader, { generation, ratchet }: Held, hrid: Bytes): boolean {
  const isMember = (each: Bytes) => sameBytes(each, hrid);
  const member = ratchet?.members.find((each) => isMember(each.hrid));
  if (member !== undefined) return member.firstLeaf.type === 'package';
  return (reader.get(tables.exports, bytesKey(generation.id))?.begun ?? []).some(isMember);
}

/**
 * What g can be sealed with for a member of the generation that counts, beside a package: the newest leaf that is known
 * of it, and X of the newest generation in which it was heard, or else with which it has come.
 */
export function accessTo(
  reader: Reader,
  path: readonly Held[],
  branches: readonly Held[],
  hrid: Bytes,
): Omit<Access, 'package'> {
  let exportSecret: Access['exportSecret'] = null;
  for (const held of path) {
    const { id } = held.generation;
    const hasBegun = beganIn(reader, held, hrid);
    if (hasBegun || wasHeardIn(reader, held, hrid)) {
      const secret = exportSecretOf(reader, id);
      exportSecret = secret && { generation: id, secret };
      if (secret !== null || hasBegun) break;
    }
  }
  return { leaf: newestLeaf(path, branches, hrid), exportSecret: exportSecret ?? oldestShared(reader, path, hrid) };
}

/** Who is new has not heard everybody: it shares with them what it has come with. */
function oldestShared(reader: Reader, path: readonly Held[], hrid: Bytes): Access['exportSecret'] {
  for (const { generation } of path.toReversed()) {
    const secret = exportSecretOf(reader, generation.id);
    const isMember = generation.roster.some((entry) => sameBytes(entry.hrid, hrid));
    if (secret !== null && isMember) return { generation: generation.id, secret };
  }
  return null;
}

interface KnownLeafIn {
  /** Where it is known from, which may have begun with what the member had made elsewhere. */
  readonly generation: Generation;
  readonly leaf: NonNullable<Access['leaf']>;
  readonly firstLeaf: LeafOrigin;
}

/**
 * The newest leaf of a member that is known here. A generation may have been opened by somebody who had not heard the
 * member's last words in an earlier or a competing one: what they have brought counts, or it would be undone.
 */
function newestLeaf(path: readonly Held[], branches: readonly Held[], hrid: Bytes): Access['leaf'] {
  const held = [...path, ...branches];
  const made = held.flatMap((each) => leafIn(each, hrid) ?? []).filter(isMadeThere);
  let newest = path.flatMap((each) => leafIn(each, hrid) ?? [])[0]?.leaf ?? null;
  for (let later: Access['leaf'] = newest; later !== null; ) {
    newest = later;
    later = laterLeaf(held, made, later);
  }
  return newest;
}

function isMadeThere({ generation, leaf }: KnownLeafIn): boolean {
  return sameBytes(leaf.origin.generation, generation.id);
}

/** What a member has made after a leaf: in the same generation, or in one that has followed it or begun with the leaf. */
function laterLeaf(
  held: readonly Held[],
  made: readonly KnownLeafIn[],
  { origin }: KnownLeafIn['leaf'],
): KnownLeafIn['leaf'] | null {
  const there = held.find(({ generation }) => sameBytes(generation.id, origin.generation))?.generation;
  const later = made.find(({ generation, leaf, firstLeaf }) => {
    if (sameBytes(generation.id, origin.generation)) return leaf.origin.from > origin.from;
    const hasFollowed = there !== undefined && isOnPath(there, generation);
    return hasFollowed || (firstLeaf.type === 'contribution' && isSameOrigin(firstLeaf, origin));
  });
  return later?.leaf ?? null;
}

function leafIn({ generation, ratchet }: Held, hrid: Bytes): KnownLeafIn | null {
  const member = ratchet?.members.find((each) => sameBytes(each.hrid, hrid));
  if (member === undefined) return null;
  const { from, leaf: key } = namedContribution(member, member.opened);
  const inherited = from === 0 && member.firstLeaf.type === 'contribution' ? member.firstLeaf : null;
  const origin = inherited ?? { type: 'contribution', generation: generation.id, from };
  return { generation, leaf: { key, origin }, firstLeaf: member.firstLeaf };
}

/** A generation's ratchet goes; its export secret and who was heard in it stay, for what is sealed to them. */
export function closeGeneration(tx: Transaction, ratchet: Ratchet, now: number): void {
  const { group, generation, exportSecret, members, author } = ratchet;
  const heard = members.filter(({ opened }, position) => opened > 0 || position === author).map(({ hrid }) => hrid);
  const begun = members.filter(({ firstLeaf }) => firstLeaf.type === 'package').map(({ hrid }) => hrid);
  tx.put(tables.exports, bytesKey(generation), { group, secret: exportSecret, heard, begun, since: now });
  deleteRatchet(tx, generation);
}

/** Leaves nothing of a group's keys. */
export function deleteKeys(tx: Transaction, group: Bytes): void {
  for (const generation of ratchetsOf(tx, group)) deleteRatchet(tx, generation);
  for (const { key, value } of tx.all(tables.exports)) {
    if (sameBytes(value.group, group)) tx.delete(tables.exports, key);
  }
}
