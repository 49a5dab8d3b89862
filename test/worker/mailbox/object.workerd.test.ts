// The mailbox as a Durable Object: what survives eviction and hibernation, and what its alarm does.

import { evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../client/wire/bytes.ts';
import { maxFramesInFlight } from '../../../client/wire/limits.ts';
import { MailboxObject } from '../../../worker/mailbox/object.ts';
import { connectInside, inside, mailboxOf, seqsOf } from '../../support/inside.ts';
import { Client } from '../../support/request.ts';
import { until } from '../../support/until.ts';

const register = () => Client.register(inside);

/** As the platform may do once more than it was asked to. */
async function fireAlarm(instance: unknown): Promise<void> {
  if (!(instance instanceof MailboxObject)) throw new TypeError('expected a mailbox');
  instance.alarm();
}

describe('MailboxObject', () => {
  test('keeps a stream and its window through hibernation', async () => {
    const [a, b] = [await register(), await register()];
    const stream = await connectInside(b);
    const total = maxFramesInFlight + 3;
    for (let i = 0; i < total; i++) await a.send([b], encodeUtf8('x'));
    await until(() => seqsOf(stream).length === maxFramesInFlight);
    await evictAllDurableObjects({ webSockets: 'hibernate' });

    // Woken by a delivery, it still knows that the window is used up; woken by the acknowledgement, it goes on.
    await a.send([b], encodeUtf8('x'));
    const { hello } = await until(async () => {
      const page = await b.queue();
      return page.hello.last === total + 1 && page;
    });
    expect(seqsOf(stream)).toHaveLength(maxFramesInFlight);
    await evictAllDurableObjects({ webSockets: 'hibernate' });
    await stream.send({ type: 'ack', ack: { epoch: hello.epoch, seq: maxFramesInFlight } });
    await until(() => seqsOf(stream).length === total + 1);
    expect(seqsOf(stream)).toEqual(Array.from({ length: total + 1 }, (_, i) => i + 1));
    stream.close();
  });

  test('remembers numbers, queue and epoch through eviction', async () => {
    const [a, b] = [await register(), await register()];
    await a.send([b], encodeUtf8('1'));
    const before = await until(async () => {
      const page = await b.queue();
      return page.hello.last === 1 && page;
    });
    await evictAllDurableObjects();
    const after = await b.queue();
    expect(after).toEqual({ ...before, hello: { ...before.hello, now: after.hello.now } });
    expect(await a.send([b], encodeUtf8('1'), { n: 1 })).toEqual({ n: 1, refused: [] });
    expect(await a.send([b], encodeUtf8('2'), { n: 2 })).toEqual({ n: 2, refused: [] });
  });

  test('has an alarm from the moment a message is accepted, which may fire twice', async () => {
    const [a, b] = [await register(), await register()];
    await a.send([b], encodeUtf8('1'));
    const mailbox = await mailboxOf(a);
    expect(await runInDurableObject(mailbox, (_, { storage }) => storage.getAlarm())).not.toBe(null);
    await runDurableObjectAlarm(mailbox);
    await runInDurableObject(mailbox, fireAlarm);
    await until(async () => (await b.queue()).hello.last === 1);
    await runInDurableObject(mailbox, fireAlarm);
    expect((await b.queue()).hello.last).toBe(1);
  });

  test('leaves no table, no row and no alarm when its owner deregisters', async () => {
    const [a, b] = [await register(), await register()];
    await a.send([b], encodeUtf8('1'));
    await a.deregister((await a.queue()).hello.epoch);
    const left = await runInDurableObject(await mailboxOf(a), async (_, { storage }) => ({
      tables: storage.sql.exec('select name from sqlite_master').toArray(),
      alarm: await storage.getAlarm(),
    }));
    expect(left).toEqual({ tables: [], alarm: null });
  });
});
