// A store in IndexedDB, for browsers. It does not encrypt; encrypted.ts does, over any store.
//
//   object store "entries": key → value (Uint8Array); IndexedDB sorts text by UTF-16 code units
//
// One page at a time has a database. A Web Lock says who, and goes with the page, however it ends. It is not what keeps
// two pages from writing, as locks can be stolen and old browsers have none: the database's version counts its openings,
// and IndexedDB gives a new version to nobody before every older connection is closed. Refused and left as they are:
// databases of a newer form.

/**
 * A store in IndexedDB, for browsers.
 * @module cliquet/indexeddb
 */

import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { Bytes } from '../wire/bytes.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import { type Entry, type Range, rangeKeys, type Store, type Write } from './store.ts';

const entries = 'entries';

interface Schema extends DBSchema {
  readonly [entries]: { readonly key: string; readonly value: Bytes };
}

type Database = IDBPDatabase<Schema>;

/** A page that is being left lets go of its lock a moment after the next one asks. */
const lockPatienceMs = 1000;
/** Who has the database open closes it at once when told to, unless the browser has put that page to sleep. */
const closePatienceMs = 5000;

/** How a store in IndexedDB is opened. */
export interface IndexedDbOptions {
  /** Takes the store away from the page that has it open; that one hears of it. False if not said. */
  readonly takeOver?: boolean;
  /**
   * Hears that the store is lost to this page: `store-in-use` when another one has taken it over, `store-closed` when the
   * browser has ended it. Every later call is rejected with the same.
   */
  readonly onLost?: (error: CliquetError) => void;
}

/**
 * Opens a store in IndexedDB, or makes a new one, for browsers. It does not encrypt: `encryptedStore` of `cliquet` does, over it.
 * One page at a time has it ([STORAGE.md](../../docs/STORAGE.md), "IndexedDB").
 * @param name  of the database, within the page's origin
 * @throws CliquetError `store-in-use`, `store-damaged`, `store-too-new`, `store-unwritable`
 * @example
 * ```ts
 * import { Client, encryptedStore } from 'cliquet';
 * import { indexedDbStore } from 'cliquet/indexeddb';
 *
 * const inner = await indexedDbStore('me', {
 *   onLost: (error) => console.log(error.message), // another page has taken it over
 * });
 * const store = await encryptedStore(inner, 'a good passphrase');
 * const client = await Client.open({ relay: 'http://localhost:8787', store });
 * await client.close();
 * ```
 */
export async function indexedDbStore(name: string, options: IndexedDbOptions = {}): Promise<Store> {
  const store = new IndexedDbStore(options.onLost);
  try {
    store.lock(await holdLock(name, options.takeOver ?? false, () => store.lose('store-in-use')));
    store.use(await openAlone(name, store));
    return store;
  } catch (error) {
    await store.close();
    throw toCliquetError(error);
  }
}

/**
 * Deletes all of a store, whatever is in it. Done when no page has it open any more.
 * @param name  of the database, within the page's origin
 */
export async function deleteIndexedDbStore(name: string): Promise<void> {
  await deleteDB(name);
}

/** @returns what lets go of the lock. @throws CliquetError `store-in-use` */
async function holdLock(name: string, takeOver: boolean, onStolen: () => void): Promise<() => void> {
  const locks: LockManager | undefined = globalThis.navigator.locks;
  if (locks === undefined) return () => undefined;
  const released = Promise.withResolvers<void>();
  const held = Promise.withResolvers<() => void>();
  const options = takeOver ? { steal: true } : { signal: AbortSignal.timeout(lockPatienceMs) };
  locks
    .request(`cliquet store ${name}`, options, () => {
      held.resolve(released.resolve);
      return released.promise;
    })
    .catch(() => {
      held.reject(new CliquetError('store-in-use'));
      onStolen();
    });
  return held.promise;
}

/**
 * Opens the database under a version that nobody else has.
 * @throws CliquetError `store-in-use`, `store-too-new`; and what IndexedDB says
 */
async function openAlone(name: string, store: IndexedDbStore): Promise<Database> {
  const seen = await openDB<Schema>(name, undefined, { upgrade: (made) => void made.createObjectStore(entries) });
  const { version, objectStoreNames } = seen;
  seen.close();
  if (objectStoreNames.length !== 1 || objectStoreNames[0] !== entries) throw new CliquetError('store-too-new');

  const blocked = Promise.withResolvers<never>();
  let isOwn = false;
  const opening = openDB<Schema>(name, version + 1, {
    upgrade() {
      isOwn = true;
    },
    blocked: () => void setTimeout(() => blocked.reject(new CliquetError('store-in-use')), closePatienceMs),
    blocking: () => store.lose('store-in-use'),
    terminated: () => store.lose('store-closed'),
  });
  try {
    const database = await Promise.race([opening, blocked.promise]);
    if (isOwn) return database;
    database.close();
    // Another page has counted at the same time.
    throw new CliquetError('store-in-use');
  } catch (error) {
    // It may still open when nobody waits for it any more.
    opening.then(
      (database) => database.close(),
      () => undefined,
    );
    throw nameOf(error) === 'VersionError' ? new CliquetError('store-in-use') : error;
  }
}

