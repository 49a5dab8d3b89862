// What every adapter of the store must do (client/store/store.ts), as cases that any runtime can go through: they know
// no test runner. contract.test.ts takes the adapters through them under Node.

import assert from 'node:assert/strict';
import { numberKey, type Range, type Store } from '../../../client/store/store.ts';
import { type Bytes, sameBytes } from '../../../client/wire/bytes.ts';

export interface StoreUnderTest {
  /** A new, empty store. */
  create(): Promise<Store>;
  /** Opens again what `store`, now closed, has left. */
  reopen(store: Store): Promise<Store>;
}

type Case = (adapter: StoreUnderTest) => Promise<void>;

/** Goes through one case, and closes what it has opened. @throws if the adapter does not do what it must */
export async function goThrough(run: Case, adapter: StoreUnderTest): Promise<void> {
  const opened: Store[] = [];
  const keep = async (opening: Promise<Store>) => {
    const store = await opening;
    opened.push(store);
    return store;
  };
  try {
    await run({ create: () => keep(adapter.create()), reopen: (store) => keep(adapter.reopen(store)) });
  } finally {
    for (const store of opened) await store.close();
  }
}

const of = (...bytes: number[]): Bytes => new Uint8Array(bytes);

export const cases: Readonly<Record<string, Case>> = {
  'get() gives what was committed last, and null for a key that is not there': async ({ create }) => {
    const store = await create();
    assert.equal(await store.get('a'), null);
    await store.commit([{ key: 'a', value: of(1) }]);
    await store.commit([{ key: 'a', value: of(2, 3) }]);
    assert.deepEqual(await store.get('a'), of(2, 3));
    await store.commit([{ key: 'a', value: null }]);
    assert.equal(await store.get('a'), null);
  },

  'get() tells an empty value from none': async ({ create }) => {
    const store = await create();
    await store.commit([{ key: 'empty', value: of() }]);
    assert.deepEqual(await store.get('empty'), of());
  },

  'get() takes keys of any text, the empty one too': async ({ create }) => {
    const store = await create();
    const keys = ['', '/', 'a/', "a'b", 'a%b_c', 'ünï', '😀', '\u{FFFF}', 'constructor', '__proto__', 'A', 'a'];
    await store.commit(keys.map((key, i) => ({ key, value: of(i) })));
    for (const [i, key] of keys.entries()) assert.deepEqual(await store.get(key), of(i));
  },

  'get() keeps large values': async ({ create }) => {
    const store = await create();
    const value = new Uint8Array(1024 * 1024).map((_, i) => i * 31);
    await store.commit([{ key: 'large', value }]);
    assert.ok(sameBytes((await store.get('large')) ?? of(), value));
  },

  'list() gives all entries under a prefix in ascending order of UTF-16 code units': async ({ create }) => {
    const store = await create();
    // U+FFFF stands after U+1F600 by code units, and before it by code points and in UTF-8.
    const keys = ['t/', 't/1', 't/10', 't/2', 't/A', 't/a', 't/é', 't/😀', 't/\u{FFFF}'];
    const others = ['', 's', 't', 't.', 't0', 'T/1', 'u/1'];
    const shuffled = [...keys, ...others].sort((a, b) => (a.length % 3) - (b.length % 3) || (a < b ? 1 : -1));
    await store.commit(shuffled.map((key) => ({ key, value: of(1) })));
    assert.deepEqual(
      (await store.list('t/')).map(({ key }) => key),
      keys,
    );
    const all = [...keys, ...others].sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(
      (await store.list('')).map(({ key }) => key),
      all,
    );
  },

  'list() takes the prefix literally, and parts of any text': async ({ create }) => {
    const store = await create();
    const parts = ['a%b', 'axb', 'a_b', 'a*b', 'a', 'a\u{FFFF}', '', 'A', '0', '0'.repeat(16)];
    await store.commit(parts.map((part) => ({ key: `${part}/x`, value: of() })));
    const listed = async (prefix: string) => (await store.list(prefix)).map(({ key }) => key);
    for (const part of parts) assert.deepEqual(await listed(`${part}/`), [`${part}/x`]);
    assert.deepEqual(await listed('nothing/'), []);
  },

  'list() goes down to parts of parts': async ({ create }) => {
    const store = await create();
    const keys = ['t/a', 't/a/1', 't/a/1/x', 't/a/2', 't/b', 'u/a/1'];
    await store.commit(keys.map((key) => ({ key, value: of() })));
    assert.deepEqual(
      (await store.list('t/')).map(({ key }) => key),
      keys.slice(0, 5),
    );
    assert.deepEqual(
      (await store.list('t/a/')).map(({ key }) => key),
      keys.slice(1, 4),
    );
  },

  'list() gives each entry with its value': async ({ create }) => {
    const store = await create();
    await store.commit([
      { key: 'k/1', value: of(1) },
      { key: 'k/2', value: of(2, 2) },
    ]);
    assert.deepEqual(await store.list('k/'), [
      { key: 'k/1', value: of(1) },
      { key: 'k/2', value: of(2, 2) },
    ]);
  },

  'range() gives numbered entries in either order, from a number and below another, up to a limit': async ({
    create,
  }) => {
    const store = await create();
    const numbers = async (range: Range, prefix = 'log/a/') =>
      (await store.range(prefix, range)).map(({ key, value }) => [Number(key.slice(prefix.length)), value[0]]);
    await store.commit(
      [12, 3, 0, 7, 1000].map((n) => ({ key: `log/a/${numberKey(n)}`, value: of(n % 256) })).reverse(),
    );
    await store.commit([
      { key: `log/b/${numberKey(5)}`, value: of(5) },
      { key: `log/${numberKey(5)}`, value: of(5) },
    ]);
    const all = [0, 3, 7, 12, 1000].map((n) => [n, n % 256]);
    assert.deepEqual(await numbers({ limit: 100 }), all);
    assert.deepEqual(await numbers({ limit: 2 }), all.slice(0, 2));
    assert.deepEqual(await numbers({ limit: 2, reverse: true }), all.slice(3).reverse());
    assert.deepEqual(await numbers({ from: 3, to: 12, limit: 100 }), all.slice(1, 3));
    assert.deepEqual(await numbers({ from: 4, limit: 100, reverse: true }), all.slice(2).reverse());
    assert.deepEqual(await numbers({ to: 0, limit: 100 }), []);
    assert.deepEqual(await numbers({ limit: 100 }, 'log/'), [[5, 5]]);
    assert.deepEqual(await numbers({ limit: 100 }, 'log/c/'), []);
  },

  'commit() makes the last write to a key win, deletions included': async ({ create }) => {
    const store = await create();
    await store.commit([
      { key: 'a', value: of(1) },
      { key: 'a', value: of(2) },
      { key: 'b', value: of(1) },
      { key: 'b', value: null },
      { key: 'c', value: null },
      { key: 'c', value: of(3) },
      { key: 'never', value: null },
    ]);
    assert.deepEqual(await store.list(''), [
      { key: 'a', value: of(2) },
      { key: 'c', value: of(3) },
    ]);
    await store.commit([]);
    assert.equal((await store.list('')).length, 2);
  },

  'commit() makes all writes or none': async ({ create }) => {
    const store = await create();
    await store.commit([{ key: 'a', value: of(1) }]);
    const bad = { key: 'c', value: { not: 'bytes' } as unknown as Bytes };
    await assert.rejects(store.commit([{ key: 'a', value: of(2) }, { key: 'b', value: of(2) }, bad]));
    assert.deepEqual(await store.list(''), [{ key: 'a', value: of(1) }]);
    await store.commit([{ key: 'b', value: of(3) }]);
    assert.deepEqual(await store.get('b'), of(3));
  },

  'commit() applies commits in the order in which they were asked for': async ({ create }) => {
    const store = await create();
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([{ key: 'a', value: of(i) }])));
    assert.deepEqual(await store.get('a'), of(49));
  },

  'commit() keeps copies: neither what was written nor what was read is the store’s own': async ({ create }) => {
    const store = await create();
    const written = of(1, 2, 3);
    const committed = store.commit([{ key: 'a', value: written }]);
    await committed;
    written[0] = 9;
    const read = await store.get('a');
    assert.deepEqual(read, of(1, 2, 3));
    read?.fill(8);
    (await store.list(''))[0]?.value.fill(7);
    assert.deepEqual(await store.get('a'), of(1, 2, 3));
  },

  'commit() takes a view into a larger buffer for what it shows': async ({ create }) => {
    const store = await create();
    const buffer = of(0, 0, 1, 2, 3, 0, 0);
    await store.commit([{ key: 'a', value: buffer.subarray(2, 5) }]);
    const read = await store.get('a');
    assert.deepEqual(read, of(1, 2, 3));
    assert.ok(read instanceof Uint8Array);
  },

  'close() refuses every later call, and may be called again': async ({ create }) => {
    const store = await create();
    await store.commit([{ key: 'a', value: of(1) }]);
    await store.close();
    const closed = { code: 'store-closed' };
    await assert.rejects(store.get('a'), closed);
    await assert.rejects(store.list(''), closed);
    await assert.rejects(store.range('a/', { limit: 1 }), closed);
    await assert.rejects(store.commit([{ key: 'a', value: of(2) }]), closed);
    await store.close();
  },

  'close() leaves what was committed to whoever opens the store again': async ({ create, reopen }) => {
    const store = await create();
    await store.commit([{ key: 'a', value: of(1) }]);
    await store.close();
    const again = await reopen(store);
    assert.deepEqual(await again.get('a'), of(1));
  },
};
