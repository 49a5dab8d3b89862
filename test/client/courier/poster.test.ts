import { afterEach, describe, expect, it, vi } from 'vitest';
import { startOver } from '../../../client/courier/outbox.ts';
import { Poster } from '../../../client/courier/poster.ts';
import { unposted } from '../../../client/state/pending.ts';
import { archives, type Outgoing, tables } from '../../../client/state/records.ts';
import { State, type Transaction } from '../../../client/state/state.ts';
import { memoryStore } from '../../../client/store/memory.ts';
import { numberKey } from '../../../client/store/store.ts';
import { RelayProblem } from '../../../client/transport/problem.ts';
import type { Link } from '../../../client/transport/relay.ts';
import { bytesKey, sameBytes } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import type { Accepted, Send } from '../../../client/wire/send.ts';
import { failingStore, StoreFailure } from '../../support/failing-store.ts';
import { outgoing } from '../../support/outgoing.ts';
import { seededRandom } from '../../support/random.ts';

/** A mailbox as the relay design has it: the next number, repeated numbers alike, others refused. */
class Mailbox implements Link {
  readonly window: number;
  /** The bodies that were accepted, in order of their numbers. */
  log: number[];
  refuse: (send: Send) => Error | undefined = () => undefined;
  loseAnswer: () => boolean = () => false;

  constructor(window = 16, log: readonly number[] = []) {
    this.window = window;
    this.log = [...log];
  }

  async send(send: Send): Promise<Accepted> {
    const refusal = this.refuse(send);
    if (refusal) throw refusal;
    const next = this.log.length + 1;
    const [body = -1] = send.body;
    if (send.n > next) throw new RelayProblem({ code: 'out-of-order', expected: next });
    if (send.n < next && this.log[send.n - 1] !== body) {
      throw new RelayProblem({ code: 'number-reused', expected: next });
    }
    if (send.n === next) this.log.push(body);
    await new Promise((wake) => setImmediate(wake));
    if (this.loseAnswer()) throw new CliquetError('unreachable');
    return { n: send.n, refused: [] };
  }

  async acknowledge(): Promise<void> {}
  close(): void {}
}

/** Its body says which it is. */
function put(tx: Transaction, record: Outgoing): void {
  tx.put(tables.outgoing, numberKey(record.n), record);
  const key = `${bytesKey(record.generation)}/${numberKey(record.message?.number ?? 0)}`;
  const to = [{ hrid: new Uint8Array(32), header: new Uint8Array() }];
  tx.put(archives.envelopes, key, { to, body: new Uint8Array([record.n]), ttlSeconds: 60 });
}

const posters: Poster[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const poster of posters.splice(0)) poster.stop();
});

