// `npm run demo`: a relay of its own and three clients in processes of their own play the three diagrams of
// docs/PROTOCOL.md over TLS. Every arrow and note is printed as it happens, with its real values; whatever is not as
// the diagrams say ends the demo with an error.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage } from '../../client/index.ts';
import { startLocalRelay } from '../../worker/local.ts';
import { createCertificate } from './certificate.ts';
import { readLeftovers } from './leftovers.ts';
import type { Registered } from './participant.ts';
import { arrow, heading, note } from './print.ts';
import { Participant } from './process.ts';

const rounds = 5;
const short = (text: string) => `${text.slice(0, 8)}…`;

const folder = await mkdtemp(join(tmpdir(), 'cliquet-demo-'));
const stateFolder = join(folder, 'state');
console.log('Starting a relay of its own, with a certificate made on the spot …');
const https = await createCertificate(folder);
const relay = await startLocalRelay({ port: 0, stateFolder, quiet: true, https });

const [a, b, c] = (['A', 'B', 'C'] as const).map((name) => new Participant(name, relay.url, folder, https.ca)) as [
  Participant,
  Participant,
  Participant,
];
const everyone = [a, b, c];
/** All that was said, in no particular order. */
const said: { readonly from: Participant; readonly text: string }[] = [];

try {
  await register();
  await found();
  await ratchet();
  await sendConcurrently();
  await goOffline();
  await readAll();
  await Promise.all(everyone.map((one) => one.ask({ do: 'close' })));
  await Promise.all(everyone.map((one) => one.end()));
  await relay.stop();
  await lookIntoStorage();
  console.log(`\ndemo: 3 clients, ${said.length} messages, 0 left on the relay`);
} catch (error) {
  console.error(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const one of everyone) one.kill();
  await relay.stop();
  await rm(folder, { recursive: true, force: true });
}

async function register(): Promise<void> {
  heading('1. Registration: each client proves its address to the relay S');
  for (const one of everyone) {
    const { x } = one;
    const address = `${x}@example.org`;
    one.registered = await one.ask<Registered>({ do: 'register', address });
    const { code, hrid } = one.registered;
    arrow(one.name, 'S', 'TLS handshake', { [`EKs${x}`]: await one.sessionKey() });
    arrow(one.name, 'S', `cipher(EKs${x}, UID + PK${x} + hash(VID${x}))`, { UID: address });
    arrow('S', `TE${x}`, 'challenge code, through the development inbox', { code });
    arrow(one.name, 'S', `cipher(EKs${x}, ${code})`);
    note('S', 'adds the HRID to its Bloom filter', { [`HRID${x}`]: short(hrid) });
    arrow('S', one.name, `cipher(EKs${x}, OK)`);
  }
}

async function found(): Promise<void> {
  heading('2. First message of a group');
  const invites = [b, c].map((one) => one.registered.invite);
  for (const one of [b, c]) {
    arrow(one.name, 'A', `PK${one.x}, in an invite`, { invite: `${one.registered.invite.slice(0, 32)}…` });
  }
  await a.ask({ do: 'createGroup', name: 'Holidays', invites });
  const { key } = await a.event('joined');
  arrow('A', 'S', 'cipher(EKsa, HRIDa + HRIDb + HRIDc + agreement)', { EKsa: await a.sessionKey(), IKabc: key });
  note('S', 'finds all three HRIDs in its Bloom filter, queues the agreement for HRIDb and HRIDc');
  const first = await send(a, 'hello, this is A', 'IKabc');
  for (const one of [b, c]) {
    const invited = await one.event('invited');
    assert.equal(invited.key, key, 'IKabc differs');
    await one.ask({ do: 'reach', vector: [1, 0, 0] });
    arrow('S', one.name, `cipher(EKs${one.x}, HRIDa + message)`, { [`EKs${one.x}`]: await one.sessionKey() });
    note(one.name, 'decrypts with IKabc (and shows it once its person accepts the invitation)', { IKabc: invited.key });
  }
  const numbers = await Promise.all(everyone.map((one) => one.ask<string>({ do: 'safetyNumber' })));
  assert.equal(new Set(numbers).size, 1, 'SNabc differs');
  note('A, B, C', 'check SNabc, out of band: equal on all three', { SNabc: numbers[0] ?? '' });
  await a.event('delivered', ({ id }) => id === first);
  note('S', 'deletes the message: everyone has it');
}

