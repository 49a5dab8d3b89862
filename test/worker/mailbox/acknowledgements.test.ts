// When it is written who has acknowledged a message that others have not: with the sender's next alarm, if that is near.
// What was not written yet, the recipients' mailboxes say again.

import { describe, expect, test } from 'vitest';
import { acknowledged, waited } from '../../../worker/mailbox/recipient.ts';
import { populate, rows, states } from '../../support/residents.ts';
import type { Resident } from '../../support/town.ts';

const epochOf = async (resident: Resident) => (await resident.page()).hello.epoch;
const written = (resident: Resident) =>
  (rows(resident, 'record') as { states: Uint8Array }[]).map((record) => [...record.states]);

describe('an acknowledgement that others still owe', () => {
  test('is not written while the alarm is near, and with the alarm', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    expect(await states(a)).toEqual(['1 queued']);
    expect(written(a)).toEqual([[waited, waited]]);
    await a.fireAlarm();
    expect(written(a)).toEqual([[acknowledged, waited]]);
  });

  test('is written at once while the alarm is far', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await town.settle();
    await town.fireAlarms();
    await b.acknowledge(1);
    await town.settle();
    expect(written(a)).toEqual([[acknowledged, waited]]);
  });

  test('is asked for again by a sender that dies before it was written, and delivers nothing twice', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    a.restart();
    await town.fireAlarms();
    expect(await states(a)).toEqual(['1 queued']);
    expect((await b.page()).entries).toEqual([]);
    await c.acknowledge(1);
    await town.settle();
    expect(rows(a, 'record')).toEqual([]);
  });

  test('is written before a recipient hears that it may forget it', async () => {
    const { town, a, b, c } = populate();
    await a.send([b, c]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    a.mailbox.acked(b.hrid, await epochOf(a), 1, true);
    expect(written(a)).toEqual([[waited, waited]]);
    a.mailbox.acked(b.hrid, await epochOf(a), 1, false);
    expect(written(a)).toEqual([[acknowledged, waited]]);
  });

  test('is written with what another recipient misses', async () => {
    const { town, a, b, c } = populate();
    const d = town.add();
    d.register();
    await a.send([b, c, d]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    await c.deregister(await epochOf(c));
    await town.settle();
    expect(written(a)).toEqual([[acknowledged, expect.any(Number), waited]]);
    expect(written(a)[0]?.[1]).not.toBe(waited);
  });
});

describe('a mark that is to go', () => {
  test('is told as one that will be forgotten, others are not', async () => {
    const { town, a, b, c } = populate();
    const told: (boolean | undefined)[] = [];
    const { acked } = a.mailbox;
    a.mailbox.acked = (recipient, epoch, n, remembers) => {
      told.push(remembers);
      acked.call(a.mailbox, recipient, epoch, n, remembers);
    };
    await a.send([b, c]);
    await town.settle();
    await b.acknowledge(1);
    await town.settle();
    await town.fireAlarms(4, 48 * 3600 * 1000);
    expect(rows(b, 'mark')).toEqual([]);
    expect(told).toEqual([true, false]);
  });
});
