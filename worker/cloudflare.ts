// The ports on Cloudflare: one Durable Object's storage, alarm and sockets.

import type { Bytes } from '../client/wire/bytes.ts';
import type { Count } from './counters.ts';
import type { Env } from './env.ts';
import { hourMs } from './limits.ts';
import { log } from './log.ts';
import type { Alarm, Host, Socket, Sockets, Sql, SqlValue } from './ports.ts';
import { getServices, type Services } from './services.ts';
import { ConfigurationError } from './settings.ts';

/** What the class of an object hands everything on to. */
export interface Awake<T> {
  /** @throws ConfigurationError if the deployment lacks something */
  readonly get: () => T;
  readonly alarm: () => Promise<void>;
}

/**
 * In a constructor. Where the deployment lacks something nothing is done, but the alarm stays set: the platform gives one up
 * that fails for some minutes, and what was due then would never be done.
 */
export function awaken<T extends { alarm(): Promise<void> }>(
  ctx: DurableObjectState,
  env: Env,
  create: (services: Services, host: Host) => T,
): Awake<T> {
  try {
    const services = getServices(env);
    const host = createHost(ctx, services.counters.count);
    const object = create(services, host);
    const alarm = () => {
      host.alarmFired();
      return object.alarm();
    };
    return { get: () => object, alarm };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const get = () => {
      throw error;
    };
    return { get, alarm: () => ctx.storage.setAlarm(Date.now() + hourMs) };
  }
}

interface CloudflareHost extends Host {
  /** To be called first when the alarm fires: it is not set any more. */
  alarmFired(): void;
}

/** Reads when the alarm is due, and lets nothing else in before that is known. */
function createHost(ctx: DurableObjectState, count: Count): CloudflareHost {
  const alarm = createAlarm(ctx);
  return {
    sql: createSql(ctx),
    alarm,
    count,
    now: () => Date.now(),
    later: (work) => ctx.waitUntil(work.catch(logFailure)),
    deleteAll: async () => {
      alarm.fired();
      await ctx.storage.deleteAll();
    },
    // The platform itself holds back what leaves an object until its writes are durable.
    outgoing: (target) => target,
    alarmFired: () => alarm.fired(),
  };
}

function createSql({ storage }: DurableObjectState): Sql {
  return {
    query<T extends Record<string, SqlValue>>(statement: string, ...values: SqlValue[]): T[] {
      const rows: Record<string, SqlStorageValue | Bytes>[] = storage.sql.exec(statement, ...values).toArray();
      for (const row of rows) {
        for (const column in row) {
          const value = row[column];
          if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value);
        }
      }
      return rows as T[];
    },
    transaction: (work) => storage.transactionSync(work),
  };
}

function createAlarm(ctx: DurableObjectState): Alarm & { fired(): void } {
  let due: number | null = null;
  ctx.blockConcurrencyWhile(async () => {
    due = await ctx.storage.getAlarm();
  });
  return {
    get due() {
      return due;
    },
    set(time) {
      due = time;
      // Not awaited: it becomes durable with the statements of this turn, and no answer leaves before that.
      ctx.storage.setAlarm(time).catch(logFailure);
    },
    fired() {
      due = null;
    },
  };
}

/** Sockets that survive the object's hibernation; `fresh` is the state of one that was just accepted. */
export function createSockets<S>(ctx: DurableObjectState, fresh: S): Sockets<S> {
  const isOpen = ({ readyState }: WebSocket) => readyState === WebSocket.READY_STATE_OPEN;
  return {
    all: () =>
      ctx
        .getWebSockets()
        .filter(isOpen)
        .map((socket) => wrapSocket(socket, fresh)),
  };
}

/** What was made of a socket while its object is awake: a message needs it several times. */
const wrapped = new WeakMap<WebSocket, Socket<unknown>>();

/** One socket. Sending to one that is closing does nothing: its owner resumes from the queue. */
export function wrapSocket<S>(socket: WebSocket, fresh: S): Socket<S> {
  const known = wrapped.get(socket) as Socket<S> | undefined;
  if (known !== undefined) return known;
  let state = (socket.deserializeAttachment() as S | null) ?? fresh;
  const made: Socket<S> = {
    get state() {
      return state;
    },
    set state(changed) {
      state = changed;
      socket.serializeAttachment(changed);
    },
    send(frame) {
      if (socket.readyState === WebSocket.READY_STATE_OPEN) socket.send(frame);
    },
    close(code, reason) {
      if (socket.readyState === WebSocket.READY_STATE_OPEN) socket.close(code, reason);
    },
  };
  wrapped.set(socket, made);
  return made;
}

function logFailure(error: unknown): void {
  log('failure', { error: error instanceof Error ? error.name : typeof error });
}
