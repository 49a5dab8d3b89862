import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Courier } from '../../../client/courier/courier.ts';
import type { Registered } from '../../../client/courier/registered.ts';
import { noteRegistration } from '../../../client/courier/registration.ts';
import { createIdentity } from '../../../client/protocol/identity.ts';
import { archives, tables } from '../../../client/state/records.ts';
import type { State } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey, type Write } from '../../../client/store/store.ts';
import { httpRelay } from '../../../client/transport/http.ts';
import type { Link, LinkListener } from '../../../client/transport/relay.ts';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import type { Ack, Hello, QueueEntry } from '../../../client/wire/queue.ts';
import { curves, startOfTime } from '../../support/group.ts';
import { outgoing } from '../../support/outgoing.ts';
import { seededRandom } from '../../support/random.ts';
import { loadState } from '../../support/state.ts';
import { until } from '../../support/until.ts';

const epoch: Bytes = new Uint8Array(16).fill(1);
const hrid: Bytes = new Uint8Array(32).fill(2);
const hello: Hello = {
  epoch,
  last: 100,
  acked: 0,
  nextSend: 1,
  keyPackages: 20,
  lastResortFresh: true,
  now: startOfTime,
};
/** Its number tells it from the others when the application hears of it. */
const entry = (seq: number): QueueEntry => ({
  type: 'gap',
  seq,
  from: new Uint8Array(32).fill(seq),
  fromN: 1,
  toN: 1,
  reason: 'expired',
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

let state: State;
let courier: Courier;
/** The lines that were opened, the newest last. */
let lines: LinkListener[];
let acked: Ack[];
let failures: unknown[];
/** What the relay answers to an envelope. */
let send: Link['send'];
/** What the store says of a commit before it makes it. */
let beforeCommit: (writes: readonly Write[]) => Promise<void>;

beforeEach(async () => {
  lines = [];
  acked = [];
  failures = [];
  send = () => Promise.reject(new CliquetError('unreachable'));
  beforeCommit = async () => {};
  const store = memoryStore();
  state = await loadState({
    ...store,
    async commit(writes) {
      await beforeCommit(writes);
      await store.commit(writes);
    },
  });
  const { bytes: random } = seededRandom('courier');
  const identity = createIdentity(random);
  await state.transact((tx) => {
    tx.put(tables.identity, '', { relay: 'http://relay.test', seed: identity.seed, hrid });
    tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: { epoch, seq: 0 } });
  });
  const relay = {
    ...httpRelay('http://relay.test'),
    uploadKeyPackages: async () => ({ oneTime: 20, lastResortFresh: true }),
    readOutbox: async () => ({ records: [], nextSend: 2 }),
  };
  const client: Registered = {
    self: { identity, hrid },
    state,
    relay,
    as: { hrid, sign: async () => new Uint8Array(64) },
    curves,
    random,
    now: () => startOfTime,
  };
  courier = new Courier({
    client,
    openLink: async (_relay, _as, listener) => {
      lines.push(listener);
      return {
        window: 1,
        send: (sent) => send(sent),
        acknowledge: async (ack) => void acked.push(ack),
        close: () => listener.closed('closed'),
      };
    },
    changed: () => {},
    onParcel: () => {},
    failed: (error) => failures.push(error),
  });
});
afterEach(() => {
  courier.stop();
  expect(failures).toEqual([]);
});

/** The next line: the relay greets, and tells what waits. */
async function greet(count: number, seqs: readonly number[], said: Partial<Hello> = {}): Promise<LinkListener> {
  const line = await until(() => lines[count - 1]);
  line.hello({ ...hello, ...said });
  for (const seq of seqs) line.entry(entry(seq));
  line.drained();
  return line;
}

const told = () =>
  state.all(tables.events).flatMap(({ value }) => (value.type === 'gap' ? [value.sender[0] ?? 0] : []));

