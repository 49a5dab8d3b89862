import { describe, expect, it } from 'vitest';
import type { OpenedGeneration } from '../../../client/protocol/opening.ts';
import { closeGeneration } from '../../../client/state/generations.ts';
import { loadLineage } from '../../../client/state/lineages.ts';
import { tables } from '../../../client/state/records.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { at } from '../../support/chat.ts';
import { type Person, sealText, startOfTime } from '../../support/group.ts';
import { Inbox, world } from '../../support/inbox.ts';
import { openNext } from '../../support/next-group.ts';

describe('receiveAgreement()', () => {
  it('joins a contact’s group at once, uses up the key package, and says which kind it was', async () => {
    const { founding } = await world('join');
    const inbox = await Inbox.start(founding, 1, [0]);
    expect(await inbox.join(founding)).toBe('one-time');
    expect(inbox.told).toEqual(['joined']);
    expect(inbox.group).toMatchObject({ status: 'active', name: 'Test' });
    expect(inbox.count('keyPackages')).toBe(0);
    expect(await inbox.join(founding)).toBeNull();
    expect(inbox.told).toEqual(['joined']);
  });

  it('keeps a last-resort package, which others may have claimed too', async () => {
    const { founding } = await world('last resort');
    const inbox = await Inbox.start(founding, 1, [0]);
    const { keyPackage } = inbox.person;
    await inbox.state.transact((tx) =>
      tx.put(tables.keyPackages, bytesKey(keyPackage.id), { ...keyPackage, kind: 'last-resort' }),
    );
    expect(await inbox.join(founding)).toBe('last-resort');
    expect(inbox.count('keyPackages')).toBe(1);
  });

  it('refuses an agreement in which a known client stands under another key', async () => {
    const { founding } = await world('conflict');
    const inbox = await Inbox.start(founding, 1, [0]);
    const { hrid } = founding.people[2] as Person;
    await inbox.state.transact((tx) =>
      tx.put(tables.contacts, bytesKey(hrid), {
        hrid,
        pk: new Uint8Array(32).fill(9),
        relay: 'http://relay.test',
        name: '',
      }),
    );
    await inbox.join(founding);
    expect(inbox.told).toEqual(['identity-conflict']);
    expect(inbox.count('keyPackages')).toBe(1);
    expect(inbox.count('groups')).toBe(0);
  });
});

