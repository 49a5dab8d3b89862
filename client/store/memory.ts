// A store in memory, for tests and for clients that want to leave nothing behind.

import type { Bytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { type Entry, rangeKeys, type Store } from './store.ts';

/**
 * A {@link Store} in memory, which can be copied.
 * @category Stores
 */
export interface MemoryStore extends Store {
  /** A copy of all entries, which {@link memoryStore} takes to start from. */
  entries(): ReadonlyMap<string, Bytes>;
}

/**
 * A store in memory, for tests and for clients that want to leave nothing behind.
 * @category Stores
 * @param initial  entries to start from, copied
 * @example
 * ```ts
 * import { Client, memoryStore } from 'cliquet';
 *
 * const client = await Client.open({ relay: 'http://localhost:8787', store: memoryStore() });
 * console.log(client.groups.length); // 0
 * ```
 */
export function memoryStore(initial: ReadonlyMap<string, Bytes> = new Map()): MemoryStore {
  const copyAll = (from: ReadonlyMap<string, Bytes>) => new Map([...from].map(([key, value]) => [key, value.slice()]));
  const entries = copyAll(initial);
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new CliquetError('store-closed');
  };
  const select = (isWanted: (key: string) => boolean): Entry[] =>
    [...entries]
      .filter(([key]) => isWanted(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value: value.slice() }));
  return {
    async get(key) {
      assertOpen();
      return entries.get(key)?.slice() ?? null;
    },
    async list(prefix) {
      assertOpen();
      return select((key) => key.startsWith(prefix));
    },
    async range(prefix, range) {
      assertOpen();
      const { first, last } = rangeKeys(prefix, range);
      const found = select((key) => key >= first && key < last);
      return (range.reverse ? found.reverse() : found).slice(0, range.limit);
    },
    async commit(writes) {
      assertOpen();
      // Copied first: nothing can fail in between.
      const copies = writes.map(({ key, value }) => ({ key, value: value?.slice() ?? null }));
      for (const { key, value } of copies) {
        if (value === null) entries.delete(key);
        else entries.set(key, value);
      }
    },
    async close() {
      closed = true;
    },
    entries: () => copyAll(entries),
  };
}
