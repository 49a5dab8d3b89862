import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Database } from '../../../worker/disk/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'cliquet-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function open(path = join(folder, `${++count}.sqlite`)) {
  const broken: unknown[] = [];
  return { database: new Database(path, (error) => broken.push(error)), path, broken };
}

const rows = (database: Database) => database.query<{ a: number }>('select a from t order by a').map(({ a }) => a);

async function withTable() {
  const opened = open();
  opened.database.query('create table t (a integer primary key)');
  await opened.database.durable;
  return opened;
}

describe('Database', () => {
  test('makes one transaction of what is written until the event loop comes round', async () => {
    const { database, path } = await withTable();
    expect(database.durable).toBeNull();
    database.query('insert into t values (?)', 1);
    const durable = database.durable;
    await Promise.resolve();
    database.query('insert into t values (?)', 2);
    expect(database.durable).toBe(durable);
    await durable;
    expect(database.durable).toBeNull();
    database.close();
    expect(rows(open(path).database)).toEqual([1, 2]);
  });

  test('takes back all of it if a statement fails, says so once, and is of no use any more', async () => {
    const { database, path, broken } = await withTable();
    database.query('insert into t values (?)', 1);
    await database.durable;
    database.query('insert into t values (?)', 2);
    const { durable } = database;
    expect(() => database.query('insert into t values (?)', 1)).toThrow(/UNIQUE/);
    await expect(durable).rejects.toThrow(/UNIQUE/);
    expect(broken).toHaveLength(1);
    expect(() => database.query('select a from t')).toThrow('closed');
    expect(() => database.transaction(() => undefined)).toThrow('closed');
    database.close();
    expect(rows(open(path).database)).toEqual([1]);
  });

  test('says that something was lost to whoever has written it, however late that asks', async () => {
    const { database } = await withTable();
    database.query('insert into t values (?)', 1);
    expect(() => database.query('insert into t values (?)', 1)).toThrow(/UNIQUE/);
    await expect(database.durable).rejects.toThrow(/UNIQUE/);
    await expect(database.durable).rejects.toThrow(/UNIQUE/);
  });

  test('takes back the part that throws, and no more', async () => {
    const { database, broken } = await withTable();
    database.query('insert into t values (?)', 1);
    const work = () => {
      database.query('insert into t values (?)', 2);
      throw new RangeError('no');
    };
    expect(() => database.transaction(work)).toThrow(RangeError);
    expect(database.transaction(() => database.query('insert into t values (?) returning a', 3))).toEqual([{ a: 3 }]);
    await database.durable;
    expect(rows(database)).toEqual([1, 3]);
    expect(broken).toEqual([]);
  });

  test('is on disk before it says so, and overwrites what is deleted', async () => {
    const { database } = await withTable();
    const pragma = (name: string) => Object.values(database.query(`select * from pragma_${name}`)[0] ?? {})[0];
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('secure_delete')).toBe(1);
    expect(pragma('journal_mode')).toBe('wal');
  });

  test('leaves no file behind without tables, nor for having been asked', async () => {
    const { database, path } = await withTable();
    database.query('drop table t');
    database.close();
    expect(existsSync(path)).toBe(false);
    const asked = open();
    expect(asked.database.query('select name from sqlite_master')).toEqual([]);
    expect(asked.database.durable).toBeNull();
    asked.database.close();
    asked.database.close();
    expect(existsSync(asked.path)).toBe(false);
  });

  test.runIf(process.platform === 'linux')('keeps no file open that is no database', () => {
    const path = join(folder, 'damaged.sqlite');
    writeFileSync(path, 'no database'.repeat(1000));
    const before = readdirSync('/proc/self/fd').length;
    for (let n = 0; n < 50; n++) expect(() => open(path)).toThrow('not a database');
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 10);
  });

  test('keeps empty blobs apart from null', async () => {
    const { database } = open();
    database.query('create table b (b blob not null)');
    database.query('insert into b values (?)', new Uint8Array());
    expect(database.query('select b from b')).toEqual([{ b: new Uint8Array() }]);
  });
});