describe('receiveAgreement() of a later generation', () => {
  /** A founding of three that the second one has joined, and what the others open after it. */
  async function joined(seed: string) {
    const { random, founding } = await world(`later ${seed}`);
    const inbox = await Inbox.start(founding, 1, [0]);
    const { keyPackage } = inbox.person;
    await inbox.join(founding);
    // Another one of its packages, as far as this goes.
    const restock = () => inbox.state.transact((tx) => tx.put(tables.keyPackages, bytesKey(keyPackage.id), keyPackage));
    await restock();
    const give = (opened: OpenedGeneration, author: number, position = 1) =>
      inbox.receive(at(founding.people, author).hrid, at(opened.headers, position), opened.body);
    return { random, founding, inbox, give, restock };
  }

  it('moves the group on, and tells what has changed', async () => {
    const { random, founding, inbox, give, restock } = await joined('moves');
    const renamed = await openNext(random, founding, 0, { operation: { name: 'Other' } });
    expect(await give(renamed, 0)).toBe('one-time');
    await restock();
    const removal = await openNext(random, founding, 0, { operation: { removed: [2] } });
    expect(await give(removal, 0)).toBe('one-time');
    expect(inbox.told).toEqual(['joined', 'changed', 'changed', 'changed']);
    // Of two that compete, the one that changes the roster counts: the name is as it was.
    const told = inbox.state.all(tables.events).map(({ value }) => value);
    expect(told.slice(1)).toMatchObject([
      { name: 'Other', removed: [], undone: false },
      { name: 'Other', undone: true },
      { name: null, removed: [at(founding.people, 2).hrid], undone: false },
    ]);
    expect(inbox.group).toMatchObject({ generation: removal.generation.id, name: 'Test', status: 'active' });
    expect(inbox.group.roster).toEqual(removal.generation.roster);
    // All three stay open for what is still to come there.
    expect(inbox.count('ratchets')).toBe(3);
    expect(loadLineage(inbox.state, inbox.group.id).size).toBe(3);
  });

  it('refuses one that is not keyed with what the group shares, whoever sends it', async () => {
    const { random, founding, inbox, give } = await joined('no X');
    const before = inbox.store.entries();
    const withoutX = await openNext(random, founding, 0, {
      access: (access) => ({ ...access, exportSecret: null }),
    });
    expect(await give(withoutX, 0)).toBeNull();
    // As if this client were new: only a package, which whoever has stolen it could open.
    const asNew = await openNext(random, founding, 0, {
      returned: [{ position: 1, held: null }],
      access: (access, { hrid }) =>
        hrid === inbox.person.hrid ? { ...access, leaf: null, exportSecret: null } : access,
    });
    expect(await give(asNew, 0)).toBeNull();
    expect(inbox.told).toEqual(['joined', 'agreement-invalid', 'agreement-invalid']);
    const events = (key: string) =>
      key.startsWith('event/') || key.startsWith('event-time/') || key.startsWith('numbers/');
    const kept = (entries: typeof before) => [...entries].filter(([key]) => !events(key));
    expect(kept(inbox.store.entries())).toEqual(kept(before));
  });

  it('refuses one that is keyed with what another group shares', async () => {
    const { random, founding, inbox, give } = await joined('other X');
    const secret = random.bytes(32);
    const generation = random.bytes(32);
    await inbox.state.transact((tx) =>
      tx.put(tables.exports, bytesKey(generation), { group: generation, secret, heard: [], begun: [], since: 0 }),
    );
    const opened = await openNext(random, founding, 0, {
      access: (access) => ({ ...access, exportSecret: { generation, secret } }),
    });
    expect(await give(opened, 0)).toBeNull();
    expect(inbox.told).toEqual(['joined', 'agreement-invalid']);
    expect(inbox.group.generation).toEqual(founding.generation.id);
  });

  it('takes the same one once, and what was removed from nothing more', async () => {
    const { random, founding, inbox, give } = await joined('once');
    const opened = await openNext(random, founding, 2);
    await give(opened, 2);
    expect(await give(opened, 2)).toBeNull();
    expect(inbox.told).toEqual(['joined', 'changed']);
    // The author of this one is removed by another: it does not count any more, nor does what comes of it.
    const removal = await openNext(random, founding, 0, { operation: { removed: [2] } });
    await inbox.state.transact((tx) =>
      tx.put(tables.keyPackages, bytesKey(inbox.person.keyPackage.id), inbox.person.keyPackage),
    );
    await give(removal, 0);
    const { ratchet } = opened;
    if (ratchet === null) throw new TypeError('the author is in the group');
    const said = await sealText(random, at(founding.people, 2), ratchet, 'still here');
    await inbox.receive(at(founding.people, 2).hrid, at(said.headers, 1), said.body);
    expect(inbox.told.slice(2)).toEqual(['changed', 'message-refused']);
  });

  it('one that has removed this client is not for it; a generation that was closed is known still', async () => {
    const { random, founding, inbox, give } = await joined('closed');
    const removal = await openNext(random, founding, 0, { operation: { removed: [1] } });
    // It gets the header of another, at the most.
    expect(await give(removal, 0)).toBeNull();
    expect(inbox.told).toEqual(['joined', expect.stringMatching(/keys-gone|package-gone|agreement-invalid/)]);
    await inbox.state.transact((tx) => closeGeneration(tx, at(founding.ratchets, 1), startOfTime));
    await inbox.join(founding);
    expect(inbox.told).toHaveLength(2);
    expect(inbox.count('ratchets')).toBe(0);
  });
});
