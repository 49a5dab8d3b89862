// What came last stays in memory, so that it need not be read again: as long as it waits, and no longer, and what is handed
// over is what the database says. Queue and outbox alone, over the tables of a registered mailbox.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { maxOutboxBytes } from '../../../worker/limits.ts';
import type { Lane } from '../../../worker/mailbox/lane.ts';
import { Outbox } from '../../../worker/mailbox/outbox.ts';
import type { DeliveryItem } from '../../../worker/mailbox/peer.ts';
import { Queue } from '../../../worker/mailbox/queue.ts';
import { populate } from '../../support/residents.ts';

const sender: Bytes = new Uint8Array(32).fill(1);
const senderEpoch: Bytes = new Uint8Array(16);
const [soon, late] = [1000, 2000];
const bodyBytes = 10_000;
const bodyOf = (n: number): Bytes => new Uint8Array(bodyBytes).fill(n);

const message = (n: number, expires = late, body = bodyOf(n)): DeliveryItem => ({
  ...{ n, gap: null, expires },
  ...{ header: Uint8Array.of(n), body },
});
const gap = (fromN: number, n: number): DeliveryItem => ({
  ...{ n, gap: { fromN, reason: 'full' }, expires: 0 },
  ...{ header: new Uint8Array(), body: new Uint8Array() },
});

/** Whether anybody could still read it. */
async function isHeld(bytes: WeakRef<Bytes>): Promise<boolean> {
  // Until then, whoever has looked holds it.
  await new Promise(setImmediate);
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
  return bytes.deref() !== undefined;
}

describe('Queue', () => {
  function open() {
    const { sql, count } = populate().a.host;
    const queue = new Queue(sql, count);
    const store = (...items: DeliveryItem[]) => queue.store({ sender, senderEpoch, items, recipientEpoch: null });
    /** Holds nothing of it. */
    const storeOne = (n: number): WeakRef<Bytes> => {
      const body = bodyOf(n);
      store(message(n, soon, body));
      return new WeakRef(body);
    };
    return { sql, count, queue, store, storeOne };
  }

  test('reads what one reads that has only the database, whatever came, was acknowledged or has ended', () => {
    const { sql, count, queue, store } = open();
    const check = () => {
      const other = new Queue(sql, count);
      for (let after = 0; after <= queue.last; after++) {
        for (const [entries, bytes] of [
          [64, 1e6],
          [2, 1e6],
          [64, 1.5 * bodyBytes],
        ] as const)
          expect(queue.read(after, entries, bytes)).toEqual(other.read(after, entries, bytes));
      }
      return queue.read(0, 64, 1e6).map((entry) => (entry.type === 'gap' ? `gap ${entry.reason}` : entry.body[0]));
    };
    store(message(1), message(2, soon), message(3));
    expect(check()).toEqual([1, 2, 3]);
    store(message(2), message(3), message(4, soon), gap(5, 6), message(7));
    expect(check()).toEqual([1, 2, 3, 4, 'gap full', 7]);
    // Nothing of it is new.
    store(message(7));
    expect(check()).toEqual([1, 2, 3, 4, 'gap full', 7]);
    store(message(8, soon), message(9), message(10));
    queue.expire(soon * 1000);
    expect(check()).toEqual([1, 'gap expired', 3, 'gap expired', 'gap full', 7, 'gap expired', 9, 10]);
    store(message(11), message(12));
    queue.acknowledge(3, 0);
    expect(check()).toEqual(['gap expired', 'gap full', 7, 'gap expired', 9, 10, 11, 12]);
    queue.acknowledge(queue.last - 1, 0);
    expect(check()).toEqual([12]);
    queue.acknowledge(queue.last, 0);
    expect(check()).toEqual([]);
    store(message(13));
    expect(check()).toEqual([13]);
  });

  test.for<[string, (queue: Queue, store: (...items: DeliveryItem[]) => unknown) => unknown]>([
    ['is acknowledged', (queue) => queue.acknowledge(1, 0)],
    ['has ended', (queue) => queue.expire(soon * 1000)],
    ['is not the newest any more', (_, store) => store(message(2))],
    ['has come a second time', (_, store) => store(message(1))],
  ])('holds a body in memory until it %s', async ([, happens]) => {
    const { queue, store, storeOne } = open();
    const body = storeOne(1);
    expect(await isHeld(body)).toBe(true);
    happens(queue, store);
    expect(await isHeld(body)).toBe(false);
  });
});

