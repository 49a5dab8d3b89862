// Where the relay can be held or hurt, by name. Both sides know these: the entries that have the points (worker.ts,
// disk.ts), and the harness that goes through them.

/** `hold` stops the thread for good, `fail` throws there, `evict` ends the object, `again` runs its alarm once more. */
export type Action = 'hold' | 'fail' | 'evict' | 'again';

const objects = ['mailbox', 'registrar', 'shard'] as const;
export type ObjectName = (typeof objects)[number];

/** Calls between the edge and the objects, and between objects, that the harness' clients cause. */
const calls = [
  ...['register', 'send', 'read', 'acknowledge', 'outbox', 'ticket', 'deregister'],
  ...['deliver', 'acked', 'gone', 'begin', 'answer', 'add'],
];

const pair = (point: string) => [point, `${point}-after`];

/**
 * Each point, and what it is before or after:
 *
 *   OBJECT:write         one statement that writes          OBJECT:transaction   a transaction
 *   OBJECT:alarm-set     setting the alarm                  OBJECT:alarm         the alarm's work
 *   mailbox:delete-all   the end of a registration          kv:put               publishing a shard of the filter
 *   rpc:CALL             a call to another object: before it is made; after its effect, before its answer is seen
 *   OBJECT:commit        a commit                           connect              a stream's handshake
 *   reply                an HTTP answer that is ready       frame                a frame on a stream
 */
const points: readonly string[] = [
  ...objects.flatMap((object) => [...pair(`${object}:write`), ...pair(`${object}:alarm-set`)]),
  // A registrar's alarm goes off an hour after its last code.
  ...pair('mailbox:alarm'),
  ...pair('shard:alarm'),
  ...pair('mailbox:transaction'),
  ...pair('mailbox:delete-all'),
  ...pair('kv:put'),
  ...calls.flatMap((call) => pair(`rpc:${call}`)),
  ...pair('reply'),
  ...pair('frame'),
];

/** By the host. `fetch` and `connect` hand a WebSocket on to its mailbox; workerd shows nobody its commits. */
export const pointsOf = {
  workerd: [...points, ...pair('rpc:fetch')],
  disk: [...points, ...pair('connect'), ...objects.flatMap((object) => pair(`${object}:commit`))],
} as const;

/** What happens at random until the next start: probabilities, each at every point where it can happen. */
export interface Weather {
  readonly seed: number;
  /** At a call, before it or after its effect. */
  readonly fail: number;
  /** At a point inside an object. */
  readonly evict: number;
  /** After an alarm. */
  readonly again: number;
}

export interface Faults {
  /** The action is done the (skip + 1)th time that the point is reached, once. */
  readonly armed: { readonly point: string; readonly skip: number; readonly action: Action } | null;
  readonly weather: Weather | null;
}

/** A line of the relay's log, as soon as a fault happens. */
export interface Happened {
  readonly event: 'fault';
  readonly action: Action;
  readonly point: string;
}

/** Where the entry in workerd takes `Faults`, as JSON; the one on a disk takes them as lines of its input. */
export const faultsPath = '/faults';
