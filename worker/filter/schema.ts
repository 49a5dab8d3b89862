// The tables of one shard's writer.
//
//   version 1   `shard` without a generation, of which there was one
//   version 2   without its version
//   version 3   these

import type { Sql } from '../ports.ts';

const schemaVersion = 3;

/**
 * Whether there are tables, of this version now; those of an earlier one are brought to it, all or nothing.
 * @throws if they are of a later version
 */
export function hasTables(sql: Sql): boolean {
  const [table] = sql.query<{ sql: string }>(`select sql from sqlite_master where type = 'table' and name = 'shard'`);
  if (table === undefined) return false;
  const has = (column: string) => table.sql.includes(` ${column} integer`);
  if (!has('schema')) {
    sql.transaction(() => {
      if (!has('generation')) {
        sql.query('alter table shard add column generation integer not null default 1');
        sql.query('alter table shard add column unread integer');
      }
      sql.query('alter table shard add column schema integer not null default 2');
      sql.query('update shard set schema = ?', schemaVersion);
    });
  }
  const [row] = sql.query<{ schema: number }>('select schema from shard');
  if (row !== undefined && row.schema > schemaVersion) throw new Error('a shard of a newer version');
  return true;
}

export function createTables(sql: Sql, generation: number, key: string): void {
  sql.transaction(() => {
    sql.query(
      `create table shard (id integer primary key check (id = 0), schema integer not null, key text not null,
                           generation integer not null, layers integer not null, filled integer not null,
                           published integer not null, unread integer)`,
    );
    sql.query(
      `create table page (layer integer not null, page integer not null, bits blob not null,
                          primary key (layer, page)) without rowid`,
    );
    sql.query(
      'insert into shard (id, schema, key, generation, layers, filled, published) values (0, ?, ?, ?, 0, 0, 0)',
      ...[schemaVersion, key, generation],
    );
  });
}
