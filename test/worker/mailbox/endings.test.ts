// How messages end that nobody acknowledges: each recipient gets either the message or a gap that says why not, once and
// in order, and the sender is told what became of it.

import { describe, expect, test } from 'vitest';
import { type Bytes, bytesKey, sameBytes } from '../../../client/wire/bytes.ts';
import { messageTtlSeconds } from '../../../client/wire/limits.ts';
import { Refusals } from '../../../client/wire/refusals.ts';
import { day, firstRetryMs, idleMs, maxPendingPerRecipient, missLifetimeSeconds } from '../../../worker/limits.ts';
import type { Resident } from '../../support/town.ts';
import { problemOf, Town } from '../../support/town.ts';

function populate(count = 3) {
  const town = new Town();
  const [a, b, c, ...others] = town.populate(count);
  if (a === undefined || b === undefined || c === undefined) throw new Error('at least three');
  return { town, a, b, c, others };
}

/** Per record, what the outbox says of each recipient that has not acknowledged. */
const states = async (resident: Resident, after = 0) =>
  (await resident.outbox(after)).records.map(
    ({ n, recipients }) => `${n} ${recipients.map(({ state }) => state).join(' ')}`,
  );

const rows = (resident: Resident, table: string) => resident.host.sql.query(`select * from ${table}`);

describe('a message whose time is up', () => {
  test('becomes a gap in the queue of who has not acknowledged it, in its place', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await a.send([b, c], { ttlSeconds: 60 });
    await a.send([b, c]);
    await town.settle();
    await c.acknowledge();
    await town.settle();
    town.clock.advance(62_000);
    expect(await b.received()).toEqual([1, 'expired 2-2', 3]);
    expect((await b.page()).hello).toMatchObject({ last: 3, acked: 0 });
    expect(await states(a)).toEqual(['1 queued', '2 expired', '3 queued']);
    await b.acknowledge();
    await town.settle();
    expect(await states(a)).toEqual(['2 expired']);
    expect(rows(b, 'entry')).toEqual([]);
  });

  test('is forgotten by the alarms of both mailboxes, though nobody asks', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c], { ttlSeconds: 60 });
    await town.settle();
    await town.fireAlarms(3, 120_000);
    expect(a.host.sql.query('select length(body) as body, length(headers) as headers from record')).toEqual([
      { body: 0, headers: 0 },
    ]);
    expect(b.host.sql.query('select length(body) as body, length(header) as header from entry')).toEqual([
      { body: 0, header: 0 },
    ]);
  });

  test('before it could be handed over travels down the lane as a gap, once, whatever is lost', async () => {
    for (const weather of ['lost before', 'lost after'] as const) {
      const { town, a, b, c } = populate();
      town.weather = (to) => (to === b ? 'lost before' : 'fine');
      await a.send([b, c], { ttlSeconds: 60 });
      await a.send([b, c], { ttlSeconds: 60 });
      await a.send([b, c]);
      await town.settle();
      town.clock.advance(120_000);
      town.weather = (to, call) => (to === b && call === 'deliver' ? weather : 'fine');
      await town.fireAlarms();
      a.restart();
      town.weather = () => 'fine';
      await town.fireAlarms(4);
      expect(await b.received()).toEqual(['expired 1-2', 3]);
      expect(rows(a, 'gap')).toEqual([]);
      expect(await states(a)).toEqual(['1 expired expired', '2 expired expired', '3 queued queued']);
    }
  });

  test('before it could be handed over leaves the sender nothing to wake up for, though no answer ever came', async () => {
    const { town, a, b } = populate();
    town.weather = () => 'lost before';
    await a.send([b], { ttlSeconds: 60 });
    await town.settle();
    town.clock.advance(120_000);
    town.weather = (_, call) => (call === 'deliver' ? 'lost after' : 'fine');
    await a.fireAlarm();
    await town.settle();
    expect(await b.received()).toEqual(['expired 1-1']);
    await b.acknowledge();
    await town.settle();
    expect(rows(a, 'gap')).toEqual([]);
    // One alarm was set for the next attempt.
    await a.fireAlarm();
    await a.fireAlarm();
    expect(a.host.alarm.due).toBeGreaterThan(town.clock.time + day);
  });

  test('is told to a sender that is connected, with who has it and who has not', async () => {
    const { town, a, b, c } = populate();
    const socket = await a.connect();
    await a.send([b, c], { ttlSeconds: 60 });
    await town.settle();
    await c.acknowledge();
    await town.settle();
    socket.take();
    town.clock.advance(62_000);
    await a.fireAlarm();
    expect(socket.frames).toEqual([
      { type: 'delivered', delivered: { n: 1, acknowledged: 1, missed: [{ index: 0, code: 'expired' }] } },
    ]);
  });

  test('is listed to its sender for 30 days more, then it is gone', async () => {
    const { town, a, b } = populate();
    await a.send([b], { ttlSeconds: 1 });
    await town.settle();
    town.clock.advance(3000);
    expect(await states(a)).toEqual(['1 expired']);
    a.restart();
    expect(await states(a)).toEqual(['1 expired']);
    town.clock.advance(missLifetimeSeconds * 1000);
    await a.fireAlarm();
    expect(rows(a, 'record')).toEqual([]);
    // Its number stays, and what it was.
    expect(await a.send([b])).toEqual({ n: 2, refused: [] });
  });

  test('is not sent to a stream again: the client has seen it under its seq', async () => {
    const { town, a, b } = populate();
    const socket = await b.connect();
    await a.send([b], { ttlSeconds: 60 });
    await town.settle();
    socket.take();
    town.clock.advance(62_000);
    await b.fireAlarm();
    expect(socket.take()).toEqual([]);
    const later = await b.connect();
    expect(later.frames.flatMap((frame) => (frame.type === 'entry' ? [frame.entry] : []))).toMatchObject([
      { type: 'gap', seq: 1, reason: 'expired', fromN: 1, toN: 1 },
    ]);
  });
});

