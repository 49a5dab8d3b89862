// Groups that change, over a real relay.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

test('a member is added, speaks and is heard; one is removed, and hears nothing more', async () => {
  const devices = await registerDevices(relay, 'changes', 4);
  const [a, b, c, d] = devices as [Device, Device, Device, Device];
  await foundGroupOf([a, b, c]);
  await a.group.send('one');
  await Promise.all([b, c].map((device) => device.read(1)));
  await d.client.addContact(a.client.invite());
  await a.group.add([d.client.invite()]);
  await Promise.all([b, c].map((device) => device.event('changed', ({ added }) => added.includes(d.hrid))));
  await d.event('joined');
  await d.group.send('hello from the new one');
  await Promise.all([a, b, c].map((device) => until1(device, 'hello from the new one')));
  expect(new Set(devices.map(({ group }) => group.safetyNumber())).size).toBe(1);
  await a.group.remove(c.hrid);
  await Promise.all([b, d].map((device) => device.event('changed', ({ removed }) => removed.includes(c.hrid))));
  await c.event('removed');
  await b.group.send('without c');
  await Promise.all([a, d].map((device) => until1(device, 'without c')));
  expect(c.texts).not.toContain('without c');
  for (const device of devices) expect(device.failure).toBeUndefined();
  for (const device of devices) expect(device.all('refused')).toEqual([]);
  for (const device of devices) await device.client.close();
});

const until1 = (device: Device, text: string) =>
  device.event('message', ({ content }) => content.type === 'text' && content.text === text);
