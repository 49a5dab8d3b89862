// What the relay needs of a host. Mailbox, registrar and filter are written against these, so that the same classes
// run on Cloudflare's Durable Objects (cloudflare.ts) and over node:sqlite (disk/, and test/support/host.ts).

import type { Bytes } from '../client/wire/bytes.ts';
import type { Count } from './counters.ts';

export type SqlValue = Bytes | string | number | null;

/** An object's own database. Synchronous: nothing else of the object runs between two statements. */
export interface Sql {
  /** The rows of one statement; `T` is what the statement's columns are. */
  query<T extends Record<string, SqlValue>>(statement: string, ...values: SqlValue[]): T[];
  /** All statements of `work`, or, if it throws, none. `work` is synchronous and no transaction stands in another. */
  transaction<T>(work: () => T): T;
}

/** The object's one alarm. It may fire late, or twice. */
export interface Alarm {
  /** When it fires (milliseconds since 1970), null if it is not set. */
  readonly due: number | null;
  /** Replaces what was set. Durable together with the statements run since the last `await`. */
  set(time: number): void;
}

/** What every object has. */
export interface Host {
  readonly sql: Sql;
  readonly alarm: Alarm;
  readonly count: Count;
  /** Milliseconds since 1970. */
  now(): number;
  /** Keeps the object awake until `work` is settled; its failure is only logged. */
  later(work: Promise<unknown>): void;
  /** Forgets everything, the alarm too. */
  deleteAll(): Promise<void>;
  /** The same, but a call leaves only once all that the object has written before is durable. */
  outgoing<T extends object>(target: T): T;
}

/** Sets the alarm unless it fires by `time` anyway: setting it costs a written row. */
export function wakeBy(alarm: Alarm, time: number): void {
  if (alarm.due === null || alarm.due > time) alarm.set(time);
}

/** One open WebSocket. What is in `state` survives the object's hibernation. */
export interface Socket<S> {
  state: S;
  send(frame: Bytes): void;
  close(code: number, reason: string): void;
}

export interface Sockets<S> {
  /** All that are open; the newest last. */
  all(): Socket<S>[];
}

/** A key-value store that may be a minute late. `null`: no such key. A throw: it cannot be had now. */
export interface KeyValueReader {
  get(key: string): Promise<Bytes | null>;
}

export interface KeyValueWriter {
  put(key: string, value: Bytes): Promise<void>;
  delete(key: string): Promise<void>;
}
