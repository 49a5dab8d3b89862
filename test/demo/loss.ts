// A device is lost with all its keys. Its person has a backup and 24 words; the members let it in again.

import assert from 'node:assert/strict';
import type { Conversation } from './conversation.ts';
import { arrow, heading, note } from './print.ts';
import type { Participant } from './process.ts';

/**
 * @param backup     where it is kept
 * @param newDevice  the process that takes the lost one's place
 */
export async function playLoss(
  talk: Conversation,
  [a, b, d]: readonly [a: Participant, b: Participant, d: Participant],
  backup: string,
  newDevice: () => Participant,
): Promise<void> {
  heading('8. A device is lost');
  const before = await a.ask<string>({ do: 'safetyNumber' });
  const { hrid } = b.registered;
  const phrase = await b.ask<string>({ do: 'backup', file: backup });
  note('B', `has a backup, and ${phrase.split(' ').length} words on paper: who it is, its contacts and groups, no key`);
  await talk.checkRead(b);
  await b.ask({ do: 'drained' });
  await b.lose();
  note('B', 'has lost its device: the process has ended, and its store is gone');

  const back = newDevice();
  back.registered = b.registered;
  assert.equal(await back.ask({ do: 'restore', file: backup, phrase }), hrid, 'HRIDb differs');
  assert.equal(await back.ask({ do: 'status' }), 'lost', 'B has keys');
  note('B', 'is the same person on a new device, and has no key of the group');
  const asked = [a, d];
  for (const one of asked) await one.event('asks', ({ member }) => member === hrid);
  arrow('B', 'A, D', 'request to be let in again, signed with SKb, sealed to PKa and PKd');
  for (const one of asked) note(one.name, 'asks its person: is that B?');

  note('A', 'its person has called B, and agrees');
  await a.ask({ do: 'readmit', member: hrid });
  talk.members = [a, back, d];
  for (const one of talk.members) {
    const told = await one.event('returned', ({ member }) => member === hrid);
    assert.deepEqual([told.by, told.whole], [a.registered.hrid, false], 'how B came back');
  }
  arrow('A', 'B, D', 'agreement: the same members, B with a new device, and a new IK');
  note('A, B, D', 'are told that A has let B in, without what it had before');
  await talk.send(back, 'it is me, with a new device', 'the group key');
  await talk.compareKey('the group key');
  await talk.send(a, 'welcome back', 'the group key');
  await talk.send(d, 'good to hear you', 'the group key');
  await talk.compareKey('the group key');
  await talk.checkRead(back);
  note('B', 'has read what was said since it is back, and nothing of before');
  assert.equal(await talk.compareSafetyNumber(), before, 'SNabd has changed');
  note('A, B, D', 'see the same SNabd as before: nobody else has come');
}
