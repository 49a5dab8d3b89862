import { describe, expect, test, vi } from 'vitest';
import { maxQueuePage } from '../../../client/wire/limits.ts';
import {
  callTimeoutMs,
  markLifetimeMs,
  maxPendingPerRecipient,
  maxQueueEntries,
  maxRecords,
} from '../../../worker/limits.ts';
import { problemOf, Town } from '../../support/town.ts';

function town(count: number) {
  const created = new Town();
  const [a, b, c, ...others] = created.populate(count);
  if (a === undefined || b === undefined || c === undefined) throw new Error('at least three');
  return { town: created, a, b, c, others };
}

const deliveryTo = (sender: Uint8Array<ArrayBuffer>, numbers: number[]) => ({
  sender,
  senderEpoch: new Uint8Array(16),
  recipientEpoch: null,
  items: numbers.map((n) => ({
    n,
    gap: null,
    expires: Number.MAX_SAFE_INTEGER,
    header: new Uint8Array(),
    body: Uint8Array.of(n & 255),
  })),
});

describe('Mailbox.register()', () => {
  test('keeps queue and epoch of a mailbox that is there', async () => {
    const { town: t, a, b, c } = town(3);
    const epoch = b.register();
    await a.send([b, c]);
    await t.settle();
    expect(b.register()).toEqual(epoch);
    expect(await b.received()).toEqual([1]);
  });

  test('is the first to make tables', () => {
    const t = new Town();
    const stranger = t.add();
    expect(stranger.mailbox.deliver(deliveryTo(new Uint8Array(32), [1]))).toEqual({ status: 'gone' });
    expect(stranger.mailbox.claim(new Uint8Array(32), new Uint8Array(16))).toEqual({ code: 'unregistered' });
    stranger.mailbox.acked(new Uint8Array(32), new Uint8Array(16), 1);
    stranger.mailbox.gone(new Uint8Array(32), new Uint8Array(16));
    stranger.mailbox.alarm();
    expect(stranger.host.tables()).toEqual([]);
    stranger.register();
    expect(stranger.host.tables()).toContain('registration');
  });
});

