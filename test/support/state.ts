// A client's state for tests, without a client.

import { tables } from '../../client/state/records.ts';
import { State } from '../../client/state/state.ts';
import { memoryStore } from '../../client/store/memory.ts';
import type { Store } from '../../client/store/store.ts';

export function loadState(store: Store = memoryStore()): Promise<State> {
  return State.load(store, Object.values(tables));
}
