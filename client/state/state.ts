// The client's state: an image of the store in memory, changed by one transaction at a time. A transaction's changes
// reach the image only when the store has committed them, so a failed commit leaves both as they were. What may grow for
// ever, an archive, is not in the image: it is read from the store when somebody asks.

import { type Entry, type Range, rangeKeys, type Store, type Write } from '../store/store.ts';
import { CliquetError } from '../wire/errors.ts';
import { Image } from './image.ts';
import type { Archive, Table } from './table.ts';

export interface KeyedRecord<T> {
  readonly key: string;
  readonly value: T;
}

/** Reads of a state, within a transaction or without. */
export interface Reader {
  get<T>(table: Table<T>, key: string): T | undefined;
  /** All records of a table whose key starts with `prefix`, in order of their keys. */
  all<T>(table: Table<T>, prefix?: string): readonly KeyedRecord<T>[];
  read<T>(archive: Archive<T>, key: string): Promise<T | undefined>;
  /** Records of an archive whose key is `prefix` and a running number. */
  range<T>(archive: Archive<T>, prefix: string, range: Range): Promise<readonly KeyedRecord<T>[]>;
  /** All records of an archive whose key starts with `prefix`: few, or it would not be asked for. */
  list<T>(archive: Archive<T>, prefix: string): Promise<readonly KeyedRecord<T>[]>;
}

export interface Transaction extends Reader {
  /** Seconds since 1970. */
  readonly now: () => number;
  put<T>(table: Table<T> | Archive<T>, key: string, value: T): void;
  delete<T>(table: Table<T> | Archive<T>, key: string): void;
  /** Runs a part of the transaction: if it throws, what it has changed is taken back, and the rest goes on. */
  attempt<R>(run: () => Promise<R>): Promise<R>;
}

interface Change {
  readonly table: Table<unknown> | Archive<unknown>;
  readonly key: string;
  /** undefined: deleted. */
  readonly value: unknown;
}

const systemClock = () => Math.floor(Date.now() / 1000);

export class State implements Reader {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #images = new Map<string, Image>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @param now  the clock, in seconds since 1970 @throws CliquetError `store-damaged` */
  static async load(store: Store, tables: readonly Table<unknown>[], now = systemClock): Promise<State> {
    const state = new State(store, now);
    for (const table of tables) {
      const image = state.#imageOf(table);
      for (const { key, value } of await store.list(`${table.name}/`)) {
        image.set(key.slice(table.name.length + 1), decodeRecord(table, value));
      }
    }
    return state;
  }

  get<T>(table: Table<T>, key: string): T | undefined {
    // Only `put` of the same table fills this image, so the value is a T.
    return this.#imageOf(table).get(key) as T | undefined;
  }

  all<T>(table: Table<T>, prefix = ''): readonly KeyedRecord<T>[] {
    return this.#imageOf(table)
      .items(prefix)
      .map(([key, value]) => ({ key, value: value as T }));
  }

  /** The record that stands first in a table whose keys have no slash. */
  first<T>(table: Table<T>): KeyedRecord<T> | undefined {
    const { first } = this.#imageOf(table).ends('');
    return first && { key: first[0], value: first[1] as T };
  }

  async read<T>(archive: Archive<T>, key: string): Promise<T | undefined> {
    const value = await this.#store.get(`${archive.name}/${key}`);
    return value === null ? undefined : decodeRecord(archive, value);
  }

  async range<T>(archive: Archive<T>, prefix: string, range: Range): Promise<readonly KeyedRecord<T>[]> {
    return this.#toRecords(archive, await this.#store.range(`${archive.name}/${prefix}`, range));
  }

  async list<T>(archive: Archive<T>, prefix: string): Promise<readonly KeyedRecord<T>[]> {
    return this.#toRecords(archive, await this.#store.list(`${archive.name}/${prefix}`));
  }

