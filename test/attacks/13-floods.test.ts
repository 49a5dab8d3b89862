// 13. A member who floods a client with what groups that change have to keep: branches, agreements that do not open, messages
// of unknown generations, requests. What is kept is bounded, and the others are heard all the same.

import { describe, expect, test } from 'vitest';
import { missingContent } from '../../client/courier/missing.ts';
import { markDelivered, sealContent } from '../../client/courier/outbox.ts';
import { tables } from '../../client/state/records.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { Circle } from '../sim/circle.ts';
import { forgeNext } from '../support/forge-next.ts';
import { slow } from '../support/seeds.ts';

async function talked(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'AZcd');
  for (const name of 'azcd') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  return circle;
}

const bytesIn = (circle: Circle, name: string) =>
  [...circle.phone(name).store.entries().values()].reduce((sum, { length }) => sum + length, 0);
const countIn = (circle: Circle, name: string, table: 'early' | 'requests' | 'lineage' | 'ratchets' | 'keyPackages') =>
  circle.phone(name).client.state.all<unknown>(tables[table]).length;

async function expectHeard(circle: Circle): Promise<void> {
  await circle.say('d', 'in spite of all');
  await circle.pass(6 * 3600, 12, 'acd');
  await circle.say('a', 'I hear you');
  await circle.pass(600, 2, 'acd');
  expect(circle.phone('a').shown).toContain('in spite of all');
  expect(circle.phone('d').shown).toContain('I hear you');
}

