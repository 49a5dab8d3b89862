// Who is known, and under which key. A key that is known once never changes silently.

import { isIdentityKey } from './crypto/curves-noble.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import { type Bytes, bytesKey, sameBytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';
import type { Invite } from './wire/invite.ts';

/**
 * Keeps somebody as a contact.
 * @param relay  the origin of this client's relay
 * @throws CliquetError `invite-invalid` for another relay or a key that is none; `identity-conflict` if the HRID is
 *   known under another key
 */
export function putContact(tx: Transaction, relay: string, invite: Invite): void {
  if (invite.relay !== relay) throw new CliquetError('invite-invalid', 'it is for another relay');
  if (!isIdentityKey(invite.pk)) throw new CliquetError('invite-invalid', 'its key');
  const known = knownKey(tx, invite.hrid);
  if (known !== null && !sameBytes(known, invite.pk)) throw new CliquetError('identity-conflict');
  tx.put(tables.contacts, bytesKey(invite.hrid), { hrid: invite.hrid, pk: invite.pk, relay });
}

/** The key under which somebody is known, from a contact or from the roster of a group that the person is in. */
export function knownKey(reader: Reader, hrid: Bytes): Bytes | null {
  const contact = reader.get(tables.contacts, bytesKey(hrid));
  if (contact !== undefined) return contact.pk;
  for (const { value } of reader.all(tables.groups)) {
    // What a stranger's invitation says of others is not believed before it is accepted.
    if (value.status !== 'active') continue;
    const entry = value.roster.find((member) => sameBytes(member.hrid, hrid));
    if (entry !== undefined) return entry.pk;
  }
  return null;
}
