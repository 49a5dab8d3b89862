// Upgrades one object on a disk in a process of its own, and kills itself in the middle of it if it is told to.
//   node upgrade-process.ts KIND FILE NOW [STATEMENT]     before which statement that writes, from 1 on

import { hasTables as upgradeRegistrar } from '../../worker/challenge/schema.ts';
import { Database } from '../../worker/disk/database.ts';
import { hasTables as upgradeShard } from '../../worker/filter/schema.ts';
import { upgradeTables } from '../../worker/mailbox/schema.ts';
import type { Sql } from '../../worker/ports.ts';

const [kind = '', file = '', now, last = 'never'] = process.argv.slice(2);
const upgrades: Readonly<Record<string, (sql: Sql) => unknown>> = {
  mailbox: (sql) => upgradeTables(sql, Number(now)),
  registrar: upgradeRegistrar,
  shard: upgradeShard,
};

const database = new Database(file, (error) => {
  throw error;
});
let written = 0;
const sql: Sql = {
  query: (statement, ...values) => {
    if (!/^\s*select/i.test(statement) && ++written === Number(last)) process.kill(process.pid, 'SIGKILL');
    return database.query(statement, ...values);
  },
  transaction: (work) => database.transaction(work),
};
upgrades[kind]?.(sql);
// After all statements, before they are on the disk.
if (++written === Number(last)) process.kill(process.pid, 'SIGKILL');
await database.durable;
database.close();
