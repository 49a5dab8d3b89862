// Attacks 18 and 22 from a client's point of view: the relay or the client ends at any instant, and nothing is lost or
// doubled.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClientEvent, CliquetError, type MemoryStore, memoryStore } from '../../client/index.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { failingStore, StoreFailure } from '../support/failing-store.ts';
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

const textOf = (event: ClientEvent) =>
  event.type === 'message' && event.content.type === 'text' ? [event.content.text] : [];

describe('a relay that is killed', () => {
  it('and started again while three clients send loses and doubles nothing', async () => {
    const devices = await group('killed', 3);
    const count = 30;
    const sending = devices.map(async (device, i) => {
      for (let j = 0; j < count; j++) await device.group.send(`${i}.${j}`);
    });
    await until(() => devices.some((device) => device.texts.length > 10));
    await relay.crash();
    await Promise.all(sending);
    await until(() => devices.every((device) => device.texts.length >= 15));
    await relay.crash();
    await Promise.all(devices.map((device) => device.read(2 * count)));
    await Promise.all(devices.map(({ client }) => client.settled()));
    for (const [i, device] of devices.entries()) {
      for (const [j, other] of devices.entries()) {
        if (i === j) continue;
        const read = device.all('message').filter(({ sender }) => sender === other.hrid);
        expect(read.flatMap(textOf)).toEqual(Array.from({ length: count }, (_, k) => `${j}.${k}`));
      }
      await until(() => device.all('delivered').length === count);
      expect(device.all('accepted')).toHaveLength(count);
      expect(device.all('refused')).toEqual([]);
      expect(device.all('rolled-back')).toEqual([]);
      expect(device.all('gap')).toEqual([]);
    }
  }, 60_000);
});

describe('a client that is killed', () => {
  it('at every commit, and opened again, loses and doubles nothing that the application sees', async () => {
    const [a, b] = await group('mortal', 2);
    const count = 5;
    const texts = (name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`);
    const ids = await Promise.all(texts('a').map((text) => a.group.send(text)));
    await a.client.close();
    await Promise.all(texts('b').map((text) => b.group.send(text)));
    await until(() => b.all('accepted').length === count);

    const log: ClientEvent[] = [...a.events];
    const isDone = () =>
      log.flatMap(textOf).length >= count && log.filter(({ type }) => type === 'delivered').length >= count;
    let entries = a.store.entries();
    let lives = 0;
    for (; !isDone(); lives++) {
      // One commit a life; the next one is lost, or made without anybody learning of it.
      const store = failingStore(entries, 1, lives % 2 === 0);
      const life = await Device.open(relay, store);
      let taken = 0;
      await until(() => {
        for (; taken < life.events.length; taken++) {
          const event = life.events[taken] as ClientEvent;
          // The last event of a life may be told again: it counts as taken when the next one is asked for.
          const again = taken === 0 && JSON.stringify(event) === JSON.stringify(log.at(-1));
          if (!again) log.push(event);
        }
        return store.failed || isDone();
      });
      await life.client.close();
      entries = store.entries();
      if (store.failed) expect([undefined, StoreFailure.name]).toContain((life.failure as Error | undefined)?.name);
    }
    expect(lives).toBeGreaterThan(3 * count);
    expect(log.flatMap(textOf)).toEqual(texts('b'));
    expect(await b.read(count)).toEqual(texts('a'));
    const told = (type: 'accepted' | 'delivered') => log.flatMap((event) => (event.type === type ? [event.id] : []));
    expect(told('accepted').toSorted()).toEqual(ids.toSorted());
    expect(told('delivered').toSorted()).toEqual(ids.toSorted());
    await b.client.settled();
    expect(b.texts).toEqual(texts('a'));
    expect([...log, ...b.events].map(({ type }) => type)).not.toContain('refused');
  }, 60_000);

  it('goes on from a copy of its store as if nothing had been', async () => {
    const [a, b] = await group('copied', 2);
    for (let i = 0; i < 4; i++) {
      await a.group.send(`a${i}`);
      await b.group.send(`b${i}`);
      await Promise.all([a.read(i + 1), b.read(i + 1)]);
      await (i % 2 === 0 ? a : b).reopen();
    }
    await Promise.all([a.client.settled(), b.client.settled()]);
    expect(a.texts).toEqual(['b0', 'b1', 'b2', 'b3']);
    expect(b.texts).toEqual(['a0', 'a1', 'a2', 'a3']);
  });
});

describe('a store that fails', () => {
  it('ends the events and settled() with its error; what was committed goes on when it is opened again', async () => {
    const [a, b] = await group('failing', 2);
    await a.client.settled();
    await until(() => a.keys('events').length === 0);
    await a.client.close();
    const store = failingStore(a.store.entries(), 2);
    const failing = await Device.open(relay, store);
    open.push(failing);
    await failing.client.settled();
    await failing.group.send('kept'); // the first commit
    await until(() => store.failed);
    await until(() => failing.failure !== undefined);
    expect(failing.failure).toBeInstanceOf(StoreFailure);
    await expect(failing.client.settled()).rejects.toBeInstanceOf(StoreFailure);
    await expect(failing.group.send('lost')).rejects.toBeInstanceOf(StoreFailure);
    expect(failing.client.connection).toBe('offline');
    await failing.client.close();

    await a.reopen(store.entries());
    expect(await b.read(1)).toEqual(['kept']);
    await a.client.settled();
    expect(b.texts).toEqual(['kept']);
  });
});

describe('a store that cannot be written for a while', () => {
  it('refuses what is sent meanwhile; the rest comes again, and the client goes on by itself', async () => {
    const [a, b] = await group('full', 2);
    await a.client.settled();
    await a.client.close();
    const store = memoryStore(a.store.entries());
    let isFull = false;
    let refusals = 0;
    const disk: MemoryStore = {
      ...store,
      commit: async (writes) => {
        if (!isFull) return store.commit(writes);
        refusals++;
        throw new CliquetError('store-unwritable');
      },
    };
    const full = await Device.open(relay, disk);
    open.push(full);
    await full.client.settled();
    isFull = true;
    await b.group.send('while it is full');
    await b.client.settled();
    await until(() => full.client.problem === 'store-unwritable');
    await expect(full.group.send('lost')).rejects.toMatchObject({ code: 'store-unwritable' });
    await expect(full.client.settled()).rejects.toMatchObject({ code: 'store-unwritable' });
    const before = refusals;
    // It tries again, and again.
    await until(() => refusals > before + 1);
    expect(full.texts).toEqual([]);
    isFull = false;
    expect(await full.read(1)).toEqual(['while it is full']);
    await until(() => full.client.problem === null);
    await full.group.send('and after it');
    expect(await b.read(1)).toEqual(['and after it']);
    await full.client.settled();
    expect(full.texts).toEqual(['while it is full']);
    expect([...full.events, ...b.events].map(({ type }) => type)).not.toContain('refused');
  });
});

describe('settled()', () => {
  it('ends with the reason of a signal, and the client goes on', async () => {
    const [a, b] = await group('signal', 2);
    const hurry = new AbortController();
    await a.group.send('all the same');
    const settling = a.client.settled({ signal: hurry.signal });
    hurry.abort(new Error('no time'));
    await expect(settling).rejects.toThrow('no time');
    expect(await b.read(1)).toEqual(['all the same']);
  });
});
