import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionState } from '../../../client/courier/connection.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import { RelayProblem } from '../../../client/transport/problem.ts';
import type { Link, LinkListener, OpenLink } from '../../../client/transport/relay.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import type { Hello } from '../../../client/wire/queue.ts';

const hello: Hello = {
  epoch: new Uint8Array(16),
  last: 0,
  acked: 0,
  nextSend: 1,
  keyPackages: 20,
  lastResortFresh: true,
  now: 1_800_000_000,
};

/** A line that the test opens, refuses and cuts. */
class Line {
  readonly listener: LinkListener;
  readonly opened: PromiseWithResolvers<Link> = Promise.withResolvers();
  closes = 0;

  readonly signal: AbortSignal | undefined;

  constructor(listener: LinkListener, signal: AbortSignal | undefined) {
    this.listener = listener;
    this.signal = signal;
  }

  readonly link: Link = {
    window: 1,
    send: () => Promise.reject(new CliquetError('unreachable')),
    acknowledge: async () => {},
    close: () => {
      this.closes++;
      this.listener.closed('closed');
    },
  };
}

let lines: Line[];
let states: ConnectionState[];
let heard: string[];
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  states = [];
  heard = [];
  const openLink: OpenLink = (_relay, _as, listener, signal) => {
    const line = new Line(listener, signal);
    lines.push(line);
    return line.opened.promise;
  };
  const as = { hrid: new Uint8Array(32), sign: async () => new Uint8Array(64) };
  connection = new Connection(httpRelay('http://relay.test'), as, openLink, {
    hello: () => heard.push('hello'),
    entry: ({ seq }) => heard.push(`entry ${seq}`),
    drained: () => heard.push('drained'),
    delivered: ({ n }) => heard.push(`delivered ${n}`),
    changed: (state) => states.push(state),
  });
});
afterEach(() => {
  connection.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const line = (i: number) => lines[i] as Line;

async function open(i: number): Promise<Line> {
  line(i).opened.resolve(line(i).link);
  await vi.advanceTimersByTimeAsync(0);
  line(i).listener.hello(hello);
  return line(i);
}

async function refuse(i: number): Promise<void> {
  line(i).opened.reject(new CliquetError('unreachable'));
  await vi.advanceTimersByTimeAsync(0);
}

describe('start()', () => {
  it('opens one link and hands on what it tells', async () => {
    connection.start();
    connection.start();
    const { listener } = await open(0);
    listener.entry({ type: 'gap', seq: 4, from: new Uint8Array(32), fromN: 1, toN: 1, reason: 'full' });
    listener.drained();
    listener.delivered({ n: 9, acknowledged: 1, missed: [] });
    expect(lines).toHaveLength(1);
    expect(heard).toEqual(['hello', 'entry 4', 'drained', 'delivered 9']);
    expect(states).toEqual(['connecting', 'online']);
  });

  it('tries again after ever longer waits, and begins anew once its greeting was confirmed', async () => {
    connection.start();
    for (const [i, longest] of [500, 1000, 2000, 4000].entries()) {
      await refuse(i);
      await vi.advanceTimersByTimeAsync(longest / 2 - 1);
      expect(lines).toHaveLength(i + 1);
      await vi.advanceTimersByTimeAsync(longest / 2 + 1);
      expect(lines).toHaveLength(i + 2);
    }
    // Greeted, but what the relay said could not be dealt with.
    (await open(4)).listener.closed('lost');
    expect(states.slice(-3)).toEqual(['connecting', 'online', 'offline']);
    await vi.advanceTimersByTimeAsync(3999);
    expect(lines).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(4001);
    expect(lines).toHaveLength(6);
    const { listener } = await open(5);
    connection.confirm();
    listener.closed('lost');
    await vi.advanceTimersByTimeAsync(500);
    expect(lines).toHaveLength(7);
  });

  it('does not wait any longer when it is asked again, and opens one link', async () => {
    connection.start();
    for (const i of [0, 1, 2, 3]) {
      await refuse(i);
      connection.start();
      connection.start();
      expect(lines).toHaveLength(i + 2);
    }
    await open(4);
    connection.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines).toHaveLength(5);
  });

  it('after stop() opens one link, and closes what was still being opened', async () => {
    connection.start();
    connection.stop();
    connection.start();
    await open(0);
    await open(1);
    expect([line(0).closes, line(1).closes]).toEqual([1, 0]);
    line(1).listener.drained();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines).toHaveLength(2);
    expect(heard).toEqual(['hello', 'drained']);
    expect(states.at(-1)).toBe('online');
  });

  it('after stop() is not disturbed by the failure of what was being opened', async () => {
    connection.start();
    connection.stop();
    connection.start();
    await open(1);
    await refuse(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines).toHaveLength(2);
    expect(states.at(-1)).toBe('online');
  });

  it('does not come back before the relay that has refused it says', async () => {
    connection.start();
    const { listener } = await open(0);
    connection.confirm();
    listener.closed('lost', new RelayProblem({ code: 'rate-limited', retryAfter: 90 }));
    await vi.advanceTimersByTimeAsync(89_999);
    connection.start();
    expect(lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(lines).toHaveLength(2);
  });

  it('does not come back by itself once it was replaced, but when it is asked to', async () => {
    connection.start();
    (await open(0)).listener.closed('replaced');
    expect(states.at(-1)).toBe('replaced');
    await vi.advanceTimersByTimeAsync(24 * 3600 * 1000);
    expect(lines).toHaveLength(1);
    connection.start();
    await open(1);
    expect(states.at(-1)).toBe('online');
  });

  it('closes the link of a relay that refuses or makes no sense, and tries again', async () => {
    connection.start();
    const { listener } = await open(0);
    listener.problem('relay-misbehaved');
    expect(line(0).closes).toBe(1);
    expect(states.at(-1)).toBe('offline');
    await vi.advanceTimersByTimeAsync(500);
    expect(lines).toHaveLength(2);
  });

  it('does not hear late words of an older link', async () => {
    connection.start();
    const { listener: older } = await open(0);
    older.closed('lost');
    await vi.advanceTimersByTimeAsync(500);
    await open(1);
    older.hello(hello);
    older.drained();
    older.delivered({ n: 1, acknowledged: 1, missed: [] });
    older.closed('replaced');
    expect(heard).toEqual(['hello', 'hello']);
    expect(states.at(-1)).toBe('online');
  });
});

describe('stop()', () => {
  it('ends the wait for a link that is being opened', () => {
    connection.start();
    expect(line(0).signal?.aborted).toBe(false);
    connection.stop();
    expect(line(0).signal?.aborted).toBe(true);
  });

  it('closes the link and opens no other', async () => {
    connection.start();
    await open(0);
    connection.stop();
    expect(line(0).closes).toBe(1);
    await vi.advanceTimersByTimeAsync(3600_000);
    expect(lines).toHaveLength(1);
  });

  it('closes a link that was still being opened', async () => {
    connection.start();
    connection.stop();
    line(0).opened.resolve(line(0).link);
    await vi.advanceTimersByTimeAsync(0);
    expect(line(0).closes).toBe(1);
    line(0).listener.hello(hello);
    expect(heard).toEqual([]);
  });

  it('ends the waiting for the next attempt', async () => {
    connection.start();
    await refuse(0);
    connection.stop();
    await vi.advanceTimersByTimeAsync(3600_000);
    expect(lines).toHaveLength(1);
  });
});
