// Whether a group can be written in, and what is wrong if it cannot: the generation's keys are still to come, a removal is
// to be carried out first, or this client has fallen behind and has to come back.

import { positionOf } from '../protocol/lineage.ts';
import type { Ratchet } from '../protocol/ratchet.ts';
import { ratchetsOf } from '../state/generations.ts';
import { healingOf, unheldSince } from '../state/healing.ts';
import { isInLineage } from '../state/lineages.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Reader } from '../state/state.ts';
import { unknownSince } from './early.ts';
import { missingIn, waitSeconds } from './missing.ts';

/** What was asked for by `missing` and has not come by then does not come. */
const missingSeconds = 3600;

/** The ratchet of a group if content can be sealed with it now. */
export function openRatchet(reader: Reader, group: GroupRecord): Ratchet | undefined {
  return group.pending ? undefined : soundRatchet(reader, group);
}

/** The ratchet of a group if a generation can be opened with it now: this client is where the others are. */
export function soundRatchet(reader: Reader, group: GroupRecord): Ratchet | undefined {
  if (group.status !== 'active') return undefined;
  const ratchet = loadRatchet(reader, group.generation);
  if (ratchet === undefined || ratchet.rolledBack || ratchet.forked) return undefined;
  return aheadSince(reader, group) === null || isDoubtful(reader, group) ? ratchet : undefined;
}

/** Whether nobody has answered this client: it goes on all the same, or any member could stop all others. */
function isDoubtful(reader: Reader, { id }: GroupRecord): boolean {
  return healingOf(reader, id).requests > 1;
}

/** Since when it seems that the members have moved on without this client: seconds since 1970, or null. */
export function aheadSince(reader: Reader, group: GroupRecord): number | null {
  const { unopened } = healingOf(reader, group.id);
  const times = unopened.filter(({ id }) => !isInLineage(reader, group.id, id)).map(({ at }) => at);
  const since = Math.min(...times, unknownSince(reader, group) ?? Number.POSITIVE_INFINITY);
  return since === Number.POSITIVE_INFINITY ? null : since;
}

/** Registered under another address, this client is somebody else: the members do not know it. */
function isMember(reader: Reader, { roster }: GroupRecord): boolean {
  const own = reader.get(tables.identity, '')?.hrid;
  return own != null && positionOf(roster, own) >= 0;
}

/** Since when a client has to come back to a group by being let in again: seconds since 1970, or null if it has not. */
export function mustReturnSince(reader: Reader, group: GroupRecord): number | null {
  if (group.status === 'lost') return isMember(reader, group) ? group.since : null;
  if (group.status !== 'active') return null;
  const ratchet = loadRatchet(reader, group.generation);
  // The agreement may be on its way.
  if (ratchet === undefined) return group.since + waitSeconds;
  if (ratchet.rolledBack || ratchet.forked) return ratchet.since;
  const ahead = aheadSince(reader, group);
  if (ahead !== null) return ahead + waitSeconds;
  const unheld = unheldSince(reader, group);
  if (unheld !== null) return unheld + waitSeconds;
  const { missingAt } = healingOf(reader, group.id);
  if (missingAt === null) return null;
  // What has waited when it was asked for, and waits still.
  const isMissing = waitingRatchets(reader, group).some((each) => missingIn(each, missingAt - waitSeconds).length > 0);
  return isMissing ? missingAt + missingSeconds : null;
}

/** The generations in which what is missing may still come, if it is asked for: not what was lost before it came back. */
export function waitingRatchets(reader: Reader, { id }: GroupRecord): Ratchet[] {
  const { returnedAt } = healingOf(reader, id);
  return ratchetsOf(reader, id)
    .flatMap((generation) => loadRatchet(reader, generation) ?? [])
    .filter(({ endedAt }) => endedAt === null || returnedAt === null || endedAt > returnedAt);
}
