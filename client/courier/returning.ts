// Members who had lost their keys, or fallen behind, are back with a new generation.

import { emit } from '../state/events.ts';
import { ratchetsOf } from '../state/generations.ts';
import { healingOf, putHealing, retirePackages } from '../state/healing.ts';
import { loadRatchet, saveRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import type { Details } from '../wire/record.ts';
import { tell } from './invitations.ts';
import { sendAgainTo, sendAgainToAll } from './resend.ts';

export const requestKey = (group: Bytes, hrid: Bytes): string => `${bytesKey(group)}/${bytesKey(hrid)}`;

/**
 * What a generation means that lets members come back: they are told of, what they have asked for is done, and what they
 * have missed is said again.
 * @param group  as it is with that generation
 * @param by     who has opened it
 * @param now    seconds since 1970
 */
export async function welcomeBack(
  tx: Transaction,
  own: Bytes,
  group: GroupRecord,
  returned: Details['returned'],
  by: Bytes,
  now: number,
): Promise<void> {
  if (returned.length > 0) tellAllAgain(tx, group);
  for (const { position, held } of returned) {
    const member = group.roster[position]?.hrid;
    if (member === undefined) continue;
    const record = tx.get(tables.requests, requestKey(group.id, member));
    if (record !== undefined) tx.put(tables.requests, requestKey(group.id, member), { ...record, done: true });
    const event = { type: 'returned', group: group.id, member, by, whole: held !== null } as const;
    if (sameBytes(member, own)) {
      emit(tx, event);
      retirePackages(tx, group.id, now);
      putHealing(tx, group.id, {
        ...healingOf(tx, group.id),
        since: null,
        requests: 0,
        // What did not open before is over: if it was forged, it must not shut this client out for ever.
        unopened: [],
        returnedAt: now,
      });
      await sendAgainToAll(tx, group);
    } else {
      await tell(tx, group, event);
      await sendAgainTo(tx, group, member, held);
    }
  }
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
