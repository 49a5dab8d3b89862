import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Device, registerDevices } from '../support/device.ts';
import { startRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';
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
  const [a, b] = (await registerDevices(relay, 'leftovers', 2)) as [Device, Device];
  await b.client.close();
  await a.client.createGroup([b.client.invite()], { name: 'Two' });
  await a.client.settled();
  await a.client.close();
  const { relay: asked, as } = b.credentials();
  await until(async () => (await asked.readQueue(as, null)).entries.length === 1);
  await relay.stop();
  const left = await readLeftovers(stateFolder, ['Two']);
  expect(left).toEqual({ mailboxes: 2, records: 1, entries: 1, found: [] });
  await rm(stateFolder, { recursive: true, force: true });
});
