// Stores that were copied: attacks 1 and 2 as clients live through them.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../client/index.ts';
import { Clock, secondTurnSeconds } from '../support/clock.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
const open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterAll(async () => {
  await closeAll(open);
  await relay.stop();
});

/** Three in a group who have all said something and read everything, and their clock. */
async function group(name: string): Promise<[Device, Device, Device, Clock]> {
  const clock = new Clock();
  const devices = await registerDevices(relay, name, 3, clock.options);
  open.push(...devices);
  await foundGroupOf(devices);
  await Promise.all(devices.map((device, i) => device.group.send(`hello ${i}`)));
  await Promise.all(devices.map((device) => device.read(2)));
  await Promise.all(devices.map(({ client }) => client.settled()));
  const [a, b, c] = devices as [Device, Device, Device];
  return [a, b, c, clock];
}

/** The first one has asked to be let in again: the second one's turn comes, and it does. */
async function comeBack(a: Device, b: Device, clock: Clock): Promise<void> {
  await until(() => b.keys('requests').length > 0);
  clock.pass(secondTurnSeconds);
  await b.group.send('your turn');
  await a.event('returned', ({ member }) => member === a.hrid);
}

const countOf = (device: Device, text: string) => device.texts.filter((each) => each === text).length;

/** The relay's close frame is there at once, but a platform may tell of it only when the connection itself ends. */
const replaced = ({ client }: Device) =>
  vi.waitFor(() => expect(client.connection).toBe('replaced'), { timeout: 40_000, interval: 20 });

const harmless = (devices: readonly Device[]) =>
  devices.flatMap((device) => [...device.all('clone'), ...device.all('fork'), ...device.all('refused')]);

describe('attack 1: a client opened from an older copy of its store', () => {
  it('that has sent since is told, sends nothing under a used number, and comes back with what it says', async () => {
    const [a, b, c, clock] = await group('rollback');
    const older = a.store.entries();
    await a.group.send('two');
    await a.group.send('three');
    await Promise.all([b.read(4), c.read(4)]);
    const expected = await a.nextSend();

    await a.reopen(older);
    await a.event('rolled-back');
    // It is kept until there are keys that nobody has used.
    await a.group.send('again');
    await b.group.send('go on');
    await c.group.send('yes');
    await Promise.all([b, c].map((device) => device.read(5)));
    expect(a.all('rolled-back')).toHaveLength(1);
    expect([b, c].map((device) => countOf(device, 'again'))).toEqual([0, 0]);
    expect(a.keys('unsent')).toHaveLength(1);

    await comeBack(a, b, clock);
    // The third one's turn may have come as well: it begins where the second one's ends.
    expect(a.all('returned')).toMatchObject([{ by: expect.toBeOneOf([b.hrid, c.hrid]), whole: true }]);
    for (const device of [b, c]) {
      await until(() => device.texts.includes('again'));
      await device.event('returned', ({ member, whole }) => member === a.hrid && whole);
      for (const text of ['two', 'three', 'again']) expect(countOf(device, text)).toBe(1);
    }
    await b.group.send('welcome back');
    await until(() => a.texts.includes('welcome back'));
    expect(await a.nextSend()).toBeGreaterThan(expected);
    expect(harmless([a, b, c])).toEqual([]);
    expect(a.all('failed')).toEqual([]);

    // Another group is another ratchet: there it goes on at once.
    await b.client.addContact(a.client.invite());
    const fresh = await a.client.createGroup([b.client.invite()], { name: 'Fresh' });
    const id = await fresh.send('from the old store');
    await b.event('message', (event) => event.id === id);
  });

  it('with unsent content says it under new keys, and nobody hears it twice', async () => {
    const [a, b, c, clock] = await group('unsent');
    await a.client.close();
    await a.reopen();
    const id = await a.group.send('maybe');
    const older = a.store.entries();
    await b.event('message', (event) => event.id === id);
    await a.group.send('later');
    await Promise.all([b.read(4), c.read(4)]);
    await a.reopen(older);
    await a.event('rolled-back');
    await comeBack(a, b, clock);
    await a.group.send('after all');
    await Promise.all([b, c].map((device) => until(() => device.texts.includes('after all'))));
    await a.client.settled();
    expect(a.keys('unsent')).toEqual([]);
    expect([b, c].map((device) => countOf(device, 'maybe'))).toEqual([1, 1]);
    expect(harmless([b, c])).toEqual([]);
  });

  it('that has only received since is told too, and is sent again what it had acknowledged', async () => {
    const [a, b, , clock] = await group('forgotten');
    const older = a.store.entries();
    await b.group.send('gone');
    await a.read(3);
    await b.event('delivered', ({ id }) => id === a.all('message').at(-1)?.id);
    await a.reopen(older);
    await a.event('rolled-back');
    await comeBack(a, b, clock);
    // Once before, and once by the older copy, which knows nothing of that.
    await until(() => countOf(a, 'gone') === 2);
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

  it('the first learns that the other has sent, sends nothing under those numbers, and comes back', async () => {
    const [a, b, c, clock] = await group('second');
    const copy = await Device.open(relay, memoryStore(a.store.entries()), clock.options);
    open.push(copy);
    await replaced(a);
    await a.group.send('kept back'); // offline now: it is stored and not sealed
    await copy.group.send('from the copy');
    await Promise.all([b.read(3), c.read(3)]);
    await copy.client.settled();
    const expected = await a.nextSend();
    a.client.connect();
    await a.event('rolled-back');
    await comeBack(a, b, clock);
    await Promise.all([b, c].map((device) => until(() => device.texts.includes('kept back'))));
    expect(await a.nextSend()).toBeGreaterThan(expected);
    expect(harmless([b, c])).toEqual([]);
    expect([b, c].map((device) => [countOf(device, 'from the copy'), countOf(device, 'kept back')])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  }, 60_000);
});
