import { expect, test } from 'vitest';
import { findContact, findMember } from '../../../client/cli/names.ts';

const bob = { hrid: 'aB3dEf9xKq', name: 'Bob' };
const carol = { hrid: 'aB3dZZZZZZ', name: 'Carol' };
const other = { hrid: 'Qx00000000', name: 'bob' };
const nameless = { hrid: 'N0name0000', name: '' };
const contacts = [bob, carol, other, nameless];

test('findContact() by name, by name in other case, by id, by the beginning of the id', () => {
  expect(findContact(contacts, 'Carol')).toBe(carol);
  expect(findContact(contacts, 'CAROL')).toBe(carol);
  expect(findContact(contacts, 'Bob')).toBe(bob);
  expect(findContact(contacts, 'bob')).toBe(other);
  expect(findContact(contacts, bob.hrid)).toBe(bob);
  expect(findContact(contacts, 'aB3dE')).toBe(bob);
  expect(findContact(contacts, 'N0na')).toBe(nameless);
});

test('findContact() names the candidates if several are meant', () => {
  expect(() => findContact(contacts, 'aB3d')).toThrow(
    "'aB3d' could be 2 contacts; name one by its id: aB3dEf9x (Bob), aB3dZZZZ (Carol)",
  );
  expect(() => findContact(contacts, 'BOB')).toThrow('could be 2 contacts');
});

test('findContact() refuses what is too short, unknown or empty', () => {
  for (const wrong of ['aB3', 'Dave', '', 'Car'])
    expect(() => findContact(contacts, wrong)).toThrow(`There is no contact '${wrong}' here`);
});

test('findContact() shows a hostile name as it is', () => {
  expect(() =>
    findContact(
      [
        { ...bob, name: '\x1b[2J' },
        { ...bob, hrid: 'aB3dYYYY', name: 'x' },
      ],
      'aB3d',
    ),
  ).toThrow('(\\u{1b}[2J)');
});

const member = ({ hrid, name }: { hrid: string; name: string }, isSelf = false) => ({
  hrid,
  name,
  isSelf,
  role: 'member' as const,
  isVerified: false,
});
const self = { hrid: 'Me00000000', name: '' };
/** Its id begins with the name of a contact who is not in the group. */
const posing = { hrid: 'Caroluser0', name: '' };
const group = { id: 'x7Qf3Axxxx', name: 'Hol\x1b[2J', members: [member(bob), member(self, true), member(posing)] };
const people = {
  hrid: self.hrid,
  contacts: [bob, carol].map((contact) => ({ ...contact, isVerified: false, invite: '' })),
};

test('findMember() by name, by the beginning of an id, and oneself', () => {
  expect(findMember(people, group, 'bob').hrid).toBe(bob.hrid);
  expect(findMember(people, group, 'aB3dEf').hrid).toBe(bob.hrid);
  expect(findMember(people, group, 'Carolu').hrid).toBe(posing.hrid);
  expect(findMember(people, group, 'you').hrid).toBe(self.hrid);
  expect(findMember(people, group, 'Me00').hrid).toBe(self.hrid);
});

test('findMember() takes nobody whose id begins with the name of somebody else', () => {
  expect(() => findMember(people, group, 'Carol')).toThrow(
    'Carol is not in Hol\\u{1b}[2J; see its members with: cliquet group show x7Qf3A',
  );
});

test('findMember() refuses who is unknown, or two', () => {
  expect(() => findMember(people, group, 'Dave')).toThrow("There is no 'Dave' in Hol\\u{1b}[2J; see its members with");
  expect(() => findMember(people, group, '')).toThrow("There is no ''");
  expect(() => findMember(people, group, 'aB3d')).toThrow("'aB3d' could be 2 people; name one by its id: ");
});
