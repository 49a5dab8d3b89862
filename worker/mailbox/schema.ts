// The tables of one mailbox. They are made when its owner registers: creating them costs written rows, and an object
// that is only asked after must not cost any. Rows written are nine tenths of a deployment's bill, hence no index and
// no counter that can be had otherwise.

import type { Sql } from '../ports.ts';

export const schemaVersion = 1;

export function hasTables(sql: Sql): boolean {
  return sql.query(`select 1 from sqlite_master where type = 'table' and name = 'registration'`).length > 0;
}

export function createTables(sql: Sql): void {
  for (const table of tables) sql.query(table);
}

const tables = [
  // The owner, and what must outlive records and entries: their highest numbers.
  //   seq                  the newest entry's seq, as far as neither `entry` nor `mark` tells it
  //   n, digest, refused   the owner's newest send whose record is gone: its number, digest and answer
  //   ticket, signed, request   the newest ticket that opened a stream, and the request that had asked for it
  //   uploaded, upload     when the newest key package upload was signed, and its digest
  `create table registration (
    id integer primary key check (id = 0), schema integer not null, hrid blob not null, pk blob not null,
    epoch blob not null, seq integer not null, n integer not null, digest blob, refused blob, ticket integer not null,
    signed integer not null, request blob,
    uploaded integer not null, upload blob)`,

  // The owner's messages that somebody has not acknowledged. `remaining` is a bitmap over `recipients` (32 bytes
  // each); as it never changes its length, SQLite overwrites it in place and leaves the body's pages alone.
  // `lengths` (16 bits each) cut `headers`.
  `create table record (
    n integer primary key, expires integer not null, remaining blob not null, digest blob not null, refused blob,
    recipients blob not null, lengths blob not null, headers blob not null, body blob not null)`,

  // What waits for the owner. A gap has a reason, and stands for the sender's messages from_n … n.
  `create table entry (
    seq integer primary key, sender blob not null, epoch blob not null, n integer not null, reason text, from_n integer,
    expires integer not null, header blob not null, body blob not null)`,

  // Per sender, up to where the owner has acknowledged: deliveries are idempotent by it. Swept a day after use.
  `create table mark (
    sender blob primary key, epoch blob not null, n integer not null, seq integer not null, used integer not null
  ) without rowid`,

  `create table package (
    id integer primary key, last_resort integer not null, served integer not null, package blob not null)`,

  // Answers to claims, for an hour: the same id is answered alike.
  `create table claim (
    claimer blob not null, id blob not null, made integer not null, one_time integer not null, package blob not null,
    primary key (claimer, id)) without rowid`,
];
