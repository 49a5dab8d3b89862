// A store in one SQLite file, for Node, Deno and Bun (node:sqlite). It does not encrypt; encrypted.ts does, over any store.
//
//   entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID
//
// The file belongs to the process that has it open: SQLite's exclusive lock goes with the process, however it ends.
// Refused and left as they are: files of a newer version, files of other programs, damaged ones. Only what stands in SQLite's
// log beside such a file goes into it, as whenever it is opened.

/**
 * A store in one SQLite file, for Node, Deno and Bun.
 * @module cliquet/sqlite
 */

import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Bytes } from '../wire/bytes.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import { type Entry, rangeKeys, type Store } from './store.ts';

const noStore = 'it is no store';
/** "clqt": tells the file from those of other programs. */
const applicationId = 0x636c7174;
/** One step a schema version; the first makes a new file. */
const migrations: readonly string[] = [
  `CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
   PRAGMA application_id = ${applicationId};`,
];

/**
 * Opens a store in one SQLite file, or makes a new one that only its owner can read (mode 0600). It does not encrypt:
 * `encryptedStore` of `cliquet` does, over it. The file belongs to the process that has it open, and a commit outlives a power cut
 * ([STORAGE.md](../../docs/STORAGE.md), "SQLite"). For Node, Deno and Bun, by their `node:sqlite`.
 * @param path  the file; its folder is made if need be
 * @throws CliquetError `store-in-use`, `store-damaged`, `store-too-new`, `store-unwritable`
 * @example
 * ```ts
 * import { Client, encryptedStore } from 'cliquet';
 * import { sqliteStore } from 'cliquet/sqlite';
 *
 * const store = await encryptedStore(sqliteStore('me.db'), 'a good passphrase');
 * const client = await Client.open({ relay: 'http://localhost:8787', store });
 * await client.close();
 * ```
 */
export function sqliteStore(path: string): Store {
  const isNew = !existsSync(path);
  let database: DatabaseSync | undefined;
  try {
    if (isNew) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    else inspect(path);
    database = new DatabaseSync(path);
    if (isNew) chmodSync(path, 0o600);
    return new SqliteStore(prepare(database));
  } catch (error) {
    database?.close();
    throw toCliquetError(error);
  }
}

/**
 * Looks at a file without changing it: `immutable` takes no lock and writes nothing. Never by a file descriptor of one's
 * own: closing that would give up the locks of a store that this process has open (sqlite.org/howtocorrupt.html, §2.2).
 */
function inspect(path: string): void {
  // Deno opens no URLs; what prepare() sees has to do there.
  if ('Deno' in globalThis) return;
  // Empty, or with a journal beside it: a process ended while it was writing, and only with that the file is whole.
  if (statSync(path).size === 0 || existsSync(`${path}-journal`) || existsSync(`${path}-wal`)) return;
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    versionOf(database);
  } finally {
    database.close();
  }
}

/** The schema's version; 0 for a new file. @throws CliquetError `store-damaged` for another program's, `store-too-new` */
function versionOf(database: DatabaseSync): number {
  const version = pragma(database, 'user_version');
  const isNew = version === 0 && pragma(database, 'application_id') === 0 && pragma(database, 'schema_version') === 0;
  if (isNew) return 0;
  if (pragma(database, 'application_id') !== applicationId) throw new CliquetError('store-damaged', noStore);
  if (version > migrations.length) throw new CliquetError('store-too-new');
  return version;
}

