import { expect, test } from 'vitest';
import { findContact } from '../../../client/cli/names.ts';

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
