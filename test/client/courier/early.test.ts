import { describe, expect, it } from 'vitest';
import { acceptInvitation } from '../../../client/courier/invitations.ts';
import { tables } from '../../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { Inbox, world } from '../../support/inbox.ts';

const day = 24 * 3600;

describe('keepEarly() and takeEarly()', () => {
  it('opens messages that came before their agreement, in the order in which they came', async () => {
    const { founding, say, hear, take } = await world('early');
    const inbox = await Inbox.start(founding, 1, [0]);
    const first = await say(2, 'first');
    const second = await say(2, 'second');
    await hear(0, first);
    const third = await say(0, 'third');
    for (const said of [first, second, third, first]) await take(inbox, said);
    expect(inbox.told).toEqual([]);
    expect(inbox.count('early')).toBe(4);
    await inbox.join(founding);
    expect(inbox.told).toEqual(['joined', 'first', 'second', 'third']);
    expect(inbox.count('early')).toBe(0);
  });

  it('holds early messages of a stranger’s group back until it is accepted', async () => {
    const { founding, say, take } = await world('early stranger');
    const inbox = await Inbox.start(founding, 1);
    await take(inbox, await say(2, 'first'));
    await inbox.join(founding);
    await take(inbox, await say(2, 'second'));
    expect(inbox.told).toEqual(['invited']);
    expect(inbox.count('held')).toBe(2);
    await inbox.state.transact((tx) => acceptInvitation(tx, inbox.group));
    expect(inbox.told).toEqual(['invited', 'first', 'second']);
    expect(inbox.count('held')).toBe(0);
  });

  it('keeps 16 early messages of an unknown sender, 256 of a contact, and refuses the others', async () => {
    const { founding, say, take } = await world('early bounds');
    const inbox = await Inbox.start(founding, 1, [0]);
    const said = await say(2, 'again');
    for (let i = 0; i < 20; i++) await take(inbox, said);
    expect(inbox.count('early')).toBe(16);
    expect(inbox.told).toEqual(Array(4).fill('too-far-ahead'));
    const known = await say(0, 'known');
    for (let i = 0; i < 260; i++) await take(inbox, known);
    expect(inbox.count('early')).toBe(16 + 256);
    expect(inbox.told).toHaveLength(8);
  });

  it('keeps 1 MiB of early messages of a contact and 4 MiB in all, and none for longer than an agreement can take', async () => {
    const { founding, say, take } = await world('early bytes');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(0, 'x'.repeat(60_000));
    const size = large.body.length + large.header(1).length;
    const copies = Math.floor((1024 * 1024) / size);
    for (let i = 0; i < copies + 3; i++) await take(inbox, large);
    expect(inbox.count('early')).toBe(copies);
    expect(inbox.told).toHaveLength(3);
    // Others have their own room, until all is taken.
    for (let n = 0; n < 5; n++) {
      const hrid: Bytes = new Uint8Array(32).fill(n);
      const contact = { hrid, pk: new Uint8Array(32).fill(n), relay: 'http://relay.test', name: '' };
      await inbox.state.transact((tx) => tx.put(tables.contacts, bytesKey(hrid), contact));
      for (let i = 0; i < copies; i++) await inbox.receive(hrid, large.header(1), large.body);
      expect(inbox.count('early')).toBe(Math.min((n + 2) * copies, Math.floor((4 * 1024 * 1024) / size)));
    }
    inbox.now += 31 * day;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(Math.floor((4 * 1024 * 1024) / size));
    inbox.now += 1;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(1);
  });

  it('keeps early messages of a contact, however much strangers have sent', async () => {
    const { founding, say, take } = await world('early strangers');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(2, 'x'.repeat(60_000));
    const size = large.body.length + large.header(1).length;
    for (let stranger = 0; stranger < 70; stranger++) {
      const before = inbox.count('early');
      for (let i = 0; i < 6; i++) await inbox.receive(new Uint8Array(32).fill(stranger), large.header(1), large.body);
      expect(inbox.count('early') - before).toBeLessThanOrEqual(Math.floor((256 * 1024) / size));
    }
    expect(inbox.count('early')).toBe(Math.floor((1024 * 1024) / size));
    const kept = inbox.count('early');
    await take(inbox, await say(0, 'x'.repeat(60_000)));
    expect(inbox.count('early')).toBe(kept + 1);
  });
});
