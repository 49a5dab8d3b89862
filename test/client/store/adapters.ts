// The adapters that must pass the contract, on Node as on Deno and Bun.

import { join } from 'node:path';
import { encryptedStore } from '../../../client/store/encrypted.ts';
import { type MemoryStore, memoryStore } from '../../../client/store/memory.ts';
import { sqliteStore } from '../../../client/store/sqlite.ts';
import type { Store } from '../../../client/store/store.ts';
import type { StoreUnderTest } from './contract.ts';

/** @param newFolder  makes a folder for one store */
export function adapters(newFolder: () => string): Readonly<Record<string, StoreUnderTest>> {
  return {
    'memoryStore()': inMemory(async (inner) => inner),
    'sqliteStore()': inFile(newFolder, async (inner) => inner),
    // Costs next to nothing: what is tested here is not Argon2id.
    'encryptedStore() over memory': inMemory((inner) =>
      encryptedStore(inner, 'passphrase', { parameters: { memoryKib: 8, passes: 1 } }),
    ),
    'encryptedStore() over SQLite': inFile(newFolder, (inner) => encryptedStore(inner, new Uint8Array(32).fill(3))),
  };
}

function inMemory(over: (inner: MemoryStore) => Promise<Store>): StoreUnderTest {
  const inners = new WeakMap<Store, MemoryStore>();
  const open = async (inner: MemoryStore) => {
    const store = await over(inner);
    inners.set(store, inner);
    return store;
  };
  return { create: () => open(memoryStore()), reopen: (store) => open(memoryStore(inners.get(store)?.entries())) };
}

function inFile(newFolder: () => string, over: (inner: Store) => Promise<Store>): StoreUnderTest {
  const paths = new WeakMap<Store, string>();
  const open = async (path: string) => {
    const store = await over(sqliteStore(path));
    paths.set(store, path);
    return store;
  };
  return { create: () => open(join(newFolder(), 'store.db')), reopen: (store) => open(paths.get(store) ?? '') };
}
