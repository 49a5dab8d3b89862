// Invitations: groups that wait for the person's answer. Events of them are held back, and nothing is sent.

import { emit } from '../state/events.ts';
import { deleteHistory, forgetMessage } from '../state/history.ts';
import { forgetGroup } from '../state/lineages.ts';
import { type GroupRecord, type StoredEvent, tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { numberKey } from '../store/store.ts';
import { bytesKey } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';

/** Invitations that wait for an answer: more than anybody reads, and a bound for what strangers can make a client keep. */
const maxInvitations = 64;
/** Events of an invitation that nobody has answered; the oldest go. */
const maxHeld = 256;

/** @throws CliquetError `too-many-invitations` if there is no room for another one */
export function assertInvitable(tx: Transaction): void {
  const waiting = tx.all(tables.groups).filter(({ value }) => value.status === 'invited').length;
  if (waiting >= maxInvitations) throw new CliquetError('too-many-invitations');
}

/** Tells the application, or holds the event back until the invitation is accepted. */
export async function tell(tx: Transaction, group: GroupRecord, event: StoredEvent): Promise<void> {
  if (group.status === 'active') {
    emit(tx, event);
    return;
  }
  const prefix = `${bytesKey(group.id)}/`;
  const held = tx.all(tables.held, prefix);
  const [oldest] = held;
  if (held.length >= maxHeld && oldest !== undefined) {
    tx.delete(tables.held, oldest.key);
    // Nobody will hear of it: what it said goes too.
    if (oldest.value.type === 'message') await forgetMessage(tx, group.id, oldest.value.message);
  }
  const next = Number(held.at(-1)?.key.slice(prefix.length) ?? -1) + 1;
  tx.put(tables.held, prefix + numberKey(next), event);
}

/** The person accepts: what was held back is told. */
export function acceptInvitation(tx: Transaction, group: GroupRecord): void {
  if (group.status !== 'invited') throw new CliquetError('already-accepted');
  tx.put(tables.groups, bytesKey(group.id), { ...group, status: 'active' });
  tx.delete(tables.healing, bytesKey(group.id)); // it begins anew
  for (const { key, value } of tx.all(tables.held, `${bytesKey(group.id)}/`)) {
    tx.delete(tables.held, key);
    emit(tx, value);
  }
}

/**
 * The person declines: nothing of the group is kept but its record, which says that it was declined; or what was there
 * before, if this client was in it once.
 */
export async function declineInvitation(tx: Transaction, group: GroupRecord): Promise<void> {
  if (group.status !== 'invited') throw new CliquetError('already-accepted');
  const wasMember = group.invitedFrom > 0;
  const ended = wasMember ? ({ status: 'left' } as const) : ({ status: 'declined', name: '' } as const);
  tx.put(tables.groups, bytesKey(group.id), { ...group, ...ended, pending: false });
  await deleteHistory(tx, group.id, group.invitedFrom);
  for (const { key } of tx.all(tables.held, `${bytesKey(group.id)}/`)) tx.delete(tables.held, key);
  forgetGroup(tx, group.id);
}
