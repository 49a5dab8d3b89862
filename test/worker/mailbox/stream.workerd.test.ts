// The stream of a Durable Object: what a client finds that was replaced, cut off in the middle, or registered anew.

import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { encodeBase64Url, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { maxFramesInFlight } from '../../../client/wire/limits.ts';
import { closeReplaced, routes } from '../../../client/wire/routes.ts';
import { connectInside, deliverInside, inside, mailboxOf, seqsOf } from '../../support/inside.ts';
import { Client, readProblem } from '../../support/request.ts';
import { until } from '../../support/until.ts';

const register = () => Client.register(inside);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('a stream inside workerd', () => {
  test('that is replaced is closed with 4409; what it had not acknowledged comes again over the newer one', async () => {
    const [a, b] = [await register(), await register()];
    await deliverInside(b, 1, 5);
    const first = await connectInside(b);
    await until(() => seqsOf(first).length === 5);
    const { epoch } = (await b.queue()).hello;
    await first.send({ type: 'ack', ack: { epoch, seq: 2 } });
    await until(async () => (await b.queue()).hello.acked === 2);

    const second = await connectInside(b);
    expect(await first.closeCode()).toBe(closeReplaced);
    await a.send([b], encodeUtf8('x'));
    await until(() => seqsOf(second).length === 4);
    expect(seqsOf(second)).toEqual([3, 4, 5, 6]);
    expect(seqsOf(first)).toEqual([1, 2, 3, 4, 5]);
    expect(second.frames.find(({ type }) => type === 'drained')).toEqual({ type: 'drained', last: 5 });
    expect(second.closed).toBe(undefined);
    second.close();
  });

  test.each([
    ['deployed', 'close'],
    ['put away', 'hibernate'],
  ] as const)('of an object that is %s in the middle of a drain loses nothing', async (_, webSockets) => {
    const client = await register();
    const last = 3 * maxFramesInFlight;
    await deliverInside(client, 1, last);
    let stream = await connectInside(client);
    await until(() => seqsOf(stream).length === maxFramesInFlight);
    const { epoch } = (await client.queue()).hello;
    await stream.send({ type: 'ack', ack: { epoch, seq: 10 } });
    const cursor = maxFramesInFlight + 10;
    await until(() => seqsOf(stream).length === cursor);
    expect(seqsOf(stream)).toEqual(range(1, cursor));

    await evictDurableObject(await mailboxOf(client), { webSockets });
    if (webSockets === 'close') {
      await stream.closeCode();
      const query = `?epoch=${encodeBase64Url(epoch)}&after=${cursor}`;
      expect((await client.queue(query)).entries[0]).toMatchObject({ seq: cursor + 1 });
      stream = await connectInside(client);
      // From the first that is not acknowledged: what was seen is known by its seq.
      await until(() => seqsOf(stream).length === maxFramesInFlight);
      expect(seqsOf(stream)).toEqual(range(11, cursor));
      expect(stream.frames[0]).toMatchObject({ type: 'hello', hello: { epoch, last, acked: 10 } });
    }
    for (let acked = cursor; acked < last; acked = Math.min(last, acked + maxFramesInFlight)) {
      await stream.send({ type: 'ack', ack: { epoch, seq: acked } });
      await until(() => seqsOf(stream).at(-1) === Math.min(last, acked + maxFramesInFlight));
    }
    const frames = stream.frames.map((frame) => (frame.type === 'entry' ? frame.entry.seq : frame.type));
    const before = webSockets === 'close' ? 11 : 1;
    expect(frames).toEqual(['hello', ...range(before, last), 'drained']);
    stream.close();
  });

  test('of a queue that was made anew has another epoch, and begins anew', async () => {
    const [a, b] = [await register(), await register()];
    await deliverInside(b, 1, 3);
    const old = await connectInside(b);
    await until(() => seqsOf(old).length === 3);
    const { epoch } = (await b.queue()).hello;
    await b.deregister(epoch);
    expect(await old.closeCode()).toBe(1000);
    await b.answer((await b.challenge()).challenge, await inside.inbox(b.uid));
    await a.send([b], encodeUtf8('to the new one'));

    const stream = await connectInside(b);
    await until(() => seqsOf(stream).length === 1);
    const [hello] = stream.frames;
    if (hello?.type !== 'hello') throw new TypeError('expected a hello');
    expect(hello.hello.epoch).not.toEqual(epoch);
    expect(hello.hello).toMatchObject({ acked: 0, nextSend: 1 });
    expect(seqsOf(stream)).toEqual([1]);

    // A cursor of the old queue means nothing, and ends nothing.
    await stream.send({ type: 'ack', ack: { epoch, seq: 1 } });
    expect(await stream.take('problem')).toMatchObject({ code: 'epoch-mismatch' });
    const path = `${routes.queue}?epoch=${encodeBase64Url(epoch)}&after=3`;
    expect((await readProblem(await b.fetch({ method: 'GET', path }))).code).toBe('epoch-mismatch');
    expect((await b.queue()).entries).toHaveLength(1);
    stream.close();
  });
});
