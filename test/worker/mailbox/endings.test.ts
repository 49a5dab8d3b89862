// How messages end that nobody acknowledges: each recipient gets either the message or a gap that says why not, once and
// in order, and the sender is told what became of it.

import { describe, expect, test } from 'vitest';
import { day, maxPendingPerRecipient, missLifetimeSeconds } from '../../../worker/limits.ts';
import { fill, populate, rows, states } from '../../support/residents.ts';

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

  test('before it could be handed over is told of, though a later one has ended before it', async () => {
    const { town, a, b } = populate();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    for (const ttlSeconds of [120, 120, 60]) await a.send([b], { ttlSeconds });
    for (let minute = 1; minute <= 2; minute++) {
      town.clock.advance(62_000);
      await a.outbox();
    }
    expect(rows(a, 'gap')).toMatchObject([{ n: 3, from_n: 1 }]);
    a.restart();
    town.weather = () => 'fine';
    await town.fireAlarms(4);
    expect(await b.received()).toEqual(['expired 1-3']);
    expect(rows(a, 'gap')).toEqual([]);
  });

  test('before it could be handed over does not hide gaps of another kind on both sides of it', async () => {
    const { town, a, b, c } = populate();
    town.weather = (to) => (to === b ? 'lost before' : 'fine');
    await a.send([b, c], { ttlSeconds: 120 });
    await a.send([b, c]);
    await a.send([b, c], { ttlSeconds: 60 });
    for (let n = 4; n <= maxPendingPerRecipient; n++) await a.send([b, c]);
    const isRefused = async () => (await a.send([b, c], { ttlSeconds: 60 })).refused.length > 0;
    expect(await isRefused()).toBe(true);
    town.clock.advance(62_000);
    await a.outbox();
    expect([await isRefused(), await isRefused()]).toEqual([false, true]);
    town.clock.advance(62_000);
    await a.outbox();
    town.weather = () => 'fine';
    await town.fireAlarms(4);
    await b.acknowledge(3);
    expect((await b.received()).at(0)).toBe(4);
    await b.acknowledge(maxPendingPerRecipient);
    expect(await b.received()).toEqual(['full 257-257', 'expired 258-258', 'full 259-259']);
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
