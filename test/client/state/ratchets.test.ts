// A ratchet is remembered as it was put together: it must always be the one that lies in the store.

import { expect, test } from 'vitest';
import { markCloned } from '../../../client/protocol/clone.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import { correctTimes } from '../../../client/state/healing.ts';
import { countContent, deleteRatchet, loadRatchet, saveRatchet } from '../../../client/state/ratchets.ts';
import { tables } from '../../../client/state/records.ts';
import type { State } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import type { Store } from '../../../client/store/store.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { Chat } from '../../support/chat.ts';
import { startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { loadState } from '../../support/state.ts';

const byNumber = (ratchet: Ratchet | undefined) =>
  ratchet && {
    ...ratchet,
    waiting: [...ratchet.waiting].sort((a, b) => a.sender - b.sender || a.nonce.join().localeCompare(b.nonce.join())),
  };

/** What is remembered is what a client would load that begins with the store. */
async function expectAsStored(store: Store, state: State, { generation }: Ratchet): Promise<void> {
  const stored = loadRatchet(await loadState(store), generation);
  expect(byNumber(loadRatchet(state, generation))).toEqual(byNumber(stored));
}

async function start(seed: string) {
  const random = seededRandom(seed);
  const chat = await Chat.start(random, 3);
  const store = memoryStore();
  let isWritable = true;
  const state = await loadState({
    ...store,
    commit: (writes) => (isWritable ? store.commit(writes) : Promise.reject(new CliquetError('store-unwritable'))),
  });
  const first = chat.ratchet(0);
  await state.transact((tx) => saveRatchet(tx, undefined, first));
  const save = (after: Ratchet) => state.transact((tx) => saveRatchet(tx, loadRatchet(tx, after.generation), after));
  return {
    random,
    chat,
    store,
    state,
    first,
    save,
    fail: () => {
      isWritable = false;
    },
  };
}

test('loadRatchet() gives what lies in the store, whatever was saved', async () => {
  const { random, chat, store, state, first, save } = await start('saved');
  for (let i = 0; i < 20; i++) {
    await chat.say(random.below(3));
    await save(chat.ratchet(0));
    await expectAsStored(store, state, first);
  }
  await state.transact((tx) => countContent(tx, first.generation, chat.members[1]?.hrid ?? first.group));
  expect(loadRatchet(state, first.generation)?.members[1]?.contents).toBe(
    (chat.ratchet(0).members[1]?.contents ?? 0) + 1,
  );
  await expectAsStored(store, state, first);
  const now = loadRatchet(state, first.generation) as Ratchet;
  await save(markCloned(now, 2, null));
  await expectAsStored(store, state, first);
  await state.transact((tx) => deleteRatchet(tx, first.generation));
  expect(loadRatchet(state, first.generation)).toBeUndefined();
});

test('loadRatchet() gives what was before, when a transaction or a part of it is taken back', async () => {
  const { chat, store, state, first, save, fail } = await start('taken back');
  await chat.say(1);
  const { generation } = first;
  await state.transact(async (tx) => {
    const attempt = tx.attempt(async () => {
      saveRatchet(tx, first, chat.ratchet(0));
      expect(loadRatchet(tx, generation)).toEqual(chat.ratchet(0));
      throw new Error('taken back');
    });
    await expect(attempt).rejects.toThrow('taken back');
    expect(loadRatchet(tx, generation)).toEqual(first);
  });
  await expectAsStored(store, state, first);
  fail();
  await expect(save(chat.ratchet(0))).rejects.toThrow(CliquetError);
  expect(loadRatchet(state, generation)).toEqual(first);
  await expectAsStored(store, state, first);
});

test('loadRatchet() sees times that were corrected in waiting messages', async () => {
  const { chat, store, state, first, save } = await start('corrected');
  await chat.say(1);
  const [message] = chat.sent;
  const waiting = {
    sender: 1,
    signed: { vector: [0, 5, 0], digest: first.group, bodyHash: first.group, signature: new Uint8Array(64) },
    nonce: new Uint8Array(24),
    outer: new Uint8Array(0),
    inner: message?.body ?? first.group,
    sealedSecret: new Uint8Array(0),
    since: startOfTime + 1000,
  };
  await save({ ...first, waiting: [waiting] });
  await state.transact((tx) => correctTimes(tx, startOfTime));
  expect(loadRatchet(state, first.generation)?.waiting.map(({ since }) => since)).toEqual([startOfTime]);
  expect(state.all(tables.waiting).map(({ value }) => value.since)).toEqual([startOfTime]);
  await expectAsStored(store, state, first);
});
