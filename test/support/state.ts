// A client's state for tests, without a client.

import { type GroupRecord, tables } from '../../client/state/records.ts';
import { State } from '../../client/state/state.ts';
import { memoryStore } from '../../client/store/memory.ts';
import type { Store } from '../../client/store/store.ts';

export function loadState(store: Store = memoryStore()): Promise<State> {
  return State.load(store, Object.values(tables));
}

/** A group that is as groups are, but for what the test says of it. */
export function groupRecord(
  group: Pick<GroupRecord, 'id' | 'generation' | 'roster'> & Partial<GroupRecord>,
): GroupRecord {
  return { name: 'Test', status: 'active', since: 0, pending: false, invitedFrom: 0, ...group };
}
