// Registering clients over a real relay: codes, mistakes, and ending it again.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client, memoryStore } from '../../client/index.ts';
import { addressOf, closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
const open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => closeAll(open.splice(0)));
afterAll(() => relay.stop());

async function unregistered(): Promise<Device> {
  const device = await Device.open(relay);
  open.push(device);
  return device;
}

const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

describe('register()', () => {
  it('asks again after a wrong code, and takes the right one with spaces around it', async () => {
    const { client } = await unregistered();
    const address = addressOf('wrong');
    const attempts: number[] = [];
    await client.register(address, async (attempt) => {
      attempts.push(attempt);
      const code = await relay.inbox(address);
      return attempt < 3 ? wrong(code) : ` ${code}\n`;
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(client.isRegistered).toBe(true);
    await client.settled();
    expect(client.connection).toBe('online');
  });

  it('is cancelled by null, and can be begun again', async () => {
    const device = await unregistered();
    await expect(device.client.register(addressOf('cancelled'), () => null)).rejects.toMatchObject({
      code: 'registration-cancelled',
    });
    expect(device.client.isRegistered).toBe(false);
    expect(() => device.client.invite()).toThrow(expect.objectContaining({ code: 'not-registered' }));
    await expect(device.client.settled()).rejects.toMatchObject({ code: 'not-registered' });
    await device.register('cancelled');
    expect(device.client.isRegistered).toBe(true);
  });

  it('gives up when the relay takes no more answers', async () => {
    const { client } = await unregistered();
    const address = addressOf('exhausted');
    let asked = 0;
    const registering = client.register(address, async () => {
      asked++;
      return wrong(await relay.inbox(address));
    });
    await expect(registering).rejects.toMatchObject({ code: 'challenge-exhausted' });
    expect(asked).toBeLessThanOrEqual(6);
    expect(client.isRegistered).toBe(false);
  });

  it('refuses what is no address, without asking the relay', async () => {
    const client = await Client.open({ relay: 'http://127.0.0.1:1', store: memoryStore() });
    for (const address of ['', 'nobody', 'a@b', '12345']) {
      await expect(client.register(address, () => null)).rejects.toMatchObject({ code: 'address-invalid' });
    }
    await expect(client.register(addressOf('somebody'), () => null)).rejects.toMatchObject({ code: 'unreachable' });
    await client.close();
  });

  it('refuses a client that is registered already', async () => {
    const device = await Device.register(relay, 'twice');
    open.push(device);
    await expect(device.register('twice')).rejects.toMatchObject({ code: 'already-registered' });
  });

  it('is refused by a client that was closed while it asked for the code', async () => {
    const { client } = await unregistered();
    const address = addressOf('closing');
    const registering = client.register(address, async () => {
      const code = await relay.inbox(address);
      await client.close();
      return code;
    });
    await expect(registering).rejects.toMatchObject({ code: 'client-closed' });
    expect(client.connection).toBe('offline');
  });

  it('makes one and the same client of one store, opened again', async () => {
    const device = await Device.register(relay, 'reopened');
    open.push(device);
    const { hrid } = device;
    const invite = device.client.invite();
    await device.reopen();
    expect(device.client.isRegistered).toBe(true);
    expect(device.hrid).toBe(hrid);
    expect(device.client.invite()).toBe(invite);
    await device.client.settled();
  });

  it('connects when it is asked to, if it was opened without a connection', async () => {
    const device = await Device.register(relay, 'asked');
    await device.client.close();
    const client = await Client.open({ store: memoryStore(device.store.entries()), connect: false });
    try {
      expect(client.connection).toBe('offline');
      client.connect();
      await client.settled();
      expect(client.connection).toBe('online');
    } finally {
      await client.close();
    }
  });

  it('leaves a store to the relay that it was made for', async () => {
    const device = await Device.register(relay, 'elsewhere');
    open.push(device);
    const store = memoryStore(device.store.entries());
    await expect(Client.open({ relay: 'https://relay.example', store })).rejects.toMatchObject({
      code: 'other-relay',
    });
  });
});

describe('unregister()', () => {
  it('ends what the relay knows; invites lead nowhere then', async () => {
    const [a, b] = (await registerDevices(relay, 'ended', 2)) as [Device, Device];
    open.push(a, b);
    const invite = b.client.invite();
    await b.client.unregister();
    expect(b.client.isRegistered).toBe(false);
    expect(b.client.connection).toBe('offline');
    await expect(a.client.createGroup([invite])).rejects.toMatchObject({ code: 'unregistered' });
    await expect(b.client.unregister()).rejects.toMatchObject({ code: 'not-registered' });
  });

  it('ends the waiting of settled() too', async () => {
    const device = await Device.register(relay, 'waiting');
    open.push(device);
    await device.reopen();
    const waiting = device.client.settled({ signal: AbortSignal.timeout(5000) });
    const ended = expect(waiting).rejects.toMatchObject({ code: 'not-registered' });
    await device.client.unregister();
    await ended;
  });

  it('goes through for a client that ended after the relay did it', async () => {
    const device = await Device.register(relay, 'halfway');
    open.push(device);
    const before = device.store.entries();
    await device.client.unregister();
    await device.reopen(before);
    expect(device.client.isRegistered).toBe(true);
    await device.client.unregister();
    await device.register('halfway');
    expect(device.client.isRegistered).toBe(true);
  });

  it('and register() with the same store: numbers start anew, groups go on, what was not delivered is sent again', async () => {
    const [a, b, c] = (await registerDevices(relay, 'renewed', 3)) as [Device, Device, Device];
    open.push(a, b, c);
    await foundGroupOf([a, b, c]);
    await Promise.all([a.group.send('a1'), b.group.send('b1'), c.group.send('c1')]);
    await Promise.all([a, b, c].map((device) => device.read(2)));
    await until(() => a.all('delivered').length === 1);

    // c is away, so a's next message is withdrawn with a's mailbox.
    await c.client.close();
    const withdrawn = await a.group.send('a2');
    await a.event('accepted', ({ id }) => id === withdrawn);
    await b.read(3);
    await a.client.unregister();
    const offline = await a.group.send('a3');
    await a.register('renewed0');
    await a.client.settled();
    await c.reopen();
    await c.read(4);
    await b.read(4);
    expect(b.texts.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(c.texts.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);

    await Promise.all([b.group.send('b2'), c.group.send('c2')]);
    await a.read(4);
    for (const id of [withdrawn, offline]) await a.event('confirmed', (event) => event.id === id);
    for (const type of ['accepted', 'delivered', 'confirmed'] as const) {
      const ids = a.all(type).map(({ id }) => id);
      expect(ids).toHaveLength(new Set(ids).size);
    }
    expect(a.all('rolled-back')).toEqual([]);
    expect([a, b, c].flatMap((device) => device.all('refused'))).toEqual([]);
  });

  it('and register() under another address: the groups are lost, and what was on its way ends', async () => {
    const [a, b] = (await registerDevices(relay, 'moved', 2)) as [Device, Device];
    open.push(a, b);
    await foundGroupOf([a, b]);
    await a.group.send('before');
    await b.read(1);
    await a.client.unregister();
    const offline = await a.group.send('never');
    await a.register('moved-elsewhere');
    expect(a.group.status).toBe('lost');
    expect(await a.event('failed')).toMatchObject({ id: offline, code: 'group-lost' });
    await expect(a.group.send('into the void')).rejects.toMatchObject({ code: 'group-lost' });
    expect(a.client.pending).toEqual({ unsent: 0, unposted: 0, unconfirmed: 0 });
    for (const table of ['ratchets', 'members', 'contributions', 'transcripts', 'outgoing'] as const) {
      expect(a.keys(table)).toEqual([]);
    }
    // As somebody else it goes on.
    await a.client.addContact(b.client.invite());
    const again = await a.client.createGroup([b.client.invite()], { name: 'Again' });
    await b.event('invited', ({ group }) => group.name === 'Again');
    await again.send('here I am');
    await a.client.settled();
  });
});
