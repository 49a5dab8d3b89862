// Recipients that take nothing: gone, full, or of another mind.

import { describe, expect, test } from 'vitest';
import { type Bytes, bytesKey } from '../../../client/wire/bytes.ts';
import { Refusals } from '../../../client/wire/refusals.ts';
import { fill, populate, states } from '../../support/residents.ts';
import { problemOf, type Resident } from '../../support/town.ts';

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

describe('a list of refused senders', () => {
  test('is replaced by each later one, and by none that is replayed', async () => {
    const { b, a, c, town } = populate();
    const list = async (created: number, ...senders: Resident[]) => {
      const body = Refusals.encode({ senders: senders.map(({ hrid }) => hrid) });
      return { body, request: await b.sign({ method: 'PUT', path: '/v1/refusals', body, created }) };
    };
    const put = async ({ body, request }: Awaited<ReturnType<typeof list>>) => b.mailbox.refuse(request, body);
    const refused = () =>
      b.host.sql.query<{ senders: Bytes }>('select senders from refusal').map(({ senders }) => bytesKey(senders));
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
    expect(refused()).toEqual(['']);
    for (let i = 1; i < 8; i++) await put(await list(now + 1, a));
    expect(problemOf(await put(await list(now + 1, c)))).toEqual({ code: 'rate-limited', retryAfter: 1 });
  });
});
