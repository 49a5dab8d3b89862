// Real clients over a real relay: what a group of people sees when all goes well, and when somebody was away.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Parcel } from '../../client/index.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => closeAll(open.splice(0)));
afterAll(() => relay.stop());

async function group(name: string, size: number): Promise<[Device, Device, ...Device[]]> {
  open = await registerDevices(relay, name, size);
  await foundGroupOf(open);
  return open as [Device, Device, ...Device[]];
}

describe('send()', () => {
  it('by three at the same time is read once by everybody, in order, and told as delivered and confirmed', async () => {
    const devices = await group('concurrent', 3);
    const texts = devices.map((_, i) => Array.from({ length: 8 }, (_, j) => `${i}.${j}`));
    const ids = await Promise.all(
      devices.map((device, i) => Promise.all((texts[i] ?? []).map((text) => device.group.send(text)))),
    );
    await Promise.all(devices.map((device) => device.read(16)));
    // An answer from everybody confirms everything before it.
    await Promise.all(devices.map((device) => device.group.send('answer')));
    await Promise.all(devices.map((device) => device.read(18)));

    for (const [i, device] of devices.entries()) {
      const others = devices.filter((other) => other !== device);
      for (const other of others) {
        const from = device.all('message').filter(({ sender }) => sender === other.hrid);
        const read = from.map(({ content }) => (content.type === 'text' ? content.text : ''));
        expect(read).toEqual([...(texts[devices.indexOf(other)] ?? []), 'answer']);
      }
      for (const id of ids[i] ?? []) {
        await device.event('delivered', (event) => event.id === id);
        await device.event('confirmed', (event) => event.id === id);
      }
      expect(device.all('accepted')).toHaveLength(9);
      expect(new Set(device.all('accepted').map(({ id }) => id)).size).toBe(9);
      expect(new Set(device.all('confirmed').map(({ id }) => id)).size).toBe(device.all('confirmed').length);
      expect(device.all('refused')).toEqual([]);
    }
    const stages = devices.map(({ group }) => group.stage());
    expect(stages[0]?.vector.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(27);
    expect(stages).toEqual(devices.map(() => stages[0]));
    expect(new Set(devices.map(({ group }) => group.safetyNumber())).size).toBe(1);
    const joined = devices.map((device) => device.all('joined'));
    expect(new Set(joined.flat().map(({ key }) => key)).size).toBe(1);
    expect(joined.map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it('of bytes arrives as the same bytes with its media type', async () => {
    const [a, b] = await group('bytes', 2);
    const data = new Uint8Array(64 * 1024).map((_, i) => i * 7);
    const sent = a.group.send({ mediaType: 'application/octet-stream', data });
    data.fill(0); // what the caller does with its array afterwards is its own business
    await sent;
    const { content, id } = await b.event('message');
    expect(content).toEqual({
      type: 'bytes',
      mediaType: 'application/octet-stream',
      name: null,
      data: new Uint8Array(64 * 1024).map((_, i) => i * 7),
    });
    expect(id).toBe(await sent);
  });

  it('refuses what is too large, and takes the largest', async () => {
    const [a, b] = await group('large', 2);
    const largest = 'é'.repeat(32 * 1024);
    await expect(a.group.send(`${largest}.`)).rejects.toMatchObject({ code: 'content-too-large' });
    await expect(a.group.send({ mediaType: 'a/b', data: new Uint8Array(64 * 1024 + 1) })).rejects.toMatchObject({
      code: 'content-too-large',
    });
    await a.group.send(largest);
    expect(await b.read(1)).toEqual([largest]);
  });

  it('is refused once the client is closed', async () => {
    const [a] = await group('closed', 2);
    const { group: own, client } = a;
    await client.close();
    await expect(own.send('late')).rejects.toMatchObject({ code: 'client-closed' });
    await expect(client.createGroup([])).rejects.toMatchObject({ code: 'client-closed' });
    expect(() => client.connect()).toThrow(expect.objectContaining({ code: 'client-closed' }));
    await client.close();
  });

  it('before a member is back reaches it when it is, in order, more than one window at once', async () => {
    const [a, b, c] = (await group('away', 3)) as [Device, Device, Device];
    await c.client.close();
    const texts = Array.from({ length: 80 }, (_, i) => `${i}`);
    await Promise.all(texts.map((text) => a.group.send(text)));
    await b.read(80);
    await b.group.send('from b');
    await c.reopen();
    await c.read(81);
    expect(c.texts.filter((text) => text !== 'from b')).toEqual(texts);
    await c.group.send('back');
    await until(() => a.all('confirmed').length === 80);
  });

  it('while the client is offline goes out when it is back', async () => {
    const [a, b] = await group('offline', 2);
    await a.client.close();
    // Closed before the line is there: what was sent is in the store only.
    await a.reopen();
    const id = await a.group.send('kept');
    await a.reopen();
    expect(await b.read(1)).toEqual(['kept']);
    await a.event('delivered', (event) => event.id === id);
    expect(b.texts).toEqual(['kept']);
  });
});

describe('transport: polling', () => {
  it('does what the stream does', async () => {
    open = await registerDevices(relay, 'polling', 2, { transport: 'polling' });
    const [a, b] = open as [Device, Device];
    await foundGroupOf([a, b]);
    const ids = await Promise.all(['one', 'two', 'three'].map((text) => a.group.send(text)));
    expect(await b.read(3)).toEqual(['one', 'two', 'three']);
    await b.group.send('answer');
    await a.read(1);
    for (const id of ids) {
      await a.event('delivered', (event) => event.id === id);
      await a.event('confirmed', (event) => event.id === id);
    }
    expect(a.client.connection).toBe('online');
  });
});

describe('events()', () => {
  it('of a stranger’s invitation: nothing is sent before accept(), what was held comes after it', async () => {
    let seconds = Math.floor(Date.now() / 1000);
    const a = await Device.register(relay, 'stranger');
    const b = await Device.register(relay, 'invited', { now: () => seconds * 1000 });
    open = [a, b];
    await a.client.createGroup([b.client.invite()], { name: 'Surprise' });
    const first = await a.group.send('first');
    const invited = await b.event('invited');
    expect(invited).toMatchObject({ by: a.hrid, key: a.all('joined')[0]?.key });
    expect(b.group.status).toBe('invited');
    await a.event('delivered', ({ id }) => id === first);
    await expect(b.group.send('no')).rejects.toMatchObject({ code: 'not-accepted' });

    // Long after a newcomer's contribution would have been due.
    seconds += 3600;
    const second = await a.group.send('second');
    await a.event('delivered', ({ id }) => id === second);
    await b.client.settled();
    expect(await b.nextSend()).toBe(1);
    expect(b.texts).toEqual([]);

    await b.group.accept();
    expect(await b.read(2)).toEqual(['first', 'second']);
    await expect(b.group.accept()).rejects.toMatchObject({ code: 'already-accepted' });
    await b.group.send('hello');
    expect(await a.read(1)).toEqual(['hello']);
  });

  it('of a declined invitation: nothing is left, nothing is sent, nothing more is told', async () => {
    const [a, b, c] = (await registerDevices(relay, 'declined', 3)) as [Device, Device, Device];
    open = [a, b, c];
    await c.client.addContact(a.client.invite());
    const packages = b.keys('keyPackages').length;
    await a.client.createGroup([b.client.invite(), c.client.invite()]);
    await a.group.send('first');
    const { group: declined } = await b.event('invited');
    await until(() => b.keys('held').length === 1);
    await declined.decline();
    expect(b.client.groups).toEqual([]);
    for (const table of ['ratchets', 'members', 'waiting', 'held', 'early'] as const) expect(b.keys(table)).toEqual([]);
    expect(b.keys('keyPackages')).toHaveLength(packages - 1);
    expect(b.keys('groups')).toHaveLength(1);
    await expect(declined.send('no')).rejects.toMatchObject({ code: 'not-accepted' });

    const second = await a.group.send('second');
    await c.event('joined');
    await c.group.send('third');
    await a.event('delivered', ({ id }) => id === second);
    await c.event('delivered');
    await b.client.settled();
    expect(await b.nextSend()).toBe(1);
    expect(b.keys('early')).toEqual([]);
    expect(b.events.map(({ type }) => type)).toEqual(['invited']);
  });
});

describe('contributions', () => {
  it('come from a newcomer that says nothing, and from nobody else', async () => {
    const [a, b, c] = (await group('silent', 3)) as [Device, Device, Device];
    await Promise.all([b, c].map(({ hrid }) => a.event('contribution', ({ sender }) => sender === hrid)));
    await until(() => [a, b, c].every(({ group }) => group.stage().vector.join() === '0,1,1'));
    await Promise.all([a, b, c].map(({ client }) => client.settled()));
    expect(await a.nextSend()).toBe(2); // the agreement
  });

  it('come from a reader after max(20, 4N) messages without an answer, and trigger none', async () => {
    const [a, b, c] = (await group('readers', 3)) as [Device, Device, Device];
    await Promise.all([b, c].map((device) => device.group.send('hello')));
    await until(() => [a, b, c].every(({ group }) => group.stage().vector.join() === '0,1,1'));
    for (let i = 0; i < 19; i++) await a.group.send(`${i}`);
    await Promise.all([b.read(20), c.read(20)]);
    await Promise.all([b, c].map(({ client }) => client.settled()));
    expect([await b.nextSend(), await c.nextSend()]).toEqual([2, 2]);

    // At random within a tenth: at the latest after 22.
    for (let i = 19; i < 22; i++) await a.group.send(`${i}`);
    await Promise.all([b, c].map(({ hrid }) => a.event('contribution', ({ sender }) => sender === hrid)));
    await until(() => [a, b, c].every(({ group }) => group.stage().vector.join() === '22,2,2'));
    await Promise.all([a, b, c].map(({ client }) => client.settled()));
    expect([await b.nextSend(), await c.nextSend()]).toEqual([3, 3]);
    expect(await a.nextSend()).toBe(24);
  });
});

describe('onParcel', () => {
  it('hears what the relay sees of each envelope, on both sides', async () => {
    const parcels: [Parcel[], Parcel[]] = [[], []];
    open = [
      await Device.register(relay, 'parcel-a', { onParcel: (parcel) => parcels[0].push(parcel) }),
      await Device.register(relay, 'parcel-b', { onParcel: (parcel) => parcels[1].push(parcel) }),
    ];
    await foundGroupOf(open);
    const [a, b] = open as [Device, Device];
    const changed = b.client.changed();
    await a.group.send('hello');
    await b.read(1);
    await changed;
    const isMessage = ({ kind, from }: Parcel) => kind === 'message' && from === a.hrid;
    await until(() => parcels.every((heard) => heard.some(isMessage)));
    const [[sent], [received]] = parcels.map((heard) => heard.filter(isMessage)) as [Parcel[], Parcel[]];
    expect(sent).toMatchObject({ direction: 'sent', group: a.group.id, to: [b.hrid] });
    expect(received).toEqual({ ...sent, direction: 'received' });
    expect(sent?.bytes).toBeGreaterThan(256);
  });
});

describe('changed()', () => {
  it('ends when somebody has enough of waiting', async () => {
    const [a] = await group('waits', 2);
    const patience = new AbortController();
    patience.abort(new RangeError('enough'));
    await expect(a.client.changed(patience.signal)).rejects.toThrow('enough');
  });
});
