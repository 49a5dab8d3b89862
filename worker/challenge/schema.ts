// The tables of one registrar. They are made when a code is first asked for, and go when nothing of them counts any more.
//
//   version 1   `event` in place of `send`
//   version 2   without `registrar`, `challenge.kind` and `send.failed`
//   version 3   these

import type { Sql } from '../ports.ts';

const schemaVersion = 3;

/** Whether there are tables, of this version now. @throws if they are of a later one */
export function hasTables(sql: Sql): boolean {
  if (!upgradeTables(sql)) return false;
  checkVersion(sql);
  return true;
}

/** Brings the tables of an earlier version to this one, all or nothing. @returns whether there are tables then */
export function upgradeTables(sql: Sql): boolean {
  const names = sql.query<{ name: string }>(`select name from sqlite_master where type = 'table'`);
  const has = (table: string) => names.some(({ name }) => name === table);
  if (!has('challenge')) return false;
  if (has('registrar')) return true;
  if (has('event')) {
    // What it has kept of a day has other columns, and its codes have ended: nothing of it is needed.
    sql.transaction(() => {
      for (const table of ['event', 'waiting', 'challenge']) sql.query(`drop table ${table}`);
    });
    return false;
  }
  sql.transaction(() => {
    sql.query('alter table challenge add column kind text');
    sql.query('alter table send add column failed integer not null default 0');
    createTables(sql);
  });
  return true;
}

/** Makes what is not there, within a transaction. The statements do not depend on it. @throws if it is of a later version */
export function createTables(sql: Sql): void {
  // `kind` is that of the address: what was answered is counted by it.
  sql.query(
    `create table if not exists challenge (
       id blob primary key, salt blob not null, code blob not null, expires integer not null, kind text) without rowid`,
  );
  sql.query(
    `create table if not exists waiting (
       challenge blob, hrid blob, pk blob not null, attempts integer not null,
       primary key (challenge, hrid)) without rowid`,
  );
  // `failed`: nobody has got that code, so nobody waits because of it; but who asks is not sent one after the other.
  sql.query(
    `create table if not exists send (
       prefix blob not null, at integer not null, failed integer not null default 0)`,
  );
  sql.query('create table if not exists registrar (id integer primary key check (id = 0), schema integer not null)');
  sql.query('insert or ignore into registrar (id, schema) values (0, ?)', schemaVersion);
  checkVersion(sql);
}

function checkVersion(sql: Sql): void {
  const [row] = sql.query<{ schema: number }>('select schema from registrar');
  if (row !== undefined && row.schema > schemaVersion) throw new Error('a registrar of a newer version');
}
