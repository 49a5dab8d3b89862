import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import {
  afterwards,
  askWords,
  type Change,
  changeWords,
  outWords,
  removalWords,
  returnWords,
} from '../../../client/cli/change-line.ts';

const hridOf = (name: string) => name.padEnd(43, '-');
const contact = (name: string) => ({ hrid: hridOf(name.toLowerCase()), name, isVerified: false, invite: '' });
const people = { hrid: hridOf('me'), contacts: ['Alice', 'Bob', 'Carol', 'Dave', 'Erin'].map(contact) };
const [me, alice, bob, carol, dave, erin] = ['me', 'alice', 'bob', 'carol', 'dave', 'erin'].map(hridOf) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const nothing: Change = {
  by: alice,
  added: [],
  removed: [],
  promoted: [],
  demoted: [],
  name: null,
  carried: false,
  undone: false,
};
const plain = (line: unknown) => (line === null ? null : stripVTControlCharacters(String(line)));
const told = (change: Partial<Change>, members = [me, alice, bob, carol]) =>
  plain(
    changeWords(
      people,
      { ...nothing, ...change },
      members.map((hrid) => ({ hrid })),
    ),
  );

test('changeWords() says in one line what one generation has changed', () => {
  expect(told({ added: [dave, erin] })).toBe('Alice has added Dave and Erin');
  expect(told({ added: [hridOf('stranger')] })).toBe('Alice has added stranger');
  expect(told({ removed: [dave] })).toBe('Alice has removed Dave');
  expect(told({ promoted: [bob] })).toBe('Alice has made Bob an admin');
  expect(told({ promoted: [bob, me] })).toBe('Alice has made Bob and you admins');
  expect(told({ demoted: [bob] })).toBe('Alice has made Bob an ordinary member');
  expect(told({ demoted: [bob, carol] })).toBe('Alice has made Bob and Carol ordinary members');
  expect(told({ name: 'Winter' })).toBe("Alice has renamed the group to 'Winter'");
  expect(told({ name: '' })).toBe("Alice has renamed the group to ''");
  expect(told({ by: bob, removed: [bob] })).toBe('Bob has left');
  expect(told({ by: bob, removed: [bob], promoted: [carol] })).toBe('Bob has left and made Carol an admin');
  expect(told({ by: bob, demoted: [bob] })).toBe('Bob has stepped down as an admin');
  expect(told({ added: [erin], removed: [dave], promoted: [bob], name: 'Winter' })).toBe(
    "Alice has added Erin, removed Dave, made Bob an admin and renamed the group to 'Winter'",
  );
  expect(told({ by: me, added: [dave] })).toBe('You have added Dave');
});

test('changeWords() is silent about new keys', () => {
  expect(told({})).toBeNull();
  expect(told({ by: me })).toBeNull();
});

test('changeWords() says who carries out what somebody else has decided', () => {
  expect(told({ by: carol, removed: [dave], carried: true })).toBe('Carol has carried out the removal of Dave');
  expect(told({ by: me, removed: [dave, erin], carried: true })).toBe(
    'Your client has carried out the removal of Dave and Erin',
  );
});

test('changeWords() says what does not count any more, and that nothing has to be done', () => {
  const end =
    ', but another change got ahead of it: it does not count, and is made again by itself if that is still allowed';
  expect(told({ added: [dave], undone: true })).toBe(`Alice had added Dave${end}`);
  expect(told({ by: me, added: [dave], name: 'Winter', undone: true })).toBe(
    `You had added Dave and renamed the group${end}`,
  );
  expect(told({ by: carol, removed: [dave], carried: true, undone: true })).toBe(
    `Carol had carried out the removal of Dave${end}`,
  );
});

test('changeWords() says who is in the group again when a removal does not count', () => {
  const start = 'Alice had removed Dave, but another change got ahead of it: it does not count';
  const again = ', and is made again by itself if that is still allowed';
  const removal = { removed: [dave], undone: true };
  expect(told(removal)).toBe(`${start}${again}`);
  expect(told(removal, [me, alice, dave])).toBe(`${start}${again}; Dave is in the group again`);
  // Who made it is out.
  expect(told(removal, [me, dave])).toBe(`${start}; Dave is in the group again`);
  expect(told({ removed: [dave, erin], undone: true }, [me, dave, erin])).toBe(
    'Alice had removed Dave and Erin, but another change got ahead of it: it does not count; Dave and Erin are in the group again',
  );
  expect(told({ by: bob, removed: [bob], undone: true }, [me, bob])).toBe(
    `Bob had left, but another change got ahead of it: it does not count${again}`,
  );
});

