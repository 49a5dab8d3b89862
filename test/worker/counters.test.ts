import { describe, expect, test } from 'vitest';
import { Counters, type DataPoint } from '../../worker/counters.ts';
import { populate } from '../support/residents.ts';
import type { Resident, Town } from '../support/town.ts';

const day = 24 * 3600 * 1000;

function countsOf(...residents: Resident[]): Record<string, number> {
  const all = residents.flatMap(({ host }) => [...host.counted]);
  return Object.fromEntries(
    all.map(([key]) => [key, all.reduce((sum, [other, by]) => sum + (other === key ? by : 0), 0)]),
  );
}

/** Until nothing is due within so much time. */
async function pass(town: Town, milliseconds: number): Promise<void> {
  town.clock.advance(milliseconds);
  await town.fireAlarms(2, day);
}

describe('Counters', () => {
  test('adds up by counter and label, and hands each count on', () => {
    const points: DataPoint[] = [];
    const all = new Counters({ writeDataPoint: (point) => points.push(point) }, 5);
    all.count('accepted', '');
    all.count('delivered', '', 3);
    all.count('delivered', '', 0);
    all.count('refused', 'rate-limited');
    all.count('refused', 'rate-limited');
    all.count('refused', 'too-large');
    expect(all.totals).toEqual({
      since: 5,
      counts: { accepted: 1, delivered: 3, 'refused rate-limited': 2, 'refused too-large': 1 },
    });
    expect(points.slice(0, 3)).toEqual([
      { indexes: ['accepted'], blobs: ['accepted', ''], doubles: [1] },
      { indexes: ['delivered'], blobs: ['delivered', ''], doubles: [3] },
      { indexes: ['refused'], blobs: ['refused', 'rate-limited'], doubles: [1] },
    ]);
  });

  test('costs nothing that it counts, also when its sink takes no more', () => {
    const full = () => {
      throw new Error('250 data points');
    };
    const counters = new Counters({ writeDataPoint: full }, 0);
    expect(() => counters.count('accepted', '')).not.toThrow();
    expect(counters.totals.counts).toEqual({ accepted: 1 });
  });

  test('goes on from what its sink has kept', () => {
    const kept = { since: 7, counts: { accepted: 40 } };
    const counters = new Counters({ writeDataPoint: () => undefined, read: () => kept }, 1000);
    counters.count('accepted', '');
    expect(counters.totals).toEqual({ since: 7, counts: { accepted: 41 } });
  });
});

describe('a mailbox counts', () => {
  test('what is accepted, delivered and acknowledged, once each, whatever is repeated', async () => {
    const { town, a, b, c } = populate();
    const lost = new Set<Resident>([b]);
    town.weather = (to, call) => (call === 'deliver' && lost.delete(to) ? 'lost after' : 'fine');
    const sent = await a.send([b, c]);
    await a.trySend([b, c], { n: sent.n });
    await a.send([b, c]);
    await town.settle();
    await pass(town, 10_000);
    await b.acknowledge();
    await c.acknowledge();
    await c.acknowledge();
    await town.settle();
    expect(countsOf(a, b, c)).toEqual({ accepted: 2, delivered: 4, acknowledged: 4, 'lane-retried': 1 });
  });

  test('what expires in a queue, and before it came there; a gap is no message', async () => {
    const { town, a, b, c } = populate();
    town.weather = (to, call) => (to === c && call === 'deliver' ? 'lost before' : 'fine');
    await a.send([b, c], { ttlSeconds: 3600 });
    await town.settle();
    await pass(town, 3_700_000);
    expect(countsOf(a, b, c)).toMatchObject({ accepted: 1, delivered: 1, expired: 2 });
    town.weather = () => 'fine';
    await pass(town, 2 * 3_600_000);
    await b.acknowledge();
    await c.acknowledge();
    expect(await c.received()).toEqual([]);
    const { acknowledged, delivered } = countsOf(a, b, c);
    expect({ acknowledged, delivered }).toEqual({ acknowledged: undefined, delivered: 1 });
  });

  test('recipients who get nothing, and frames that are refused, by the code', async () => {
    const { town, a, b } = populate();
    const strangers = [town.add(), town.add()];
    for (const stranger of strangers) town.residents.splice(town.residents.indexOf(stranger), 1);
    await a.send([b, ...strangers]);
    // A group has more of them than Analytics Engine takes data points at once.
    expect(a.host.timesCounted).toBe(2);
    const socket = await a.connect();
    await a.mailbox.receive(socket, Uint8Array.of(1));
    await town.settle();
    expect(countsOf(a)).toEqual({ accepted: 1, 'recipient-refused unregistered': 2, 'refused malformed': 1 });
  });
});