describe('Mailbox.send()', () => {
  test('delivers to everybody in order, once', async () => {
    const { town: t, a, b, c } = town(3);
    for (let i = 0; i < 5; i++) expect(await a.send([b, c])).toEqual({ n: i + 1, refused: [] });
    await t.settle();
    expect(await b.received()).toEqual([1, 2, 3, 4, 5]);
    expect(await c.received()).toEqual([1, 2, 3, 4, 5]);
    expect(await a.received()).toEqual([]);
  });

  test('answers a repeated number alike and changes nothing, before and after it was delivered', async () => {
    const { town: t, a, b, c } = town(3);
    const stranger = new Town().add();
    const first = await a.send([b, stranger, c], { n: 1 });
    expect(first.refused).toEqual([{ index: 1, code: 'unregistered' }]);
    expect(await a.send([b, stranger, c], { n: 1, body: Uint8Array.of(1) })).toEqual(first);
    await t.settle();
    await b.acknowledge();
    await c.acknowledge();
    await t.settle();
    expect((await a.outbox()).records).toEqual([]);
    expect(await a.send([b, stranger, c], { n: 1, body: Uint8Array.of(1) })).toEqual(first);
    await t.settle();
    expect(await b.received()).toEqual([]);
    expect((await b.page()).hello.last).toBe(1);
  });

  test('refuses another message under a number, while the first waits and as long as it is the newest', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b, c]);
    const other = { n: 1, body: Uint8Array.of(99) };
    expect(problemOf(await a.trySend([b, c], other))).toMatchObject({ code: 'number-reused', expected: 2 });
    await t.settle();
    await b.acknowledge();
    await c.acknowledge();
    await t.settle();
    expect(problemOf(await a.trySend([b, c], other))).toMatchObject({ code: 'number-reused' });
  });

  test('refuses a number beyond the next, and zero, naming what it expects', async () => {
    const { a, b, c } = town(3);
    expect(problemOf(await a.trySend([b, c], { n: 2 }))).toMatchObject({ code: 'out-of-order', expected: 1 });
    expect(problemOf(await a.trySend([b, c], { n: 0 }))).toMatchObject({ code: 'out-of-order', expected: 1 });
    await a.send([b, c]);
    expect(problemOf(await a.trySend([b, c], { n: 3 }))).toMatchObject({ code: 'out-of-order', expected: 2 });
  });

  test('remembers its number when everything is delivered and the object was evicted', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b]);
    await a.send([c]);
    await t.settle();
    // The newest is acknowledged first, the older one after it.
    await c.acknowledge();
    await t.settle();
    await b.acknowledge();
    await t.settle();
    a.restart();
    expect((await a.outbox()).nextSend).toBe(3);
    expect(await a.send([b])).toEqual({ n: 3, refused: [] });
  });

  test('takes a message that nobody may receive, so that the numbers go on', async () => {
    const { a, b } = town(3);
    const stranger = new Town().add();
    expect((await a.send([stranger])).refused).toEqual([{ index: 0, code: 'unregistered' }]);
    a.restart();
    expect((await a.send([stranger], { n: 1, body: Uint8Array.of(1) })).refused).toHaveLength(1);
    expect(await a.send([b])).toEqual({ n: 2, refused: [] });
  });

  test('refuses only the recipient for whom too much waits', async () => {
    const { town: t, a, b, c } = town(3);
    t.weather = (to) => (to === b ? 'lost before' : 'fine');
    for (let i = 0; i < maxPendingPerRecipient; i++) await a.send([b, c]);
    const { refused } = await a.send([b, c]);
    expect(refused).toEqual([{ index: 0, code: 'mailbox-full' }]);
    await t.settle();
    expect((await c.page()).hello.last).toBe(maxPendingPerRecipient + 1);

    // What was accepted for b is not dropped.
    t.weather = () => 'fine';
    await t.fireAlarms();
    expect((await b.page()).hello.last).toBe(maxPendingPerRecipient + 1);
    const { entries } = await b.page();
    expect(entries).toHaveLength(maxQueuePage);
    await b.acknowledge(maxPendingPerRecipient);
    expect(await b.received()).toEqual([`full ${maxPendingPerRecipient + 1}-${maxPendingPerRecipient + 1}`]);
  });

  test('refuses the whole send when the sender has too much waiting, and says when to try again', async () => {
    const { town: t, a, b, c } = town(3);
    t.weather = () => 'lost before';
    const blob = new Uint8Array(32);
    for (let n = 1; n <= maxRecords; n++) {
      a.host.sql.query(
        `insert into record (n, expires, states, digest, recipients, lengths, headers, body) values (?, 9e9, ?, ?, ?, ?, ?, ?)`,
        ...[n, Uint8Array.of(0), blob, b.hrid, new Uint8Array(2), new Uint8Array(), new Uint8Array()],
      );
    }
    a.restart();
    a.client.next = maxRecords + 1;
    expect(problemOf(await a.trySend([c]))).toMatchObject({ code: 'mailbox-full', retryAfter: 60 });
    expect((await a.outbox()).nextSend).toBe(maxRecords + 1);
  });

  test('stores nothing when the owner deregisters while the filter is asked', async () => {
    const { town: t, a, b, c } = town(3);
    const { hello } = await a.page();
    t.duringLookup = async () => {
      t.duringLookup = () => undefined;
      await a.deregister(hello.epoch);
    };
    expect(problemOf(await a.trySend([b, c]))).toEqual({ code: 'not-registered' });
    expect(a.host.tables()).toEqual([]);
  });

  test('does not wait for a filter that never answers', async () => {
    const { town: t, a, b } = town(3);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const asked = Promise.withResolvers<void>();
      t.duringLookup = () => {
        asked.resolve();
        return new Promise<never>(() => undefined);
      };
      const sent = a.send([b]);
      await asked.promise;
      await vi.advanceTimersByTimeAsync(callTimeoutMs);
      expect(await sent).toEqual({ n: 1, refused: [] });
    } finally {
      vi.useRealTimers();
    }
  });

  test('is taken although another request fails meanwhile', async () => {
    const { town: t, a, b, c } = town(3);
    t.weather = (_, call) => (call === 'claim' ? 'lost before' : 'fine');
    t.duringLookup = async () => {
      t.duringLookup = () => undefined;
      await expect(a.claim([c], new Uint8Array(16))).rejects.toThrow('lost');
    };
    expect(await a.send([b])).toEqual({ n: 1, refused: [] });
    await t.settle();
    expect(await b.received()).toEqual([1]);
  });

  test('of the same number twice at once is accepted once', async () => {
    const { town: t, a, b, c } = town(3);
    // Neither goes on before both have asked the filter.
    let asking = 0;
    const both = Promise.withResolvers<void>();
    t.duringLookup = () => {
      if (++asking === 4) both.resolve();
      return both.promise;
    };
    const results = await Promise.all([a.trySend([b, c]), a.trySend([b, c])]);
    expect(results).toEqual([{ value: { n: 1, refused: [] } }, { value: { n: 1, refused: [] } }]);
    await t.settle();
    expect(await b.received()).toEqual([1]);
  });

  test('is limited by the budget of the mailbox, which fills again', async () => {
    const { town: t, a, b, c } = town(3);
    Object.assign(t.requests, { burst: 2, perSecond: 1 });
    a.restart();
    await a.send([b, c]);
    await a.send([b, c]);
    expect(problemOf(await a.trySend([b, c]))).toEqual({ code: 'rate-limited', retryAfter: 1 });
    t.clock.advance(1000);
    expect(await a.send([b, c])).toEqual({ n: 3, refused: [] });
  });
});

