// Who is known, and under which key. A key that is known once never changes silently.

import { isIdentityKey } from '../crypto/curves-noble.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { normalText } from '../wire/content-body.ts';
import { CliquetError } from '../wire/errors.ts';
import { encodeInvite, type Invite } from '../wire/invite.ts';
import { type Contact, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import { isVerified } from './verification.ts';

/**
 * Keeps somebody as a contact.
 * @param relay  the origin of this client's relay
 * @param name   what the person calls the contact; the name that there is, if not said
 * @throws CliquetError `other-relay`; `invite-invalid` for a key that is none; `identity-conflict` if the HRID is
 *   known under another key
 */
export function putContact(tx: Transaction, relay: string, invite: Invite, name?: string): void {
  checkContact(tx, relay, invite);
  const kept = name === undefined ? tx.get(tables.contacts, bytesKey(invite.hrid))?.name : normalText(name);
  tx.put(tables.contacts, bytesKey(invite.hrid), { hrid: invite.hrid, pk: invite.pk, relay, name: kept ?? '' });
}

/** Whether somebody can be kept as a contact. @throws CliquetError as putContact() */
export function checkContact(reader: Reader, relay: string, invite: Invite): void {
  if (invite.relay !== relay) throw new CliquetError('other-relay');
  if (!isIdentityKey(invite.pk)) throw new CliquetError('invite-invalid', 'its key');
  const known = keysFor(reader, null)(invite.hrid);
  if (known !== null && !sameBytes(known, invite.pk)) throw new CliquetError('identity-conflict');
}

/** @throws CliquetError `contact-unknown` */
export function renameContact(tx: Transaction, hrid: string, name: string): void {
  tx.put(tables.contacts, hrid, { ...contactOf(tx, hrid), name });
}

/** @throws CliquetError `contact-unknown` */
export function removeContact(tx: Transaction, hrid: string): void {
  contactOf(tx, hrid);
  tx.delete(tables.contacts, hrid);
}

function contactOf(reader: Reader, hrid: string): Contact {
  const contact = reader.get(tables.contacts, hrid);
  if (contact === undefined) throw new CliquetError('contact-unknown');
  return contact;
}

/**
 * A contact as the application sees it.
 * @category Clients
 */
export interface ContactEntry {
  /** The HRID: base64url of 32 bytes, 43 characters. */
  readonly hrid: string;
  /** What the person calls the contact, or ''. */
  readonly name: string;
  /** Whether the person has compared safety numbers in a group with this contact. */
  readonly isVerified: boolean;
  /** What brings somebody else to this contact, as {@link Client.invite} gives it. */
  readonly invite: string;
}

export function toContactEntry(reader: Reader, { hrid, pk, relay, name }: Contact): ContactEntry {
  return {
    hrid: bytesKey(hrid),
    name,
    isVerified: isVerified(reader, hrid, pk),
    invite: encodeInvite({ relay, hrid, pk }),
  };
}

/**
 * The key that somebody cannot change any more, or null: that of a contact; one under which it was heard in a group that the
 * person is in; or that in the roster of the group itself. What a roster says of somebody who was never heard there is not
 * believed elsewhere: whoever has made it up would shut the true one out.
 * @param group  where it is to stand; null if it is no group
 */
export function keysFor(reader: Reader, group: Bytes | null): (hrid: Bytes) => Bytes | null {
  const own = group && reader.get(tables.groups, bytesKey(group));
  const roster = own?.status === 'active' || own?.status === 'lost' ? own.roster : [];
  let heard: ReadonlyMap<string, Bytes> | undefined;
  return (hrid) => {
    const contact = reader.get(tables.contacts, bytesKey(hrid));
    if (contact !== undefined) return contact.pk;
    heard ??= heardKeys(reader, group);
    return heard.get(bytesKey(hrid)) ?? roster.find((member) => sameBytes(member.hrid, hrid))?.pk ?? null;
  };
}

/** By HRID: the keys of those who have signed something that opened, in the generations that are open; in one group first. */
function heardKeys(reader: Reader, group: Bytes | null): ReadonlyMap<string, Bytes> {
  const heard = new Map<string, Bytes>();
  const isFirst = (of: Bytes) => group !== null && sameBytes(of, group);
  const all = reader.all(tables.ratchets);
  for (const { key, value } of [...all].sort(
    (a, b) => Number(isFirst(a.value.group)) - Number(isFirst(b.value.group)),
  )) {
    if (reader.get(tables.groups, bytesKey(value.group))?.status !== 'active') continue;
    for (const [position, { value: member }] of reader.all(tables.members, `${key}/`).entries()) {
      if (member.opened > 0 || position === value.author) heard.set(bytesKey(member.hrid), member.pk);
    }
  }
  return heard;
}

/** The key under which somebody is known, from a contact or from the roster of a group that the person is or was in. */
export function knownKey(reader: Reader, hrid: Bytes): Bytes | null {
  const contact = reader.get(tables.contacts, bytesKey(hrid));
  if (contact !== undefined) return contact.pk;
  for (const { value } of reader.all(tables.groups)) {
    // What a stranger's invitation says of others is not believed before it is accepted.
    if (value.status !== 'active' && value.status !== 'lost') continue;
    const entry = value.roster.find((member) => sameBytes(member.hrid, hrid));
    if (entry !== undefined) return entry.pk;
  }
  return null;
}
