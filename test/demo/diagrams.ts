// The three diagrams of docs/PROTOCOL.md: registration, the first message of a group, the ephemeral ratchet; and what
// they are good for: members who send at the same time, and one who is offline meanwhile.

import assert from 'node:assert/strict';
import type { Conversation } from './conversation.ts';
import type { Registered } from './participant.ts';
import { arrow, heading, note, short } from './print.ts';
import type { Participant } from './process.ts';

const rounds = 5;

export type Three = readonly [a: Participant, b: Participant, c: Participant];

export async function playDiagrams(talk: Conversation, three: Three): Promise<void> {
  heading('1. Registration: each client proves its address to the relay S');
  for (const one of three) await register(one);
  talk.members = three;
  await found(talk, three);
  await ratchet(talk, three);
  await sendConcurrently(talk);
  await goOffline(talk, three);
}

export const addressOf = ({ x }: Participant): string => `${x}@example.org`;

/** Diagram 1. */
export async function register(one: Participant): Promise<void> {
  const { x } = one;
  const address = addressOf(one);
  one.registered = await one.ask<Registered>({ do: 'register', address });
  const { code, hrid } = one.registered;
  arrow(one.name, 'S', 'TLS handshake', { [`EKs${x}`]: await one.sessionKey() });
  arrow(one.name, 'S', `cipher(EKs${x}, UID + PK${x} + hash(VID${x}))`, { UID: address });
  arrow('S', `TE${x}`, 'challenge code, through the development inbox', { code });
  arrow(one.name, 'S', `cipher(EKs${x}, ${code})`);
  note('S', 'adds the HRID to its Bloom filter', { [`HRID${x}`]: short(hrid) });
  arrow('S', one.name, `cipher(EKs${x}, OK)`);
}

/** How somebody else learns the public key of one. */
export function handInvite(from: Participant, to: Participant): string {
  const { invite } = from.registered;
  arrow(from.name, to.name, `PK${from.x}, in an invite`, { invite: `${invite.slice(0, 32)}…` });
  return invite;
}

async function found(talk: Conversation, [a, b, c]: Three): Promise<void> {
  heading('2. First message of a group');
  const invites = [b, c].map((one) => handInvite(one, a));
  await a.ask({ do: 'createGroup', name: 'Holidays', invites });
  const { key } = await a.event('joined');
  arrow('A', 'S', 'cipher(EKsa, HRIDa + HRIDb + HRIDc + agreement)', { EKsa: await a.sessionKey(), IKabc: key });
  note('S', 'finds all three HRIDs in its Bloom filter, queues the agreement for HRIDb and HRIDc');
  const first = await talk.send(a, 'hello, this is A', 'IKabc');
  for (const one of [b, c]) {
    const invited = await one.event('invited');
    assert.equal(invited.key, key, 'IKabc differs');
    await one.ask({ do: 'reach', vector: [1, 0, 0] });
    arrow('S', one.name, `cipher(EKs${one.x}, HRIDa + message)`, { [`EKs${one.x}`]: await one.sessionKey() });
    note(one.name, 'decrypts with IKabc (and shows it once its person accepts the invitation)', { IKabc: invited.key });
  }
  await talk.compareSafetyNumber();
  await a.event('delivered', ({ id }) => id === first);
  note('S', 'deletes the message: everyone has it');
}

async function ratchet(talk: Conversation, [a, b, c]: Three): Promise<void> {
  heading('3. The ephemeral ratchet');
  note('A', 'computes S1Kabc with E1SKa, B and C with E1PKa');
  await talk.compareKeyAt('S1Kabc', [1, 0, 0]);
  note('C', 'accepts the invitation, reads, and answers');
  await talk.send(c, 'C here, good to see you', 'S1Kabc', 'accept');
  await talk.compareKeyAt('S2Kabc', [1, 0, 1]);
  await talk.send(a, 'shall we meet on Sunday?', 'S2Kabc');
  await talk.compareKeyAt('S3Kabc', [2, 0, 1]);
  note('B', 'accepts, reads what was said so far, and answers');
  await talk.send(b, 'Sunday is fine', 'S3Kabc', 'accept');
  await talk.compareKeyAt('S4Kabc', [2, 1, 1]);
}

async function sendConcurrently(talk: Conversation): Promise<void> {
  heading('4. All three send at the same time; nobody puts anything in order');
  for (let round = 1; round <= rounds; round++) {
    const speak = (one: Participant) => talk.send(one, `round ${round}: ${one.name} speaks`, 'the group key');
    await Promise.all(talk.members.map(speak));
  }
  await talk.compareKeyAt('the group key', [2 + rounds, 1 + rounds, 1 + rounds]);
}

async function goOffline(talk: Conversation, [a, b, c]: Three): Promise<void> {
  heading('5. One client is offline meanwhile');
  await b.ask({ do: 'offline' });
  note('B', 'is offline');
  const missedOfA = await talk.send(a, 'is B still there?', 'the group key');
  const missedOfC = await talk.send(c, 'it can read this later', 'the group key');
  note('S', 'keeps both messages for HRIDb; A and C go on');
  await b.ask({ do: 'online' });
  note('B', 'is back, and takes in what waited');
  await talk.compareKeyAt('the group key', [3 + rounds, 1 + rounds, 2 + rounds]);
  await talk.send(b, 'I am back', 'the group key');
  await talk.compareKeyAt('the group key', [3 + rounds, 2 + rounds, 2 + rounds]);
  await a.event('delivered', ({ id }) => id === missedOfA);
  await c.event('delivered', ({ id }) => id === missedOfC);
}
