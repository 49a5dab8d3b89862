// What changes in the store when the relay has come to know this client, or has forgotten it.

import { forgetGroup } from '../state/lineages.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { type Bytes, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { declineInvitation } from './invitations.ts';
import { abandonOutgoing, startOver } from './outbox.ts';

/**
 * The relay knows this client now. A new mailbox counts from 1; and under another HRID than theirs, the groups that
 * there are cannot be reached: they are lost, and invitations, which nobody can accept any more, declined.
 */
export async function noteRegistration(tx: Transaction, hrid: Bytes, epoch: Bytes): Promise<void> {
  const record = tx.get(tables.identity, '');
  const numbers = tx.get(tables.numbers, '');
  if (record === undefined || numbers === undefined) throw new CliquetError('client-closed');
  tx.put(tables.identity, '', { ...record, hrid });
  for (const { key, value: group } of tx.all(tables.groups)) {
    const ratchet = loadRatchet(tx, group.generation);
    const own = ratchet?.members[ratchet.self];
    if (own === undefined || sameBytes(own.hrid, hrid)) continue;
    if (group.status === 'invited') {
      await declineInvitation(tx, group);
      continue;
    }
    tx.put(tables.groups, key, { ...group, status: 'lost', pending: false });
    forgetGroup(tx, group.id);
    await abandonOutgoing(tx, group.id, 'group-lost');
  }
  if (numbers.cursor !== null && sameBytes(numbers.cursor.epoch, epoch)) return;
  tx.put(tables.numbers, '', { ...(tx.get(tables.numbers, '') ?? numbers), cursor: { epoch, seq: 0 } });
  startOver(tx);
}

/** The relay has forgotten this client, and dropped its key packages. */
export function noteDeregistration(tx: Transaction): void {
  const record = tx.get(tables.identity, '');
  if (record) tx.put(tables.identity, '', { ...record, hrid: null });
  for (const { key } of tx.all(tables.keyPackages)) tx.delete(tables.keyPackages, key);
  tx.delete(tables.packagesEnd, '');
}
