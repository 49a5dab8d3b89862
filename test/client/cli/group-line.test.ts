import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { groupLine, heldUpWords } from '../../../client/cli/group-line.ts';
import { formatTime } from '../../../client/cli/time.ts';

const group = {
  id: 'x7Qf3Axxxxxx',
  name: 'Holidays',
  status: 'active',
  heldUpSince: null,
  members: [1, 2, 3],
} as const;
const line = (of: Parameters<typeof groupLine>[0]) => stripVTControlCharacters(String(groupLine(of)));

test('groupLine() says how a group stands, how many are in it, and its name', () => {
  expect(line(group)).toBe('x7Qf3A  active      3 members  Holidays');
  expect(line({ ...group, members: [1] })).toBe('x7Qf3A  active      1 member   Holidays');
  expect(line({ ...group, status: 'lost', name: '' })).toBe('x7Qf3A  lost        3 members  group x7Qf3A');
});

test('groupLine() a group that is held up is not shown as if all were well', () => {
  expect(line({ ...group, heldUpSince: 1_700_000_000 })).toBe('x7Qf3A  held up     3 members  Holidays');
});

test('heldUpWords() says since when, what happens by itself, and what to do', () => {
  expect(stripVTControlCharacters(String(heldUpWords(1_700_000_000)))).toBe(
    `Held up since ${formatTime(1_700_000_000)}: this device cannot follow the group, and asks the members to let it in again by itself. What you say may wait until then. Stay connected, with: cliquet listen, and ask one of the members to connect, too.`,
  );
});