describe('a message that was refused because too much waits for its recipient', () => {
  test('leaves one gap behind what waits, and before what is sent later', async () => {
    const { town, a, b, c } = populate();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    for (let i = 0; i < maxPendingPerRecipient; i++) await a.send([b, c]);
    for (let i = 0; i < 3; i++) {
      expect((await a.send([b, c])).refused).toEqual([{ index: 0, code: 'mailbox-full' }]);
    }
    // One row, however many are refused, and it survives.
    expect(rows(a, 'gap')).toMatchObject([{ n: 259, from_n: 257 }]);
    a.restart();
    town.weather = () => 'fine';
    await town.fireAlarms(2);
    await a.send([b, c]);
    await town.settle();
    await b.acknowledge(maxPendingPerRecipient);
    expect(await b.received()).toEqual(['full 257-259', 260 & 255]);
    expect(rows(a, 'gap')).toEqual([]);
  });
});

describe('what stands in the queue of a recipient does not count as waiting', () => {
  const many = maxPendingPerRecipient + 4;

  test('though the sender has slept, and the recipient has not yet said what it has', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < many; i++) await a.send([b]);
    await town.settle();
    a.restart();
    town.weather = () => 'silence';
    expect((await a.send([b])).refused).toEqual([]);
  });

  test('though the sender has slept, and the queue is full', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < many; i++) await a.send([b]);
    await town.settle();
    fill(b);
    await a.send([b]);
    await town.settle();
    a.restart();
    expect((await a.send([b])).refused).toEqual([]);
    expect(await states(a, many - 1)).toEqual([`${many} queued`, `${many + 1} pending`, `${many + 2} pending`]);

    // What its new queue has is another matter.
    town.weather = (_, call) => (call === 'gone' ? 'lost before' : 'fine');
    await b.deregister((await b.page()).hello.epoch);
    b.register();
    a.restart();
    await town.fireAlarms();
    expect(await b.received()).toHaveLength(128);
    expect((await b.page()).hello.last).toBe(many + 2);
  });
});

