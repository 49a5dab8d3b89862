// Founding a group: contacts, claimed key packages, and the agreement under its number, in one commit.

import { putOutgoing } from './courier/outbox.ts';
import type { Registered } from './courier/registered.ts';
import { foundGroup, type Newcomer } from './protocol/found.ts';
import { verifyKeyPackage } from './protocol/key-package.ts';
import { putContact } from './state/contacts.ts';
import { emit } from './state/events.ts';
import { startConversation } from './state/history.ts';
import { saveRatchet } from './state/ratchets.ts';
import { type HistoryRule, tables } from './state/records.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';
import type { Invite } from './wire/invite.ts';
import { maxMembers, messageIdBytes } from './wire/limits.ts';

/**
 * @param contacts  everybody else, each once; they become contacts
 * @param history   how long what is said is kept; as for all new groups, if not said
 * @returns the group's id
 * @throws CliquetError `group-size`, `duplicate-member`, `identity-conflict`, `invite-invalid`, `other-relay`, `no-key-package`,
 *   `unregistered`, `rate-limited`, `key-package-invalid`
 */
export async function createGroup(
  { state, relay, as, curves, random, self, now }: Registered,
  contacts: readonly Invite[],
  name: string,
  history?: HistoryRule,
): Promise<Bytes> {
  if (contacts.length < 1 || contacts.length >= maxMembers) throw new CliquetError('group-size');
  const hrids = contacts.map(({ hrid }) => hrid);
  if (new Set([self.hrid, ...hrids].map(bytesKey)).size !== contacts.length + 1)
    throw new CliquetError('duplicate-member');
  await state.transact((tx) => {
    for (const contact of contacts) putContact(tx, relay.url, contact);
  });

  const { results } = await relay.claimKeyPackages(as, { id: random(messageIdBytes), hrids });
  if (results.length !== contacts.length) throw new CliquetError('relay-misbehaved');
  const newcomers = await Promise.all(
    contacts.map(async (contact, i): Promise<Newcomer> => {
      const claimed = results[i];
      if (!claimed?.package) throw new CliquetError(claimed?.code ?? 'no-key-package');
      return { ...contact, package: await verifyKeyPackage(curves, claimed.package, contact, now()) };
    }),
  );
  return state.transact(async (tx) => {
    const founded = await foundGroup(curves, random, self.identity, self.hrid, newcomers, name);
    const { ratchet, roster, body, headers, secretFingerprint } = founded;
    const { group, generation } = ratchet;
    tx.put(tables.groups, bytesKey(group), { id: group, name, status: 'active', generation, roster });
    startConversation(tx, group, history);
    saveRatchet(tx, undefined, ratchet);
    putOutgoing(tx, ratchet, body, headers, null, now());
    emit(tx, { type: 'joined', group, by: self.hrid, generationKey: secretFingerprint });
    return group;
  });
}