async function ratchet(): Promise<void> {
  heading('3. The ephemeral ratchet');
  note('A', 'computes S1Kabc with E1SKa, B and C with E1PKa');
  await compareKey('S1Kabc', [1, 0, 0]);
  note('C', 'accepts the invitation, reads, and answers');
  await send(c, 'C here, good to see you', 'S1Kabc', 'accept');
  await compareKey('S2Kabc', [1, 0, 1]);
  await send(a, 'shall we meet on Sunday?', 'S2Kabc');
  await compareKey('S3Kabc', [2, 0, 1]);
  note('B', 'accepts, reads what was said so far, and answers');
  await send(b, 'Sunday is fine', 'S3Kabc', 'accept');
  await compareKey('S4Kabc', [2, 1, 1]);
}

async function sendConcurrently(): Promise<void> {
  heading('4. All three send at the same time; nobody puts anything in order');
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(everyone.map((one) => send(one, `round ${round}: ${one.name} speaks`, 'the group key')));
  }
  await compareKey('the group key', [2 + rounds, 1 + rounds, 1 + rounds]);
}

async function goOffline(): Promise<void> {
  heading('5. One client is offline meanwhile');
  await b.ask({ do: 'offline' });
  note('B', 'is offline');
  const missedOfA = await send(a, 'is B still there?', 'the group key');
  const missedOfC = await send(c, 'it can read this later', 'the group key');
  note('S', 'keeps both messages for HRIDb; A and C go on');
  await b.ask({ do: 'online' });
  note('B', 'is back, and takes in what waited');
  await compareKey('the group key', [3 + rounds, 1 + rounds, 2 + rounds]);
  await send(b, 'I am back', 'the group key');
  await compareKey('the group key', [3 + rounds, 2 + rounds, 2 + rounds]);
  await a.event('delivered', ({ id }) => id === missedOfA);
  await c.event('delivered', ({ id }) => id === missedOfC);
}

/** Everybody has read everything that the others said, once. */
async function readAll(): Promise<void> {
  heading('6. In the end');
  for (const one of everyone) {
    const heard = said.filter(({ from }) => from !== one);
    for (const { text } of heard) {
      await one.event('message', ({ content }) => content.type === 'text' && content.text === text);
    }
    assert.equal(
      one.events.filter(({ type }) => type === 'message').length,
      heard.length,
      `${one.name} read one twice`,
    );
  }
  note('A, B, C', 'have read every message of the others exactly once');
  for (const one of everyone) await one.ask({ do: 'drained' });
}

/** The relay has stopped; its own files are the proof. */
async function lookIntoStorage(): Promise<void> {
  const addresses = everyone.map(({ x }) => `${x}@example.org`);
  const left = await readLeftovers(stateFolder, [...said.map(({ text }) => text), ...addresses, 'Holidays']);
  assert.equal(left.mailboxes, everyone.length, 'mailboxes found in the storage');
  assert.equal(left.records + left.entries, 0, 'messages left on the relay');
  assert.deepEqual(left.found, [], 'plaintext or addresses on the relay');
  note('S', `${left.mailboxes} mailboxes in its storage: ${left.records} messages pending, ${left.entries} queued`);
  note('S', 'no plaintext, no group name and no address in any of its files');
}

/** Sends, and prints the arrow once the relay has accepted it. @returns the message's id */
async function send(from: Participant, text: string, key: string, how: 'send' | 'accept' = 'send'): Promise<string> {
  said.push({ from, text });
  const id = await from.ask<string>({ do: how, text });
  const { step } = await from.event('accepted', (event) => event.id === id);
  const others = everyone.filter((other) => other !== from).map(({ name }) => name);
  const number = (step.vector[everyone.indexOf(from)] ?? 0) + 1;
  const leaf = `E${number}PK${from.x}`;
  arrow(from.name, others.join(', '), `cipher(${key}, ${leaf} + "${text}")`, { [leaf]: short(step.leaf ?? '') });
  return id;
}

/** All three come to the same key, each by itself. */
async function compareKey(name: string, vector: readonly number[]): Promise<void> {
  const stages = await Promise.all(everyone.map((one) => one.ask<Stage>({ do: 'reach', vector })));
  for (const stage of stages) assert.deepEqual(stage.vector, vector, 'messages opened');
  const keys = new Set(stages.map(({ groupKey }) => groupKey));
  assert.equal(keys.size, 1, `${name} differs between the clients`);
  const counts = `${vector.join(', ')} messages of A, B, C`;
  note('A, B, C', `compute ${name}, each by itself, after ${counts}: equal`, { [name]: [...keys].join() });
}
