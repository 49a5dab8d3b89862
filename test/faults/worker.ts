// The relay with its surroundings wrapped: the same application and objects as worker/index.ts, on a platform that
// fails as it is told to (points.ts). `POST /faults` says how.

import relay, {
  Mailbox as RelayMailbox,
  Registrar as RelayRegistrar,
  Shard as RelayShard,
} from '../../worker/index.ts';
import { arm, at as atPoint, watchBindings } from './fault.ts';
import { type Action, type Faults, faultsPath, type ObjectName } from './points.ts';

/** A point, inside of an object if its state is given. */
function at(point: string, possible: Exclude<Action, 'hold'> | null, ctx?: DurableObjectState): Action | null {
  return atPoint(point, possible, () => ctx?.abort('evicted by a test'));
}

/** Wraps what an object writes. */
function watch(ctx: DurableObjectState, object: ObjectName): DurableObjectState {
  const { storage } = ctx;
  const here = (point: string) => at(`${object}:${point}`, 'evict', ctx);

  const exec = storage.sql.exec.bind(storage.sql);
  storage.sql.exec = <T extends Record<string, SqlStorageValue>>(statement: string, ...values: unknown[]) => {
    const writes = !/^\s*select/i.test(statement);
    if (writes) here('write');
    const cursor = exec<T>(statement, ...values);
    if (writes) here('write-after');
    return cursor;
  };
  const transactionSync = storage.transactionSync.bind(storage);
  storage.transactionSync = (work) => {
    here('transaction');
    const result = transactionSync(work);
    here('transaction-after');
    return result;
  };
  const setAlarm = storage.setAlarm.bind(storage);
  storage.setAlarm = (...time) => {
    here('alarm-set');
    const set = setAlarm(...time);
    here('alarm-set-after');
    return set;
  };
  const deleteAll = storage.deleteAll.bind(storage);
  storage.deleteAll = async (...options) => {
    here('delete-all');
    await deleteAll(...options);
    here('delete-all-after');
  };
  return ctx;
}

async function ring(ctx: DurableObjectState, object: ObjectName, alarm: () => unknown): Promise<void> {
  at(`${object}:alarm`, 'evict', ctx);
  await alarm();
  if (at(`${object}:alarm-after`, 'again', ctx) === 'again') await alarm();
}

const sendFrame = WebSocket.prototype.send;
WebSocket.prototype.send = function (this: WebSocket, frame) {
  at('frame', null);
  sendFrame.call(this, frame);
  at('frame-after', null);
};

export class Mailbox extends RelayMailbox {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'mailbox'), watchBindings(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'mailbox', () => super.alarm());
  }
}

export class Registrar extends RelayRegistrar {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'registrar'), watchBindings(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'registrar', () => super.alarm());
  }
}

export class Shard extends RelayShard {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'shard'), watchBindings(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'shard', () => super.alarm());
  }
}

export default {
  async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname === faultsPath) {
      arm(await request.json<Faults>());
      return new Response(null, { status: 204 });
    }
    const response = await relay.fetch(request, watchBindings(env), ctx);
    at('reply', null);
    ctx.waitUntil(scheduler.wait(0).then(() => at('reply-after', null)));
    return response;
  },
};