test('changeWords() names a few of many', () => {
  const many = Array.from({ length: 255 }, (_, i) => hridOf(`m${i}`));
  expect(told({ added: many })).toBe(
    `Alice has added ${many
      .slice(0, 7)
      .map((hrid) => hrid.slice(0, 8))
      .join(', ')} and 248 others`,
  );
  expect(told({ added: many.slice(0, 8) })).toMatch(/^Alice has added (\S{8}, ){6}\S{8} and m7------$/);
});

test('changeWords() a hostile name is shown as it is, and no line of its own', () => {
  expect(told({ name: '\x1b[2Jx\nBob: \u202ehi' })).toBe(
    "Alice has renamed the group to '\\u{1b}[2Jx⏎Bob: \\u{202e}hi'",
  );
});

const member = (hrid: string, role: 'admin' | 'member') => ({
  hrid,
  role,
  name: '',
  isSelf: hrid === me,
  isVerified: false,
});
const group = { id: 'x7Qf3Axxxxxx', members: [member(me, 'admin'), member(alice, 'admin'), member(bob, 'member')] };

test('returnWords() one who has everything is simply back', () => {
  const back = (member: string, by: string) => plain(returnWords(people, group, { member, by, whole: true }));
  expect(back(bob, alice)).toBe('Bob is back, with all that was there before; Alice has let them in');
  expect(back(bob, me)).toBe('Bob is back, with all that was there before; you have let them in');
  expect(back(me, alice)).toBe('You are in this group again, with all that was there before; Alice has let you in');
});

test('returnWords() whose removal is void was let in by nobody', () => {
  expect(plain(returnWords(people, group, { member: me, by: null, whole: true }))).toBe(
    'Your removal from this group does not count: another change got ahead of it. You are in the group again, with all that was there before',
  );
});

test('returnWords() one without the earlier keys may be somebody else: what to do is said, with ids', () => {
  const back = (member: string) => plain(returnWords(people, group, { member, by: alice, whole: false }));
  expect(back(bob)).toBe(
    'Warning: Bob is back without the earlier keys, as after the loss of a device; Alice has let them in. If you are not sure that it is them, ask them on another way, compare the safety number (cliquet verify x7Qf3A), or remove them: cliquet group remove x7Qf3A bob-----',
  );
  expect(back(me)).toBe(
    'You are in this group again, with new keys: what was said before cannot be read here; Alice has let you in',
  );
});

test('removalWords() advises what this person may do, or names who may', () => {
  const words = (members: Parameters<typeof removalWords>[1]['members']) =>
    plain(removalWords(people, { ...group, members }, bob));
  const [own, other, bobs] = [member(me, 'admin'), member(alice, 'admin'), member(bob, 'admin')];
  expect(words([own, bobs])).toBe('remove them: cliquet group remove x7Qf3A bob-----');
  expect(words([other, member(me, 'member'), bobs])).toBe('ask Alice to remove them');
  // Only who came before.
  expect(words([other, bobs, own])).toBe('ask Alice to remove them');
  expect(words([bobs, own])).toBeNull();
  expect(words([own])).toBeNull();
});

test('askWords() leaves out what nobody may do', () => {
  const ask = (members: Parameters<typeof removalWords>[1]['members']) =>
    plain(askWords(people, { ...group, members }, { member: bob }));
  expect(ask([member(bob, 'admin'), member(me, 'member')])).toMatch(/type: cliquet group readmit x7Qf3A bob-----$/);
  expect(ask([member(alice, 'admin'), member(bob, 'admin'), member(me, 'member')])).toMatch(
    /readmit x7Qf3A bob-----; if not, ask Alice to remove them$/,
  );
});

test('outWords() says by whom, what stays and who could change that', () => {
  const members = [member(alice, 'admin'), member(bob, 'admin'), member(me, 'admin'), member(carol, 'member')];
  const stays = 'What was said stays readable; type: cliquet history x7Qf3A';
  expect(plain(outWords(people, { ...group, members }, { by: alice }))).toBe(
    `Alice has removed you from this group. Alice or Bob can add you again. ${stays}`,
  );
  expect(plain(outWords(people, { ...group, members }, { by: me }))).toBe(
    `You have left this group. Alice or Bob can add you again. ${stays}`,
  );
  // The last admin has left.
  const own = [member(carol, 'member'), member(me, 'admin'), member(bob, 'member')];
  expect(plain(afterwards(people, { ...group, members: own }))).toBe(`Carol can add you again. ${stays}`);
  expect(plain(afterwards(people, { ...group, members: own.slice(1, 2) }))).toBe(stays);
});
