// What every adapter of the store must do (client/store/store.ts). A test file of an adapter calls this.

import { afterEach, describe, expect, it } from 'vitest';
import { numberKey, type Range, type Store } from '../../../client/store/store.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';

export interface StoreUnderTest {
  /** A new, empty store. */
  create(): Promise<Store>;
  /** Opens again what `store`, now closed, has left. */
  reopen(store: Store): Promise<Store>;
}

const of = (...bytes: number[]): Bytes => new Uint8Array(bytes);

export function testStore(name: string, { create, reopen }: StoreUnderTest): void {
  const open: Store[] = [];
  const fresh = async () => {
    const store = await create();
    open.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });

  describe(`${name} get()`, () => {
    it('gives what was committed last, and null for a key that is not there', async () => {
      const store = await fresh();
      expect(await store.get('a')).toBeNull();
      await store.commit([{ key: 'a', value: of(1) }]);
      await store.commit([{ key: 'a', value: of(2, 3) }]);
      expect(await store.get('a')).toEqual(of(2, 3));
      await store.commit([{ key: 'a', value: null }]);
      expect(await store.get('a')).toBeNull();
    });

    it('tells an empty value from none', async () => {
      const store = await fresh();
      await store.commit([{ key: 'empty', value: of() }]);
      expect(await store.get('empty')).toEqual(of());
    });

    it('takes keys of any text, the empty one too', async () => {
      const store = await fresh();
      const keys = ['', '/', 'a/', "a'b", 'a%b_c', 'ünï', '😀', '\u{FFFF}', 'constructor', '__proto__', 'A', 'a'];
      await store.commit(keys.map((key, i) => ({ key, value: of(i) })));
      for (const [i, key] of keys.entries()) expect(await store.get(key)).toEqual(of(i));
    });

    it('keeps large values', async () => {
      const store = await fresh();
      const value = new Uint8Array(1024 * 1024).map((_, i) => i * 31);
      await store.commit([{ key: 'large', value }]);
      expect(Buffer.compare((await store.get('large')) ?? of(), value)).toBe(0);
    });
  });

  describe(`${name} list()`, () => {
    it('gives all entries under a prefix in ascending order of UTF-16 code units', async () => {
      const store = await fresh();
      // U+FFFF stands after U+1F600 by code units, and before it by code points and in UTF-8.
      const keys = ['t/', 't/1', 't/10', 't/2', 't/A', 't/a', 't/é', 't/😀', 't/\u{FFFF}'];
      const others = ['', 's', 't', 't.', 't0', 'T/1', 'u/1'];
      const shuffled = [...keys, ...others].sort((a, b) => (a.length % 3) - (b.length % 3) || (a < b ? 1 : -1));
      await store.commit(shuffled.map((key) => ({ key, value: of(1) })));
      expect((await store.list('t/')).map(({ key }) => key)).toEqual(keys);
      expect((await store.list('')).map(({ key }) => key)).toEqual(
        [...keys, ...others].sort((a, b) => (a < b ? -1 : 1)),
      );
    });

    it('takes the prefix literally, and parts of any text', async () => {
      const store = await fresh();
      const parts = ['a%b', 'axb', 'a_b', 'a*b', 'a', 'a\u{FFFF}', '', 'A', '0', '0'.repeat(16)];
      await store.commit(parts.map((part) => ({ key: `${part}/x`, value: of() })));
      const listed = async (prefix: string) => (await store.list(prefix)).map(({ key }) => key);
      for (const part of parts) expect(await listed(`${part}/`)).toEqual([`${part}/x`]);
      expect(await listed('nothing/')).toEqual([]);
    });

    it('goes down to parts of parts', async () => {
      const store = await fresh();
      const keys = ['t/a', 't/a/1', 't/a/1/x', 't/a/2', 't/b', 'u/a/1'];
      await store.commit(keys.map((key) => ({ key, value: of() })));
      expect((await store.list('t/')).map(({ key }) => key)).toEqual(keys.slice(0, 5));
      expect((await store.list('t/a/')).map(({ key }) => key)).toEqual(keys.slice(1, 4));
    });

    it('gives each entry with its value', async () => {
      const store = await fresh();
      await store.commit([
        { key: 'k/1', value: of(1) },
        { key: 'k/2', value: of(2, 2) },
      ]);
      expect(await store.list('k/')).toEqual([
        { key: 'k/1', value: of(1) },
        { key: 'k/2', value: of(2, 2) },
      ]);
    });
  });

  describe(`${name} range()`, () => {
    const numbers = async (store: Store, range: Range, prefix = 'log/a/') =>
      (await store.range(prefix, range)).map(({ key, value }) => [Number(key.slice(prefix.length)), value[0]]);

    it('gives numbered entries in either order, from a number and below another, up to a limit', async () => {
      const store = await fresh();
      await store.commit(
        [12, 3, 0, 7, 1000].map((n) => ({ key: `log/a/${numberKey(n)}`, value: of(n % 256) })).reverse(),
      );
      await store.commit([
        { key: `log/b/${numberKey(5)}`, value: of(5) },
        { key: `log/${numberKey(5)}`, value: of(5) },
      ]);
      const all = [0, 3, 7, 12, 1000].map((n) => [n, n % 256]);
      expect(await numbers(store, { limit: 100 })).toEqual(all);
      expect(await numbers(store, { limit: 2 })).toEqual(all.slice(0, 2));
      expect(await numbers(store, { limit: 2, reverse: true })).toEqual(all.slice(3).reverse());
      expect(await numbers(store, { from: 3, to: 12, limit: 100 })).toEqual(all.slice(1, 3));
      expect(await numbers(store, { from: 4, limit: 100, reverse: true })).toEqual(all.slice(2).reverse());
      expect(await numbers(store, { to: 0, limit: 100 })).toEqual([]);
      expect(await numbers(store, { limit: 100 }, 'log/')).toEqual([[5, 5]]);
      expect(await numbers(store, { limit: 100 }, 'log/c/')).toEqual([]);
    });
  });

  describe(`${name} commit()`, () => {
    it('makes the last write to a key win, deletions included', async () => {
      const store = await fresh();
      await store.commit([
        { key: 'a', value: of(1) },
        { key: 'a', value: of(2) },
        { key: 'b', value: of(1) },
        { key: 'b', value: null },
        { key: 'c', value: null },
        { key: 'c', value: of(3) },
        { key: 'never', value: null },
      ]);
      expect(await store.list('')).toEqual([
        { key: 'a', value: of(2) },
        { key: 'c', value: of(3) },
      ]);
      await store.commit([]);
      expect(await store.list('')).toHaveLength(2);
    });

    it('makes all writes or none', async () => {
      const store = await fresh();
      await store.commit([{ key: 'a', value: of(1) }]);
      const bad = { key: 'c', value: { not: 'bytes' } as unknown as Bytes };
      await expect(store.commit([{ key: 'a', value: of(2) }, { key: 'b', value: of(2) }, bad])).rejects.toThrow();
      expect(await store.list('')).toEqual([{ key: 'a', value: of(1) }]);
      await store.commit([{ key: 'b', value: of(3) }]);
      expect(await store.get('b')).toEqual(of(3));
    });

    it('applies commits in the order in which they were asked for', async () => {
      const store = await fresh();
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([{ key: 'a', value: of(i) }])));
      expect(await store.get('a')).toEqual(of(49));
    });

    it('keeps copies: neither what was written nor what was read is the store’s own', async () => {
      const store = await fresh();
      const written = of(1, 2, 3);
      const committed = store.commit([{ key: 'a', value: written }]);
      await committed;
      written[0] = 9;
      const read = await store.get('a');
      expect(read).toEqual(of(1, 2, 3));
      read?.fill(8);
      (await store.list(''))[0]?.value.fill(7);
      expect(await store.get('a')).toEqual(of(1, 2, 3));
    });

    it('takes a view into a larger buffer for what it shows', async () => {
      const store = await fresh();
      const buffer = of(0, 0, 1, 2, 3, 0, 0);
      await store.commit([{ key: 'a', value: buffer.subarray(2, 5) }]);
      const read = await store.get('a');
      expect(read).toEqual(of(1, 2, 3));
      expect(read).toBeInstanceOf(Uint8Array);
    });
  });

  describe(`${name} close()`, () => {
    it('refuses every later call, and may be called again', async () => {
      const store = await fresh();
      await store.commit([{ key: 'a', value: of(1) }]);
      await store.close();
      const closed = { code: 'store-closed' };
      await expect(store.get('a')).rejects.toMatchObject(closed);
      await expect(store.list('')).rejects.toMatchObject(closed);
      await expect(store.range('a/', { limit: 1 })).rejects.toMatchObject(closed);
      await expect(store.commit([{ key: 'a', value: of(2) }])).rejects.toMatchObject(closed);
      await store.close();
    });

    it('leaves what was committed to whoever opens the store again', async () => {
      const store = await fresh();
      await store.commit([{ key: 'a', value: of(1) }]);
      await store.close();
      const again = await reopen(store);
      open.push(again);
      expect(await again.get('a')).toEqual(of(1));
    });
  });
}
