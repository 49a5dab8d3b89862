import { describe, expect, it } from 'vitest';
import { unknownSince } from '../../../client/courier/early.ts';
import { acceptInvitation } from '../../../client/courier/invitations.ts';
import { tables } from '../../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { Envelope } from '../../../client/wire/envelope.ts';
import { Circle, type Letter } from '../../sim/circle.ts';
import { Inbox, world } from '../../support/inbox.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * `c` has lost its device, and `a` has let it in; `b` has heard nothing of that, and has said something in the generation
 * before, which waits to be handed out.
 */
async function letInAgain(seed: string): Promise<{ readonly circle: Circle; readonly late: Letter }> {
  const circle = await Circle.found(seed, 'Abc');
  const [late] = (await circle.apart({ b: async (group) => void (await group.send('late')) })).filter(
    ({ to }) => to === 'c',
  );
  if (late === undefined) throw new RangeError('b has said nothing to c');
  await circle.replace('c', await circle.phone('c').restored());
  await circle.settle('ca');
  await circle.group('a').readmit(circle.phone('c').hrid);
  await circle.settle('ac');
  return { circle, late };
}

const unknown = (circle: Circle) => unknownSince(circle.phone('c').client.state, circle.record('c'));

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

describe('unknownSince()', () => {
  it('is of what members say in a generation that is not known here, at once', async () => {
    const { circle, late } = await letInAgain('not known');
    const other = circle.random.bytes(16);
    const message = Envelope.decode(late.body);
    if (message.type !== 'message') throw new TypeError('expected a message');
    circle.hand({ ...late, body: Envelope.encode({ ...message, generation: other }) });
    await circle.phone('c').settle();
    expect(unknown(circle)).toBe(circle.post.now);
  });

  it('passes over what is said in a generation that the present one follows, for ten minutes', async () => {
    const { circle, late } = await letInAgain('followed');
    for (const seconds of [0, 10 * minute - 1]) {
      await circle.pass(seconds, 1, 'c');
      circle.hand(late);
      await circle.phone('c').settle();
      expect(unknown(circle)).toBeNull();
    }
    // What came until then does not begin to count.
    await circle.pass(1, 1, 'c');
    expect(unknown(circle)).toBeNull();
    circle.hand(late);
    await circle.phone('c').settle();
    expect(unknown(circle)).toBe(circle.post.now);
    // It stays so, since the first of them.
    const since = circle.post.now;
    await circle.pass(minute, 1, 'c');
    circle.hand(late);
    await circle.phone('c').settle();
    expect(unknown(circle)).toBe(since);
  });

  it('passes it over for good once its sender has spoken in the present one', async () => {
    const { circle, late } = await letInAgain('heard');
    await circle.pass(10 * minute, 1, 'c');
    circle.hand(late);
    await circle.phone('c').settle();
    expect(unknown(circle)).toBe(circle.post.now);
    await circle.settle('b');
    await circle.say('b', 'I am here');
    await circle.phone('c').settle();
    expect(circle.phone('c').shown).toContain('I am here');
    expect(unknown(circle)).toBeNull();
  });

  it('is of what is said in such a generation only until the client is let in once more', async () => {
    const { circle, late } = await letInAgain('once more');
    await circle.pass(10 * minute, 1, 'c');
    circle.hand(late);
    const before = circle.post.counts.request;
    await circle.pass(3 * hour, 36, 'ac');
    expect(circle.post.counts.request).toBe(before + 1);
    circle.hand(late);
    await circle.pass(day, 24, 'ac');
    expect(unknown(circle)).toBeNull();
    expect(circle.post.counts.request).toBe(before + 1);
    expect(circle.agreed('ac')).toBe('Abc');
  });
});
