import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { assertCompany, waitWords } from '../../../client/cli/delivery.ts';

const plain = (line: unknown) => (line === null ? null : stripVTControlCharacters(String(line)));

test('waitWords() says when something goes out that has not', () => {
  const words = (status: 'active' | 'lost', unsent: number, waited = true) =>
    plain(waitWords({ status, unsent }, waited));
  expect(words('active', 0)).toBeNull();
  expect(words('active', 1)).toBe("it goes out when the group's keys are in order here");
  expect(words('lost', 1)).toBe('it goes out when a member has let you in again');
  expect(words('lost', 1, false)).toBe('it goes out with the next command that connects');
});

test('assertCompany() tells who is alone, and what to do', () => {
  const member = { hrid: 'a', name: '', role: 'admin', isSelf: true, isVerified: false } as const;
  const group = { id: 'x7Qf3Axxxxxx', name: 'Holidays', status: 'active', members: [member] } as const;
  const alone = 'You are alone in Holidays: nobody would read it; ';
  expect(() => assertCompany(group)).toThrow(`${alone}add somebody, with: cliquet group add x7Qf3A WHO`);
  expect(() => assertCompany({ ...group, members: [{ ...member, role: 'member' }] })).toThrow(
    `${alone}found a new one, with: cliquet group create`,
  );
  expect(() => assertCompany({ ...group, members: [member, member] })).not.toThrow();
  // What is said there is refused for another reason.
  expect(() => assertCompany({ ...group, status: 'removed' })).not.toThrow();
});
