import { describe, expect, it } from 'vitest';
import { acceptInvitation, declineInvitation } from '../../../client/courier/invitations.ts';
import { noteRegistration } from '../../../client/courier/registration.ts';
import { knownKey } from '../../../client/state/contacts.ts';
import { archives, tables } from '../../../client/state/records.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import type { Person } from '../../support/group.ts';
import { Inbox, world } from '../../support/inbox.ts';
import { groupRecord } from '../../support/state.ts';

describe('an invitation', () => {
  it('keeps 64 invitations that wait for an answer, and those of contacts besides', async () => {
    const { founding } = await world('invitations');
    for (const [contacts, told] of [
      [[], 'too-many-invitations'],
      [[0], 'joined'],
    ] as const) {
      const inbox = await Inbox.start(founding, 1, contacts);
      await inbox.state.transact((tx) => {
        for (let i = 0; i < 64; i++) {
          const id = new Uint8Array(32).fill(i);
          const member = (byte: number) => {
            const bytes = new Uint8Array(32).fill(byte);
            return { hrid: bytes, pk: bytes, joined: id, role: 'member' as const };
          };
          const roster = [member(1), member(2)];
          tx.put(tables.groups, bytesKey(id), groupRecord({ id, status: 'invited', generation: id, roster }));
        }
      });
      await inbox.join(founding);
      expect(inbox.told).toEqual([told]);
      expect(inbox.count('groups')).toBe(64 + contacts.length);
      // What was refused used nothing up.
      expect(inbox.count('keyPackages')).toBe(1 - contacts.length);
    }
  });

  it('holds back no more than 256 events of an invitation: the oldest go', async () => {
    const { founding, say, take } = await world('held');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    for (let i = 0; i < 260; i++) await take(inbox, await say(0, `${i}`));
    expect(inbox.count('held')).toBe(256);
    // Nor does the store keep what they said, as nobody will hear of it.
    const history = [...inbox.store.entries()].filter(([key]) => key.startsWith(`${archives.history.name}/`));
    expect(history.filter(([, value]) => archives.history.struct.decode(value).said !== null)).toHaveLength(256);
    await inbox.state.transact((tx) => acceptInvitation(tx, inbox.group));
    expect(inbox.told).toEqual(['invited', ...Array.from({ length: 256 }, (_, i) => `${i + 4}`)]);
  });
});

describe('declineInvitation()', () => {
  it('is what a registration under another address does: nobody’s word for a roster is believed for want of an answer', async () => {
    const { founding, say, take } = await world('moved');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    await take(inbox, await say(0, 'held'));
    const { identity, hrid } = inbox.person;
    await inbox.state.transact(async (tx) => {
      tx.put(tables.identity, '', { relay: 'http://relay.test', seed: identity.seed, hrid });
      await noteRegistration(tx, new Uint8Array(32).fill(7), new Uint8Array(16));
    });
    expect(inbox.group.status).toBe('declined');
    expect(inbox.count('held')).toBe(0);
    expect(knownKey(inbox.state, (founding.people[2] as Person).hrid)).toBeNull();
  });

  it('leaves nothing but that it was declined; later entries of the group are dropped in silence', async () => {
    const { founding, say, take } = await world('declined');
    const inbox = await Inbox.start(founding, 1);
    await inbox.join(founding);
    const first = await say(0, 'first');
    const second = await say(0, 'second');
    await take(inbox, second); // waits for the first
    expect(inbox.count('waiting')).toBe(1);
    await take(inbox, await say(2, 'other'));
    await inbox.state.transact((tx) => declineInvitation(tx, inbox.group));
    expect(inbox.group.name).toBe('');
    for (const table of ['ratchets', 'members', 'waiting', 'held', 'keyPackages'] as const) {
      expect(inbox.count(table)).toBe(0);
    }
    await take(inbox, first);
    await inbox.join(founding);
    expect(inbox.told).toEqual(['invited']);
    expect(inbox.count('early')).toBe(0);
    await expect(inbox.state.transact((tx) => acceptInvitation(tx, inbox.group))).rejects.toMatchObject({
      code: 'already-accepted',
    });
    await expect(inbox.state.transact((tx) => declineInvitation(tx, inbox.group))).rejects.toMatchObject({
      code: 'already-accepted',
    });
  });
});
