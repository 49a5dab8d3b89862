// What happens at the points of a relay (points.ts): in workerd (worker.ts) and on a local disk (disk.ts). What is held
// holds the thread: an `await` there would let the host commit what the kill is meant to lose.

import type { Action, Faults, Happened, Weather } from './points.ts';

let armed: Faults['armed'] = null;
let weather: Weather | null = null;
let state = 1;

/** From now on. */
export function arm(faults: Faults): void {
  ({ armed, weather } = faults);
  state = (weather?.seed ?? 0) || 1;
}

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

/** A point. @param evict  ends the object @returns what was done there, if it goes on */
export function at(point: string, possible: WeatherAction | null, evict?: () => void): Action | null {
  const action = due(point, possible);
  if (action === null) return null;
  // It leaves at once; the harness waits for it.
  console.log(JSON.stringify({ event: 'fault', action, point } satisfies Happened));
  if (action === 'hold') for (;;);
  if (action === 'evict') evict?.();
  if (action === 'fail') throw new Error('failed by a test');
  return action;
}

/** The same, but calls of these methods fail at times, before they are made or after their effect. */
function watch<T extends object>(target: T, pointOf: (method: string) => string | null): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      // A stub is no promise, however much it looks like one.
      if (typeof member !== 'function' || typeof name === 'symbol' || name === 'then') return undefined;
      const point = pointOf(name);
      if (point === null) return member.bind(target);
      return async (...values: unknown[]) => {
        at(point, 'fail');
        const answer: unknown = await Reflect.apply(member, target, values);
        at(`${point}-after`, 'fail');
        return answer;
      };
    },
  });
}

interface Bindings {
  readonly MAILBOX: Objects;
  readonly REGISTRAR: Objects;
  readonly SHARD: Objects;
  readonly FILTER: object;
}

interface Objects {
  getByName(name: string): object;
}

export function watchBindings<E extends Bindings>(env: E): E {
  const { MAILBOX, REGISTRAR, SHARD } = env;
  const objects = <T extends Objects>(all: T) =>
    ({ getByName: (name: string) => watch(all.getByName(name), (method) => `rpc:${method}`) }) as T;
  return {
    ...env,
    MAILBOX: objects(MAILBOX),
    REGISTRAR: objects(REGISTRAR),
    SHARD: objects(SHARD),
    FILTER: watch(env.FILTER, (method) => (method === 'put' ? 'kv:put' : null)),
  };
}
