// The tables of one mailbox. They are made when its owner registers: creating them costs written rows, and an object
// that is only asked after must not cost any. Rows written are nine tenths of a deployment's bill, hence no index and
// no counter that can be had otherwise.

import type { Sql } from '../ports.ts';
import { upgradeFrom1 } from './upgrade.ts';

export const schemaVersion = 2;

/** Whether somebody is registered here. A mailbox whose owner has gone may still have `farewell`. */
export function hasTables(sql: Sql): boolean {
  return sql.query(`select 1 from sqlite_master where type = 'table' and name = 'registration'`).length > 0;
}

export function createTables(sql: Sql): void {
  for (const statement of Object.values(tables)) sql.query(statement);
}

/** Within a transaction. */
export function dropTables(sql: Sql): void {
  for (const name of Object.keys(tables)) sql.query(`drop table ${name}`);
}

/** Brings the tables of an earlier version to this one, all or nothing. @throws if they are of a later one */
export function upgradeTables(sql: Sql, now: number): void {
  const [row] = sql.query<{ schema: number }>('select schema from registration');
  if (row !== undefined && row.schema > schemaVersion) throw new Error('a mailbox of a newer version');
  if (row?.schema === 1) sql.transaction(() => upgradeFrom1(sql, () => createTables(sql), schemaVersion, now));
}

const tables = {
  // The owner, and what must outlive records and entries: their highest numbers.
  //   seq                  the newest entry's seq, as far as neither `entry` nor `mark` tells it
  //   n, digest, refused   the owner's newest send whose record is gone: its number, digest and answer
  //   ticket, signed, request   the newest ticket that opened a stream, and the request that had asked for it
  //   seen                 when the owner was here, milliseconds since 1970, to the day
  //   generation           of the filter key under which the owner is in the filter
  registration: `create table registration (
    id integer primary key check (id = 0), schema integer not null, hrid blob not null, pk blob not null,
    epoch blob not null, seq integer not null, n integer not null, digest blob, refused blob, ticket integer not null,
    signed integer not null, request blob, seen integer not null, generation integer not null)`,

  // The owner's messages that somebody has not acknowledged, or never will. `states` has one byte for each of
  // `recipients` (32 bytes each; recipient.ts); as it never changes its length, SQLite overwrites it in place and leaves
  // the body's pages alone. `lengths` (16 bits each) cut `headers`; it is empty once headers and body were let go.
  record: `create table record (
    n integer primary key, expires integer not null, states blob not null, digest blob not null,
    recipients blob not null, lengths blob not null, headers blob not null, body blob not null)`,

  // What a recipient must still be told: that the owner's messages from_n … n will never come, and why.
  gap: `create table gap (
    recipient blob not null, n integer not null, from_n integer not null, reason text not null,
    primary key (recipient, n)) without rowid`,

  // Recipients that could not be reached or had no room, the newest n that stands in their queue, and when to try again
  // (milliseconds since 1970).
  backoff: `create table backoff (
    recipient blob primary key, failures integer not null, sent integer not null, not_before integer not null
  ) without rowid`,

  // What waits for the owner. A gap has a reason, and stands for the sender's messages from_n … n.
  entry: `create table entry (
    seq integer primary key, sender blob not null, epoch blob not null, n integer not null, reason text, from_n integer,
    expires integer not null, header blob not null, body blob not null)`,

  // Per sender and epoch of it, up to where the owner has acknowledged: deliveries are idempotent by it. Swept a day
  // after use, once the sender has heard of it.
  mark: `create table mark (
    sender blob not null, epoch blob not null, n integer not null, seq integer not null, used integer not null,
    primary key (sender, epoch)) without rowid`,

  // Senders from whom the owner takes nothing, 32 bytes each: one row, however many there are.
  refusal: 'create table refusal (id integer primary key check (id = 0), senders blob not null)',

  // Per kind of request that replaces something: when the newest was signed (seconds since 1970), and the digests of
  // all of that second.
  change: 'create table change (kind text primary key, signed integer not null, digests blob not null) without rowid',

  package:
    'create table package (id integer primary key, last_resort integer not null, served integer not null, package blob not null)',

  // Answers to claims, for an hour: the same id is answered alike.
  claim: `create table claim (
    claimer blob not null, id blob not null, made integer not null, one_time integer not null, package blob not null,
    primary key (claimer, id)) without rowid`,
};
