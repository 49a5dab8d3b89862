// A store that fails: after so many commits every further one is refused, as of a full disk; or the program is killed
// in it, so that nobody learns whether it was made.

import { type MemoryStore, memoryStore } from '../../client/index.ts';

export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
}

export interface FailingStore extends MemoryStore {
  /** Whether it has failed. */
  readonly failed: boolean;
}

/**
 * @param commits  how many succeed
 * @param applies  whether the first that fails is made all the same
 */
export function failingStore(
  initial: ReturnType<MemoryStore['entries']>,
  commits: number,
  applies = false,
): FailingStore {
  const store = memoryStore(initial);
  let left = commits;
  let failed = false;
  return {
    ...store,
    get failed() {
      return failed;
    },
    async commit(writes) {
      if (!failed && left-- > 0) return store.commit(writes);
      if (!failed && applies) await store.commit(writes);
      failed = true;
      throw new StoreFailure('the store has failed');
    },
  };
}
