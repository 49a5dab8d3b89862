import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Housekeeping } from '../../client/housekeeping.ts';
import { healingOf, putHealing } from '../../client/state/healing.ts';
import { addMessage, startConversation } from '../../client/state/history.ts';
import { readHistory } from '../../client/state/history-entry.ts';
import { type HistoryRule, tables } from '../../client/state/records.ts';
import type { State } from '../../client/state/state.ts';
import { numberKey } from '../../client/store/store.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { textOf } from '../support/content.ts';
import { startOfTime } from '../support/group.ts';
import { groupRecord, loadState } from '../support/state.ts';

const hour = 3600;
const day = 24 * hour;
const group: Bytes = new Uint8Array(32).fill(1);
const sender: Bytes = new Uint8Array(32).fill(2);
const id = (n: number): Bytes => new Uint8Array(16).fill(n);

let state: State;
let now: number;
let housekeeping: Housekeeping;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  now = startOfTime;
  state = await loadState();
  await begin({ type: 'all' });
  housekeeping = new Housekeeping(state, () => now);
});
afterEach(() => {
  housekeeping.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const begin = (rule: HistoryRule, status: 'active' | 'invited' = 'active') =>
  state.transact((tx) => {
    const entry = { hrid: sender, pk: sender, joined: group, role: 'member' as const };
    const roster = [entry, { ...entry, hrid: group }];
    tx.put(tables.groups, bytesKey(group), groupRecord({ id: group, status, generation: group, roster }));
    tx.delete(tables.conversations, bytesKey(group));
    startConversation(tx, group, rule);
  });
const hear = (n: number, timerSeconds: number | null = null) =>
  state.transact((tx) => addMessage(tx, group, sender, textOf(`text ${n}`, { id: id(n), timerSeconds }), false, now));
const count = async () => (await readHistory(state, group, { limit: 1000 })).length;
/** The clock goes on with the timers. */
async function pass(seconds: number): Promise<void> {
  const end = now + seconds;
  for (; now < end; now++) await vi.advanceTimersByTimeAsync(1000);
  await vi.advanceTimersByTimeAsync(0);
}

describe('run()', () => {
  it('lets messages disappear on the second', async () => {
    await housekeeping.run();
    await hear(1, 90);
    housekeeping.nudge();
    await pass(89);
    expect(await count()).toBe(1);
    await pass(2);
    expect(await count()).toBe(0);
  });

  it('notices within a minute that the clock has gone on while timers stood still, as in a sleeping device', async () => {
    await housekeeping.run();
    await hear(1, 8 * hour);
    housekeeping.nudge();
    now += 9 * hour;
    await pass(61);
    expect(await count()).toBe(0);
  });

  it('lets the private parts of key packages that have ended go, within an hour', async () => {
    const secret = { leafSecret: sender, leaf: sender, kemSeed: sender };
    const kept = { id: sender, kind: 'last-resort', expires: now + 2 * hour, ...secret } as const;
    await state.transact((tx) => tx.put(tables.keyPackages, '', kept));
    await housekeeping.run();
    await pass(2 * hour - 60);
    expect(state.all(tables.keyPackages).length).toBe(1);
    await pass(hour + 60);
    expect(state.all(tables.keyPackages)).toEqual([]);
  });

  it('looks histories through every hour, also after a clock that was years ahead', async () => {
    await begin({ type: 'days', days: 1 });
    await hear(1);
    now += 365 * day;
    await housekeeping.run();
    now -= 365 * day;
    await hear(2);
    await pass(60);
    now += 25 * hour;
    await pass(60);
    expect(await count()).toBe(0);
  });
});

describe('run() after a clock that was ahead', () => {
  it('makes times that are in the future the present, and leaves what may be there', async () => {
    const year = 365 * day;
    const times = () => {
      const healing = healingOf(state, group);
      const { since, askAt, missingAt, nudgedAt } = healing;
      const gaps = healing.gaps.map(({ askedAt }) => askedAt);
      const groups = state.all(tables.groups).map(({ value }) => value.since);
      const early = state.all(tables.early).map(({ value }) => value.receivedAt);
      return { since, askAt, missingAt, nudgedAt, unopened: healing.unopened.map(({ at }) => at), gaps, groups, early };
    };
    const put = (at: number, askAt: number) =>
      state.transact((tx) => {
        const gap = { sender, reason: 'full', generation: group, opened: 0 } as const;
        putHealing(tx, group, {
          ...healingOf(tx, group),
          ...{ since: at, askAt, missingAt: at, nudgedAt: at },
          unopened: [{ id: group, at }],
          gaps: [
            { ...gap, askedAt: at },
            { ...gap, askedAt: null },
          ],
        });
        const record = tx.get(tables.groups, bytesKey(group));
        if (record) tx.put(tables.groups, bytesKey(group), { ...record, since: at });
        const bytes = new Uint8Array(16);
        const early = { generation: bytes, from: sender, header: bytes, body: bytes, receivedAt: at };
        tx.put(tables.early, `${bytesKey(bytes)}/${numberKey(0)}`, early);
      });
    const present = (at: number, askAt: number) => ({
      ...{ since: at, askAt, missingAt: at, nudgedAt: at },
      ...{ unopened: [at], gaps: [at, null], groups: [at], early: [at] },
    });
    await put(now + year, now + year);
    await housekeeping.run();
    expect(times()).toEqual(present(now, now));
    await put(now - day, now + day);
    now += hour;
    await housekeeping.run();
    expect(times()).toEqual(present(now - hour - day, now - hour + day));
  });
});

describe('run() of early messages', () => {
  it('lets them go a day after no agreement can come any more, and tells of those that a member has sent', async () => {
    for (const [from, gaps] of [
      [new Uint8Array(32).fill(9), []],
      [sender, [{ type: 'gap', sender, reason: 'expired' }]],
    ] as const) {
      await state.transact((tx) => {
        tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
        const bytes = new Uint8Array(16);
        for (const n of [0, 1]) {
          const early = { generation: bytes, from, header: bytes, body: bytes, receivedAt: now };
          tx.put(tables.early, `${bytesKey(bytes)}/${numberKey(n)}`, early);
        }
      });
      now += 31 * day;
      await housekeeping.run();
      expect(state.all(tables.early)).toHaveLength(2);
      now += hour;
      await housekeeping.run();
      expect(state.all(tables.early)).toHaveLength(0);
      expect(state.all(tables.events).map(({ value }) => value)).toEqual(gaps);
    }
  });
});

describe('run() of an invitation', () => {
  it('keeps what the person will hear of when the invitation is accepted', async () => {
    for (const rule of [{ type: 'none' }, { type: 'days', days: 1 }] as const) {
      await begin(rule, 'invited');
      const message = (await hear(rule.type === 'none' ? 1 : 2)) ?? 0;
      const step = { vector: [0, 0], groupKey: new Uint8Array(8), leaf: null };
      await state.transact((tx) =>
        tx.put(tables.held, `${bytesKey(group)}/${numberKey(0)}`, { type: 'message', group, message, step }),
      );
      now += 60 * day;
      await housekeeping.run();
      expect(await count()).toBe(1);
    }
  });
});
