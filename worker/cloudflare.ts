// The ports on Cloudflare: one Durable Object's storage, alarm and sockets.

import type { Count } from './counters.ts';
import { log } from './log.ts';
import type { Alarm, Host, Socket, Sockets, Sql, SqlValue } from './ports.ts';

/** The host of one object, and what its class hands on to it. */
export interface CloudflareHost extends Host {
  /** To be called first when the alarm fires: it is not set any more. */
  alarmFired(): void;
}

/** In a constructor: reads when the alarm is due, and lets nothing else in before that is known. */
export function createHost(ctx: DurableObjectState, count: Count): CloudflareHost {
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
      const rows = storage.sql.exec<Record<string, SqlStorageValue>>(statement, ...values).toArray();
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          if (value instanceof ArrayBuffer) Object.assign(row, { [column]: new Uint8Array(value) });
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

/** One socket. Sending to one that is closing does nothing: its owner resumes from the queue. */
export function wrapSocket<S>(socket: WebSocket, fresh: S): Socket<S> {
  return {
    get state() {
      return (socket.deserializeAttachment() as S | null) ?? fresh;
    },
    set state(state) {
      socket.serializeAttachment(state);
    },
    send(frame) {
      if (socket.readyState === WebSocket.READY_STATE_OPEN) socket.send(frame);
    },
    close(code, reason) {
      if (socket.readyState === WebSocket.READY_STATE_OPEN) socket.close(code, reason);
    },
  };
}

function logFailure(error: unknown): void {
  log('failure', { error: error instanceof Error ? error.name : typeof error });
}