describe('a sender that deregisters', () => {
  test('withdraws what was not handed over, and nothing else', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await town.settle();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    await a.send([b, c]);
    await a.send([b]);
    await town.settle();
    town.weather = () => 'fine';
    await a.deregister((await a.page()).hello.epoch);
    await town.settle();
    expect(await b.received()).toEqual([1, 'withdrawn 2-3']);
    expect(await c.received()).toEqual([1, 2]);
  });

  test('is remembered until everybody has heard it, and then leaves nothing', async () => {
    const { town, a, b, c } = populate();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    await a.send([b, c]);
    await town.settle();
    await a.deregister((await a.page()).hello.epoch);
    await town.settle();
    expect(a.host.tables()).toEqual(['farewell']);
    a.restart();
    await town.fireAlarms();
    town.weather = (to, call) => (to === b && call === 'deliver' ? 'lost after' : 'fine');
    await town.fireAlarms(2);
    town.weather = () => 'fine';
    await town.fireAlarms(3);
    expect(await b.received()).toEqual(['withdrawn 1-1']);
    expect(await c.received()).toEqual([1]);
    expect(a.host.tables()).toEqual([]);
    expect(a.host.alarm.due).toBe(null);
  });

  test('waits for room at a full recipient', async () => {
    const { town, a, b } = populate();
    fill(b);
    await a.send([b]);
    await town.settle();
    await a.deregister((await a.page()).hello.epoch);
    await town.settle();
    await b.acknowledge();
    expect(await b.received()).toEqual([]);
    await town.fireAlarms(2);
    expect(await b.received()).toEqual(['withdrawn 1-1']);
    expect(a.host.tables()).toEqual([]);
  });

  test('and registers anew meanwhile begins from 1, and both come', async () => {
    const { town, a, b } = populate();
    town.weather = () => 'lost before';
    await a.send([b]);
    await town.settle();
    await a.deregister((await a.page()).hello.epoch);
    a.register();
    await a.send([b], { n: 1, body: Uint8Array.of(77) });
    await town.settle();
    town.weather = () => 'fine';
    await town.fireAlarms(3);
    expect((await b.received()).sort()).toEqual([77, 'withdrawn 1-1']);
    expect(a.host.tables()).not.toContain('farewell');
    expect((await a.page()).hello.nextSend).toBe(2);
  });

  test('and ends again while a farewell of the first time is under way owes the second ones all the same', async () => {
    const { town, a, b, c } = populate();
    const leave = async (recipient: Resident) => {
      a.client.next = 1;
      await a.send([recipient]);
      await a.deregister((await a.page()).hello.epoch);
    };
    town.weather = (_, call) => (call === 'deliver' ? 'lost before' : 'fine');
    const { epoch } = (await a.page()).hello;
    const answered = Promise.withResolvers<void>();
    const peer = town.peer.bind(town);
    town.peer = (hrid) => ({
      ...peer(hrid),
      deliver: async (delivery) => {
        if (sameBytes(hrid, b.hrid) && delivery.items[0]?.gap) await answered.promise;
        return peer(hrid).deliver(delivery);
      },
    });
    await leave(b);
    a.mailbox.acked(b.hrid, epoch, 1);
    a.register();
    await leave(c);
    town.weather = () => 'fine';
    answered.resolve();
    await town.settle();
    await town.fireAlarms(2);
    expect(await c.received()).toEqual(['withdrawn 1-1']);
    expect(a.host.tables()).toEqual([]);
  });

  test('and whose farewell comes after its new messages is told that those are acknowledged, and they come once', async () => {
    const { town, a, b } = populate();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    await a.send([b]);
    await town.settle();
    await a.deregister((await a.page()).hello.epoch);
    await town.settle();
    town.weather = () => 'fine';
    a.register();
    await a.send([b], { n: 1, body: Uint8Array.of(77) });
    await town.settle();
    await town.fireAlarms(2);
    expect(await b.received()).toEqual([77, 'withdrawn 1-1']);
    await b.acknowledge();
    await town.settle();
    expect(await states(a)).toEqual([]);
    a.restart();
    await a.send([b], { n: 2, body: Uint8Array.of(78) });
    await town.settle();
    expect(await b.received()).toEqual([78]);
  });
});

