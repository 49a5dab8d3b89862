// What is tried again, and how often.

import { describe, expect, test } from 'vitest';
import { firstRetryMs } from '../../../worker/limits.ts';
import { populate, rows } from '../../support/residents.ts';

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
