// The client's state: an image of the store in memory, changed by one transaction at a time. A transaction's changes
// reach the image only when the store has committed them, so a failed commit leaves both as they were.

import type { Table } from './records.ts';
import type { Store, Write } from './store/store.ts';
import { CliquetError } from './wire/errors.ts';

type Image = Map<string, Map<string, unknown>>;

/** Reads of a state, within a transaction or without. */
export interface Reader {
  get<T>(table: Table<T>, key: string): T | undefined;
  /** All records of a table, in order of their keys. */
  all<T>(table: Table<T>, prefix?: string): readonly { readonly key: string; readonly value: T }[];
}

export interface Transaction extends Reader {
  put<T>(table: Table<T>, key: string, value: T): void;
  delete<T>(table: Table<T>, key: string): void;
}

export class State implements Reader {
  readonly #store: Store;
  readonly #image: Image = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(store: Store) {
    this.#store = store;
  }

  static async load(store: Store, tables: readonly Table<unknown>[]): Promise<State> {
    const state = new State(store);
    for (const table of tables) {
      const entries = await store.list(`${table.name}/`);
      state.#image.set(
        table.name,
        new Map(entries.map(({ key, value }) => [key.slice(table.name.length + 1), table.struct.decode(value)])),
      );
    }
    return state;
  }

  get<T>(table: Table<T>, key: string): T | undefined {
    // Only `put` of the same table fills this map, so the value is a T.
    return this.#image.get(table.name)?.get(key) as T | undefined;
  }

  all<T>(table: Table<T>, prefix = ''): readonly { readonly key: string; readonly value: T }[] {
    return sorted([...(this.#image.get(table.name) ?? [])] as [string, T][], prefix);
  }

  /**
   * Runs alone, after all transactions that were asked for before; commits what it has put, unless it throws.
   * @throws CliquetError `client-closed`
   */
  transact<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    if (this.#closed) return Promise.reject(new CliquetError('client-closed'));
    const result = this.#turn.then(() => this.#runAlone(run));
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Refuses what is asked for from now on, waits for what was asked for before, then closes the store. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#store.close();
  }

  async #runAlone<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    const staged = new Map<string, { table: Table<unknown>; key: string; value: unknown }>();
    const tx: Transaction = {
      get: <T>(table: Table<T>, key: string) => {
        const change = staged.get(`${table.name}/${key}`);
        return change === undefined ? this.get(table, key) : (change.value as T | undefined);
      },
      all: <T>(table: Table<T>, prefix = '') => {
        const merged = new Map((this.#image.get(table.name) ?? new Map()) as Map<string, T>);
        for (const change of staged.values()) {
          if (change.table.name !== table.name) continue;
          if (change.value === undefined) merged.delete(change.key);
          else merged.set(change.key, change.value as T);
        }
        return sorted([...merged], prefix);
      },
      put: (table, key, value) => {
        staged.set(`${table.name}/${key}`, { table: table as Table<unknown>, key, value });
      },
      delete: (table, key) => {
        staged.set(`${table.name}/${key}`, { table: table as Table<unknown>, key, value: undefined });
      },
    };
    const result = await run(tx);
    if (staged.size > 0) {
      const writes: Write[] = [...staged].map(([key, { table, value }]) => ({
        key,
        value: value === undefined ? null : table.struct.encode(value),
      }));
      await this.#store.commit(writes);
      for (const { table, key, value } of staged.values()) {
        const records = this.#image.get(table.name) ?? new Map<string, unknown>();
        this.#image.set(table.name, records);
        if (value === undefined) records.delete(key);
        else records.set(key, value);
      }
    }
    return result;
  }
}

function sorted<T>(entries: readonly (readonly [string, T])[], prefix: string): { key: string; value: T }[] {
  return entries
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
}

/** A running number as a key: sorts as a number does. */
export function numberKey(number: number): string {
  return String(number).padStart(16, '0');
}
