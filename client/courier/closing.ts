// Generations that have been followed by others stay open for what is still to come in them, and are closed when nothing
// is: everybody has said how far it had come there, and all of it is here. What never came is told then.

import { isComplete } from '../protocol/later.ts';
import type { Generation, Lineage } from '../protocol/lineage.ts';
import { confirmedBy, coveredBy, type MemberState, type Ratchet } from '../protocol/ratchet.ts';
import { Rule } from '../protocol/rule.ts';
import { memberAt } from '../protocol/transcript.ts';
import { closeGeneration, heldPath, ratchetsOf, wasHeardIn } from '../state/generations.ts';
import { healingOf } from '../state/healing.ts';
import { loadLineage } from '../state/lineages.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { settledSeconds } from '../wire/limits.ts';
import { tell } from './invitations.ts';

/** A client that has come back waits so long for what is sent to it again. */
const returnSeconds = 24 * 3600;
/** Generations that are open at once beside the one that counts: the oldest are closed beyond. */
const maxOpen = 32;
const exportSeconds = 90 * 24 * 3600;

/** Closes what can be closed of a group. @param now seconds since 1970 */
export async function closeGenerations(tx: Transaction, group: GroupRecord, now: number): Promise<void> {
  const lineage = loadLineage(tx, group.id);
  const tip = lineage.get(bytesKey(group.generation));
  const path = tip === undefined ? [] : heldPath(tx, tip);
  const { returnedAt } = healingOf(tx, group.id);
  // What a removal has made void goes first, or those removed could push out what is still to come.
  const rule = new Rule(lineage);
  const rank = ({ generation }: Ratchet) => {
    const known = lineage.get(bytesKey(generation));
    return known !== undefined && rule.voiding(known) !== null ? 1 : 0;
  };
  const ended = ratchetsOf(tx, group.id)
    .flatMap((id) => loadRatchet(tx, id) ?? [])
    .filter(({ endedAt }) => endedAt !== null)
    .sort((a, b) => rank(b) - rank(a) || a.number - b.number);
  for (const [i, ratchet] of ended.entries()) {
    const endedAt = ratchet.endedAt ?? now;
    const hasReturned = returnedAt !== null && returnedAt >= endedAt;
    const isLate = (hasReturned ? returnedAt + returnSeconds : endedAt + settledSeconds) <= now;
    const isTooMany = ended.length - i > maxOpen;
    if (!isLate && !isTooMany && !isOver(tx, group, ratchet, lineage, path)) continue;
    await tellMissed(tx, group, ratchet);
    closeGeneration(tx, ratchet, now);
  }
  dropExports(tx, group, path, now);
}

/** Whether nothing is to come in a generation any more, and nobody needs what this client has made there. */
function isOver(
  reader: Reader,
  { roster }: GroupRecord,
  ratchet: Ratchet,
  lineage: Lineage,
  path: ReturnType<typeof heldPath>,
): boolean {
  const isMember = (hrid: Bytes) => roster.some((entry) => sameBytes(entry.hrid, hrid));
  const generation = lineage.get(bytesKey(ratchet.generation));
  const isBranch = generation !== undefined && !path.some((held) => held.generation === generation);
  const since = path.filter((held) => held.generation.record.number >= ratchet.number);
  const isDone = (member: MemberState, position: number) => {
    if (position === ratchet.self || !isMember(member.hrid) || isComplete(member, position)) return true;
    // Who said nothing of a branch in its first word on the path has said nothing there.
    return isBranch && member.later === null && since.some((held) => wasHeardIn(reader, held, member.hrid));
  };
  const { opened } = memberAt(ratchet, ratchet.self);
  const isConfirmed = isBranch || confirmedBy(ratchet, ratchet.self, isMember) >= opened;
  return isConfirmed && ratchet.members.every(isDone) && !isLeafNeeded(reader, ratchet, path, isMember);
}

/**
 * Whether others may still seal agreements to this client's newest leaf in a generation: it was made there, no other
 * generation has begun with it, and not everybody has covered a word of this client in a later one.
 */
function isLeafNeeded(
  reader: Reader,
  { generation, number, group, self, members }: Ratchet,
  path: ReturnType<typeof heldPath>,
  isMember: (hrid: Bytes) => boolean,
): boolean {
  const newest = members[self]?.contributions.at(-1);
  const isMade = newest !== undefined && (newest.from > 0 || members[self]?.firstLeaf.type !== 'contribution');
  if (!isMade || !members.some(({ hrid }, position) => position !== self && isMember(hrid))) return false;
  const others = ratchetsOf(reader, group)
    .filter((id) => !sameBytes(id, generation))
    .flatMap((id) => loadRatchet(reader, id) ?? []);
  const own = (ratchet: Ratchet) => ratchet.members[ratchet.self]?.contributions ?? [];
  if (others.some((ratchet) => own(ratchet).some(({ leaf }) => sameBytes(leaf, newest.leaf)))) return false;
  const isLater = ({ id, record }: Generation) => record.number >= number && !sameBytes(id, generation);
  const later = path.filter((held) => isLater(held.generation));
  const isCovered = (ratchet: Ratchet | undefined) => ratchet && confirmedBy(ratchet, ratchet.self, isMember) > 0;
  return !later.some(({ ratchet }) => isCovered(ratchet));
}

/** What members have said in a generation, by their own word, and what has not come. */
async function tellMissed(tx: Transaction, group: GroupRecord, ratchet: Ratchet): Promise<void> {
  for (const [position, member] of ratchet.members.entries()) {
    if (position === ratchet.self) continue;
    const { hrid, later, contents, opened } = member;
    // Who has gone without a word has said at least what it has signed, and what others have seen of it.
    const others = ratchet.members.map((other) => coveredBy(other, position));
    const count = later === null ? Math.max(member.seen, ...others) - opened : later.contents - contents;
    if (count > 0) await tell(tx, group, { type: 'missed', group: group.id, sender: hrid, count });
  }
}

/**
 * An export secret goes when no agreement can be sealed with it any more: everybody was heard in a later generation, and
 * has covered a word of this client there; and after 90 days.
 */
function dropExports(tx: Transaction, group: GroupRecord, path: ReturnType<typeof heldPath>, now: number): void {
  for (const { key, value } of tx.all(tables.exports)) {
    if (!sameBytes(value.group, group.id)) continue;
    const at = path.findIndex(({ generation }) => bytesKey(generation.id) === key);
    const later = at < 0 ? [] : path.slice(0, at);
    const others = group.roster.filter(({ hrid }) => !later.some((held) => wasHeardIn(tx, held, hrid)));
    const isCovered = later.some(({ ratchet }) => ratchet !== undefined && confirmedBy(ratchet, ratchet.self) > 0);
    if ((others.length === 0 && isCovered) || value.since + exportSeconds <= now) tx.delete(tables.exports, key);
  }
}
