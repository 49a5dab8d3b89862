// The store in a Durable Object, in one of the relay's own: what the contract (test/runtimes/) does not ask.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { durableObjectStore } from '../../../client/store/durable-object.ts';

const objectOf = (name: string) => env.MAILBOX.getByName(name);
const inside = <R>(name: string, work: (storage: DurableObjectStorage) => R) =>
  runInDurableObject(objectOf(name), (_, { storage }) => work(storage));

const one = new Uint8Array([1]);

describe('durableObjectStore()', () => {
  it('is open once at a time in an object, and each object has its own', async () => {
    await inside('once', async (storage) => {
      const store = durableObjectStore(storage);
      await store.commit([{ key: 'a', value: one }]);
      expect(() => durableObjectStore(storage)).toThrow(expect.objectContaining({ code: 'store-in-use' }));
      await inside('another', async (other) => expect(await durableObjectStore(other).get('a')).toBe(null));
      await store.close();
      expect(await durableObjectStore(storage).get('a')).toEqual(one);
    });
  });

  it('is there when the object comes back, though nobody had closed it', async () => {
    await inside('back', (storage) => durableObjectStore(storage).commit([{ key: 'a', value: one }]));
    await evictDurableObject(objectOf('back'));
    expect(await inside('back', (storage) => durableObjectStore(storage).get('a'))).toEqual(one);
  });

  it('leaves the tables of the object alone', async () => {
    await inside('beside', async (storage) => {
      storage.sql.exec('CREATE TABLE entries (key TEXT); INSERT INTO entries VALUES (?)', 'mine');
      const store = durableObjectStore(storage);
      await store.commit([{ key: 'a', value: one }]);
      expect(storage.sql.exec('SELECT * FROM entries').toArray()).toEqual([{ key: 'mine' }]);
      expect(await store.list('')).toEqual([{ key: 'a', value: one }]);
    });
  });

  it('tells that SQLite has refused a write, and has changed nothing', async () => {
    await inside('full', async (storage) => {
      const store = durableObjectStore(storage);
      // Stands for a full disk, which cannot be had here.
      storage.sql.exec(`CREATE TRIGGER full BEFORE INSERT ON cliquet_entries WHEN NEW.key = 'b'
        BEGIN SELECT RAISE(ABORT, 'no room'); END`);
      const refused = store.commit(['a', 'b'].map((key) => ({ key, value: one })));
      await expect(refused).rejects.toMatchObject({ code: 'store-unwritable' });
      expect(await store.list('')).toEqual([]);
    });
  });

  it('tells a value that it has not written', async () => {
    await inside('damaged', async (storage) => {
      const store = durableObjectStore(storage);
      storage.sql.exec('INSERT INTO cliquet_entries VALUES (?, ?)', 'a', 'text');
      await expect(store.get('a')).rejects.toMatchObject({ code: 'store-damaged' });
    });
  });
});