  #toRecords<T>(archive: Archive<T>, entries: readonly Entry[]): KeyedRecord<T>[] {
    return entries.map(({ key, value }) => ({
      key: key.slice(archive.name.length + 1),
      value: decodeRecord(archive, value),
    }));
  }

  /**
   * Runs alone, after all transactions that were asked for before; commits what it has put, unless it throws.
   * @throws CliquetError `client-closed`, `store-unwritable`
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
    const staged = new Staged();
    const result = await run(this.#transaction(staged));
    const changes = staged.all();
    if (changes.length === 0) return result;
    const writes: Write[] = changes.map(({ table, key, value }) => ({
      key: `${table.name}/${key}`,
      value: value === undefined ? null : table.struct.encode(value),
    }));
    await this.#store.commit(writes);
    for (const { table, key, value } of changes) {
      if ('isArchive' in table) continue;
      if (value === undefined) this.#imageOf(table).delete(key);
      else this.#imageOf(table).set(key, value);
    }
    return result;
  }

  #transaction(staged: Staged): Transaction {
    return {
      now: this.#now,
      get: <T>(table: Table<T>, key: string) => {
        const changed = staged.get(table, key);
        return changed === undefined ? this.get(table, key) : (changed.value as T | undefined);
      },
      all: <T>(table: Table<T>, prefix = '') => {
        return merge(this.all(table, prefix), staged.under(table, prefix));
      },
      read: async <T>(archive: Archive<T>, key: string) => {
        const changed = staged.get(archive, key);
        return changed === undefined ? this.read(archive, key) : (changed.value as T | undefined);
      },
      range: async <T>(archive: Archive<T>, prefix: string, range: Range) => {
        const { first, last } = rangeKeys(prefix, range);
        const changes = staged.under(archive, prefix).filter(({ key }) => key >= first && key < last);
        const limit = range.limit + changes.length;
        const merged = merge(await this.range(archive, prefix, { ...range, limit }), changes);
        return (range.reverse ? merged.reverse() : merged).slice(0, range.limit);
      },
      list: async <T>(archive: Archive<T>, prefix: string) => {
        return merge(await this.list(archive, prefix), staged.under(archive, prefix));
      },
      put: (table, key, value) => staged.set({ table: table as Change['table'], key, value }),
      delete: (table, key) => staged.set({ table: table as Change['table'], key, value: undefined }),
      attempt: async (run) => {
        const before = staged.mark();
        try {
          return await run();
        } catch (error) {
          staged.takeBack(before);
          throw error;
        }
      },
    };
  }

  #imageOf({ name }: { readonly name: string }): Image {
    const image = this.#images.get(name) ?? new Image();
    this.#images.set(name, image);
    return image;
  }
}

/** What a transaction has changed so far, the last word on each key. */
class Staged {
  readonly #tables = new Map<string, Map<string, Change>>();
  /** Each change with what it has replaced, the newest last. */
  readonly #log: { readonly change: Change; readonly before: Change | undefined }[] = [];

  get(table: { readonly name: string }, key: string): Change | undefined {
    return this.#tables.get(table.name)?.get(key);
  }

  /** The changes of a table whose key starts with `prefix`. */
  under(table: { readonly name: string }, prefix: string): Change[] {
    return [...(this.#tables.get(table.name)?.values() ?? [])].filter(({ key }) => key.startsWith(prefix));
  }

  all(): Change[] {
    return [...this.#tables.values()].flatMap((changes) => [...changes.values()]);
  }

  set(change: Change): void {
    const { table, key } = change;
    this.#log.push({ change, before: this.get(table, key) });
    this.#put(table, key, change);
  }

  /** This moment, to come back to. */
  mark(): number {
    return this.#log.length;
  }

  /** Takes back what was changed since. */
  takeBack(mark: number): void {
    for (const { change, before } of this.#log.splice(mark).reverse()) this.#put(change.table, change.key, before);
  }

  #put({ name }: Change['table'], key: string, change: Change | undefined): void {
    const changes = this.#tables.get(name) ?? new Map<string, Change>();
    this.#tables.set(name, changes);
    if (change === undefined) changes.delete(key);
    else changes.set(key, change);
  }
}

/** @throws CliquetError `store-damaged` for what no client has written */
export function decodeRecord<T>({ struct }: Table<T>, value: Uint8Array): T {
  try {
    return struct.decode(value);
  } catch (error) {
    throw new CliquetError('store-damaged', undefined, { cause: error });
  }
}

/** Records as they are with the changes of a transaction, in order of their keys. */
function merge<T>(records: readonly KeyedRecord<T>[], changes: readonly Change[]): KeyedRecord<T>[] {
  if (changes.length === 0) return [...records];
  const merged = new Map(records.map(({ key, value }) => [key, value]));
  for (const { key, value } of changes) {
    if (value === undefined) merged.delete(key);
    else merged.set(key, value as T);
  }
  return [...merged].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
}