describe('a member sends without end', () => {
  const branches = slow ? 512 : 64;

  test('branches of one generation: a few KiB each, their ratchets are closed, and the group goes on', async () => {
    const circle = await talked('branches');
    const { client } = circle.phone('z');
    const [lineage, tip] = [circle.lineage('z'), circle.tip('z')];
    const before = bytesIn(circle, 'd');
    const began = performance.now();
    for (let n = 0; n < branches; n++) {
      circle.spread('z', await forgeNext(client, lineage, tip, { operation: { name: `Name ${n}` } }), 'acd');
      await circle.phone('d').takeIn(1);
    }
    if (slow) console.log(`${branches} branches: ${Math.round(performance.now() - began)} ms to make and to take in`);
    expect(circle.told('d').filter((type) => type.startsWith('refused'))).toEqual([]);
    expect((bytesIn(circle, 'd') - before) / branches).toBeLessThan(4096);
    await circle.settle('acd');
    expect(circle.agreed('acd')).toBe('AZcd');
    await expectHeard(circle);
    await circle.pass(33 * 24 * 3600, 3, 'acd');
    expect(countIn(circle, 'd', 'ratchets')).toBeLessThan(8);
  }, 600_000);

  /** Agreements by `z` to `d`, sealed with what nobody has. */
  async function handUnopenable(circle: Circle, count: number): Promise<void> {
    const { client } = circle.phone('z');
    const [lineage, tip] = [circle.lineage('z'), circle.tip('z')];
    for (let n = 0; n < count; n++) {
      const exportSecret = { generation: circle.random.bytes(32), secret: circle.random.bytes(32) };
      circle.spread('z', await forgeNext(client, lineage, tip, { access: (held) => ({ ...held, exportSecret }) }), 'd');
    }
    await circle.phone('d').takeIn(Number.POSITIVE_INFINITY);
  }

  test('one agreement that does not open: its client asks the others, comes back once, and speaks', async () => {
    const circle = await talked('one unopened');
    await handUnopenable(circle, 1);
    await expectHeard(circle);
    const agreements = circle.post.counts.agreement;
    await circle.pass(24 * 3600, 24, 'acd');
    expect(circle.post.counts.agreement).toBe(agreements);
    expect(circle.told('d').filter((type) => type === 'returned')).toHaveLength(1);
  });

  test('agreements that do not open: eight are remembered, 256 kept, and it does not stop the others', async () => {
    const circle = await talked('unopened');
    await handUnopenable(circle, 280);
    const [healing] = circle.phone('d').client.state.all(tables.healing);
    expect(healing?.value.unopened).toHaveLength(8);
    expect(countIn(circle, 'd', 'early')).toBe(256);
    expect(circle.told('d').filter((type) => type === 'refused too-far-ahead').length).toBe(24);
    await expectHeard(circle);
  }, 120_000);

  test('messages of generations that there are not: 256 are kept', async () => {
    const circle = await talked('unknown');
    const unknown = () => {
      const { bytes } = circle.random;
      const parts = { header: bytes(200), outer: bytes(80), inner: bytes(272) };
      const body = Envelope.encode({ type: 'message', generation: bytes(16), nonce: bytes(24), ...parts });
      circle.hand({ from: 'z', to: 'd', header: bytes(48), body });
    };
    for (let n = 0; n < 300; n++) unknown();
    await circle.phone('d').takeIn(Number.POSITIVE_INFINITY);
    expect(countIn(circle, 'd', 'early')).toBe(256);
    expect(circle.told('d').filter((type) => type === 'refused too-far-ahead')).toHaveLength(44);
    await expectHeard(circle);
    await circle.pass(32 * 24 * 3600, 2, 'acd');
    unknown();
    await circle.phone('d').takeIn(1);
    expect(countIn(circle, 'd', 'early')).toBe(1);
  }, 120_000);

  test('that it misses messages: each is posted again once an hour, and what is missed later at once', async () => {
    const circle = await talked('missing');
    for (const text of ['one', 'two', 'three']) await circle.say('d', text);
    await circle.settle('azcd');
    const { client } = circle.phone('z');
    const group = circle.record('z');
    const position = group.roster.findIndex(({ hrid }) => bytesKey(hrid) === circle.phone('d').hrid);
    const report = async (from: number) => {
      await circle.phone('z').takeIn(Number.POSITIVE_INFINITY);
      const lost = { generation: group.generation, position, from };
      const content = missingContent(circle.random.bytes(16), Array(256).fill(lost), circle.post.now);
      await client.state.transact((tx) => sealContent(tx, client, group, content));
      await circle.phone('z').work();
      await circle.phone('d').settle();
      // Whoever has them acknowledges at once.
      const { state } = circle.phone('d').client;
      const posted = state.all(tables.outgoing).filter(({ value }) => value.part.startsWith('again/'));
      for (const { value } of posted) {
        await state.transact((tx) => markDelivered(tx, { n: value.n, acknowledged: 1, missed: [] }));
      }
    };
    const posted = () =>
      circle.letters.filter(({ from, to, type }) => from === 'd' && to === 'z' && type === 'message');
    const before = posted().length;
    const bodies = (since: number) =>
      new Set(
        posted()
          .slice(since)
          .map(({ body }) => bytesKey(body)),
      ).size;
    await report(2);
    const first = posted().length - before;
    expect(first).toBeGreaterThanOrEqual(2);
    expect(bodies(before)).toBe(first);
    for (let n = 0; n < 20; n++) await report(2);
    expect(posted().length - before).toBe(first);
    await report(1);
    expect(posted().length - before).toBe(first + 1);
    circle.post.now += 3600;
    await report(2);
    expect(posted().length - before).toBe(2 * first + 1);
    await expectHeard(circle);
  });

  test('requests to be let in: one is kept, the person is asked once, and no key is given', async () => {
    const circle = await talked('requests');
    // Many devices from one backup, each of which begins to ask anew.
    for (let n = 0; n < 8; n++) {
      const fresh = await circle.phone('z').restored();
      circle.post.now += 3600;
      await circle.replace('z', fresh);
      for (let round = 0; round < 3; round++) {
        await fresh.settle();
        circle.post.now += 300;
      }
      await circle.settle('acd');
      expect(fresh.group?.status).toBe('lost');
    }
    const requests = circle.letters.filter(({ type, to }) => type === 'request' && to === 'd').length;
    expect(requests).toBeGreaterThanOrEqual(8);
    expect(countIn(circle, 'd', 'requests')).toBe(1);
    expect(circle.told('d').filter((type) => type === 'asks').length).toBeLessThanOrEqual(1);
    await expectHeard(circle);
  });
});
