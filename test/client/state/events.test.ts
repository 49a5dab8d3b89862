import { describe, expect, it } from 'vitest';
import { EventQueue, emit } from '../../../client/state/events.ts';
import { type StoredEvent, tables } from '../../../client/state/records.ts';
import { State } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import { failingStore, StoreFailure } from '../../support/failing-store.ts';

const event = (count: number): StoredEvent => ({
  type: 'gap',
  sender: new Uint8Array(32).fill(count),
  reason: 'expired',
});
const countOf = (told: StoredEvent | undefined) => (told?.type === 'gap' ? (told.sender[0] ?? -1) : -1);

async function start(store = memoryStore()) {
  const state = await State.load(store, Object.values(tables));
  if (state.get(tables.numbers, '') === undefined) {
    await state.transact((tx) => tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null }));
  }
  const queue = new EventQueue(state);
  const tell = async (...counts: number[]) => {
    await state.transact((tx) => {
      for (const count of counts) emit(tx, event(count));
    });
    queue.notify();
  };
  return { store, state, queue, tell };
}

async function read(queue: EventQueue, count: number): Promise<number[]> {
  const counts: number[] = [];
  for await (const told of queue.take()) {
    counts.push(countOf(told.event));
    if (counts.length === count) break;
  }
  return counts;
}

describe('take()', () => {
  it('says when an event happened, however late it is told, and keeps no time of one that was taken', async () => {
    let now = 5;
    const store = memoryStore();
    const state = await State.load(store, Object.values(tables), () => now);
    await state.transact((tx) => tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null }));
    await state.transact((tx) => emit(tx, event(1)));
    now = 9;
    // As an earlier version has left it.
    await state.transact((tx) => {
      emit(tx, event(2));
      tx.delete(tables.eventTimes, numberKey(1));
    });
    const reader = new EventQueue(state).take();
    expect((await reader.next()).value).toMatchObject({ number: 0, at: 5 });
    expect((await reader.next()).value).toMatchObject({ number: 1, at: null });
    expect(state.all(tables.eventTimes)).toEqual([]);
  });

  it('gives stored events in order, then new ones as they come', async () => {
    const { queue, tell } = await start();
    await tell(1, 2);
    await tell(3);
    const reading = read(queue, 15);
    for (let i = 4; i <= 15; i++) await tell(i);
    expect(await reading).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  it('deletes an event when the next one is asked for, and not before', async () => {
    const { state, queue, tell } = await start();
    await tell(1, 2);
    const reader = queue.take();
    expect(countOf((await reader.next()).value?.event)).toBe(1);
    expect(state.all(tables.events)).toHaveLength(2);
    expect(countOf((await reader.next()).value?.event)).toBe(2);
    expect(state.all(tables.events)).toHaveLength(1);
    const waiting = reader.next();
    await tell(3);
    expect(countOf((await waiting).value?.event)).toBe(3);
    expect(state.all(tables.events)).toHaveLength(1);
  });

  it('tells again what a reader had in its hands when it stopped', async () => {
    const { store, queue, tell } = await start();
    await tell(1, 2, 3);
    expect(await read(queue, 2)).toEqual([1, 2]);
    expect(await read(queue, 1)).toEqual([2]);
    // And so does a program that starts again from the store.
    const again = await start(memoryStore(store.entries()));
    expect(await read(again.queue, 2)).toEqual([2, 3]);
  });

  it('is for one reader at a time', async () => {
    const { queue, tell } = await start();
    await tell(1);
    const first = queue.take();
    await first.next();
    await expect(queue.take().next()).rejects.toThrow(TypeError);
    await first.return(undefined);
    expect(await read(queue, 1)).toEqual([1]);
  });

  it('ends with the store’s error, and tells the event again after it', async () => {
    const store = failingStore(new Map(), 2);
    const { queue, tell } = await start(store);
    await tell(1, 2);
    const reader = queue.take();
    expect(countOf((await reader.next()).value?.event)).toBe(1);
    await expect(reader.next()).rejects.toBeInstanceOf(StoreFailure);
    const again = await start(memoryStore(store.entries()));
    expect(await read(again.queue, 2)).toEqual([1, 2]);
  });
});

describe('close()', () => {
  it('ends a reader that waits', async () => {
    const { queue } = await start();
    const reading = read(queue, 1);
    queue.close();
    expect(await reading).toEqual([]);
  });

  it('ends a reader that has an event in its hands without taking it', async () => {
    const { state, queue, tell } = await start();
    await tell(1);
    const reader = queue.take();
    await reader.next();
    queue.close();
    await state.close();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(state.all(tables.events)).toHaveLength(1);
  });

  it('with an error throws it to the reader, also when it is closed again before that', async () => {
    const { queue } = await start();
    const reading = read(queue, 1);
    queue.close(new StoreFailure('first'));
    queue.close();
    await expect(reading).rejects.toThrow('first');
  });
});
