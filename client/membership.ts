// How members of a group come and go, as the application asks for it.

import { changeGroup } from './courier/changes.ts';
import { leaveAlone } from './courier/membership.ts';
import type { GroupHost } from './group-host.ts';
import { hasTwice } from './protocol/roster.ts';
import { checkContact, putContact } from './state/contacts.ts';
import { type Change, type GroupRecord, tables } from './state/records.ts';
import { sameBytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';
import { decodeInvite } from './wire/invite.ts';

/** Changes a group in the name of this client. @throws CliquetError `not-accepted`, and as changeGroup() */
export async function applyChanges(
  host: GroupHost,
  { id, status }: GroupRecord,
  changes: readonly Change[],
): Promise<void> {
  if (status === 'invited') throw new CliquetError('not-accepted');
  await host.act((client) => changeGroup(client, id, changes));
}

export async function addMembers(host: GroupHost, record: GroupRecord, invites: readonly string[]): Promise<void> {
  const contacts = invites.map(decodeInvite);
  if (hasTwice(contacts.map(({ hrid }) => hrid))) throw new CliquetError('duplicate-member');
  const { state } = host;
  const relay = state.get(tables.identity, '')?.relay ?? '';
  for (const contact of contacts) checkContact(state, relay, contact);
  await applyChanges(
    host,
    record,
    contacts.map(({ hrid, pk }) => ({ type: 'add', hrid, pk })),
  );
  await host.change((tx) => {
    for (const contact of contacts) putContact(tx, relay, contact);
  });
}

export async function leaveGroup(host: GroupHost, record: GroupRecord): Promise<void> {
  const { roster, status } = record;
  const own = host.state.get(tables.identity, '')?.hrid;
  if (status === 'lost') {
    if (!own) throw new CliquetError('not-registered');
    await host.change((tx) => leaveAlone(tx, own, record, host.now()));
    return;
  }
  const self = roster.find(({ hrid }) => own && sameBytes(hrid, own));
  if (self === undefined) throw new CliquetError('not-member');
  const others = roster.filter((entry) => entry !== self);
  if (others.length === 0 && status === 'active') {
    await host.change((tx) => leaveAlone(tx, self.hrid, record, host.now()));
    return;
  }
  const [heir] = others;
  const isLastAdmin = self.role === 'admin' && !others.some(({ role }) => role === 'admin');
  const changes: Change[] = [{ type: 'remove', hrid: self.hrid, joined: self.joined }];
  if (isLastAdmin && heir !== undefined) changes.push({ type: 'role', hrid: heir.hrid, role: 'admin' });
  await applyChanges(host, record, changes);
}
