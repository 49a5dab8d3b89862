// A client's state with groups in it, as the courier would have put them there.

import type { Ratchet } from '../../client/protocol/ratchet.ts';
import type { SealedMessage } from '../../client/protocol/seal.ts';
import { startConversation } from '../../client/state/history.ts';
import { saveLineage } from '../../client/state/lineages.ts';
import { loadRatchet, saveRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { beginStore, loadState } from '../../client/state/schema.ts';
import type { State } from '../../client/state/state.ts';
import type { Store } from '../../client/store/store.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { at } from '../support/chat.ts';
import { deliver, type Founding, startOfTime } from '../support/group.ts';
import { groupRecord } from '../support/state.ts';

const relay = 'http://relay.test';

export async function begin(store: Store, seed: Bytes): Promise<State> {
  const state = await loadState(store, startOfTime);
  await state.transact((tx) => beginStore(tx, { relay, seed, hrid: null }));
  return state;
}

export function putGroup(state: State, founding: Founding, name: string): Promise<void> {
  const [ratchet] = founding.ratchets as [Ratchet];
  const { group: id, generation } = ratchet;
  const { roster } = founding.generation;
  return state.transact((tx) => {
    tx.put(tables.groups, bytesKey(id), groupRecord({ id, name, generation, roster }));
    saveLineage(tx, id, founding.lineage);
    startConversation(tx, id, { type: 'all' });
    saveRatchet(tx, undefined, ratchet);
  });
}

/** The first member takes in what the second one has sealed. */
export function takeIn(state: State, generation: Bytes, { headers, body }: SealedMessage): Promise<void> {
  return state.transact(async (tx) => {
    const before = loadRatchet(tx, generation);
    if (before === undefined) throw new RangeError('"generation" expected one that is in the state');
    const { ratchet } = await deliver(before, 1, at(headers, 0), body);
    saveRatchet(tx, before, ratchet);
  });
}
