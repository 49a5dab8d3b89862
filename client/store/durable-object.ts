// A store in the SQLite storage of a Durable Object, for clients that run on Cloudflare Workers. It does not encrypt;
// encrypted.ts does, over any store.
//
//   cliquet_entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID        a newer form would have another name
//
// Nobody else has an object's storage, and it lives in one place at a time; within it, one store is open at a time.

/**
 * A store in the storage of a Durable Object, for Cloudflare Workers.
 * @module cliquet/durable-object
 */

import type { Bytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { type Entry, type Range, rangeKeys, type Store, type Write } from './store.ts';

/** What is used of a Durable Object's `ctx.storage`. */
export interface ObjectStorage {
  /** Of a class with SQLite. */
  readonly sql: {
    /** Runs a statement with its values. */
    exec(
      query: string,
      ...values: unknown[]
    ): {
      /** What it has found. */
      toArray(): Record<string, unknown>[];
    };
  };
  /** All of what is done in it is kept, or nothing. */
  transactionSync<R>(work: () => R): R;
  /** Fulfilled when everything so far is on disk. */
  sync(): Promise<void>;
}

const inUse = new WeakSet<ObjectStorage>();

/**
 * Opens a store, or makes a new one, beside the object's own tables.
 * @param storage  `ctx.storage` of an object whose class has SQLite
 * @throws CliquetError `store-in-use` if this object has it open already, `store-unwritable`
 */
export function durableObjectStore(storage: ObjectStorage): Store {
  if (inUse.has(storage)) throw new CliquetError('store-in-use');
  const store = new DurableObjectStore(storage);
  inUse.add(storage);
  return store;
}

class DurableObjectStore implements Store {
  readonly #storage: ObjectStorage;
  #closed = false;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    this.#ask('CREATE TABLE IF NOT EXISTS cliquet_entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID');
  }

  async get(key: string): Promise<Bytes | null> {
    const [entry] = this.#read('WHERE key = ?', key);
    return entry?.value ?? null;
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    // The end of the keys that start with a prefix: the slash at its end, one up.
    const found =
      prefix === '' ? this.#read('') : this.#read('WHERE key >= ? AND key < ?', prefix, `${prefix.slice(0, -1)}0`);
    // SQLite sorts by UTF-8, which differs from UTF-16 beyond the basic plane.
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async range(prefix: string, range: Range): Promise<readonly Entry[]> {
    const { first, last } = rangeKeys(prefix, range);
    const order = range.reverse ? 'DESC' : 'ASC';
    return this.#read(`WHERE key >= ? AND key < ? ORDER BY key ${order} LIMIT ?`, first, last, range.limit);
  }

  async commit(writes: readonly Write[]): Promise<void> {
    this.#assertOpen();
    this.#storage.transactionSync(() => {
      for (const { key, value } of writes) {
        if (value === null) this.#ask('DELETE FROM cliquet_entries WHERE key = ?', key);
        // Anything else would be kept as text.
        else if (!(value instanceof Uint8Array))
          throw new TypeError(`"value" expected Uint8Array, got ${typeof value}`);
        else this.#ask('INSERT OR REPLACE INTO cliquet_entries (key, value) VALUES (?, ?)', key, value);
      }
    });
    await this.#storage.sync().catch(refuse);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    inUse.delete(this.#storage);
  }

  #read(where: string, ...values: readonly unknown[]): Entry[] {
    this.#assertOpen();
    return this.#ask(`SELECT key, value FROM cliquet_entries ${where}`, ...values).map(toEntry);
  }

  #ask(query: string, ...values: readonly unknown[]): Record<string, unknown>[] {
    try {
      return this.#storage.sql.exec(query, ...values).toArray();
    } catch (error) {
      return refuse(error);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new CliquetError('store-closed');
  }
}

/** @throws CliquetError `store-unwritable`; a TypeError as it came */
function refuse(error: unknown): never {
  throw error instanceof TypeError ? error : new CliquetError('store-unwritable', undefined, { cause: error });
}

/** @throws CliquetError `store-damaged` */
function toEntry({ key, value }: Record<string, unknown>): Entry {
  if (typeof key !== 'string' || !(value instanceof ArrayBuffer)) throw new CliquetError('store-damaged');
  return { key, value: new Uint8Array(value) };
}