class IndexedDbStore implements Store {
  readonly #onLost: ((error: CliquetError) => void) | undefined;
  #database: Database | undefined;
  #unlock: () => void = () => undefined;
  /** Why it is not open any more. */
  #end: ErrorCode | null = null;

  constructor(onLost: ((error: CliquetError) => void) | undefined) {
    this.#onLost = onLost;
  }

  lock(unlock: () => void): void {
    this.#unlock = unlock;
  }

  /** @throws CliquetError if the store was lost before it was open */
  use(database: Database): void {
    this.#database = database;
    if (this.#end === null) return;
    database.close();
    throw new CliquetError(this.#end);
  }

  lose(code: ErrorCode): void {
    if (this.#end !== null) return;
    this.#finish(code);
    if (this.#database !== undefined) this.#onLost?.(new CliquetError(code));
  }

  get(key: string): Promise<Bytes | null> {
    return this.#run(async (database) => {
      const value = await database.get(entries, key);
      return value === undefined ? null : checked(value);
    });
  }

  list(prefix: string): Promise<readonly Entry[]> {
    // The end of the keys that start with a prefix: the slash at its end, one up.
    const keys = prefix === '' ? null : IDBKeyRange.bound(prefix, `${prefix.slice(0, -1)}0`, false, true);
    return this.#run((database) => readAll(database, keys, -1));
  }

  range(prefix: string, range: Range): Promise<readonly Entry[]> {
    const { limit, reverse } = range;
    const { first, last } = rangeKeys(prefix, range);
    if (limit < 1 || first >= last) return this.#run(async () => []);
    const keys = IDBKeyRange.bound(first, last, false, true);
    return this.#run((database) => (reverse ? readBackwards(database, keys, limit) : readAll(database, keys, limit)));
  }

  commit(writes: readonly Write[]): Promise<void> {
    return this.#run(async (database) => {
      // Copied as what they show: IndexedDB would clone the whole buffer behind a view.
      const copies = writes.map(({ key, value }) => ({ key, value: value === null ? null : copyOf(value) }));
      const transaction = database.transaction(entries, 'readwrite', { durability: 'strict' });
      for (const { key, value } of copies) {
        const request = value === null ? transaction.store.delete(key) : transaction.store.put(value, key);
        // What goes wrong ends the transaction, which tells.
        request.catch(() => undefined);
      }
      await transaction.done;
    });
  }

  async close(): Promise<void> {
    if (this.#end === null) this.#finish('store-closed');
  }

  #finish(code: ErrorCode): void {
    this.#end = code;
    this.#database?.close(); // after the transactions that go on
    this.#unlock();
  }

  async #run<R>(work: (database: Database) => Promise<R>): Promise<R> {
    if (this.#end !== null || this.#database === undefined) throw new CliquetError(this.#end ?? 'store-closed');
    try {
      return await work(this.#database);
    } catch (error) {
      // A connection that the browser has ended aborts what goes on.
      if (this.#end !== null && isEnded(error)) throw new CliquetError(this.#end, undefined, { cause: error });
      throw toCliquetError(error);
    }
  }
}

async function readAll(database: Database, keys: IDBKeyRange | null, limit: number): Promise<Entry[]> {
  const { store } = database.transaction(entries);
  const count = limit < 0 ? undefined : limit;
  const [names, values] = await Promise.all([store.getAllKeys(keys, count), store.getAll(keys, count)]);
  return names.map((key, i) => ({ key, value: checked(values[i]) }));
}

async function readBackwards(database: Database, keys: IDBKeyRange, limit: number): Promise<Entry[]> {
  const found: Entry[] = [];
  let cursor = await database.transaction(entries).store.openCursor(keys, 'prev');
  while (cursor !== null) {
    found.push({ key: cursor.key, value: checked(cursor.value) });
    cursor = found.length < limit ? await cursor.continue() : null;
  }
  return found;
}

function copyOf(value: Bytes): Bytes {
  if (!(value instanceof Uint8Array)) throw new TypeError(`"value" expected Uint8Array, got ${typeof value}`);
  return value.slice();
}

/** @throws CliquetError `store-damaged` */
function checked(value: Bytes | undefined): Bytes {
  if (value instanceof Uint8Array) return value;
  throw new CliquetError('store-damaged');
}

/** IndexedDB's exceptions (w3.org/TR/IndexedDB, "Exceptions"), and what they mean to a person. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string?]>> = {
  QuotaExceededError: ['store-unwritable', 'the browser has no room left for this site'],
  UnknownError: ['store-unwritable', 'the browser could not use its own storage'],
  AbortError: ['store-unwritable'],
  SecurityError: ['store-unwritable', 'the browser is set to keep nothing for this site'],
  InvalidStateError: ['store-unwritable', 'the browser is set to keep nothing for this site'],
  NotReadableError: ['store-damaged'],
  DataError: ['store-damaged'],
};

function toCliquetError(error: unknown): unknown {
  const meaning = meanings[nameOf(error)];
  return meaning === undefined ? error : new CliquetError(...meaning, { cause: error });
}

const isEnded = (error: unknown) => ['AbortError', 'InvalidStateError'].includes(nameOf(error));

const nameOf = (error: unknown) => (error instanceof DOMException ? error.name : '');
