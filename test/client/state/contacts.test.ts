import { beforeEach, describe, expect, it } from 'vitest';
import { identityPublicKey } from '../../../client/crypto/curves-noble.ts';
import { knownKey, putContact } from '../../../client/state/contacts.ts';
import { saveRatchet } from '../../../client/state/ratchets.ts';
import { tables } from '../../../client/state/records.ts';
import { State } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import type { Invite } from '../../../client/wire/invite.ts';
import { at } from '../../support/chat.ts';
import { foundTestGroup, ownerOf } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { groupRecord } from '../../support/state.ts';

const relay = 'https://relay.example';
const random = seededRandom('contacts');
const key = () => identityPublicKey(random.bytes(32));
const invite = (change: Partial<Invite> = {}): Invite => ({ relay, hrid: random.bytes(32), pk: key(), ...change });

let state: State;
const put = (contact: Invite) => state.transact((tx) => putContact(tx, relay, contact));

beforeEach(async () => {
  state = await State.load(memoryStore(), Object.values(tables));
});

describe('putContact()', () => {
  it('keeps a contact, and the same one again', async () => {
    const contact = invite();
    await put(contact);
    await put(contact);
    expect(knownKey(state, contact.hrid)).toEqual(contact.pk);
  });

  it('refuses an invite for another relay', async () => {
    await expect(put(invite({ relay: 'https://other.example' }))).rejects.toMatchObject({ code: 'other-relay' });
  });

  it('refuses a key that is none, or of small order', async () => {
    for (const pk of [new Uint8Array(32).fill(0xff), new Uint8Array(32), new Uint8Array(32).with(0, 1)]) {
      await expect(put(invite({ pk: new Uint8Array(pk) }))).rejects.toMatchObject({ code: 'invite-invalid' });
    }
    expect(state.all(tables.contacts)).toEqual([]);
  });

  it('refuses another key of somebody who is a contact', async () => {
    const contact = invite();
    await put(contact);
    await expect(put({ ...contact, pk: key() })).rejects.toMatchObject({ code: 'identity-conflict' });
    expect(knownKey(state, contact.hrid)).toEqual(contact.pk);
  });

  it('refuses another key of somebody who was heard in a group, and believes no roster else', async () => {
    const { people, generation, ratchets } = await foundTestGroup(random, 3);
    const { id, roster, record } = generation;
    await state.transact((tx) => {
      tx.put(tables.groups, bytesKey(record.group), groupRecord({ id: record.group, generation: id, roster }));
      saveRatchet(tx, undefined, at(ratchets, 1));
    });
    const [author, , silent] = people.map(ownerOf);
    if (author === undefined || silent === undefined) throw new RangeError('three people expected');
    await expect(put({ relay, ...author, pk: key() })).rejects.toMatchObject({ code: 'identity-conflict' });
    await put({ relay, ...author });
    await put({ relay, ...silent, pk: key() });
  });
});

describe('knownKey()', () => {
  it('does not believe an invitation that nobody has accepted', async () => {
    const friend = invite();
    const [id, generation] = [random.bytes(32), random.bytes(32)];
    const roster = [{ ...friend, pk: key() }, invite()].map(({ hrid, pk }) => {
      return { hrid, pk, joined: generation, role: 'member' as const };
    });
    for (const status of ['invited', 'declined'] as const) {
      await state.transact((tx) =>
        tx.put(tables.groups, bytesKey(id), groupRecord({ id, status, generation, roster })),
      );
      expect(knownKey(state, friend.hrid)).toBe(null);
    }
    await put(friend);
  });

  it('still knows the members of a group whose keys are lost', async () => {
    const friend = invite();
    const [id, generation] = [random.bytes(32), random.bytes(32)];
    const roster = [friend, invite()].map(({ hrid, pk }) => ({
      hrid,
      pk,
      joined: generation,
      role: 'member' as const,
    }));
    const group = groupRecord({ id, status: 'lost', generation, roster });
    await state.transact((tx) => tx.put(tables.groups, bytesKey(id), group));
    expect(knownKey(state, friend.hrid)).toEqual(friend.pk);
  });

  it('knows nothing of strangers', () => {
    expect(knownKey(state, random.bytes(32))).toBe(null);
  });
});
