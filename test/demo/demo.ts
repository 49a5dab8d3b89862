// `npm run demo`: a relay of its own and clients in processes of their own play the three diagrams of docs/PROTOCOL.md
// over TLS, and how the group goes on: it changes, and heals. Every arrow and note is printed as it happens, with its
// real values; whatever is not as the protocol says ends the demo with an error.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRelay } from '../../worker/local.ts';
import { createCertificate } from './certificate.ts';
import { playChanges } from './changes.ts';
import { Conversation } from './conversation.ts';
import { addressOf, playDiagrams, type Three } from './diagrams.ts';
import { readLeftovers } from './leftovers.ts';
import { playLoss } from './loss.ts';
import { heading, note } from './print.ts';
import { Participant } from './process.ts';

const folder = await mkdtemp(join(tmpdir(), 'cliquet-demo-'));
const stateFolder = join(folder, 'state');
console.log('Starting a relay of its own, with a certificate made on the spot …');
const https = await createCertificate(folder);
const relay = await startLocalRelay({ port: 0, stateFolder, quiet: true, https });

/** Every process there was: who loses a device goes on in another one. */
const devices: Participant[] = [];
const talk = new Conversation();

try {
  const three: Three = [participant('A'), participant('B'), participant('C')];
  const [a, b, c] = three;
  await playDiagrams(talk, three);
  const d = participant('D');
  await playChanges(talk, three, d);
  await playLoss(talk, [a, b, d], join(folder, 'B.backup'), () => participant('B'));
  const present = [...talk.members, c];
  await readAll(present);
  await Promise.all(present.map((one) => one.ask({ do: 'close' })));
  await Promise.all(present.map((one) => one.end()));
  await relay.stop();
  await lookIntoStorage(present);
  console.log(`\ndemo: ${present.length} clients, ${talk.said.length} messages, 0 left on the relay`);
} catch (error) {
  console.error(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const device of devices) device.kill();
  await relay.stop();
  await rm(folder, { recursive: true, force: true });
}

function participant(name: string): Participant {
  const device = new Participant(name, relay.url, folder, https.ca);
  devices.push(device);
  return device;
}

/** Everybody has read everything that was said to it, once. */
async function readAll(present: readonly Participant[]): Promise<void> {
  heading('9. In the end');
  for (const one of present) await talk.checkRead(one);
  note('A, B, C, D', 'have read every message that was for them exactly once');
  for (const one of present) await one.ask({ do: 'drained' });
}

/** The relay has stopped; its own files are the proof. */
async function lookIntoStorage(present: readonly Participant[]): Promise<void> {
  const texts = [...talk.said.map(({ text }) => text), ...present.map(addressOf), 'Holidays'];
  const left = await readLeftovers(stateFolder, texts);
  assert.equal(left.mailboxes, present.length, 'mailboxes found in the storage');
  assert.equal(left.records + left.entries, 0, 'messages left on the relay');
  assert.deepEqual(left.found, [], 'plaintext or addresses on the relay');
  note('S', `${left.mailboxes} mailboxes in its storage: ${left.records} messages pending, ${left.entries} queued`);
  note('S', 'no plaintext, no group name and no address in any of its files');
}