async function start(records: readonly Outgoing[], nextSend: number, store = memoryStore()) {
  const state = await State.load(store, Object.values(tables));
  await state.transact((tx) => {
    tx.put(tables.numbers, '', { nextSend, nextEvent: 0, cursor: null });
    for (const record of records) put(tx, record);
  });
  const wake = vi.fn();
  const poster = new Poster({ state, change: (run) => state.transact(run), wake, posted: () => {} });
  posters.push(poster);
  /** What was told, with the number that is each message's id. */
  const told = () =>
    state.all(tables.events).map(({ value }) => ('id' in value ? `${value.type} ${value.id[0]}` : value.type));
  const states = () => state.all(tables.outgoing).map(({ key, value }) => `${Number(key)} ${value.state}`);
  return { state, poster, wake, told, states };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('post()', () => {
  it('posts everything in the order of its numbers, a window at a time', async () => {
    for (const window of [1, 3, 16]) {
      const { poster, told, states } = await start(
        range(1, 20).map((n) => outgoing(n)),
        21,
      );
      const mailbox = new Mailbox(window);
      let underWay = 0;
      let most = 0;
      const { send } = mailbox;
      mailbox.send = async (each) => {
        most = Math.max(most, ++underWay);
        return send.call(mailbox, each).finally(() => underWay--);
      };
      await poster.post(mailbox);
      expect(mailbox.log).toEqual(range(1, 20));
      expect(told()).toEqual(range(1, 20).map((n) => `accepted ${n}`));
      expect(states()).toEqual(range(1, 20).map((n) => `${n} accepted`));
      expect(most).toBe(window);
    }
  });

  it('loses, doubles and reorders nothing over a line that is lost again and again', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(`lines ${seed}`);
      const { state, poster, told } = await start(
        range(1, 30).map((n) => outgoing(n)),
        31,
      );
      const mailbox = new Mailbox(random.pick([1, 2, 5, 16]));
      let lost = false;
      mailbox.refuse = () => {
        lost ||= random.chance(0.15);
        return lost ? new CliquetError('unreachable') : undefined;
      };
      mailbox.loseAnswer = () => random.chance(0.1);
      while (unposted(state).length > 0) {
        lost = false;
        poster.lineIsBack();
        await poster.post(mailbox);
      }
      expect(mailbox.log, `seed ${seed}`).toEqual(range(1, 30));
      expect(told(), `seed ${seed}`).toEqual(range(1, 30).map((n) => `accepted ${n}`));
    }
  });

  it('moves the numbers up where the relay misses one that was given up', async () => {
    const { state, poster, told } = await start(
      range(5, 8).map((n) => outgoing(n)),
      9,
    );
    const mailbox = new Mailbox(16, [1, 2]);
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([1, 2, 5, 6, 7, 8]);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(7);
    expect(told()).toEqual(range(5, 8).map((n) => `accepted ${n}`));
  });

  it('posts again what a relay has lost, and tells of it once', async () => {
    const { state, poster, told, states } = await start(
      [outgoing(1, 'delivered'), outgoing(2, 'accepted'), outgoing(3, 'delivered'), outgoing(4)],
      5,
    );
    const mailbox = new Mailbox(16, [1]);
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([1, 2, 3, 4]);
    expect(told()).toEqual(['accepted 4']);
    expect(states()).toEqual(['1 delivered', '2 accepted', '3 accepted', '4 accepted']);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(5);
  });

  it('posts nothing more, and tells so, where another message stands under the number', async () => {
    const { state, poster, told, states } = await start([outgoing(2, 'accepted'), outgoing(3), outgoing(4)], 5);
    const mailbox = new Mailbox(16, [1, 2, 33, 44, 55]);
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([1, 2, 33, 44, 55]);
    expect(told()).toEqual(['failed 3', 'failed 4']);
    expect(states()).toEqual(['2 accepted']);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(6);
  });

  it('gives up an envelope that no relay takes, and goes on with the next', async () => {
    for (const code of ['malformed', 'too-large', 'too-many-recipients', 'duplicate-recipient'] as const) {
      const { poster, told } = await start(
        range(1, 4).map((n) => outgoing(n)),
        5,
      );
      const mailbox = new Mailbox();
      mailbox.refuse = ({ body }) => (body[0] === 2 ? new RelayProblem({ code }) : undefined);
      await poster.post(mailbox);
      expect(mailbox.log).toEqual([1, 3, 4]);
      expect(told().sort()).toEqual(['accepted 1', 'accepted 3', 'accepted 4', 'failed 2']);
    }
  });

  it('waits as long as the relay asks, and longer after every failure', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { poster, wake, told } = await start([outgoing(1)], 2);
    const mailbox = new Mailbox();
    mailbox.refuse = () => new RelayProblem({ code: 'rate-limited', retryAfter: 90 });
    await poster.post(mailbox);
    vi.advanceTimersByTime(89_000);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(wake).toHaveBeenCalledTimes(1);

    mailbox.refuse = () => new CliquetError('unreachable');
    for (let failures = 2; failures <= 5; failures++) {
      await poster.post(mailbox);
      wake.mockClear();
      vi.advanceTimersByTime(250 * 2 ** (failures - 1) - 1);
      expect(wake).not.toHaveBeenCalled();
      vi.advanceTimersByTime(60_000);
      expect(wake).toHaveBeenCalledTimes(1);
    }
    expect(told()).toEqual([]);
  });

  it('posts nothing new either while the relay has asked it to wait, over no new line', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { state, poster, told } = await start([outgoing(1)], 2);
    const mailbox = new Mailbox();
    mailbox.refuse = () => new RelayProblem({ code: 'rate-limited', retryAfter: 90 });
    await poster.post(mailbox);
    mailbox.refuse = () => undefined;
    await state.transact((tx) => put(tx, outgoing(2)));
    await poster.post(mailbox);
    poster.lineIsBack();
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([]);
    vi.advanceTimersByTime(90_000);
    await poster.post(mailbox);
    expect(told()).toEqual(['accepted 1', 'accepted 2']);
  });

  it('does not believe an answer to another number, nor a refusal that leads nowhere', async () => {
    const { poster, told, states } = await start([outgoing(3)], 4);
    const answers = [
      async () => ({ n: 7, refused: [] }),
      () => Promise.reject(new RelayProblem({ code: 'out-of-order', expected: 3 })),
      () => Promise.reject(new RelayProblem({ code: 'out-of-order' })),
    ];
    for (const answer of answers) {
      const mailbox = new Mailbox();
      const send = vi.fn(answer);
      mailbox.send = send;
      poster.lineIsBack();
      await poster.post(mailbox);
      expect(send).toHaveBeenCalledTimes(1);
    }
    expect(told()).toEqual([]);
    expect(states()).toEqual(['3 sealed']);
  });

  it('passes over an envelope that is just being let go, as when everybody has answered before the relay', async () => {
    const store = memoryStore();
    let written = () => {};
    const slow = {
      ...store,
      async commit(writes: Parameters<typeof store.commit>[0]) {
        await store.commit(writes);
        written();
        await new Promise((wake) => setImmediate(wake));
      },
    };
    const { state, poster } = await start([outgoing(1), outgoing(2)], 3, slow);
    const mailbox = new Mailbox(16, [1]);
    const gone = new Promise<void>((resolve) => {
      written = resolve;
    });
    const letGo = state.transact((tx) => {
      tx.delete(tables.outgoing, numberKey(1));
      tx.delete(archives.envelopes, `${bytesKey(new Uint8Array(32))}/${numberKey(1)}`);
    });
    await gone;
    await poster.post(mailbox);
    await letGo;
    expect(mailbox.log).toEqual([1, 2]);
  });

  it('throws what the store throws, and leaves the envelope to be posted again', async () => {
    const store = failingStore(new Map(), 1);
    const { state, poster } = await start([outgoing(1)], 2, store);
    const mailbox = new Mailbox();
    await expect(poster.post(mailbox)).rejects.toBeInstanceOf(StoreFailure);
    expect(unposted(state)).toHaveLength(1);
    const again = await start([], 2, memoryStore(store.entries()));
    await again.state.transact((tx) => put(tx, outgoing(1)));
    await again.poster.post(mailbox);
    expect(mailbox.log).toEqual([1]);
    expect(again.told()).toEqual(['accepted 1']);
  });
});