describe('a mailbox that nobody uses', () => {
  test('is dropped after 90 days like a deregistration', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c], { ttlSeconds: messageTtlSeconds });
    await town.settle();
    const seen = town.clock.time;
    for (let i = 0; i < 200 && b.host.tables().length > 0; i++) await town.fireAlarms(1, 100 * day);
    expect(town.clock.time - seen).toBeGreaterThanOrEqual(idleMs - day);
    expect(b.host.tables()).toEqual([]);
    expect(b.host.alarm.due).toBe(null);
  });

  test('is kept while its owner comes by, or stays connected', async () => {
    const { town, a, b, c } = populate();
    const socket = await b.connect();
    for (let days = 0; days < 100; days += 50) {
      town.clock.advance(50 * day);
      await a.page();
      await b.mailbox.alarm();
    }
    town.clock.advance(50 * day);
    for (const each of [a, b, c]) await each.mailbox.alarm();
    expect([a, b, c].map((each) => each.host.tables().length > 0)).toEqual([true, true, false]);
    expect(socket.open).toBe(true);
  });
});

describe('a recipient that', () => {
  test('is gone is told at once to the next send, and asked again after a minute', async () => {
    const { town, a, b, c } = populate();
    await b.deregister((await b.page()).hello.epoch);
    expect((await a.send([b, c])).refused).toEqual([]);
    await town.settle();
    expect(await states(a)).toEqual(['1 gone queued']);
    expect((await a.send([b, c])).refused).toEqual([{ index: 0, code: 'gone' }]);
    b.register();
    town.clock.advance(61_000);
    expect((await a.send([b, c])).refused).toEqual([]);
    await town.settle();
    expect(await b.received()).toEqual([3]);
  });

  test('refuses a sender gets nothing of it, stops nobody, and can take it back', async () => {
    const { town, a, b, c } = populate();
    await b.refuse([a]);
    await a.send([b, c]);
    await c.send([b]);
    await town.settle();
    expect(await b.received()).toEqual([1]);
    expect(await c.received()).toEqual([1]);
    expect(await states(a)).toEqual(['1 refused queued']);
    expect((await a.send([b, c])).refused).toEqual([{ index: 0, code: 'refused' }]);
    expect(await a.claim([b], new Uint8Array(16))).toEqual([{ package: null, code: 'no-key-package' }]);

    town.clock.advance(61_000);
    b.restart();
    await a.send([b]);
    await town.settle();
    expect(await states(a)).toContain('3 refused');
    await b.refuse([]);
    town.clock.advance(61_000);
    await a.send([b]);
    await town.settle();
    expect(await b.received()).toEqual([1, 4]);
  });

  test('was full is served as soon as it has room, although nothing of this sender was in its queue', async () => {
    const { town, a, b } = populate();
    fill(b);
    await a.send([b]);
    await town.settle();
    expect(await states(a)).toEqual(['1 pending']);
    await b.acknowledge();
    await town.settle();
    expect(await b.received()).toEqual([1]);
  });
});

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

/** Fills a queue to the last place, by a sender that nobody knows. */
function fill(resident: Resident): void {
  const items = Array.from({ length: 1000 }, (_, i) => ({
    n: i + 1,
    gap: null,
    expires: Number.MAX_SAFE_INTEGER,
    header: new Uint8Array(),
    body: new Uint8Array(),
  }));
  const sender = new Uint8Array(32);
  resident.mailbox.deliver({ sender, senderEpoch: new Uint8Array(16), recipientEpoch: null, items });
}

