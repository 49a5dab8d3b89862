// The group changes: one comes, and one has to go. Each time it gets new keys, and another safety number.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { until } from '../support/until.ts';
import type { Conversation } from './conversation.ts';
import { handInvite, register, type Three } from './diagrams.ts';
import type { Kept, Tried } from './eavesdropper.ts';
import { arrow, heading, note } from './print.ts';
import type { Participant } from './process.ts';

export async function playChanges(talk: Conversation, three: Three, d: Participant): Promise<void> {
  const before = await talk.compareSafetyNumber();
  await add(talk, three, d, before);
  await remove(talk, three, d);
}

async function add(talk: Conversation, [a, b, c]: Three, d: Participant, before: string): Promise<void> {
  heading('6. A fourth member');
  await register(d);
  await a.ask({ do: 'add', invite: handInvite(d, a) });
  const { hrid } = d.registered;
  const invited = await d.event('invited', ({ by }) => by === a.registered.hrid);
  arrow('A', 'B, C, D', 'agreement: D is in, with a new IK', { IKabcd: invited.key });
  for (const one of [b, c]) {
    await one.event('changed', ({ by, added }) => by === a.registered.hrid && added.includes(hrid));
    note(one.name, 'is told that A has added D');
  }
  talk.members = [a, b, c, d];
  assert.notEqual(await talk.compareSafetyNumber(), before, 'SNabcd is SNabc');
  note('D', 'accepts the invitation, and says something');
  await talk.send(d, 'hello, this is D', 'the group key', 'accept');
  await talk.compareKey('the group key');
  await talk.send(c, 'welcome, D', 'the group key');
  await talk.compareKey('the group key');
  await talk.checkRead(d);
  note('D', 'has read what was said since it came, and nothing of before');
}

async function remove(talk: Conversation, [a, b, c]: Three, d: Participant): Promise<void> {
  heading('7. A member is removed');
  await talk.checkRead(c);
  const before = await c.ask<string>({ do: 'safetyNumber' });
  const keys = await copyKeys(c);
  note('C', 'keeps a copy of all its keys');
  const { hrid } = c.registered;
  await a.ask({ do: 'remove', member: hrid });
  arrow('A', 'B, D', 'agreement: C is out, with a new IK');
  for (const one of [b, d]) {
    await one.event('changed', ({ by, removed }) => by === a.registered.hrid && removed.includes(hrid));
    note(one.name, 'is told that A has removed C');
  }
  await c.event('removed', ({ by }) => by === a.registered.hrid);
  note('C', 'is told that A has removed it');
  talk.members = [a, b, d];
  assert.notEqual(await talk.compareSafetyNumber(), before, 'SNabd is SNabcd');
  await talk.compareKey('the group key');
  await checkClosed(talk, [a, b, c], keys);
  assert.equal(await c.ask({ do: 'status' }), 'removed', 'C is in the group');
  await talk.send(d, 'nor this', 'the group key');
  await talk.compareKey('the group key');
}

/** @returns where the copy is */
async function copyKeys(one: Participant): Promise<string> {
  const copy = `${one.store}.copy`;
  await one.ask({ do: 'offline' });
  await copyFile(one.store, copy);
  await one.ask({ do: 'online' });
  return copy;
}

/** What is said now opens for a member, and not with the keys of one who was removed, even if the relay hands it out. */
async function checkClosed(talk: Conversation, [a, b, c]: Three, copy: string): Promise<void> {
  const text = 'C is not to know this';
  await b.ask({ do: 'offline' });
  await talk.send(a, text, 'the group key');
  const kept = await until(async () => {
    const found = await b.ask<Kept[]>({ do: 'readKept' });
    const tried = await b.ask<Tried>({ do: 'tryKeys', store: b.store, kept: found });
    return tried.texts.includes(text) && found;
  });
  note('S', 'keeps that message for B, who is offline: it opens with the keys of B');
  const { keys, texts } = await c.ask<Tried>({ do: 'tryKeys', store: copy, kept });
  assert.ok(keys > 0, 'C has no keys to try');
  assert.deepEqual(texts, [], 'what C can read');
  arrow('S', 'C', 'hands out a copy of it: it does not open', { 'keys that C has tried': String(keys) });
  await b.ask({ do: 'online' });
}
