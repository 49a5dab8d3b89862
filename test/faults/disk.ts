// The relay on a local disk with its surroundings wrapped: the same parts as worker/deno.ts, on a disk that fails as it
// is told to (points.ts). Each line of its input says how. `node disk.ts FOLDER`, or the same with Deno.

import { ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { WebSocket } from 'ws';
import { Registrar } from '../../worker/challenge/registrar.ts';
import { Awake } from '../../worker/disk/awake.ts';
import { openDisk } from '../../worker/disk/bindings.ts';
import { Objects } from '../../worker/disk/objects.ts';
import { startServer } from '../../worker/disk/server.ts';
import { Mailbox } from '../../worker/mailbox/mailbox.ts';
import { getServices } from '../../worker/services.ts';
import { arm, at, watchBindings } from './fault.ts';
import type { ObjectName } from './points.ts';

const evicted = () => {
  throw new Error('evicted by a test');
};

/** What a statement is, and of which object. */
const statements = new WeakMap<StatementSync, { readonly object: ObjectName; readonly sql: string }>();

function objectOf(database: DatabaseSync): ObjectName | null {
  const [, object] = /\/(mailbox|registrar|shard)\/[0-9a-f]{2}\//.exec(database.location() ?? '') ?? [];
  return (object as ObjectName) ?? null;
}

/** Around what a method does. */
function around<T extends object, K extends keyof T>(
  target: T,
  name: K,
  wrap: (self: T, values: unknown[], work: () => unknown) => unknown,
): void {
  const real = target[name] as (...values: unknown[]) => unknown;
  Object.defineProperty(target, name, {
    value(this: T, ...values: unknown[]) {
      return wrap(this, values, () => Reflect.apply(real, this, values));
    },
  });
}

around(DatabaseSync.prototype, 'prepare', (database, [sql], work) => {
  const statement = work() as StatementSync;
  const object = objectOf(database);
  if (object !== null) statements.set(statement, { object, sql: String(sql) });
  return statement;
});

around(StatementSync.prototype, 'all', (statement, _, work) => {
  const { object, sql } = statements.get(statement) ?? {};
  if (object === undefined || sql === undefined || /^\s*select/i.test(sql)) return work();
  const point = `${object}:${sql.startsWith('replace into host_alarm') ? 'alarm-set' : 'write'}`;
  at(point, 'evict', evicted);
  const rows = work();
  at(`${point}-after`, 'evict', evicted);
  return rows;
});

around(DatabaseSync.prototype, 'exec', (database, [sql], work) => {
  const object = objectOf(database);
  if (object === null) return work();
  if (sql === 'savepoint work') at(`${object}:transaction`, 'evict', evicted);
  if (sql === 'commit') at(`${object}:commit`, 'evict', evicted);
  const result = work();
  if (sql === 'release work') at(`${object}:transaction-after`, 'evict', evicted);
  if (sql === 'commit') at(`${object}:commit-after`, null);
  return result;
});

around(Awake.prototype, 'deleteAll', async (_, __, work) => {
  at('mailbox:delete-all', null);
  await work();
  at('mailbox:delete-all-after', null);
});

const nameOf = (instance: unknown): ObjectName =>
  instance instanceof Mailbox ? 'mailbox' : instance instanceof Registrar ? 'registrar' : 'shard';

const ring = Awake.prototype.ring;
Awake.prototype.ring = function (this: Awake<unknown>, work, retryMs) {
  const hurt: typeof work = async (instance) => {
    at(`${nameOf(instance)}:alarm`, 'fail');
    await work(instance);
    if (at(`${nameOf(instance)}:alarm-after`, 'again') === 'again') await work(instance);
  };
  return ring.call(this, hurt, retryMs);
};

around(Objects.prototype, 'connect', async (_, __, work) => {
  at('connect', 'fail');
  const result = await work();
  at('connect-after', null);
  return result;
});

around(ServerResponse.prototype, 'end', (_, __, work) => {
  at('reply', null);
  const result = work();
  setImmediate(() => at('reply-after', null));
  return result;
});

around(WebSocket.prototype, 'send', (_, __, work) => {
  at('frame', null);
  const result = work();
  at('frame-after', null);
  return result;
});

createInterface(process.stdin).on('line', (line) => arm(JSON.parse(line)));
// Its input ends when its parent does, however that happens.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'));

const disk = openDisk(process.argv[2] ?? '', 1_000_000);
const bindings = { ...watchBindings(disk.bindings), ENVIRONMENT: 'development' };
disk.objects.use(getServices(bindings));
const server = await startServer(disk.objects, bindings, {
  hostname: '127.0.0.1',
  port: 0,
  tls: null,
  maxConnections: 4000,
  addressHeader: null,
});
console.log(`Ready on http://127.0.0.1:${server.port}`);
await disk.objects.replayAlarms();
