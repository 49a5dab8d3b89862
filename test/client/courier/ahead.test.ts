import { expect, test } from 'vitest';
import { readAhead } from '../../../client/courier/ahead.ts';
import { receiveEntry } from '../../../client/courier/inbox.ts';
import { Envelope } from '../../../client/wire/envelope.ts';
import type { QueueEntry } from '../../../client/wire/queue.ts';
import { curves, type Person, startOfTime } from '../../support/group.ts';
import { Inbox, world } from '../../support/inbox.ts';
import { seededRandom } from '../../support/random.ts';

async function joined(seed: string) {
  const there = await world(seed);
  const inbox = await Inbox.start(there.founding, 1, [0]);
  const ahead = (entry: QueueEntry) => readAhead(inbox.state, curves, entry);
  const entryOf = ({ from, header, body }: Awaited<ReturnType<typeof there.say>>): QueueEntry => ({
    type: 'message',
    seq: 1,
    from,
    header: header(1),
    body,
  });
  const { identity, hrid } = inbox.person;
  const client = { curves, self: { identity, hrid }, random: seededRandom('ahead').bytes, now: () => startOfTime };
  const take = (entry: QueueEntry, known: ReturnType<typeof ahead>) =>
    inbox.state.transact((tx) => receiveEntry(tx, client, entry, startOfTime, known));
  return { ...there, inbox, ahead, entryOf, take };
}

test('readAhead() reads what can be read, and nothing of what cannot', async () => {
  const { founding, inbox, say, ahead, entryOf } = await joined('reads');
  const entry = entryOf(await say(0, 'hello'));
  // Its generation has not come yet.
  expect(ahead(entry)).toEqual({ envelope: Envelope.decode((entry as { body: Uint8Array }).body), read: null });
  await inbox.join(founding);
  expect(await ahead(entry)?.read?.isSigned).toBe(true);
  const stranger = new Uint8Array(32);
  expect(ahead({ ...entry, from: stranger } as QueueEntry)?.read).toBe(null);
  const third = founding.people[2] as Person;
  expect(await ahead({ ...entry, from: third.hrid } as QueueEntry)?.read?.isSigned).toBe(false);
  expect(ahead({ ...entry, body: stranger } as QueueEntry)).toBe(null);
  expect(ahead({ type: 'gap', seq: 1, from: stranger, fromN: 1, toN: 1, reason: 'full' })).toBe(null);
});

test('what was read ahead is opened, refused and dropped as it would be else', async () => {
  const { founding, inbox, say, ahead, entryOf, take } = await joined('takes');
  await inbox.join(founding);
  const entries = [entryOf(await say(0, 'one')), entryOf(await say(0, 'two'))] as const;
  const [one, two] = entries.map(ahead);
  const third = founding.people[2] as Person;
  const forged = { ...entries[0], from: third.hrid } as QueueEntry;
  await take(forged, ahead(forged));
  await take(entries[0], one ?? null);
  await take(entries[0], one ?? null);
  await take(entries[1], two ?? null);
  expect(inbox.told).toEqual(['joined', 'message-refused', 'one', 'two']);
});

test('a verdict of another generation is not taken', async () => {
  const here = await joined('here');
  const there = await joined('there');
  await here.inbox.join(here.founding);
  await there.inbox.join(there.founding);
  const entry = here.entryOf(await here.say(0, 'here'));
  const read = there.ahead(there.entryOf(await there.say(0, 'there')))?.read ?? null;
  const envelope = here.ahead(entry)?.envelope;
  await here.take(entry, envelope === undefined ? null : { envelope, read });
  expect(here.inbox.told).toEqual(['joined', 'here']);
});
