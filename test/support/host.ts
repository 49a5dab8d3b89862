// The worker's ports over node:sqlite and a clock that only the test moves: one object's host for unit tests.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Count, counterKey } from '../../worker/counters.ts';
import type { Alarm, Host, Sql, SqlValue } from '../../worker/ports.ts';

/** A clock that several hosts share. Milliseconds since 1970. */
export class TestClock {
  time = 1_800_000_000_000;

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}

export class TestHost implements Host {
  readonly clock: TestClock;
  alarmsSet = 0;
  timesCounted = 0;
  /** What was counted here, by `counterKey`. */
  readonly counted: Map<string, number> = new Map();
  readonly sql: Sql;
  readonly alarm: Alarm & { due: number | null };
  #database = new DatabaseSync(':memory:');
  #background: Promise<unknown>[] = [];

  constructor(clock = new TestClock()) {
    this.clock = clock;
    this.sql = {
      query: <T extends Record<string, SqlValue>>(statement: string, ...values: SqlValue[]) =>
        this.#database.prepare(statement).all(...values.map(bindable)) as T[],
      transaction: (work) => this.#transaction(work),
    };
    this.alarm = {
      due: null,
      set: (time) => {
        this.alarmsSet++;
        this.alarm.due = time;
      },
    };
  }

  readonly count: Count = (counter, label, by = 1) => {
    if (by === 0) return;
    this.timesCounted++;
    const key = counterKey(counter, label);
    this.counted.set(key, (this.counted.get(key) ?? 0) + by);
  };

  now(): number {
    return this.clock.time;
  }

  later(work: Promise<unknown>): void {
    this.#background.push(work.catch(() => undefined));
  }

  async deleteAll(): Promise<void> {
    this.#database.close();
    this.#database = new DatabaseSync(':memory:');
    this.alarm.due = null;
  }

  outgoing<T extends object>(target: T): T {
    return target;
  }

  /** Done when nothing goes on in the background any more. */
  async settled(): Promise<void> {
    while (this.#background.length > 0) await Promise.all(this.#background.splice(0));
  }

  /** Moves the clock to the alarm, which is then not set any more. False if none was set. */
  reachAlarm(): boolean {
    if (this.alarm.due === null) return false;
    this.clock.time = Math.max(this.clock.time, this.alarm.due);
    this.alarm.due = null;
    return true;
  }

  tables(): string[] {
    return this.sql.query<{ name: string }>('select name from sqlite_master order by name').map(({ name }) => name);
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('begin');
    try {
      const result = work();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      this.#database.exec('rollback');
      throw error;
    }
  }
}

/** Binding an empty array whose buffer is empty too would bind NULL. */
function bindable(value: SqlValue): SQLInputValue {
  return value instanceof Uint8Array && value.length === 0 ? new Uint8Array(new ArrayBuffer(1), 0, 0) : value;
}
