// A part of a store, as a store of its own: the client has one, and what the pages keep has another. So both stand in one
// encrypted database, under one passphrase.

import type { Store } from '../../index.ts';

/**
 * @param name  without a slash; closing a section closes the store
 */
export function section(store: Store, name: string): Store {
  const prefix = `${name}/`;
  const strip = <E extends { readonly key: string }>(entries: readonly E[]): E[] =>
    entries.map((entry) => ({ ...entry, key: entry.key.slice(prefix.length) }));
  return {
    get: (key) => store.get(prefix + key),
    list: async (of) => strip(await store.list(prefix + of)),
    range: async (of, range) => strip(await store.range(prefix + of, range)),
    commit: (writes) => store.commit(writes.map(({ key, value }) => ({ key: prefix + key, value }))),
    close: () => store.close(),
  };
}
