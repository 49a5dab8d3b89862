import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Client, memoryStore } from '../../client/index.ts';
import { startRelay } from '../support/relay.ts';
import { readLeftovers } from './leftovers.ts';

test('npm run demo plays the three diagrams and leaves nothing on the relay', { timeout: 90_000 }, async () => {
  const demo = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'demo.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(demo, 'close');
  expect(output).toMatch(/\ndemo: 3 clients, 22 messages, 0 left on the relay\n$/);
  for (const arrow of [
    'TLS handshake',
    'challenge code',
    'cipher(EKsa, OK)',
    'IKabc',
    'E1PKa',
    'SNabc',
    'S1Kabc',
    'S2Kabc',
    'S3Kabc',
  ]) {
    expect(output).toContain(arrow);
  }
  expect(code).toBe(0);
});

test('readLeftovers() finds a message that somebody has not acknowledged', { timeout: 60_000 }, async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'cliquet-leftovers-'));
  const relay = await startRelay({ stateFolder });
  const open = async (address: string) => {
    const client = await Client.open({ relay: relay.url, store: memoryStore() });
    await client.register(address, () => relay.inbox(address));
    await client.settled();
    return client;
  };
  const a = await open('a@example.org');
  const b = await open('b@example.org');
  const invite = b.invite();
  await b.close();
  await a.createGroup([invite], { name: 'Two' });
  await a.settled();
  await a.close();
  await relay.stop();
  const left = await readLeftovers(stateFolder, ['Two']);
  expect(left).toEqual({ mailboxes: 2, records: 1, entries: 1, found: [] });
  await rm(stateFolder, { recursive: true, force: true });
});
