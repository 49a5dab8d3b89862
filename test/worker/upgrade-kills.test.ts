// An upgrade of an object on a disk is killed before each of its statements: the object is whole, as it was, and is upgraded
// the next time.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Database } from '../../worker/disk/database.ts';
import type { Sql } from '../../worker/ports.ts';
import { temporaryFolder } from '../support/folder.ts';
import { putMailbox1 } from '../support/mailbox-1.ts';
import { contentOf, kept, restore } from '../support/relay-objects.ts';
import { node } from '../support/runtime.ts';

const script = join(import.meta.dirname, '../support/upgrade-process.ts');
const filled = (byte: number) => new Uint8Array(32).fill(byte);

const first = (kind: string) => {
  const object = kept.objects.find((each) => each.kind === kind);
  if (object === undefined) throw new Error('none was kept');
  return object;
};
/** What each kind has kept that is upgraded. */
const objects: Readonly<Record<string, (sql: Sql) => unknown>> = {
  mailbox: (sql) => putMailbox1(sql, { hrid: filled(1), pk: filled(2), b: filled(3), c: filled(4) }),
  registrar: (sql) => restore(sql, first('registrar')),
  shard: (sql) => restore(sql, first('shard')),
};

async function inDatabase<T>(file: string, work: (sql: Sql) => T): Promise<T> {
  const database = new Database(file, () => undefined);
  const result = work(database);
  await database.durable;
  database.close();
  return result;
}

test.each(Object.entries(objects))(
  'the upgrade of a %s holds as a whole or not at all',
  async (kind, put) => {
    const file = join(temporaryFolder(), `${kind}.sqlite`);
    await inDatabase(file, put);
    const before = await inDatabase(file, contentOf);
    const upgrade = (killedBefore?: number) => {
      const args = [
        ...node.args,
        script,
        kind,
        file,
        String(kept.time),
        ...(killedBefore ? [String(killedBefore)] : []),
      ];
      return spawnSync(process.execPath, args, { encoding: 'utf8' });
    };
    let statements = 1;
    for (; ; statements++) {
      const { signal, stderr } = upgrade(statements);
      expect(stderr).toBe('');
      if (signal === null) break;
      expect(await inDatabase(file, contentOf)).toEqual(before);
    }
    // So many statements, and the end of them.
    expect(statements).toBeGreaterThan(3);
    const after = await inDatabase(file, contentOf);
    expect(after).not.toEqual(before);
    expect(upgrade()).toMatchObject({ status: 0 });
    expect(await inDatabase(file, contentOf)).toEqual(after);
  },
  120_000,
);