describe('Mailbox.acknowledge()', () => {
  test('deletes the sender’s record when the last recipient has acknowledged, not before', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b, c]);
    await t.settle();
    await b.acknowledge();
    await t.settle();
    const [record] = (await a.outbox()).records;
    expect(record?.recipients).toEqual([{ hrid: c.hrid, state: 'queued' }]);
    await c.acknowledge();
    await t.settle();
    expect((await a.outbox()).records).toEqual([]);
    expect(a.host.sql.query('select * from record')).toEqual([]);
    expect(c.host.sql.query('select * from entry')).toEqual([]);
  });

  test('refuses what was never queued, and another epoch; the queue stays', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b, c]);
    await t.settle();
    const { hello } = await b.page();
    expect(problemOf(await b.tryAcknowledge({ epoch: hello.epoch, seq: 2 }))).toEqual({ code: 'beyond-queue' });
    expect(problemOf(await b.tryAcknowledge({ epoch: new Uint8Array(16), seq: 1 }))).toEqual({
      code: 'epoch-mismatch',
    });
    expect(await b.received()).toEqual([1]);
  });

  test('again, or of less, changes nothing', async () => {
    const { town: t, a, b, c } = town(3);
    for (let i = 0; i < 3; i++) await a.send([b, c]);
    await t.settle();
    await b.acknowledge(2);
    await b.acknowledge(1);
    await b.acknowledge(2);
    expect(await b.received()).toEqual([3]);
    expect((await b.page()).hello).toMatchObject({ last: 3, acked: 2 });
  });

  test('keeps seq free of gaps after marks are swept and the object was evicted', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b, c]);
    await a.send([b, c]);
    await t.settle();
    await b.acknowledge();
    await c.acknowledge();
    await t.settle();
    await t.fireAlarms(3, 2 * markLifetimeMs);
    expect(b.host.sql.query('select * from mark')).toEqual([]);
    b.restart();
    await a.send([b, c]);
    await t.settle();
    expect((await b.page()).hello).toMatchObject({ last: 3, acked: 2 });
  });
});

