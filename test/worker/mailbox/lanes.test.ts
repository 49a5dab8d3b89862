// What must hold whatever is lost between two mailboxes: everything accepted arrives once, in order, and one that
// cannot be reached stops nobody else.

import { describe, expect, test } from 'vitest';
import { maxBodyBytes } from '../../../client/wire/limits.ts';
import {
  firstRetryMs,
  lastRetryMs,
  markLifetimeMs,
  maxDeliveryBytes,
  maxLanesAtOnce,
  maxOutboxBytes,
  maxQueueEntries,
  probeMs,
  recipientOverheadBytes,
} from '../../../worker/limits.ts';
import type { Delivery } from '../../../worker/mailbox/peer.ts';
import { Town } from '../../support/town.ts';

function populate(count: number) {
  const town = new Town();
  const residents = town.populate(count);
  const [a, b, c] = residents;
  if (a === undefined || b === undefined || c === undefined) throw new Error('at least three');
  return { town, residents, a, b, c };
}

describe('lanes', () => {
  test.each(['lost before', 'lost after'] as const)(
    'a delivery %s it took effect is repeated by the alarm',
    async (weather) => {
      const { town, a, b, c } = populate(3);
      town.weather = (to, call) => (to === b && call === 'deliver' ? weather : 'fine');
      await a.send([b, c]);
      await a.send([b, c]);
      await town.settle();
      expect(await c.received()).toEqual([1, 2]);
      town.weather = () => 'fine';
      await a.send([b]);
      // The first alarm was set with the record, the second by the lane that failed.
      await town.fireAlarms(2);
      expect(await b.received()).toEqual([1, 2, 3]);
    },
  );

  test('a failing lane is tried again after 5 s, doubling, give or take a fifth', async () => {
    const { town, a, b } = populate(3);
    const calls: number[] = [];
    town.weather = () => {
      calls.push(town.clock.time);
      return 'lost before';
    };
    await a.send([b]);
    await town.settle();
    while (calls.length < 6) await town.fireAlarms();
    for (let i = 1; i < calls.length; i++) {
      const wait = (calls[i] ?? 0) - (calls[i - 1] ?? 0);
      expect(wait).toBeGreaterThanOrEqual(firstRetryMs * 2 ** (i - 1) * 0.8);
      expect(wait).toBeLessThanOrEqual(firstRetryMs * 2 ** (i - 1) * 1.2);
    }
  });

  test('a record whose sender dies before it is delivered is delivered by the alarm that was set with it', async () => {
    const { town, a, b, c } = populate(3);
    town.weather = () => 'lost before';
    await a.send([b, c]);
    await town.settle();
    town.weather = () => 'fine';
    a.restart();
    expect(a.host.alarm.due).not.toBe(null);
    await town.fireAlarms();
    expect(await b.received()).toEqual([1]);
    expect(await c.received()).toEqual([1]);
  });

  test('a sender that forgot what it delivered doubles nothing', async () => {
    const { town, a, b, c } = populate(3);
    for (let i = 0; i < 3; i++) await a.send([b, c]);
    await town.settle();
    await b.acknowledge(2);
    await town.settle();
    a.restart();
    b.restart();
    await a.send([b, c]);
    await town.settle();
    expect(await b.received()).toEqual([3, 4]);
    expect(await c.received()).toEqual([1, 2, 3, 4]);
  });

  test('of a sender that has slept are not all asked because one recipient acknowledges', async () => {
    const { town, residents, a } = populate(8);
    const others = residents.slice(1);
    await a.send(others);
    await town.settle();
    await town.fireAlarms();
    const asked: Delivery[] = [];
    town.onDelivery = (delivery) => asked.push(delivery);
    for (const other of others) {
      for (const each of residents) each.restart();
      await other.acknowledge();
      await town.settle();
    }
    expect(asked).toEqual([]);
    expect((await a.outbox()).records).toEqual([]);
  });

  test('of a sender that has slept hear at once that a recipient has gone', async () => {
    const { town, a, b, c } = populate(3);
    await a.send([b, c]);
    await town.settle();
    a.restart();
    await b.deregister((await b.page()).hello.epoch);
    await town.settle();
    expect((await a.outbox()).records[0]?.recipients.map(({ state }) => state)).toEqual(['gone', 'pending']);
  });

  test('are resumed when the object wakes and its alarm is lost', async () => {
    const { town, a, b } = populate(3);
    town.weather = () => 'lost before';
    await a.send([b]);
    await town.settle();
    a.host.alarm.due = null;
    a.restart();
    town.weather = () => 'fine';
    town.clock.advance(lastRetryMs);
    await a.page();
    await town.settle();
    expect(await b.received()).toEqual([1]);
  });

  test('a lost acknowledgement report is repeated by the recipient’s alarm', async () => {
    const { town, a, b } = populate(3);
    await a.send([b]);
    await town.settle();
    town.weather = (_, call) => (call === 'acked' ? 'lost before' : 'fine');
    await b.acknowledge();
    await town.settle();
    expect((await a.outbox()).records).toHaveLength(1);
    town.weather = () => 'fine';
    await b.fireAlarm();
    await town.settle();
    expect((await a.outbox()).records).toEqual([]);
  });

  test('a sender that cannot be reached is told less and less often, also before its mark may go', async () => {
    const { town, a, b } = populate(3);
    await a.send([b]);
    await town.settle();
    town.weather = (to) => (to === a ? 'lost before' : 'fine');
    await b.acknowledge();
    await town.settle();
    for (const wait of [0, markLifetimeMs]) {
      town.clock.advance(wait);
      const start = town.clock.time;
      for (let i = 0; i < 12; i++) {
        await b.fireAlarm();
        await town.settle();
      }
      expect(town.clock.time - start).toBeGreaterThan(lastRetryMs);
    }
    town.weather = () => 'fine';
    await town.fireAlarms(2);
    expect(b.host.sql.query('select n from mark')).toEqual([]);
  });

  test('a report that was lost in a crash is made good by the next delivery, and by the sender’s own question', async () => {
    const { town, a, b } = populate(3);
    const loseReport = async () => {
      town.weather = (_, call) => (call === 'acked' ? 'lost before' : 'fine');
      await b.acknowledge();
      await town.settle();
      b.restart();
      town.weather = () => 'fine';
    };
    await a.send([b]);
    await town.settle();
    await loseReport();
    await a.send([b]);
    await town.settle();
    expect((await a.outbox()).records.map(({ n }) => n)).toEqual([2]);

    await loseReport();
    const before = town.clock.time;
    while ((await a.outbox()).records.length > 0) {
      expect(await a.fireAlarm()).toBe(true);
      await town.settle();
    }
    expect(town.clock.time - before).toBeLessThanOrEqual(probeMs + firstRetryMs);
  });

  test('a recipient that registered anew gets everything that it had not acknowledged, in order', async () => {
    const { town, a, b, c } = populate(3);
    for (let i = 0; i < 3; i++) await a.send([b, c]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    // The farewell is lost, so the sender learns of the new queue only by the epoch.
    town.weather = (_, call) => (call === 'gone' ? 'lost before' : 'fine');
    await b.deregister((await b.page()).hello.epoch);
    b.register();
    await a.send([b, c]);
    await town.settle();
    expect(await b.received()).toEqual([2, 3, 4]);
  });

  test('a farewell that comes late ends nothing of the recipient’s next registration', async () => {
    const { town, a, b } = populate(3);
    await a.send([b]);
    await town.settle();
    const { epoch } = (await b.page()).hello;
    town.weather = (_, call) => (call === 'gone' ? 'lost before' : 'fine');
    await b.deregister(epoch);
    b.register();
    await a.send([b]);
    await town.settle();
    a.mailbox.gone(b.hrid, epoch);
    expect((await a.outbox()).records).toHaveLength(2);
    a.mailbox.gone(b.hrid, (await b.page()).hello.epoch);
    expect((await a.outbox()).records.flatMap(({ recipients }) => recipients.map(({ state }) => state))).toEqual([
      'gone',
      'gone',
    ]);
  });

  test('a full queue makes its lanes wait until its owner acknowledges; the others go on, nothing is dropped', async () => {
    const { town, a, b, c } = populate(3);
    const filler = { sender: new Uint8Array(32), senderEpoch: new Uint8Array(16), recipientEpoch: null };
    const items = Array.from({ length: maxQueueEntries - 1 }, (_, i) => ({
      n: i + 1,
      gap: null,
      expires: Number.MAX_SAFE_INTEGER,
      header: new Uint8Array(),
      body: Uint8Array.of(255),
    }));
    b.mailbox.deliver({ ...filler, items });
    for (let i = 0; i < 3; i++) await a.send([b, c]);
    await town.settle();
    expect((await b.page()).hello.last).toBe(maxQueueEntries);
    expect(await c.received()).toEqual([1, 2, 3]);
    await b.acknowledge();
    await town.settle();
    expect(await b.received()).toEqual([2, 3]);
  });

  test(`at most ${maxLanesAtOnce} run at once, and all arrive`, async () => {
    const { town, residents, a } = populate(maxLanesAtOnce + 44);
    await a.send(residents.slice(1));
    await town.settle();
    expect(town.calls.most).toBe(maxLanesAtOnce);
    for (const resident of residents.slice(1)) expect(await resident.received()).toEqual([1]);
  });

  test('one call carries so many bytes at most', async () => {
    const { town, a, b } = populate(3);
    town.weather = () => 'lost before';
    for (let n = 1; n <= 6; n++) await a.send([b], { body: new Uint8Array(maxBodyBytes).fill(n) });
    await town.settle();
    town.weather = () => 'fine';
    const carried: number[] = [];
    town.onDelivery = ({ items }) =>
      carried.push(items.reduce((sum, { header, body }) => sum + header.length + body.length, 0));
    await town.fireAlarms();
    expect(await b.received()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const bytes of carried) expect(bytes).toBeLessThanOrEqual(maxDeliveryBytes);
  });

  test('what stands in every queue takes no room at its sender when room is short; nothing is lost by it', async () => {
    const { town, a, b, c } = populate(3);
    const large = { body: new Uint8Array(maxBodyBytes) };
    const count = Math.floor(maxOutboxBytes / (maxBodyBytes + 2 * (recipientOverheadBytes + 1)));
    // Twice as many as fit, to recipients that fetch but never acknowledge: a queue holds half as much.
    const absent = [b, c, ...town.populate(2)];
    for (const each of [absent.slice(0, 2), absent.slice(2)]) {
      for (let i = 0; i < count / 2 - 1; i++) await a.send(each, large);
      await town.settle();
    }
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    for (let i = 0; i < 20; i++) await a.send([b, a], large);
    await town.settle();
    const [sizes] = a.host.sql.query<{ whole: number; empty: number }>(
      `select count(case when length(body) > 0 then 1 end) as whole, count(case when length(body) = 0 then 1 end) as empty from record`,
    );
    expect(sizes?.empty).toBeGreaterThan(0);
    expect(sizes?.whole).toBeGreaterThanOrEqual(20);

    // Only who registers anew, and so throws its queue away, finds a gap where those messages were.
    town.weather = (_, call) => (call === 'gone' ? 'lost before' : 'fine');
    await c.deregister((await c.page()).hello.epoch);
    c.register();
    await a.send([c], { body: Uint8Array.of(7) });
    await town.settle();
    await town.fireAlarms();
    expect(await c.received()).toEqual([expect.stringMatching(/^full 1-/), 7]);
  });

  test('a mark goes only once its sender has heard what it says, however long that takes', async () => {
    const { town, a, b } = populate(3);
    await a.send([b]);
    // The delivery took effect, the sender does not know it, and both lose sight of each other for days.
    town.weather = (to) => (to === b ? 'lost after' : 'lost before');
    await town.settle();
    await b.acknowledge();
    for (let i = 0; i < 5; i++) await town.fireAlarms(3, markLifetimeMs);
    town.clock.advance(3 * markLifetimeMs);
    await b.fireAlarm();
    await town.settle();
    expect(b.host.sql.query('select n from mark')).toEqual([{ n: 1 }]);
    town.weather = () => 'fine';
    for (let i = 0; i < 3; i++) await town.fireAlarms(3, 2 * markLifetimeMs);
    expect(b.host.sql.query('select n from mark')).toEqual([]);
    expect((await a.outbox()).records).toEqual([]);
    expect(await b.received()).toEqual([]);
  });

  test('empty headers and bodies arrive as such', async () => {
    const { town, a, b } = populate(3);
    await a.send([], { to: [{ hrid: b.hrid, header: new Uint8Array() }], body: new Uint8Array() });
    await town.settle();
    const [entry] = (await b.page()).entries;
    expect(entry).toMatchObject({ type: 'message', header: new Uint8Array(), body: new Uint8Array() });
  });

  test('each recipient gets its own header', async () => {
    const { town, a, b, c } = populate(3);
    const to = [
      { hrid: b.hrid, header: Uint8Array.of(1, 1, 1) },
      { hrid: c.hrid, header: new Uint8Array(1000).fill(2) },
    ];
    await a.send([], { to });
    await town.settle();
    expect((await b.page()).entries).toMatchObject([{ header: Uint8Array.of(1, 1, 1) }]);
    expect((await c.page()).entries).toMatchObject([{ header: new Uint8Array(1000).fill(2) }]);
  });

  test('everything accepted arrives once and in order, whatever is lost and whoever restarts', async () => {
    const town = new Town();
    const residents = town.populate(4);
    // Seeded: a linear congruential generator (Knuth, MMIX) is random enough to choose mishaps.
    let seed = 7n;
    const random = (below: number) => {
      seed = (seed * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
      return Number(seed >> 33n) % below;
    };
    town.weather = () => (['fine', 'fine', 'fine', 'lost before', 'lost after'] as const)[random(5)] ?? 'fine';
    const got = new Map(residents.map((resident) => [resident, [] as string[]]));
    const sent = new Map(residents.map((resident) => [resident, [] as string[]]));
    const read = async () => {
      for (const resident of residents) {
        const { entries } = await resident.page();
        if (entries.length === 0) continue;
        for (const entry of entries) {
          const from = residents.findIndex(({ hrid }) => Buffer.compare(hrid, entry.from) === 0);
          if (entry.type === 'message') got.get(resident)?.push(`${from}:${entry.body[0]}`);
        }
        await resident.acknowledge();
      }
    };
    for (let step = 0; step < 200; step++) {
      const sender = residents[random(4)];
      if (sender === undefined) continue;
      const to = residents.filter((resident) => resident !== sender && random(3) > 0);
      if (to.length > 0) {
        const number = sender.client.next;
        await sender.send(to);
        for (const each of to) sent.get(each)?.push(`${residents.indexOf(sender)}:${number & 255}`);
      }
      if (random(4) === 0) await read();
      if (random(5) === 0) residents[random(4)]?.restart();
      if (random(6) === 0) await town.fireAlarms();
    }
    town.weather = () => 'fine';
    const isOver = async () =>
      (await Promise.all(residents.map((each) => each.outbox()))).every(({ records }) => records.length === 0);
    for (let i = 0; i < 100 && !(await isOver()); i++) {
      // A report that was lost with its object's memory is asked for after hours.
      await town.fireAlarms(1, 2 * probeMs);
      await read();
      await town.settle();
    }
    for (const resident of residents) {
      for (let from = 0; from < 4; from++) {
        const of = (list: string[] | undefined) => list?.filter((each) => each.startsWith(`${from}:`));
        expect(of(got.get(resident))).toEqual(of(sent.get(resident)));
      }
      expect((await resident.outbox()).records).toEqual([]);
      expect(resident.host.sql.query('select 1 from record union all select 1 from entry')).toEqual([]);
    }
  });
});