describe('a store that cannot be written for a moment', () => {
  it('loses nothing: what comes after the commit that failed is not taken in before it', async () => {
    let refuse = true;
    beforeCommit = async (writes) => {
      if (!refuse || !writes.some(({ key }) => key.startsWith('event/'))) return;
      refuse = false;
      throw new CliquetError('store-unwritable');
    };
    courier.start();
    await greet(1, range(1, 70));
    await greet(2, range(1, 70));
    await until(() => courier.isSettled);
    expect(told()).toEqual(range(1, 70));
    expect(acked.at(-1)?.seq).toBe(70);
  });
});

describe('a store that takes little and refuses what is larger', () => {
  it('is tried again after ever longer waits, and is well again once all is written', async () => {
    let refuse = true;
    beforeCommit = async (writes) => {
      if (refuse && writes.some(({ key }) => key.startsWith('event/'))) throw new CliquetError('store-unwritable');
    };
    const timers = vi.spyOn(globalThis, 'setTimeout');
    courier.start();
    for (let count = 1; count <= 4; count++) await greet(count, [1, 2, 3]);
    // 500, 1000 and 2000 ms, and down to half of that; what else sets timers here waits for less.
    const waits = timers.mock.calls.flatMap(([, ms = 0]) => (ms > 250 ? [Math.ceil(Math.log2(ms / 250))] : []));
    timers.mockRestore();
    expect(waits.slice(0, 3)).toEqual([1, 2, 3]);
    expect(courier.problem).toBe('store-unwritable');
    refuse = false; // just before what the fourth line has told is written
    await until(() => courier.isSettled && courier.problem === null);
    expect(told()).toEqual([1, 2, 3]);
  });
});

describe('a relay that sends without end', () => {
  it('is hung up on, and what it had sent first is not acknowledged before it is stored', async () => {
    let release = () => {};
    beforeCommit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    courier.start();
    const line = await until(() => lines[0]);
    line.hello({ ...hello, last: 10_000 });
    for (let seq = 1; seq <= 4096; seq++) line.entry(entry(seq));
    expect(courier.status).toBe('online');
    line.entry(entry(4097));
    expect([courier.status, courier.problem]).toEqual(['offline', 'relay-misbehaved']);
    expect(acked).toEqual([]);
    release();
  });
});

describe('a message whose acceptance was not heard', () => {
  it('is told as delivered with the next line, if everybody has had it meanwhile', async () => {
    const sealed = outgoing(1);
    const group = bytesKey(sealed.group);
    await state.transact((tx) => {
      tx.put(tables.numbers, '', { nextSend: 2, nextEvent: 0, cursor: { epoch, seq: 0 } });
      tx.put(tables.outgoing, numberKey(1), sealed);
      const to = [{ hrid: new Uint8Array(32).fill(3), header: new Uint8Array(0) }];
      tx.put(archives.envelopes, `${bytesKey(sealed.generation)}/${sealed.part}`, {
        to,
        body: new Uint8Array(1),
        ttlSeconds: 60,
      });
    });
    send = async ({ n }) => ({ n, refused: [] });
    courier.start();
    await greet(1, [], { nextSend: 2 });
    const told = await until(() => {
      const types = state.all(tables.events).flatMap(({ value }) => ('group' in value ? [value] : []));
      return types.find(({ type }) => type === 'delivered');
    });
    expect(bytesKey(told.group)).toBe(group);
  });
});

describe('stop()', () => {
  it('takes nothing more in: what came belongs to the registration that has ended', async () => {
    let wake = () => {};
    beforeCommit = () =>
      new Promise((resolve) => {
        wake = resolve;
      });
    courier.start();
    await greet(1, range(1, 70));
    courier.stop();
    const registered = state.transact((tx) => noteRegistration(tx, hrid, new Uint8Array(16).fill(9)));
    beforeCommit = async () => {};
    wake();
    await registered;
    // What it might still take in would have come before the last of these.
    for (let i = 0; i < 5; i++) await state.transact(() => undefined);
    expect(state.get(tables.numbers, '')?.cursor?.seq).toBe(0);
  });
});
