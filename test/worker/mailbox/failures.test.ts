// What is tried again, and how often.

import { describe, expect, test } from 'vitest';
import { callTimeoutMs, firstRetryMs, maxLanesAtOnce, probeMs } from '../../../worker/limits.ts';
import { populate, rows, states } from '../../support/residents.ts';
import type { Resident } from '../../support/town.ts';
import { until } from '../../support/until.ts';

describe('a lane that fails', () => {
  test('goes on counting its failures when the object sleeps between them', async () => {
    const { town, a, b } = populate();
    const calls: number[] = [];
    town.weather = (to) => {
      if (to === b) calls.push(town.clock.time);
      return to === b ? 'lost before' : 'fine';
    };
    await a.send([b]);
    await town.settle();
    while (calls.length < 5) {
      a.restart();
      await town.fireAlarms();
    }
    const waits = calls.slice(1).map((time, i) => time - (calls[i] ?? 0));
    for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(firstRetryMs * 2 ** i * 0.8);
    town.weather = () => 'fine';
    await town.fireAlarms(2);
    expect(await b.received()).toEqual([1]);
    expect(rows(a, 'backoff')).toEqual([]);
  });

  test('leaves nothing behind if everything is acknowledged while the call fails', async () => {
    const { town, a, b } = populate();
    const { epoch } = (await a.page()).hello;
    town.weather = (_, call) => {
      if (call === 'deliver') a.mailbox.acked(b.hrid, epoch, 1);
      return 'lost after';
    };
    await a.send([b]);
    await town.settle();
    expect(rows(a, 'record')).toEqual([]);
    expect(rows(a, 'backoff')).toEqual([]);
  });

  test('of an absent owner is asked, not sent everything again, when the sender wakes', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < 40; i++) await a.send([b]);
    await town.settle();
    let items = 0;
    town.onDelivery = (delivery) => {
      items += delivery.items.length;
    };
    a.restart();
    await a.send([b]);
    await town.settle();
    expect(items).toBe(1);
    expect((await b.page()).hello.last).toBe(41);
  });
});

describe('a call that is never answered', () => {
  test('counts as failed after half a minute, and holds up nobody', async () => {
    const { town, a, b: last, others: mute } = populate(maxLanesAtOnce + 3);
    town.weather = (to) => (mute.includes(to) ? 'silence' : 'fine');
    const start = town.clock.time;
    await a.send([...mute, last]);
    expect(await last.received()).toEqual([]);
    while (town.clock.time < start + callTimeoutMs) await a.fireAlarm();
    expect(town.clock.time).toBeLessThan(start + callTimeoutMs + firstRetryMs);
    expect(await until(async () => (await last.received()).length)).toBe(1);
    expect(a.host.sql.query('select failures from backoff')).toHaveLength(maxLanesAtOnce);
  });

  test('is given up by an alarm that the lane sets where the next one is far', async () => {
    const { town, a, b } = populate();
    await a.send([b]);
    await town.settle();
    a.restart();
    a.host.alarm.set(town.clock.time + probeMs);
    town.weather = () => 'silence';
    a.mailbox.gone(b.hrid, (await b.page()).hello.epoch);
    await until(() => (a.host.alarm.due ?? Number.POSITIVE_INFINITY) <= town.clock.time + callTimeoutMs);
  });

  test('is given up by the next one where it was a report, which is made again', async () => {
    const { town, a, b } = populate();
    town.weather = (_, call) => (call === 'acked' ? 'silence' : 'fine');
    await a.send([b]);
    await town.settle();
    await b.acknowledge();
    town.weather = () => 'fine';
    town.clock.advance(callTimeoutMs);
    // The next report gives the first one up.
    await a.send([b]);
    await until(async () => (await b.received()).length === 1);
    await b.acknowledge();
    await until(async () => (await states(a)).length === 0);
    await until(() => b.host.alarm.due !== null && b.host.alarm.due < town.clock.time + 2 * firstRetryMs);
  });
});

describe('a lane whose storage fails', () => {
  test('does not begin again at once, but when the object is made anew', async () => {
    const { town, a, b } = populate();
    town.weather = () => 'lost before';
    await a.send([b]);
    await a.send([b]);
    await town.settle();
    const { query } = a.host.sql;
    let failures = 0;
    town.weather = () => {
      a.host.sql.query = () => {
        failures++;
        throw new Error('no space');
      };
      return 'fine';
    };
    for (let i = 0; i < 3 && failures === 0; i++) {
      // The alarm's own statements may fail as well.
      await a.fireAlarm().catch(() => undefined);
      await town.settle();
    }
    expect(failures).toBeGreaterThan(0);
    expect(failures).toBeLessThan(5);
    a.host.sql.query = query;
    town.weather = () => 'fine';
    a.restart();
    await town.fireAlarms(2);
    expect(await b.received()).toEqual([1, 2]);
  });
});

describe('one of several statements that fails', () => {
  /** Until the end of `work`, the statement that begins so fails once it was run so often. */
  async function withFailing({ host: { sql } }: Resident, begin: string, after: number, work: () => Promise<void>) {
    const { query } = sql;
    let runs = 0;
    sql.query = (statement, ...values) => {
      if (statement.trim().startsWith(begin) && runs++ >= after) throw new Error('no space');
      return query(statement, ...values);
    };
    await work();
    sql.query = query;
    expect(runs).toBeGreaterThan(after);
  }

  test('when messages come: those before it are there, and the others follow', async () => {
    const { town, a, b } = populate();
    town.weather = () => 'lost before';
    for (let i = 0; i < 3; i++) await a.send([b]);
    await town.settle();
    town.weather = () => 'fine';
    await withFailing(b, 'insert into entry', 1, async () => {
      await town.fireAlarms();
      expect(await b.received()).toEqual([1]);
    });
    await town.fireAlarms(2);
    expect(await b.received()).toEqual([1, 2, 3]);
    await b.acknowledge();
    await town.settle();
    expect(await states(a)).toEqual([]);
  });

  test('when one is acknowledged: it comes once more, and is acknowledged then', async () => {
    const { town, a, b } = populate();
    await a.send([b]);
    await town.settle();
    await withFailing(b, 'delete from entry', 0, () => expect(b.acknowledge()).rejects.toThrow('no space'));
    expect(await b.received()).toEqual([1]);
    await a.send([b]);
    await town.settle();
    expect(await b.received()).toEqual([1, 2]);
    await b.acknowledge();
    await town.settle();
    expect([await b.received(), await states(a)]).toEqual([[], []]);
  });
});

describe('an alarm that fails', () => {
  test('is set again, and memory is read anew', async () => {
    const { town, a, b } = populate();
    town.weather = () => 'lost before';
    await a.send([b]);
    await town.settle();
    const { query } = a.host.sql;
    a.host.sql.query = () => {
      throw new Error('no space');
    };
    await expect(a.fireAlarm()).rejects.toThrow('no space');
    a.host.sql.query = query;
    expect(a.host.alarm.due).not.toBe(null);
    town.weather = () => 'fine';
    await town.fireAlarms(2);
    expect(await b.received()).toEqual([1]);
  });
});
