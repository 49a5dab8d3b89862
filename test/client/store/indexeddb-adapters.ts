// The adapters over IndexedDB that must pass the contract, in a page.

import { encryptedStore } from '../../../client/index.ts';
import { indexedDbStore } from '../../../client/store/indexeddb.ts';
import type { Store } from '../../../client/store/store.ts';
import type { StoreUnderTest } from './contract.ts';

let made = 0;

export const indexedDbAdapters: Readonly<Record<string, StoreUnderTest>> = {
  'indexedDbStore()': inDatabase(async (inner) => inner),
  'encryptedStore() over IndexedDB': inDatabase((inner) => encryptedStore(inner, new Uint8Array(32).fill(3))),
};

function inDatabase(over: (inner: Store) => Promise<Store>): StoreUnderTest {
  const names = new WeakMap<Store, string>();
  const open = async (name: string) => {
    const store = await over(await indexedDbStore(name));
    names.set(store, name);
    return store;
  };
  return { create: () => open(`contract ${++made}`), reopen: (store) => open(names.get(store) ?? '') };
}