function prepare(database: DatabaseSync): DatabaseSync {
  // Whoever comes second is refused at once. Deleted bytes are overwritten with zeros.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON;');
  database.exec('BEGIN EXCLUSIVE');
  try {
    const version = versionOf(database);
    for (const migration of migrations.slice(version)) database.exec(migration);
    if (version < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  // FULL: a commit that was reported outlives a power cut.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const check = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (check !== 'ok') throw new CliquetError('store-damaged');
  return database;
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements;
  #closed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      get: database.prepare('SELECT key, value FROM entries WHERE key = ?'),
      all: database.prepare('SELECT key, value FROM entries'),
      ascending: database.prepare('SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
      descending: database.prepare(
        'SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?',
      ),
      put: database.prepare('INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)'),
      delete: database.prepare('DELETE FROM entries WHERE key = ?'),
    };
  }

  get(key: string): Promise<Bytes | null> {
    return this.#run(() => {
      const row = this.#statements.get.get(key);
      return row === undefined ? null : toEntry(row).value;
    });
  }

  list(prefix: string): Promise<readonly Entry[]> {
    return this.#run(() => {
      const { all, ascending } = this.#statements;
      const rows = prefix === '' ? all.all() : ascending.all(prefix, afterPrefix(prefix), -1);
      // SQLite sorts by UTF-8, which differs from UTF-16 beyond the basic plane.
      return rows.map(toEntry).sort((a, b) => (a.key < b.key ? -1 : 1));
    });
  }

  range(prefix: string, range: Parameters<Store['range']>[1]): Promise<readonly Entry[]> {
    return this.#run(() => {
      const { first, last } = rangeKeys(prefix, range);
      const { ascending, descending } = this.#statements;
      return (range.reverse ? descending : ascending).all(first, last, range.limit).map(toEntry);
    });
  }

  commit(writes: Parameters<Store['commit']>[0]): Promise<void> {
    return this.#run(() => {
      this.#database.exec('BEGIN');
      try {
        for (const { key, value } of writes) {
          if (value === null) this.#statements.delete.run(key);
          else this.#statements.put.run(key, value);
        }
        this.#database.exec('COMMIT');
      } catch (error) {
        // After some errors, as of a full disk, SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close(); // takes the write-ahead log into the file
  }

  async #run<R>(work: () => R): Promise<R> {
    if (this.#closed) throw new CliquetError('store-closed');
    try {
      return work();
    } catch (error) {
      throw toCliquetError(error);
    }
  }
}

/** The end of the keys that start with a prefix: the slash at its end, one up. */
const afterPrefix = (prefix: string) => `${prefix.slice(0, -1)}0`;

function toEntry({ key, value }: Record<string, unknown>): Entry {
  if (typeof key !== 'string' || !(value instanceof Uint8Array)) throw new CliquetError('store-damaged');
  return { key, value: new Uint8Array(value) };
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** SQLite's primary result codes (sqlite.org/rescode.html), and what they mean to a person. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'store-unwritable', // PERM
  5: 'store-in-use', // BUSY
  6: 'store-in-use', // LOCKED
  8: 'store-unwritable', // READONLY
  10: 'store-unwritable', // IOERR
  11: 'store-damaged', // CORRUPT
  13: 'store-unwritable', // FULL
  14: 'store-unwritable', // CANTOPEN
  26: 'store-damaged', // NOTADB
};

/** The same by SQLite's own text (sqlite3_errmsg), which is all that Deno tells. */
const texts: readonly (readonly [RegExp, ErrorCode])[] = [
  [/is locked$/, 'store-in-use'],
  [/^(database disk image is malformed|malformed database schema|file is not a database)/, 'store-damaged'],
  [/^(attempt to write a readonly database|unable to open database file)/, 'store-unwritable'],
  [/^(access permission denied|disk I\/O error|database or disk is full)$/, 'store-unwritable'],
];

function toCliquetError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CliquetError) return error;
  const code = errorCode(error);
  const detail = error.message === 'file is not a database' ? noStore : undefined;
  return code === undefined ? error : new CliquetError(code, detail, { cause: error });
}

function errorCode(error: Error): ErrorCode | undefined {
  if ('errcode' in error) return codes[Number(error.errcode) & 0xff];
  if ('code' in error && error.code === 'ERR_SQLITE_ERROR')
    return texts.find(([text]) => text.test(error.message))?.[1];
  return 'syscall' in error ? 'store-unwritable' : undefined;
}