describe('Mailbox.deliver()', () => {
  test('skips what it has, also after it was acknowledged and the object was evicted', async () => {
    const { b } = town(3);
    const sender = new Uint8Array(32);
    b.mailbox.deliver(deliveryTo(sender, [1, 2]));
    expect(b.mailbox.deliver(deliveryTo(sender, [1, 2, 5]))).toMatchObject({ status: 'stored', upTo: 5, acked: 0 });
    await b.acknowledge();
    b.restart();
    expect(b.mailbox.deliver(deliveryTo(sender, [1, 2, 5, 6]))).toMatchObject({ status: 'stored', upTo: 6, acked: 5 });
    expect(await b.received()).toEqual([6]);
  });

  test('takes what there is room for and says so', async () => {
    const { b } = town(3);
    const sender = new Uint8Array(32);
    const numbers = Array.from({ length: maxQueueEntries + 5 }, (_, i) => i + 1);
    expect(b.mailbox.deliver(deliveryTo(sender, numbers))).toMatchObject({ status: 'full', upTo: maxQueueEntries });
    await b.acknowledge(10);
    expect(b.mailbox.deliver(deliveryTo(sender, numbers))).toMatchObject({
      status: 'stored',
      upTo: maxQueueEntries + 5,
    });
  });

  test('for another epoch of the queue takes nothing', async () => {
    const { b } = town(3);
    const answer = b.mailbox.deliver({ ...deliveryTo(new Uint8Array(32), [1]), recipientEpoch: new Uint8Array(16) });
    expect(answer).toMatchObject({ status: 'renewed', upTo: 0 });
    expect(await b.received()).toEqual([]);
  });
});

describe('Mailbox.deregister()', () => {
  test('names the epoch, and leaves nothing at all', async () => {
    const { town: t, a, b } = town(3);
    await a.send([b]);
    await t.settle();
    const { hello } = await a.page();
    expect(problemOf(await a.deregister(new Uint8Array(16)))).toEqual({ code: 'epoch-mismatch' });
    expect(await a.deregister(hello.epoch)).toEqual({ value: null });
    expect(a.host.tables()).toEqual([]);
    expect(a.host.alarm.due).toBe(null);
    expect(problemOf(await a.deregister(hello.epoch))).toEqual({ code: 'not-registered' });
  });

  test('that cannot be stored tells nobody that the owner is gone', async () => {
    const { town: t, a, b } = town(3);
    await a.send([b]);
    await t.settle();
    const { sql } = b.host;
    const { transaction } = sql;
    sql.transaction = () => {
      throw new Error('no space');
    };
    await expect(b.deregister((await b.page()).hello.epoch)).rejects.toThrow('no space');
    sql.transaction = transaction;
    await t.settle();
    expect((await a.outbox()).records[0]?.recipients.map(({ state }) => state)).toEqual(['queued']);
    expect(await b.received()).toEqual([1]);
  });

  test('of a recipient ends what waits for it; the others are served', async () => {
    const { town: t, a, b, c } = town(3);
    await a.send([b, c]);
    await t.settle();
    await b.deregister((await b.page()).hello.epoch);
    await t.settle();
    const recipients = async () => (await a.outbox()).records.flatMap((record) => record.recipients);
    expect(await recipients()).toEqual([
      { hrid: b.hrid, state: 'gone' },
      { hrid: c.hrid, state: 'queued' },
    ]);
    await c.acknowledge();
    await t.settle();
    expect(await recipients()).toEqual([{ hrid: b.hrid, state: 'gone' }]);
  });

  test('of a sender leaves a gap where its undelivered messages would be', async () => {
    const { town: t, a, b, c } = town(3);
    t.weather = () => 'lost before';
    await a.send([b, c]);
    await a.send([b]);
    await t.settle();
    t.weather = () => 'fine';
    await a.deregister((await a.page()).hello.epoch);
    await t.settle();
    expect(await b.received()).toEqual(['withdrawn 1-2']);
    expect(await c.received()).toEqual(['withdrawn 1-1']);
  });
});