describe('Outbox', () => {
  const recipients = [2, 3].map((byte) => new Uint8Array(32).fill(byte));

  function open() {
    const { sql, count } = populate().a.host;
    const outbox = new Outbox(sql, count);
    /** Holds nothing of it. */
    const accept = (n: number) => {
      const body = bodyOf(n);
      const to = recipients.map((hrid, i) => ({ hrid, header: new Uint8Array(i).fill(n) }));
      const lanes = outbox.accept({ n, to, body, ttlSeconds: 60 }, new Uint8Array(32), [], 0);
      return { lanes: lanes as [Lane, Lane], body: new WeakRef(body) };
    };
    /** Asks for room that is there only without the bodies of what was handed over. */
    const askForRoom = () => {
      const to = [{ hrid: sender, header: new Uint8Array() }];
      return outbox.hasRoom({
        n: outbox.next,
        to,
        body: new Uint8Array(maxOutboxBytes - bodyBytes / 2),
        ttlSeconds: 60,
      });
    };
    /** The same by one that has only the database. */
    const reread = ({ recipient }: Lane) => {
      const other = new Outbox(sql, count);
      const lane = other.lanes.get(bytesKey(recipient));
      return lane && other.items(lane);
    };
    return { outbox, accept, askForRoom, reread };
  }

  test('hands over what one does that has only the database', () => {
    const { outbox, accept, reread } = open();
    for (let n = 1; n <= 3; n++) {
      const { lanes } = accept(n);
      for (const [i, lane] of lanes.entries()) {
        const items = outbox.items(lane);
        expect(items.map((item) => [item.n, item.header.length, item.body[0]])).toEqual(
          Array.from({ length: n }, (_, before) => [before + 1, i, before + 1]),
        );
        expect(items).toEqual(reread(lane));
      }
    }
  });

  test('hands over a gap in the place of a body that it has let go, the newest too', () => {
    const { outbox, accept, askForRoom, reread } = open();
    for (let n = 1; n <= 8; n++) accept(n);
    const { lanes } = accept(9);
    for (const lane of lanes) outbox.advance(lane, 9, 0, 0);
    expect(askForRoom()).toBe(true);
    const [lane] = lanes;
    // Its queue has lost what it had.
    outbox.advance(lane, 0, 0, 0);
    expect(outbox.items(lane)).toMatchObject([{ n: 9, gap: { fromN: 1, reason: 'full' } }]);
    expect(outbox.items(lane)).toEqual(reread(lane));
    accept(10);
    expect(outbox.items(lane).map(({ n, body }) => [n, body[0]])).toEqual([
      [9, undefined],
      [10, 10],
    ]);
  });

  test.for<[string, (given: ReturnType<typeof open>, lanes: readonly Lane[]) => unknown]>([
    ['everybody has acknowledged it', ({ outbox }, lanes) => lanes.map((lane) => outbox.advance(lane, 1, 1, 0))],
    ['nobody is left who could have it', ({ outbox }, lanes) => lanes.map((lane) => outbox.end(lane, 'gone', 0))],
    ['its time is up', ({ outbox }) => outbox.expire(61_000)],
    ['it is not the newest any more', ({ accept }) => accept(2)],
    [
      'everybody was handed it, and the room is needed',
      ({ outbox, askForRoom }, lanes) => {
        for (const lane of lanes) outbox.advance(lane, 1, 0, 0);
        expect(askForRoom()).toBe(true);
      },
    ],
  ])('holds a body in memory until %s', async ([, happens]) => {
    const given = open();
    const { lanes, body } = given.accept(1);
    expect(await isHeld(body)).toBe(true);
    happens(given, lanes);
    expect(await isHeld(body)).toBe(false);
  });
});
