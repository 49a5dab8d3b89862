// One object while it is awake: its database is open, and it is in memory.

import type { Count } from '../counters.ts';
import { log } from '../log.ts';
import { type Alarm, type Host, wakeBy } from '../ports.ts';
import { Database } from './database.ts';

export interface AwakeOptions<T> {
  readonly path: string;
  readonly create: (awake: Awake<T>) => T;
  readonly count: Count;
  /** The alarm is due then (milliseconds since 1970), or, with null, it is not set any more. */
  readonly onAlarm: (due: number | null) => void;
  /** Its database failed: it must be woken anew, and what it has not answered is lost. */
  readonly onBroken: () => void;
}

export class Awake<T> implements Host {
  readonly sql: Database;
  readonly alarm: Alarm;
  readonly count: Count;
  /** Milliseconds since 1970. */
  usedAt = Date.now();
  readonly #instance: T;
  readonly #onAlarm: (due: number | null) => void;
  #due: number | null;
  #busy = 0;

  /** @throws if its database cannot be opened */
  constructor({ path, create, count, onAlarm, onBroken }: AwakeOptions<T>) {
    this.count = count;
    this.#onAlarm = onAlarm;
    this.sql = new Database(path, (error) => {
      logFailure(error);
      onBroken();
    });
    this.#due = this.#readDue();
    const due = () => this.#due;
    this.alarm = {
      get due() {
        return due();
      },
      set: (time) => this.#setAlarm(time),
    };
    this.#instance = create(this);
  }

  /** Whether nothing goes on in it. */
  get isIdle(): boolean {
    return this.#busy === 0 && this.sql.durable === null;
  }

  now(): number {
    return Date.now();
  }

  later(work: Promise<unknown>): void {
    void this.#during(() => work).catch(logFailure);
  }

  async deleteAll(): Promise<void> {
    const tables = this.sql.query<{ name: string }>(`select name from sqlite_master where type = 'table'`);
    this.sql.transaction(() => {
      for (const { name } of tables) this.sql.query(`drop table ${name}`);
    });
    this.#due = null;
    this.#onAlarm(null);
  }

  outgoing<O extends object>(target: O): O {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...values: unknown[]) => {
          await this.sql.durable;
          return Reflect.apply(member, target, values) as unknown;
        };
      },
    });
  }

  /** Calls the object. Its answer, a failure too, leaves once all that it has written is durable. */
  run<R>(work: (instance: T) => R | Promise<R>): Promise<R> {
    this.usedAt = Date.now();
    return this.#during(async () => {
      try {
        return await work(this.#instance);
      } finally {
        await this.sql.durable;
      }
    });
  }

  /**
   * Lets the alarm do its work. It stays on disk until that is done.
   * @param retryMs  when it rings again if the work fails, whatever else is set meanwhile
   * @throws what the work throws
   */
  async ring(work: (instance: T) => Promise<void>, retryMs: number): Promise<void> {
    await this.run(async (instance) => {
      this.#due = null;
      try {
        await work(instance);
      } catch (error) {
        wakeBy(this.alarm, Date.now() + retryMs);
        throw error;
      }
      if (this.#due === null && this.#readDue() !== null) this.sql.query('drop table host_alarm');
    });
  }

  close(): void {
    this.sql.close();
  }

  async #during<R>(work: () => Promise<R>): Promise<R> {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
    }
  }

  #readDue(): number | null {
    const isSet = this.sql.query(`select 1 from sqlite_master where name = 'host_alarm'`).length > 0;
    return isSet ? (this.sql.query<{ due: number }>('select due from host_alarm')[0]?.due ?? null) : null;
  }

  #setAlarm(time: number): void {
    this.sql.query(
      'create table if not exists host_alarm (id integer primary key check (id = 0), due integer not null)',
    );
    this.sql.query('replace into host_alarm values (0, ?)', time);
    this.#due = time;
    this.#onAlarm(time);
  }
}

export function logFailure(error: unknown): void {
  log('failure', { error: error instanceof Error ? error.name : typeof error });
}
