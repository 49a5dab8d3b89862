// Groups as the application sees them, on whole clients over a relay in memory.

import { describe, expect, it } from 'vitest';
import { askToRejoin } from '../../client/courier/rejoin.ts';
import { tables } from '../../client/state/records.ts';
import { Circle } from '../sim/circle.ts';

/** A group whose member c has lost its device, and is on a new one. */
async function lost(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'Abc');
  await circle.replace('c', await circle.phone('c').restored());
  return circle;
}

describe('heldUpSince', () => {
  it('says since when a client cannot follow its group, until it is let in again', async () => {
    const circle = await Circle.found('held up', 'Abc');
    circle.withholds = ({ type, to }) => type === 'agreement' && to === 'c';
    await circle.group('a').rename('without c');
    await circle.settle('ab');
    await circle.say('a', 'in what c does not know');
    await circle.settle('c');
    expect(circle.group('c').heldUpSince).toBeNull();
    const at = circle.post.now + 600;
    await circle.pass(600, 1, 'c');
    expect([circle.group('c').status, circle.group('c').heldUpSince]).toEqual(['active', at]);
    circle.withholds = () => false;
    await circle.pass(300, 4);
    expect(circle.agreed('abc')).toBe('Abc');
    expect(circle.group('c').heldUpSince).toBeNull();
  });

  it('is null for a group whose keys are lost: its status says so', async () => {
    const circle = await lost('lost, not held up');
    expect([circle.group('c').status, circle.group('c').heldUpSince]).toEqual(['lost', null]);
  });
});

describe('readmitting', () => {
  it('names whom the person has let in until that is done; what is said there is unsent so long', async () => {
    const circle = await lost('let in later');
    const [a, c] = [circle.group('a'), circle.group('c')];
    await c.send('waits');
    await circle.settle();
    const { hrid } = circle.phone('c');
    expect([a.requests, a.readmitting, c.unsent]).toEqual([[hrid], [], 1]);
    await a.readmit(hrid);
    expect([a.requests, a.readmitting]).toEqual([[], [hrid]]);
    await circle.settle();
    expect([a.requests, a.readmitting, c.unsent]).toEqual([[], [], 0]);
  });
});

describe('leave()', () => {
  it('takes a client out of a group whose keys are lost, on this device only', async () => {
    const circle = await lost('lost and left');
    const c = circle.phone('c');
    await circle.group('c').send('waits');
    await circle.group('c').leave();
    expect(circle.group('c').status).toBe('left');
    await c.work();
    const told = c.events.map((event) => (event.type === 'failed' ? `failed ${event.code}` : event.type));
    expect(told).toEqual(['failed not-member', 'removed']);
    // Nobody is asked for anything any more, and nobody is told.
    await circle.pass(7200, 4);
    expect(circle.post.counts.request).toBe(0);
    expect(circle.agreed('ab')).toBe('Abc');
    await expect(circle.group('c').leave()).rejects.toMatchObject({ code: 'not-member' });
  });

  it('drops a request that has not gone out; an answer to one that has is an invitation', async () => {
    const circle = await lost('lost, asked and left');
    await circle.phone('c').work();
    await circle.group('c').leave();
    await circle.settle('ab');
    await circle.pass(3600, 4, 'ab');
    await circle.group('a').readmit(circle.phone('c').hrid);
    await circle.settle();
    expect(circle.group('c').status).toBe('invited');

    const other = await lost('left before it was asked');
    const { client } = other.phone('c');
    await askToRejoin(client, other.record('c').id);
    expect(client.state.all(tables.outgoing)).toHaveLength(1);
    await other.group('c').leave();
    expect(client.state.all(tables.outgoing)).toEqual([]);
  });

  it('takes a client out that has registered under another address', async () => {
    const circle = await Circle.found('another address', 'Abc');
    const { state } = circle.phone('c').client;
    await state.transact((tx) => {
      const identity = tx.get(tables.identity, '');
      const group = circle.record('c');
      if (identity) tx.put(tables.identity, '', { ...identity, hrid: new Uint8Array(32).fill(7) });
      tx.put(tables.groups, circle.group('c').id, { ...group, status: 'lost' });
    });
    await circle.group('c').leave();
    expect(circle.group('c').status).toBe('left');
  });
});

describe('memberStages()', () => {
  it('says how far each member has come, and the key at which it stands', async () => {
    const circle = await Circle.found('stages', 'Abc');
    await circle.say('a', 'one');
    await circle.say('b', 'two');
    await circle.settle();
    const stages = circle.group('c').memberStages();
    expect(stages.map(({ hrid }) => hrid)).toEqual(circle.group('c').members.map(({ hrid }) => hrid));
    const [a, b, c] = stages;
    const total = (vector: readonly number[] = []) => vector.reduce((sum, count) => sum + count, 0);
    // b has opened what a said before it spoke; c has opened all.
    expect(total(a?.vector)).toBeLessThan(total(b?.vector));
    expect(c).toMatchObject({ vector: circle.group('c').stage().vector, groupKey: circle.group('c').stage().groupKey });
    expect(b?.groupKey).not.toBe(a?.groupKey);
    expect(new Set(stages.map(({ leaf }) => leaf)).size).toBe(3);
  });
});

describe('inviteOf()', () => {
  it('gives what makes a member a contact', async () => {
    const circle = await Circle.found('an invite', 'Abc');
    const { hrid, invite } = circle.phone('b');
    expect(circle.group('c').inviteOf(hrid)).toBe(invite);
    expect(() => circle.group('c').inviteOf('nobody')).toThrow(expect.objectContaining({ code: 'member-unknown' }));
  });
});
