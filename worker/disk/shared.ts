// What all objects of a folder share, `relay.sqlite`: the published filter, and what was counted. It is locked as long as the
// process lives, however that ends.
//
//   version 1   `filter` alone
//   version 2   these

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type CounterSink, counterKey, type Totals } from '../counters.ts';
import type { Env } from '../env.ts';
import { ConfigurationError } from '../settings.ts';
import { logFailure } from './awake.ts';

const schemaVersion = 2;
/** Counts are written so often, and when the relay stops; a kill loses those since. */
const flushMs = 10_000;

export interface Shared {
  readonly filter: Env['FILTER'];
  readonly counters: CounterSink;
  close(): void;
}

/** @throws ConfigurationError if a newer relay has used the folder */
export function openShared(folder: string): Shared {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'relay.sqlite'));
  try {
    database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full');
    prepare(database, folder);
  } catch (error) {
    database.close();
    throw error;
  }
  const counters = new StoredCounters(database);
  return {
    filter: filterOf(database),
    counters,
    close() {
      if (!database.isOpen) return;
      counters.stop();
      database.close();
    },
  };
}

/** Makes what is not there, all or nothing. */
function prepare(database: DatabaseSync, folder: string): void {
  database.exec('begin immediate');
  database.exec(`
    create table if not exists filter (key text primary key, value blob not null) without rowid;
    create table if not exists counter (name text primary key, total integer not null) without rowid;
    create table if not exists relay (id integer primary key check (id = 0), schema integer not null, since integer not null)`);
  database.prepare('insert or ignore into relay values (0, ?, ?)').run(schemaVersion, Date.now());
  const { schema } = database.prepare('select schema from relay').get() as { schema: number };
  if (schema > schemaVersion) {
    throw new ConfigurationError(`A newer version of the relay has used the folder ${folder}. Run that one.`);
  }
  database.exec('commit');
}

function filterOf(database: DatabaseSync): Env['FILTER'] {
  const read = database.prepare('select value from filter where key = ?');
  const write = database.prepare('replace into filter values (?, ?)');
  const remove = database.prepare('delete from filter where key = ?');
  return {
    async get(key) {
      const value = read.get(key)?.value;
      return value instanceof Uint8Array ? value.slice().buffer : null;
    },
    put: async (key, value) => void write.run(key, value),
    delete: async (key) => void remove.run(key),
  };
}

class StoredCounters implements CounterSink {
  readonly #database: DatabaseSync;
  readonly #timer: NodeJS.Timeout;
  /** Not written yet. */
  readonly #waiting = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#timer = setInterval(() => this.#keep(), flushMs);
    this.#timer.unref();
  }

  writeDataPoint({
    blobs: [counter = '', label = ''],
    doubles: [by = 0],
  }: Parameters<CounterSink['writeDataPoint']>[0]) {
    const key = counterKey(counter, label);
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + by);
  }

  read(): Totals {
    const { since } = this.#database.prepare('select since from relay').get() as { since: number };
    const rows = this.#database.prepare('select name, total from counter').all() as { name: string; total: number }[];
    return { since, counts: Object.fromEntries(rows.map(({ name, total }) => [name, total])) };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#keep();
  }

  flush(): void {
    try {
      this.#database.exec('begin immediate');
      // Also without counts: whether the disk takes anything is what somebody wants to know.
      this.#database.exec('update relay set schema = schema');
      const add = this.#database.prepare(
        'insert into counter values (?, ?) on conflict (name) do update set total = total + excluded.total',
      );
      for (const [name, by] of this.#waiting) add.run(name, by);
      this.#database.exec('commit');
      this.#waiting.clear();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  /** What fails is tried again the next time. */
  #keep(): void {
    if (this.#waiting.size === 0) return;
    try {
      this.flush();
    } catch (error) {
      logFailure(error);
    }
  }
}
