import { describe, expect, it } from 'vitest';
import { acceptInvitation } from '../../../client/courier/invitations.ts';
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

  it('keeps no more than 4 MiB of early messages, and none for longer than an agreement can be on its way', async () => {
    const { founding, say, take } = await world('early bytes');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(0, 'x'.repeat(60_000));
    const copies = Math.floor((4 * 1024 * 1024) / large.body.length);
    for (let i = 0; i < copies + 3; i++) await take(inbox, large);
    expect(inbox.count('early')).toBe(copies);
    expect(inbox.told).toHaveLength(3);
    inbox.now += 31 * day;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(copies);
    inbox.now += 1;
    await take(inbox, large);
    expect(inbox.count('early')).toBe(1);
  });

  it('keeps early messages of a contact, however much strangers have sent', async () => {
    const { founding, say, take } = await world('early strangers');
    const inbox = await Inbox.start(founding, 1, [0]);
    const large = await say(2, 'x'.repeat(60_000));
    for (let stranger = 0; stranger < 70; stranger++) {
      await inbox.receive(new Uint8Array(32).fill(stranger), large.header(1), large.body);
    }
    expect(inbox.count('early')).toBe(Math.floor((1024 * 1024) / large.body.length));
    const kept = inbox.count('early');
    await take(inbox, await say(0, 'x'.repeat(60_000)));
    expect(inbox.count('early')).toBe(kept + 1);
  });
});
