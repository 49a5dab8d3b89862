import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { eventLine } from '../../../client/cli/event-line.ts';
import { formatTime } from '../../../client/cli/time.ts';
import type { ErrorCode } from '../../../client/index.ts';

const hridOf = (name: string) => name.padEnd(43, '-');
const people = {
  hrid: hridOf('me'),
  contacts: [{ hrid: hridOf('bob'), name: 'Bob', isVerified: false, invite: '' }],
};
const [bob, stranger] = [hridOf('bob'), hridOf('stranger')];
const members = [people.hrid, bob, stranger].map((hrid) => ({
  hrid,
  name: '',
  role: hrid === people.hrid ? ('admin' as const) : ('member' as const),
  isSelf: hrid === people.hrid,
  isVerified: false,
}));
const group = { id: 'x7Qf3Axxxxxx', name: 'Holidays', members };

/** The words of the line, behind the time and the columns. */
function told(event: Parameters<typeof eventLine>[1]): string | undefined {
  const line = lineOf(event, null);
  return line.includes(' · ') ? line.slice(line.indexOf(' · ') + 3) : line.slice('2023-11-14 22:13          '.length);
}

const lineOf = (event: Parameters<typeof eventLine>[1], listened: string | null) =>
  stripVTControlCharacters(String(eventLine(people, event, { listened, now: 1_700_000_000 })));

test('eventLine() names the group, but for the one that is listened to', () => {
  const event = { number: 1, at: null, type: 'fork', group, member: bob } as const;
  expect(lineOf(event, group.id)).not.toContain('Holidays');
  for (const listened of [null, 'otherxxxxxxx']) expect(lineOf(event, listened)).toContain('Holidays · Warning:');
});

test('eventLine() tells when it happened, which may be long before it is told', () => {
  const asks = { number: 1, type: 'asks', group, member: bob } as const;
  const [now, before] = [1_700_000_000, 1_699_000_000];
  expect(lineOf({ ...asks, at: before }, null).startsWith(formatTime(before))).toBe(true);
  // An earlier version did not note it.
  expect(lineOf({ ...asks, at: null }, null).startsWith(formatTime(now))).toBe(true);
});

test('eventLine() a member asks: what it means and what to do is said, with ids', () => {
  expect(told({ number: 1, at: null, type: 'asks', group, member: bob })).toBe(
    'Warning: Bob asks to be let in again, as after the loss of a device. Whoever has their recovery phrase could be it: ask them on another way. If it is them, type: cliquet group readmit x7Qf3A bob-----; if not, remove them: cliquet group remove x7Qf3A bob-----',
  );
});

test('eventLine() what is lost is told with whose it is, and what to do', () => {
  const end = 'lost for good: neither the relay nor their device sends it any more; ask them to say it again';
  expect(told({ number: 1, at: null, type: 'missed', group, sender: bob, count: 3 })).toBe(
    `3 messages of Bob are ${end}`,
  );
  expect(told({ number: 1, at: null, type: 'missed', group, sender: stranger, count: 1 })).toBe(
    `A message of stranger is ${end}`,
  );
});

test('eventLine() two devices with the same keys: what it means, and what to do', () => {
  const clone = { number: 1, at: null, type: 'clone', group, member: bob, reporter: stranger } as const;
  expect(told(clone)).toBe(
    'Warning: two devices use the keys of Bob: one of them is a copy. Nothing more of either is taken until the group has new keys. Ask Bob on another way: if both are theirs, they should use one only; if not, somebody has copied the device, so remove them: cliquet group remove x7Qf3A bob-----',
  );
  expect(told({ ...clone, group: { ...group, members: [] } })).toMatch(/the device, so have them register anew$/);
  expect(told({ ...clone, member: people.hrid })).toBe(
    'Warning: another device uses the same keys as this one: a copy of this store. The others take nothing more of either until the group has new keys. If the copy is yours, use one of the two only; if not, somebody has copied your store: register anew with another one (--store FILE), and have this one removed from your groups.',
  );
});

test('eventLine() a fork', () => {
  expect(told({ number: 1, at: null, type: 'fork', group, member: bob })).toBe(
    'Warning: Bob was given other messages than you. Compare on another way what was said. What you say here may wait until the members have let this device in again, which it asks for by itself.',
  );
});

test('eventLine() a gap, with what to do', () => {
  const gap = (reason: 'expired' | 'full' | 'withdrawn') =>
    told({ number: 1, at: null, type: 'gap', sender: bob, reason });
  const remedy = 'Connect more often, and ask for what matters to be said again';
  expect(gap('expired')).toBe(`Messages of Bob will never come: they waited too long for this client. ${remedy}`);
  expect(gap('full')).toBe(`Messages of Bob will never come: too many were waiting for this client. ${remedy}`);
  expect(gap('withdrawn')).toBe(
    'Messages of Bob will never come: their sender has unregistered. Ask them on another way to register again',
  );
});

test('eventLine() what was passed over, and why', () => {
  const refused = (code: ErrorCode) => told({ number: 1, at: null, type: 'refused', sender: bob, code });
  // As it is after somebody was removed who has not heard of it yet: no attack.
  expect(refused('message-refused')).toBe(
    'Something from Bob was passed over: it does not open, or was said by somebody who had been removed. Nothing was changed; if they are in the group, ask them to say it again',
  );
  expect(refused('package-gone')).toBe(
    'Something from Bob was passed over: the key for it is not on this device any more. If it was for a group of yours, this device asks by itself to be let in again; if you were to be added to one, ask for that again',
  );
  expect(refused('too-many-invitations')).toBe(
    'Something from Bob was passed over: Too many invitations wait for an answer; accept or decline some, and ask to be invited again.',
  );
  // What the relay answers to a command is something else.
  expect(refused('malformed')).not.toContain('relay');
  expect(refused('not-own-message')).not.toContain('your own');
});

test('eventLine() only admins are told to remove somebody', () => {
  const ordinary = { ...group, members: members.map((each) => ({ ...each, role: 'member' as const })) };
  const refused = [{ member: bob, code: 'unregistered' as const }];
  expect(told({ number: 1, at: null, type: 'unreached', group: ordinary, refused })).toMatch(
    /at all has to be removed and added again by an admin$/,
  );
  expect(told({ number: 1, at: null, type: 'asks', group: ordinary, member: bob })).not.toContain('remove');
});

test('eventLine() this client is back', () => {
  const back = { number: 1, at: null, type: 'returned', group, member: people.hrid, by: bob } as const;
  expect(told({ ...back, whole: true })).toBe(
    'You are in this group again, with all that was there before; Bob has let you in',
  );
  expect(told({ ...back, whole: false })).toBe(
    'You are in this group again, with new keys: what was said before cannot be read here; Bob has let you in',
  );
});

test('eventLine() what heals by itself says so', () => {
  expect(told({ number: 1, at: null, type: 'rolled-back', group })).toBe(
    'Warning: this store is older than what was sent from it; nothing is sent in this group from here until its members have let it in again, which it asks for by itself. Each says again, as far as it can, what it has said since; nobody does that for those who have gone.',
  );
  const refused = [bob, stranger].map((member) => ({ member, code: 'unregistered' as const }));
  expect(told({ number: 1, at: null, type: 'unreached', group, refused })).toBe(
    'Something did not reach Bob and stranger: not registered any more, not taking anything from you, or away for too long. Who misses it asks by itself to be let in again; whoever does not see this group at all can be removed and added again',
  );
});
