// An object's database on a local disk: a SQLite file of its own. All that the object writes until the event loop comes
// round is one transaction, and what leaves the object meanwhile waits until that is on disk: `durable` says when.
//
// After any failure of a statement or a commit (a full disk, a damaged file) nothing of that transaction holds, and the
// database is of no use any more: whoever has it reads everything anew.

import { rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Sql, SqlValue } from '../ports.ts';

/** Before anything is written: locks are never let go of, so that no shared memory is needed beside the file. */
const opening = 'pragma locking_mode = exclusive';
/** A commit is on disk before it returns, and what is deleted is overwritten. */
const durability = 'pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on';

export class Database implements Sql {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #onBroken: (error: unknown) => void;
  readonly #statements = new Map<string, StatementSync>();
  #isWritable: boolean;
  #isOpen = true;
  #commit: PromiseWithResolvers<void> | null = null;
  /** Once it has failed: whoever has written before and asks only now must hear of it. */
  #lost: Promise<never> | null = null;

  /**
   * @param path      of the file; it is made with the first write
   * @param onBroken  called once, when the database cannot be used any more
   * @throws if it cannot be opened, or is no database
   */
  constructor(path: string, onBroken: (error: unknown) => void) {
    this.#path = path;
    this.#onBroken = onBroken;
    this.#database = new DatabaseSync(path);
    try {
      this.#database.exec(opening);
      this.#isWritable = statSync(path).size > 0;
      if (this.#isWritable) this.#database.exec(durability);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Settles when all that was written is on disk, and is rejected if something was lost; null if all is there already. */
  get durable(): Promise<void> | null {
    return this.#lost ?? this.#commit?.promise ?? null;
  }

  query<T extends Record<string, SqlValue>>(statement: string, ...values: SqlValue[]): T[] {
    return this.#attempt(() => {
      if (!/^\s*select/i.test(statement)) this.#begin();
      return this.#prepare(statement).all(...values.map(bindable)) as T[];
    });
  }

  /** A part of the transaction that goes on; only this part is taken back if `work` throws. */
  transaction<T>(work: () => T): T {
    this.#attempt(() => {
      this.#begin();
      this.#database.exec('savepoint work');
    });
    try {
      const result = work();
      this.#attempt(() => this.#database.exec('release work'));
      return result;
    } catch (error) {
      if (this.#isOpen) this.#attempt(() => this.#database.exec('rollback to work; release work'));
      throw error;
    }
  }

  /** Ends what goes on and lets go of the file. One without tables is deleted. */
  close(): void {
    if (!this.#isOpen) return;
    this.#flush();
    if (!this.#isOpen) return;
    const isEmpty = this.query('select 1 from sqlite_master limit 1').length === 0;
    this.#isOpen = false;
    this.#database.close();
    if (isEmpty) rmSync(this.#path, { force: true });
  }

  #begin(): void {
    if (this.#commit !== null) return;
    if (!this.#isWritable) this.#database.exec(durability);
    this.#isWritable = true;
    this.#database.exec('begin immediate');
    this.#commit = Promise.withResolvers();
    // Whoever does not wait for it need not hear of it.
    this.#commit.promise.catch(() => undefined);
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const commit = this.#commit;
    if (commit === null) return;
    try {
      this.#database.exec('commit');
      this.#commit = null;
      commit.resolve();
    } catch (error) {
      this.#break(error);
    }
  }

  #prepare(statement: string): StatementSync {
    const known = this.#statements.get(statement);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare(statement);
    this.#statements.set(statement, prepared);
    return prepared;
  }

  #attempt<T>(work: () => T): T {
    if (!this.#isOpen) throw new Error('the database was closed');
    try {
      return work();
    } catch (error) {
      // SQLite may have taken back the whole transaction by itself, and then a later commit would seem to succeed.
      this.#break(error);
      throw error;
    }
  }

  #break(error: unknown): void {
    const commit = this.#commit;
    this.#commit = null;
    this.#isOpen = false;
    try {
      // What was not committed is taken back by that.
      this.#database.close();
    } catch {
      // There is nothing more to be saved.
    }
    commit?.reject(error);
    this.#lost = Promise.reject(error);
    this.#lost.catch(() => undefined);
    this.#onBroken(error);
  }
}

/** Binding an empty array whose buffer is empty too would bind NULL. */
function bindable(value: SqlValue): SQLInputValue {
  return value instanceof Uint8Array && value.length === 0 ? new Uint8Array(new ArrayBuffer(1), 0, 0) : value;
}
