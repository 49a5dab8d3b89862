// Members who had lost their keys, or fallen behind, are back with a new generation.

import { positionOf } from '../protocol/lineage.ts';
import type { Roster } from '../protocol/roster.ts';
import { emit } from '../state/events.ts';
import { isSharedIn, ratchetsOf } from '../state/generations.ts';
import { healingOf, putHealing, retirePackages } from '../state/healing.ts';
import { loadRatchet, saveRatchet } from '../state/ratchets.ts';
import { type GroupRecord, type RequestRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Details, HeldGeneration, RosterEntry } from '../wire/record.ts';
import { tell } from './invitations.ts';
import { sendAgainTo, sendAgainToAll } from './resend.ts';

/** After its first request a client waits so long before it asks again. */
export const firstWaitSeconds = 3600;
/** Who has answered a member is not believed to have let it in again before. */
const distrustSeconds = 2 * 24 * 3600;

export const requestKey = (group: Bytes, hrid: Bytes): string => `${bytesKey(group)}/${bytesKey(hrid)}`;

/** The newest generation that a member still has, and of which this client has the export secret too. */
export function sharedWith(reader: Reader, { group, held }: RequestRecord): HeldGeneration | null {
  return sharedIn(reader, group, held);
}

/** The first of some generations that is one of the group, and of which this client has the export secret. */
export function sharedIn(reader: Reader, group: Bytes, held: readonly HeldGeneration[]): HeldGeneration | null {
  return held.find(({ generation }) => isSharedIn(reader, generation, group)) ?? null;
}

/**
 * What a generation means that lets members come back: they are told of, what they have asked for is done, and what they
 * have missed is said again; only to whoever has asked, as any member can open one generation after the other.
 * @param before  who was in the group as it was known here: its requests went to them
 * @param group   as it is with that generation
 * @param by      who has opened it
 * @param now     seconds since 1970
 */
export async function welcomeBack(
  tx: Transaction,
  own: Bytes,
  before: Roster,
  group: GroupRecord,
  returned: Details['returned'],
  by: Bytes,
  now: number,
): Promise<void> {
  if (returned.length > 0) tellAllAgain(tx, group);
  for (const { position, held } of returned) {
    const member = group.roster[position]?.hrid;
    if (member === undefined) continue;
    const event = { type: 'returned', group: group.id, member, by, whole: held !== null } as const;
    if (sameBytes(member, own)) {
      emit(tx, event);
      if (endRequests(tx, own, before, group, now)) await sendAgainToAll(tx, group);
    } else {
      await tell(tx, group, event);
      const request = endRequest(tx, requestKey(group.id, member), by, own, now);
      // What it has, and lacks, it says itself; of what this client does not have, it lacks all.
      if (request !== null && held !== null) await sendAgainTo(tx, group, member, sharedWith(tx, request) ?? held);
    }
  }
}

/** This client is let in. @returns whether it has asked for that since it was let in last */
function endRequests(
  tx: Transaction,
  own: Bytes,
  before: Roster,
  { id: group, roster }: GroupRecord,
  now: number,
): boolean {
  const healing = healingOf(tx, group);
  const { askedAt, returnedAt } = healing;
  if (askedAt === null || (returnedAt !== null && askedAt <= returnedAt)) return false;
  retirePackages(tx, group, now);
  const isNew = ({ hrid }: RosterEntry) => positionOf(before, hrid) < 0 && !sameBytes(hrid, own);
  const unasked = roster.filter(isNew).map(({ hrid }) => hrid);
  putHealing(tx, group, {
    ...healing,
    since: null,
    requests: 0,
    // What comes next has nothing to do with how long this has taken.
    askAt: Math.min(healing.askAt, askedAt + firstWaitSeconds),
    // What did not open before is over: if it was forged, it must not shut this client out for ever.
    unopened: [],
    // What was said in generations that never came is said again, by those who were asked.
    unheld: unasked.length === 0 ? [] : healing.unheld.map((each) => ({ ...each, saidAt: null, asked: true })),
    unasked,
    returnedAt: now,
  });
  return true;
}

/**
 * Somebody has let a member in. Whoever answers that one again and again may give it what does not open: that counts for
 * nothing, or nobody else would answer.
 * @returns the request, if it is done with this
 */
function endRequest(tx: Transaction, key: string, by: Bytes, own: Bytes, now: number): RequestRecord | null {
  const request = tx.get(tables.requests, key);
  if (request === undefined || request.done) return null;
  const { answered } = request;
  const isAgain = answered !== null && sameBytes(answered.by, by) && now < answered.at + distrustSeconds;
  const done = !isAgain || sameBytes(by, own);
  tx.put(tables.requests, key, { ...request, done, answered: { by, at: now } });
  return done ? request : null;
}

/** Who comes back has not heard how far the others had come in earlier generations. */
function tellAllAgain(tx: Transaction, group: GroupRecord): void {
  for (const generation of ratchetsOf(tx, group.id)) {
    const ratchet = loadRatchet(tx, generation);
    const own = ratchet?.members[ratchet.self];
    if (ratchet === undefined || own === undefined || sameBytes(generation, group.generation)) continue;
    saveRatchet(tx, ratchet, { ...ratchet, members: ratchet.members.with(ratchet.self, { ...own, later: null }) });
  }
}
