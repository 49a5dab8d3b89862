import { describe, expect, it } from 'vitest';
import { State } from '../../../client/state/state.ts';
import type { Table } from '../../../client/state/table.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import { struct, uint } from '../../../client/wire/codec.ts';
import { failingStore, StoreFailure } from '../../support/failing-store.ts';

const Count = struct('count', { value: uint(100) });
const counts: Table<{ readonly value: number }> = { name: 'count', struct: Count };
const others: Table<{ readonly value: number }> = { name: 'counter', struct: Count };
const tables = [counts, others];

async function startState(store = memoryStore()) {
  return { store, state: await State.load(store, tables) };
}

describe('transact()', () => {
  it('commits what was put, to the image and the store, and returns what the run returned', async () => {
    const { store, state } = await startState();
    const result = await state.transact((tx) => {
      tx.put(counts, 'b', { value: 2 });
      tx.put(counts, 'a', { value: 1 });
      tx.put(others, 'a', { value: 3 });
      return 'done';
    });
    expect(result).toBe('done');
    expect(state.all(counts)).toEqual([
      { key: 'a', value: { value: 1 } },
      { key: 'b', value: { value: 2 } },
    ]);
    expect(state.get(others, 'a')).toEqual({ value: 3 });
    const again = await State.load(memoryStore(store.entries()), tables);
    expect(again.all(counts)).toEqual(state.all(counts));
    expect(again.all(others)).toEqual(state.all(others));
  });

  it('reads what it has staged, over what is there', async () => {
    const { state } = await startState();
    await state.transact((tx) => {
      tx.put(counts, 'x/1', { value: 1 });
      tx.put(counts, 'x/2', { value: 2 });
    });
    await state.transact((tx) => {
      tx.put(counts, 'x/0', { value: 0 });
      tx.put(counts, 'x/2', { value: 22 });
      tx.put(counts, 'y/1', { value: 9 });
      tx.delete(counts, 'x/1');
      tx.put(others, 'x/3', { value: 3 });
      expect(tx.get(counts, 'x/1')).toBeUndefined();
      expect(tx.get(counts, 'x/2')).toEqual({ value: 22 });
      expect(tx.all(counts, 'x/').map(({ key, value }) => [key, value.value])).toEqual([
        ['x/0', 0],
        ['x/2', 22],
      ]);
      // Nobody else sees it yet.
      expect(state.get(counts, 'x/0')).toBeUndefined();
      expect(state.all(counts).map(({ key }) => key)).toEqual(['x/1', 'x/2']);
      tx.put(counts, 'x/1', { value: 5 });
      expect(tx.get(counts, 'x/1')).toEqual({ value: 5 });
    });
    expect(state.all(counts).map(({ key }) => key)).toEqual(['x/0', 'x/1', 'x/2', 'y/1']);
  });

  it('runs one at a time, in the order in which they were asked for', async () => {
    const { state } = await startState();
    await state.transact((tx) => tx.put(counts, 'n', { value: 0 }));
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        state.transact(async (tx) => {
          const { value } = tx.get(counts, 'n') ?? { value: -1 };
          await new Promise((wake) => setTimeout(wake, i % 3));
          seen.push(i);
          tx.put(counts, 'n', { value: value + 1 });
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(state.get(counts, 'n')).toEqual({ value: 20 });
  });

  it('changes nothing when the run throws, and the next one goes on', async () => {
    const { store, state } = await startState();
    await expect(
      state.transact((tx) => {
        tx.put(counts, 'a', { value: 1 });
        throw new RangeError('no');
      }),
    ).rejects.toThrow('no');
    expect(state.all(counts)).toEqual([]);
    expect(store.entries().size).toBe(0);
    await state.transact((tx) => tx.put(counts, 'a', { value: 2 }));
    expect(state.get(counts, 'a')).toEqual({ value: 2 });
  });

  it('changes nothing when a record is not what its table holds', async () => {
    const { store, state } = await startState();
    await expect(
      state.transact((tx) => {
        tx.put(counts, 'good', { value: 1 });
        tx.put(counts, 'bad', { value: 101 });
      }),
    ).rejects.toMatchObject({ code: 'malformed' });
    expect(state.all(counts)).toEqual([]);
    expect(store.entries().size).toBe(0);
  });

  it('changes neither image nor store when the commit fails', async () => {
    const store = failingStore(new Map(), 1);
    const { state } = await startState(store);
    await state.transact((tx) => tx.put(counts, 'a', { value: 1 }));
    await expect(
      state.transact((tx) => {
        tx.put(counts, 'a', { value: 2 });
        tx.put(counts, 'b', { value: 2 });
      }),
    ).rejects.toBeInstanceOf(StoreFailure);
    expect(state.all(counts)).toEqual([{ key: 'a', value: { value: 1 } }]);
    const again = await State.load(memoryStore(store.entries()), tables);
    expect(again.all(counts)).toEqual(state.all(counts));
  });

  it('takes back what a part has changed that throws, also within another part, and commits the rest', async () => {
    const { state } = await startState();
    await state.transact((tx) => tx.put(counts, 'gone', { value: 1 }));
    await state.transact(async (tx) => {
      tx.put(counts, 'a', { value: 1 });
      const part = tx.attempt(async () => {
        tx.put(counts, 'a', { value: 2 });
        tx.put(counts, 'b', { value: 2 });
        tx.delete(counts, 'gone');
        await tx.attempt(async () => tx.put(counts, 'c', { value: 3 }));
        throw new RangeError('no');
      });
      await expect(part).rejects.toThrow('no');
      expect(await tx.attempt(async () => tx.put(counts, 'd', { value: 4 }))).toBeUndefined();
    });
    expect(state.all(counts).map(({ key, value }) => [key, value.value])).toEqual([
      ['a', 1],
      ['d', 4],
      ['gone', 1],
    ]);
  });

  it('asks nothing of the store when nothing was put', async () => {
    const { state } = await startState(failingStore(new Map(), 0));
    expect(await state.transact((tx) => tx.all(counts).length)).toBe(0);
  });
});

describe('close()', () => {
  it('waits for what was asked for before, and refuses what comes after, however often', async () => {
    const { store, state } = await startState();
    const before = state.transact(async (tx) => {
      await new Promise((wake) => setTimeout(wake, 5));
      tx.put(counts, 'a', { value: 1 });
    });
    const closing = state.close();
    const ran: number[] = [];
    for (const i of [1, 2, 3]) {
      await expect(state.transact(() => ran.push(i))).rejects.toMatchObject({ code: 'client-closed' });
    }
    await Promise.all([before, closing]);
    await expect(state.transact(() => ran.push(4))).rejects.toMatchObject({ code: 'client-closed' });
    expect(ran).toEqual([]);
    expect(store.entries().size).toBe(1);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-closed' });
  });

  it('closes the store also after a transaction that failed', async () => {
    const { store, state } = await startState();
    const failing = state.transact(() => Promise.reject(new Error('no')));
    const closing = state.close();
    await expect(failing).rejects.toThrow('no');
    await closing;
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-closed' });
  });
});

describe('State.load()', () => {
  it('refuses a store whose records it cannot read', async () => {
    const store = memoryStore(new Map([['count/a', new Uint8Array([0xff])]]));
    await expect(State.load(store, tables)).rejects.toMatchObject({ code: 'store-damaged' });
  });

  it('keeps tables apart whose names begin alike', async () => {
    const { store, state } = await startState();
    await state.transact((tx) => tx.put(others, 'a', { value: 1 }));
    const again = await State.load(store, tables);
    expect(again.all(counts)).toEqual([]);
    expect(again.all(others)).toHaveLength(1);
  });
});

describe('numberKey()', () => {
  it('sorts as numbers do', () => {
    const numbers = [0, 1, 9, 10, 99, 100, 2 ** 32, Number.MAX_SAFE_INTEGER];
    const keys = numbers.map(numberKey);
    expect([...keys].sort()).toEqual(keys);
    expect(keys.map(Number)).toEqual(numbers);
  });
});
