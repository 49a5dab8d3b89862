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

test('npm run demo plays the three diagrams, changes the group, and leaves nothing on the relay', {
  timeout: 120_000,
}, async () => {
  const demo = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'demo.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(demo, 'close');
  expect(output).toMatch(/\ndemo: 4 clients, 29 messages, 0 left on the relay\n$/);
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
    'A → B, C, D   agreement: D is in, with a new IK',
    'SNabcd, out of band: equal on all 4',
    'A → B, D      agreement: C is out, with a new IK',
    'S → C         hands out a copy of it: it does not open',
    'SNabd, out of band: equal on all 3',
    'B → A, D      request to be let in again',
    'A → B, D      agreement: the same members, B with a new device, and a new IK',
  ]) {
    expect(output).toContain(arrow);
  }
  // The same people have the same number, whatever becomes of their devices.
  const numbers = (name: string) => [...output.matchAll(new RegExp(` ${name} = ([\\d ]+)\n`, 'g'))].map(([, n]) => n);
  expect([numbers('SNabc').length, numbers('SNabcd').length, numbers('SNabd').length]).toEqual([2, 1, 2]);
  expect(new Set(['SNabc', 'SNabcd', 'SNabd'].flatMap(numbers)).size).toBe(3);
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
