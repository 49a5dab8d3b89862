// How registrations end, by their owner or by themselves, and what another one of the same client has to do with it.

import { describe, expect, test } from 'vitest';
import { bytesKey, sameBytes } from '../../../client/wire/bytes.ts';
import { messageTtlSeconds } from '../../../client/wire/limits.ts';
import { day, idleMs } from '../../../worker/limits.ts';
import { fill, populate, rows, states } from '../../support/residents.ts';
import type { Resident } from '../../support/town.ts';

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
