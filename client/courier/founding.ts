// Founding a group: contacts, claimed key packages, and the agreement under its number, in one commit.

import { openGeneration } from '../protocol/opening.ts';
import { hasTwice } from '../protocol/roster.ts';
import { putContact } from '../state/contacts.ts';
import { emit } from '../state/events.ts';
import { startConversation } from '../state/history.ts';
import { saveLineage } from '../state/lineages.ts';
import { saveRatchet } from '../state/ratchets.ts';
import { type HistoryRule, tables } from '../state/records.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import type { Invite } from '../wire/invite.ts';
import { maxMembers } from '../wire/limits.ts';
import { type Claimed, claim } from './opener.ts';
import { putOutgoing, recipientsOf } from './outbox.ts';
import type { Registered } from './registered.ts';

/**
 * @param contacts  everybody else, each once; they become contacts
 * @param history   how long what is said is kept; as for all new groups, if not said
 * @returns the group's id
 * @throws CliquetError `group-size`, `duplicate-member`, `identity-conflict`, `invite-invalid`, `other-relay`, `no-key-package`,
 *   `unregistered`, `rate-limited`, `key-package-invalid`
 */
export async function createGroup(
  client: Registered,
  contacts: readonly Invite[],
  name: string,
  history?: HistoryRule,
): Promise<Bytes> {
  const { state, relay, curves, random, self, now: clock } = client;
  if (contacts.length < 1 || contacts.length >= maxMembers) throw new CliquetError('group-size');
  const pks = [self.identity.pk, ...contacts.map(({ pk }) => pk)];
  if (hasTwice([self.hrid, ...contacts.map(({ hrid }) => hrid)]) || hasTwice(pks)) {
    throw new CliquetError('duplicate-member');
  }
  await state.transact((tx) => {
    for (const contact of contacts) putContact(tx, relay.url, contact);
  });
  const claimed = new Map<string, Claimed>();
  await claim(client, contacts, claimed);
  const accesses = contacts.map(({ hrid }) => {
    const found = claimed.get(bytesKey(hrid));
    if (!found?.package) throw new CliquetError(found?.code ?? 'no-key-package');
    return [bytesKey(hrid), { package: found.package, leaf: null, exportSecret: null }] as const;
  });
  const own = { hrid: self.hrid, pk: self.identity.pk, role: 'admin' as const };
  const others = contacts.map(({ hrid, pk }) => ({ hrid, pk, role: 'member' as const }));
  return state.transact(async (tx) => {
    const now = clock();
    const opened = await openGeneration(curves, random, self, {
      group: random(32),
      parent: null,
      operation: { removed: [], roles: [], added: [own, ...others], name },
      because: [],
      base: null,
      history: [],
      returned: [],
      chainKey: null,
      accesses: new Map(accesses),
      now,
    });
    const { generation, ratchet, body, headers, secretFingerprint } = opened;
    const { id, roster, record } = generation;
    const { group } = record;
    const invitedFrom = startConversation(tx, group, history);
    const status = 'active';
    tx.put(tables.groups, bytesKey(group), {
      id: group,
      name,
      status,
      generation: id,
      roster,
      since: now,
      pending: false,
      invitedFrom,
    });
    saveLineage(tx, group, new Map([[bytesKey(id), generation]]));
    if (ratchet !== null) saveRatchet(tx, undefined, ratchet);
    const to = recipientsOf(roster, 0, headers);
    putOutgoing(tx, { group, generation: id, part: 'agreement', message: null, to, body }, now);
    emit(tx, { type: 'joined', group, by: self.hrid, generationKey: secretFingerprint });
    return group;
  });
}
