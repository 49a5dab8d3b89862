// Stores that were copied: attacks 1 and 2 as clients live through them.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../client/index.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
const open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterAll(async () => {
  await closeAll(open);
  await relay.stop();
});

/** Three in a group who have all said something and read everything. */
async function group(name: string): Promise<[Device, Device, Device]> {
  const devices = await registerDevices(relay, name, 3);
  open.push(...devices);
  await foundGroupOf(devices);
  await Promise.all(devices.map((device, i) => device.group.send(`hello ${i}`)));
  await Promise.all(devices.map((device) => device.read(2)));
  await Promise.all(devices.map(({ client }) => client.settled()));
  return devices as [Device, Device, Device];
}

/** The relay's close frame is there at once, but a platform may tell of it only when the connection itself ends. */
const replaced = ({ client }: Device) =>
  vi.waitFor(() => expect(client.connection).toBe('replaced'), { timeout: 40_000, interval: 20 });

const harmless = (devices: readonly Device[]) =>
  devices.flatMap((device) => [...device.all('clone'), ...device.all('fork'), ...device.all('refused')]);

describe('attack 1: a client opened from an older copy of its store', () => {
  it('that has sent since is told, sends nothing under a used number, and harms nobody', async () => {
    const [a, b, c] = await group('rollback');
    const older = a.store.entries();
    await a.group.send('two');
    await a.group.send('three');
    await Promise.all([b.read(4), c.read(4)]);
    const expected = await a.nextSend();

    await a.reopen(older);
    await a.event('rolled-back');
    await expect(a.group.send('again')).rejects.toMatchObject({ code: 'rolled-back' });
    await b.group.send('go on');
    await c.group.send('yes');
    await Promise.all([b, c].map((device) => device.read(5)));
    await a.client.settled();
    expect(await a.nextSend()).toBe(expected);
    expect(a.all('rolled-back')).toHaveLength(1);
    expect(harmless([b, c])).toEqual([]);

    // Another group is another ratchet: there it goes on, under a fresh number.
    await b.client.addContact(a.client.invite());
    const fresh = await a.client.createGroup([b.client.invite()], { name: 'Fresh' });
    const id = await fresh.send('from the old store');
    await b.event('message', (event) => event.id === id);
    expect(await a.nextSend()).toBe(expected + 2);
  });

  it('with unsent content tells that it will not be sent', async () => {
    const [a, b] = await group('unsent');
    await a.client.close();
    await a.reopen();
    const id = await a.group.send('maybe');
    const older = a.store.entries();
    await b.event('message', (event) => event.id === id);
    await a.group.send('later');
    await b.read(4);
    await a.reopen(older);
    await a.event('rolled-back');
    await a.client.settled();
    expect(a.keys('unsent')).toEqual([]);
    expect(harmless([b])).toEqual([]);
  });

  it('that has only received since is told too: what it acknowledged will not come again', async () => {
    const [a, b] = await group('forgotten');
    const older = a.store.entries();
    await b.group.send('gone');
    await a.read(3);
    await b.event('delivered', ({ id }) => id === a.all('message').at(-1)?.id);
    await a.reopen(older);
    await a.event('rolled-back');
    await expect(a.group.send('again')).rejects.toMatchObject({ code: 'rolled-back' });
  });

  it('that registered anew since is told, though the relay counts from 1 again', async () => {
    const [a] = await group('anew');
    const older = a.store.entries();
    await a.client.unregister();
    await a.register('anew0');
    await a.client.settled();
    await a.reopen(older);
    await a.event('rolled-back');
  });
});

describe.concurrent('attack 2: two clients from one store', () => {
  it('the first is replaced, stays so, and connect() takes the line back', async () => {
    const [a, b] = await group('double');
    const copy = await Device.open(relay, memoryStore(a.store.entries()));
    open.push(copy);
    await copy.client.settled();
    await replaced(a);
    a.client.connect();

    const iv = setInterval(() => console.log(Date.now() % 100000, a.client.connection, copy.client.connection), 1000);
    iv.unref();
    await replaced(copy);

    await a.client.settled();

    await b.group.send('to whoever listens');
    await a.read(3);

    expect(copy.client.connection).toBe('replaced');
    await a.group.send('mine');
    await b.read(3);
    expect(harmless([a, b])).toEqual([]);
    expect(a.all('rolled-back')).toEqual([]);
  }, 60_000);

  it('the first learns that the other has sent, and sends nothing under those numbers', async () => {
    const [a, b] = await group('second');
    const copy = await Device.open(relay, memoryStore(a.store.entries()));
    open.push(copy);
    await replaced(a);
    const sealed = await a.group.send('kept back'); // offline now: it is stored and not sealed
    await copy.group.send('from the copy');
    await b.read(3);
    await copy.client.settled();
    const expected = await a.nextSend();
    a.client.connect();
    await a.event('rolled-back');
    await a.event('failed', ({ id, code }) => id === sealed && code === 'rolled-back');
    await a.client.settled();
    expect(await a.nextSend()).toBe(expected);
    expect(harmless([b])).toEqual([]);
  }, 60_000);
});
