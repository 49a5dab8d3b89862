// A store in memory, for tests and for clients that want to leave nothing behind.

import type { Bytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import type { Store } from './store.ts';

export interface MemoryStore extends Store {
  /** A copy of all entries, which `memoryStore` takes to start from. */
  entries(): ReadonlyMap<string, Bytes>;
}

/** @param initial  entries to start from, copied */
export function memoryStore(initial: ReadonlyMap<string, Bytes> = new Map()): MemoryStore {
  const copyAll = (from: ReadonlyMap<string, Bytes>) => new Map([...from].map(([key, value]) => [key, value.slice()]));
  let entries = copyAll(initial);
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new CliquetError('store-closed');
  };
  return {
    async get(key) {
      assertOpen();
      return entries.get(key)?.slice() ?? null;
    },
    async list(prefix) {
      assertOpen();
      return [...entries]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => ({ key, value: value.slice() }));
    },
    async commit(writes) {
      assertOpen();
      const next = new Map(entries);
      for (const { key, value } of writes) {
        if (value === null) next.delete(key);
        else next.set(key, value.slice());
      }
      entries = next;
    },
    async close() {
      closed = true;
    },
    entries: () => copyAll(entries),
  };
}
