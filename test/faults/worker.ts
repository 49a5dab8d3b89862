// The relay with its surroundings wrapped: the same application and objects as worker/index.ts, on a platform that
// fails as it is told to (points.ts). `POST /faults` says how. What is held holds the thread: an `await` there would
// let the platform commit what the kill is meant to lose.

import relay, {
  Mailbox as RelayMailbox,
  Registrar as RelayRegistrar,
  Shard as RelayShard,
} from '../../worker/index.ts';
import { type Action, type Faults, faultsPath, type Happened, type ObjectName, type Weather } from './points.ts';

let armed: Faults['armed'] = null;
let weather: Weather | null = null;
let state = 1;

/** From 0 to below 1: xorshift32. */
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

type WeatherAction = Exclude<Action, 'hold'>;

/** What is to happen here now: what was armed, or what the weather brings, if anything. */
function due(point: string, possible: WeatherAction | null): Action | null {
  if (armed?.point === point) {
    const { skip, action } = armed;
    armed = skip === 0 ? null : { ...armed, skip: skip - 1 };
    if (skip === 0) return action;
  }
  return possible !== null && weather !== null && random() < weather[possible] ? possible : null;
}

/** A point. @returns what was done there, if it goes on */
function at(point: string, possible: WeatherAction | null, ctx?: DurableObjectState): Action | null {
  const action = due(point, possible);
  if (action === null) return null;
  // It leaves at once; the harness waits for it.
  console.log(JSON.stringify({ event: 'fault', action, point } satisfies Happened));
  if (action === 'hold') for (;;);
  if (action === 'evict') ctx?.abort('evicted by a test');
  if (action === 'fail') throw new Error('failed by a test');
  return action;
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

/** Wraps every method of a stub. */
function watchStub<T extends object>(stub: T): T {
  return new Proxy(stub, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      // A stub is no promise, however much it looks like one.
      if (typeof member !== 'function' || typeof name === 'symbol' || name === 'then') return undefined;
      return async (...values: unknown[]) => {
        at(`rpc:${name}`, 'fail');
        const answer: unknown = await Reflect.apply(member, target, values);
        at(`rpc:${name}-after`, 'fail');
        return answer;
      };
    },
  });
}

function watchNamespace<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
): DurableObjectNamespace<T> {
  return new Proxy(namespace, {
    get(target, name) {
      if (name === 'getByName') return (...values: [string]) => watchStub(target.getByName(...values));
      throw new Error(`faults: ${String(name)} of a namespace is not wrapped`);
    },
  });
}

function watchKeyValue(namespace: KVNamespace): KVNamespace {
  return new Proxy(namespace, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...values: unknown[]) => {
        if (name === 'put') at('kv:put', 'fail');
        const answer: unknown = await Reflect.apply(member, target, values);
        if (name === 'put') at('kv:put-after', 'fail');
        return answer;
      };
    },
  });
}

function watchEnv(env: Cloudflare.Env): Cloudflare.Env {
  return {
    ...env,
    MAILBOX: watchNamespace(env.MAILBOX),
    REGISTRAR: watchNamespace(env.REGISTRAR),
    SHARD: watchNamespace(env.SHARD),
    FILTER: watchKeyValue(env.FILTER),
  };
}

const sendFrame = WebSocket.prototype.send;
WebSocket.prototype.send = function (this: WebSocket, frame) {
  at('frame', null);
  sendFrame.call(this, frame);
  at('frame-after', null);
};

export class Mailbox extends RelayMailbox {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'mailbox'), watchEnv(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'mailbox', () => super.alarm());
  }
}

export class Registrar extends RelayRegistrar {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'registrar'), watchEnv(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'registrar', () => super.alarm());
  }
}

export class Shard extends RelayShard {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(watch(ctx, 'shard'), watchEnv(env));
  }

  override alarm(): Promise<void> {
    return ring(this.ctx, 'shard', () => super.alarm());
  }
}

export default {
  async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname === faultsPath) {
      const faults = await request.json<Faults>();
      ({ armed, weather } = faults);
      state = (weather?.seed ?? 0) || 1;
      return new Response(null, { status: 204 });
    }
    const response = await relay.fetch(request, watchEnv(env), ctx);
    at('reply', null);
    ctx.waitUntil(scheduler.wait(0).then(() => at('reply-after', null)));
    return response;
  },
};
