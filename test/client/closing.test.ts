// A client that is closed while a part of the library is on its way to it.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Client, memoryStore } from '../../client/index.ts';

/** Counts what it is asked, and answers nothing sensible. */
async function openRelay() {
  const asked: string[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(String(url));
    response.writeHead(500).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Takes note of what is asked of it after it was closed. */
function watchedStore() {
  const store = memoryStore();
  const late: string[] = [];
  let isClosed = false;
  const noted = new Proxy(store, {
    get: (target, name: keyof typeof store) =>
      function (this: unknown, ...args: never[]) {
        if (isClosed) late.push(String(name));
        if (name === 'close') isClosed = true;
        return (target[name] as (...all: never[]) => unknown).apply(target, args);
      },
  });
  return { store: noted, late };
}

const neverAsked = () => {
  throw new Error('no code was sent');
};

describe('Client.close()', () => {
  test('while the part for registered clients is loaded ends the registration before anything is asked for', async () => {
    const { url, asked } = await openRelay();
    const { store, late } = watchedStore();
    const client = await Client.open({ relay: url, store });
    const registering = client.register('someone@example.org', neverAsked);
    const closing = client.close();
    await expect(registering).rejects.toMatchObject({ code: 'client-closed' });
    await closing;
    expect(asked).toEqual([]);
    expect(late).toEqual([]);
  });

  test('while that part begins its work ends the registration before anything is asked for', async () => {
    const { url, asked } = await openRelay();
    const { store, late } = watchedStore();
    let closing: Promise<void> | undefined;
    let isRegistering = false;
    const client = await Client.open({
      ...{ relay: url, store },
      // Once it is there, the first thing it does is to look at the clock.
      now: () => {
        if (isRegistering) closing ??= client.close();
        return Date.now();
      },
    });
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    isRegistering = true;
    await expect(client.register('someone@example.org', neverAsked)).rejects.toMatchObject({ code: 'client-closed' });
    expect(closing).toBeDefined();
    await closing;
    expect(asked).toEqual([]);
    expect(late).toEqual([]);
    expect(timers).not.toHaveBeenCalled();
  });

  test('while two wait for that part ends both', async () => {
    const { url, asked } = await openRelay();
    const client = await Client.open({ relay: url, store: memoryStore() });
    const registering = [1, 2].map(() => client.register('someone@example.org', neverAsked));
    const closing = client.close();
    for (const each of registering) await expect(each).rejects.toMatchObject({ code: 'client-closed' });
    await closing;
    expect(asked).toEqual([]);
  });

  test('while the part for words is loaded leaves the words to who has asked', async () => {
    const { store, late } = watchedStore();
    const client = await Client.open({ relay: 'http://127.0.0.1:1', store });
    const words = client.recoveryPhrase();
    const backup = client.backup();
    await client.close();
    expect((await words).split(' ')).toHaveLength(24);
    expect((await backup).length).toBeGreaterThan(0);
    expect(late).toEqual([]);
  });
});
