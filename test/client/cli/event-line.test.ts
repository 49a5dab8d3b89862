import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { eventLine } from '../../../client/cli/event-line.ts';

const hridOf = (name: string) => name.padEnd(43, '-');
const people = {
  hrid: hridOf('me'),
  contacts: [{ hrid: hridOf('bob'), name: 'Bob', isVerified: false, invite: '' }],
};
const group = { id: 'x7Qf3Axxxxxx', name: 'Holidays', members: [] };
const [bob, stranger] = [hridOf('bob'), hridOf('stranger')];

/** The words of the line, behind the time and the columns. */
function told(event: Parameters<typeof eventLine>[1]): string | undefined {
  const line = lineOf(event, null);
  return line.includes(' · ') ? line.slice(line.indexOf(' · ') + 3) : line.slice('2023-11-14 22:13          '.length);
}

const lineOf = (event: Parameters<typeof eventLine>[1], listened: string | null) =>
  stripVTControlCharacters(String(eventLine(people, event, { listened, now: 1_700_000_000 })));

test('eventLine() names the group, but for the one that is listened to', () => {
  const event = { number: 1, type: 'fork', group, member: bob } as const;
  expect(lineOf(event, group.id)).not.toContain('Holidays');
  for (const listened of [null, 'otherxxxxxxx']) expect(lineOf(event, listened)).toContain('Holidays · Warning:');
});

test('eventLine() a member asks: what it means and what to do is said, with ids', () => {
  expect(told({ number: 1, type: 'asks', group, member: bob })).toBe(
    'Warning: Bob asks to be let in again, as after the loss of a device. Whoever has their recovery phrase could be it: ask them on another way. If it is them, type: cliquet group readmit x7Qf3A bob-----; if not, remove them: cliquet group remove x7Qf3A bob-----',
  );
});

test('eventLine() what is lost is told with whose it is, and what to do', () => {
  const end = 'lost for good: neither the relay nor their device sends it any more; ask them to say it again';
  expect(told({ number: 1, type: 'missed', group, sender: bob, count: 3 })).toBe(`3 messages of Bob are ${end}`);
  expect(told({ number: 1, type: 'missed', group, sender: stranger, count: 1 })).toBe(
    `A message of stranger is ${end}`,
  );
});

test('eventLine() this client is back', () => {
  const back = { number: 1, type: 'returned', group, member: people.hrid, by: bob } as const;
  expect(told({ ...back, whole: true })).toBe(
    'You are in this group again, with all that was there before; Bob has let you in',
  );
  expect(told({ ...back, whole: false })).toBe(
    'You are in this group again, with new keys: what was said before cannot be read here; Bob has let you in',
  );
});

test('eventLine() what heals by itself says so', () => {
  expect(told({ number: 1, type: 'rolled-back', group })).toBe(
    'Warning: this store is older than what was sent from it; nothing is sent in this group from here until its members have let it in again, which it asks for by itself.',
  );
  const refused = [bob, stranger].map((member) => ({ member, code: 'unregistered' as const }));
  expect(told({ number: 1, type: 'unreached', group, refused })).toBe(
    'Something did not reach Bob and stranger: not registered any more, not taking anything from you, or away for too long. Who misses it asks by itself to be let in again; whoever does not see this group at all can be removed and added again',
  );
});