describe('what two registrations of one sender have in common', () => {
  test('is nothing: neither is taken for the other, whatever is repeated late', async () => {
    const { town, a, b } = populate();
    // Of the first registration b has everything, and a does not know it.
    town.weather = (to) => (to === b ? 'lost after' : 'lost before');
    await a.send([b]);
    await town.settle();
    const deliveries: Parameters<typeof town.onDelivery>[0][] = [];
    town.onDelivery = (delivery) => deliveries.push(delivery);
    await town.fireAlarms();
    await b.acknowledge();
    await a.deregister((await a.page()).hello.epoch);
    await town.settle();
    a.register();
    town.weather = () => 'fine';
    await a.send([b], { n: 1, body: Uint8Array.of(77) });
    await town.settle();
    expect(await b.received()).toEqual([77]);
    await b.acknowledge();
    await town.settle();
    for (const delivery of deliveries) b.mailbox.deliver(delivery);
    await town.fireAlarms(3);
    expect(await b.received()).toEqual([]);
    expect((await b.page()).hello.last).toBe(2);
  });

  test('an acknowledgement of the first reaches what is still owed of it', async () => {
    const { town, a, b } = populate();
    town.weather = (to) => (to === b ? 'lost after' : 'fine');
    await a.send([b]);
    await town.settle();
    const { epoch } = (await a.page()).hello;
    await a.deregister(epoch);
    await town.settle();
    expect(rows(a, 'farewell')).toHaveLength(1);
    a.mailbox.acked(b.hrid, epoch, 1);
    expect(rows(a, 'farewell')).toHaveLength(0);
    await town.fireAlarms(2);
    expect(a.host.tables()).toEqual([]);
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

describe('after the filter key was changed', () => {
  test('an owner is entered under the new one when it asks for anything, once, and again if that fails', async () => {
    const { town, a } = populate();
    const entered: string[] = [];
    town.enter = async () => {
      entered.push('failed');
      throw new Error('lost');
    };
    town.generation = 2;
    a.restart();
    await a.page();
    await town.settle();
    town.enter = async (hrid) => {
      entered.push(bytesKey(hrid));
    };
    for (let i = 0; i < 3; i++) {
      town.clock.advance(1000);
      a.restart();
      await a.connect();
      await town.settle();
    }
    expect(entered).toEqual(['failed', bytesKey(a.hrid)]);
  });
});

describe('a list of refused senders', () => {
  test('is replaced by each later one, and by none that is replayed', async () => {
    const { b, a, c, town } = populate();
    const list = async (created: number, ...senders: Resident[]) => {
      const body = Refusals.encode({ senders: senders.map(({ hrid }) => hrid) });
      return { body, request: await b.sign({ method: 'PUT', path: '/v1/refusals', body, created }) };
    };
    const put = async ({ body, request }: Awaited<ReturnType<typeof list>>) => b.mailbox.refuse(request, body);
    const refused = () =>
      b.host.sql.query<{ sender: Bytes }>('select sender from refusal').map(({ sender }) => bytesKey(sender));
    const now = Math.floor(town.clock.time / 1000);
    const first = await list(now, a);
    await put(first);
    // All in one second: there and back.
    await put(await list(now, c));
    await put(first);
    expect(refused()).toEqual([bytesKey(c.hrid)]);
    await put(await list(now, a));
    expect(refused()).toEqual([bytesKey(a.hrid)]);
    await put(await list(now + 1));
    expect(problemOf(await put(first))).toMatchObject({ code: 'stale-signature' });
    expect(refused()).toEqual([]);
    for (let i = 1; i < 8; i++) await put(await list(now + 1, a));
    expect(problemOf(await put(await list(now + 1, c)))).toEqual({ code: 'rate-limited', retryAfter: 1 });
  });
});