describe('stop()', () => {
  it('sets no timer any more and posts nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { poster, wake } = await start([outgoing(1)], 2);
    const mailbox = new Mailbox();
    mailbox.refuse = () => {
      poster.stop();
      return new CliquetError('unreachable');
    };
    await poster.post(mailbox);
    expect(vi.getTimerCount()).toBe(0);
    mailbox.refuse = () => undefined;
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([]);
    expect(wake).not.toHaveBeenCalled();
    poster.start();
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([1]);
  });
});

describe('stop() while an answer is on its way', () => {
  it('leaves the number to whatever has it when the answer comes', async () => {
    const { state, poster, states } = await start([outgoing(4), outgoing(5)], 6);
    const mailbox = new Mailbox(1);
    mailbox.send = async ({ n }) => {
      poster.stop();
      await state.transact((tx) => {
        tx.put(tables.outgoing, numberKey(4), { ...outgoing(7), n: 4 });
      });
      return { n, refused: [] };
    };
    await poster.post(mailbox);
    expect(states()).toEqual(['4 sealed', '5 sealed']);
  });
});

describe('startOver()', () => {
  it('numbers from 1 what was not delivered, and leaves what was to be confirmed', async () => {
    const { state, poster, told } = await start(
      [outgoing(4, 'delivered'), outgoing(5, 'accepted'), outgoing(6, 'delivered'), outgoing(7), outgoing(8)],
      9,
    );
    await state.transact((tx) => startOver(tx));
    expect(unposted(state).map(({ n, message }) => [n, message?.number])).toEqual([
      [1, 5],
      [2, 7],
      [3, 8],
    ]);
    expect(state.get(tables.numbers, '')?.nextSend).toBe(4);
    const mailbox = new Mailbox();
    await poster.post(mailbox);
    expect(mailbox.log).toEqual([5, 7, 8]);
    expect(told()).toEqual(['accepted 7', 'accepted 8']);
    const kept = state.all(tables.outgoing).filter(({ value }) => value.state === 'delivered');
    expect(kept.map(({ value }) => value.message?.number)).toEqual([4, 6]);
    expect(kept.every(({ value }) => sameBytes(value.generation, new Uint8Array(32)))).toBe(true);
    // Once more: what is set aside stays so.
    await state.transact((tx) => startOver(tx));
    expect(state.all(tables.outgoing).filter(({ value }) => value.state === 'delivered')).toHaveLength(2);
    expect(unposted(state).map(({ n, message }) => [n, message?.number])).toEqual([
      [1, 5],
      [2, 7],
      [3, 8],
    ]);
  });
});
