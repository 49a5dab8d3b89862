// A relay that comes back as an older copy of itself, as from a backup: it has forgotten registrations of nobody here,
// but sends, queues and acknowledgements.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { closeAll, type Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

it('a restored relay: everything is read once by everybody, and the group goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cliquet-restore-'));
  const [stateFolder, backup] = [join(folder, 'state'), join(folder, 'backup')];
  let relay: TestRelay = await startRelay({ stateFolder });
  const port = Number(new URL(relay.url).port);
  const devices = await registerDevices(relay, 'restored', 2);
  const [a, b] = devices as [Device, Device];
  await foundGroupOf(devices);
  await a.group.send('before');
  await b.read(1);
  await b.group.send('an answer before');
  await a.read(1);
  await Promise.all(devices.map(({ client }) => client.settled()));

  await relay.stop();
  await cp(stateFolder, backup, { recursive: true });
  relay = await startRelay({ stateFolder, port });
  for (let i = 0; i < 3; i++) await a.group.send(`between ${i}`);
  await b.read(4);
  await Promise.all(devices.map(({ client }) => client.settled()));

  await relay.stop();
  relay = await startRelay({ stateFolder: backup, port });
  await a.group.send('after');
  await b.group.send('after too');
  await Promise.all([a.read(2), b.read(5)]);
  await Promise.all(devices.map(({ client }) => client.settled()));
  expect(a.texts).toEqual(['an answer before', 'after too']);
  expect(b.texts).toEqual(['before', 'between 0', 'between 1', 'between 2', 'after']);
  expect([...a.events, ...b.events].map(({ type }) => type)).not.toContain('rolled-back');
  expect(a.group.stage().vector).toEqual(b.group.stage().vector);

  await closeAll(devices);
  await relay.stop();
  await rm(folder, { recursive: true, force: true });
}, 90_000);
