// Events: what the application is told, in order. An event stays in the store until the application asks for the
// next one, so a program that ends in between hears it again; it can tell by the number.

import { numberKey } from '../store/store.ts';
import { CliquetError } from '../wire/errors.ts';
import { forgetTold } from './history.ts';
import { type StoredEvent, tables } from './records.ts';
import type { State, Transaction } from './state.ts';

/** Puts an event into the same transaction as what it tells of. */
export function emit(tx: Transaction, event: StoredEvent): void {
  const numbers = tx.get(tables.numbers, '');
  if (numbers === undefined) throw new CliquetError('client-closed');
  tx.put(tables.numbers, '', { ...numbers, nextEvent: numbers.nextEvent + 1 });
  tx.put(tables.events, numberKey(numbers.nextEvent), event);
  tx.put(tables.eventTimes, numberKey(numbers.nextEvent), { at: tx.now() });
}

interface ToldEvent {
  readonly number: number;
  readonly at: number | null;
  readonly event: StoredEvent;
}

/** The stored events one after the other; waits for new ones until it is closed. */
export class EventQueue {
  readonly #state: State;
  #wake: () => void = () => {};
  #closed = false;
  #error: unknown;
  #taken = false;

  constructor(state: State) {
    this.#state = state;
  }

  /** There may be new events. */
  notify(): void {
    this.#wake();
  }

  /** Ends the reading: with an error if the client cannot go on. */
  close(error?: unknown): void {
    this.#closed = true;
    this.#error ??= error;
    this.#wake();
  }

  /**
   * The events, each under its number, and when it happened, if that is known: seconds since 1970.
   * @param after  the application has dealt with those up to this number: they are dropped
   */
  async *take(after?: number): AsyncGenerator<ToldEvent> {
    if (this.#taken) throw new TypeError('events() is being read already: one reader at a time');
    this.#taken = true;
    try {
      if (after !== undefined) await this.#state.transact((tx) => dropEvents(tx, after));
      let next = Number(this.#state.all(tables.events)[0]?.key ?? this.#nextEvent());
      while (!this.#closed) {
        const event = this.#state.get(tables.events, numberKey(next));
        if (event === undefined && next >= this.#nextEvent()) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        if (event !== undefined) {
          const at = this.#state.get(tables.eventTimes, numberKey(next))?.at ?? null;
          yield { number: next, at, event };
          if (this.#closed) break; // not taken: it is told again when the client is opened again
          await this.#state.transact((tx) => dropEvent(tx, next, event));
        }
        next++;
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      this.#taken = false;
    }
  }

  #nextEvent(): number {
    return this.#state.get(tables.numbers, '')?.nextEvent ?? 0;
  }
}

async function dropEvents(tx: Transaction, upTo: number): Promise<void> {
  for (const { key, value } of tx.all(tables.events)) {
    if (Number(key) <= upTo) await dropEvent(tx, Number(key), value);
  }
}

async function dropEvent(tx: Transaction, number: number, event: StoredEvent): Promise<void> {
  tx.delete(tables.events, numberKey(number));
  tx.delete(tables.eventTimes, numberKey(number));
  if (event.type === 'message') await forgetTold(tx, event.group, event.message);
}
