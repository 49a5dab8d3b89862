// A mailbox as version 1 of its tables has kept it.

import type { Bytes } from '../../client/wire/bytes.ts';
import { Accepted } from '../../client/wire/send.ts';
import type { Sql } from '../../worker/ports.ts';

/** The tables of version 1, as it made them. */
const version1 = [
  `create table registration (
    id integer primary key check (id = 0), schema integer not null, hrid blob not null, pk blob not null,
    epoch blob not null, seq integer not null, n integer not null, digest blob, refused blob, ticket integer not null,
    signed integer not null, request blob,
    uploaded integer not null, upload blob)`,
  `create table record (
    n integer primary key, expires integer not null, remaining blob not null, digest blob not null, refused blob,
    recipients blob not null, lengths blob not null, headers blob not null, body blob not null)`,
  `create table entry (
    seq integer primary key, sender blob not null, epoch blob not null, n integer not null, reason text, from_n integer,
    expires integer not null, header blob not null, body blob not null)`,
  `create table mark (
    sender blob primary key, epoch blob not null, n integer not null, seq integer not null, used integer not null
  ) without rowid`,
  'create table package (id integer primary key, last_resort integer not null, served integer not null, package blob not null)',
  `create table claim (
    claimer blob not null, id blob not null, made integer not null, one_time integer not null, package blob not null,
    primary key (claimer, id)) without rowid`,
];

export const epoch1: Bytes = new Uint8Array(16).fill(9);

export interface Neighbours {
  readonly hrid: Bytes;
  readonly pk: Bytes;
  /** To whom record 3 goes, and who has acknowledged it. */
  readonly b: Bytes;
  readonly c: Bytes;
}

/** It has sent 3, and 5 waits for it, from b. */
export function putMailbox1(sql: Sql, { hrid, pk, b, c }: Neighbours): void {
  for (const table of version1) sql.query(table);
  const digest = new Uint8Array(32).fill(5);
  sql.query(
    'insert into registration values (0, 1, ?, ?, ?, 4, 2, ?, null, 0, 0, null, 1800000000, ?)',
    ...[hrid, pk, epoch1, digest, digest],
  );
  // To b, to somebody refused, to c, who has acknowledged, and to b's neighbour, refused too.
  const refused = Accepted.encode({
    n: 3,
    refused: [
      { index: 1, code: 'unregistered' },
      { index: 3, code: 'mailbox-full' },
    ],
  });
  sql.query(
    'insert into record values (3, 1802000000, ?, ?, ?, ?, ?, ?, ?)',
    ...[Uint8Array.of(1), digest, refused, new Uint8Array([...b, ...c]), Uint8Array.of(0, 2, 0, 1)],
    ...[Uint8Array.of(1, 2, 3), Uint8Array.of(42)],
  );
  sql.query(
    'insert into entry values (5, ?, ?, 8, null, null, 1802000000, ?, ?)',
    ...[b, new Uint8Array(16), Uint8Array.of(6), Uint8Array.of(66)],
  );
  sql.query('insert into mark values (?, ?, 7, 4, 1)', b, new Uint8Array(16));
}
