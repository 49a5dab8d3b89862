// What a client does with a membership that ends, or seems to, on whole clients over a relay in memory.

import { describe, expect, it } from 'vitest';
import { assertRoom, dropRemoved } from '../../../client/courier/membership.ts';
import { loadLineage } from '../../../client/state/lineages.ts';
import { tables } from '../../../client/state/records.ts';
import { Circle } from '../../sim/circle.ts';
import { Tree } from '../../support/lineage.ts';

const week = 7 * 24 * 3600;

describe('assertRoom()', () => {
  /** A founding, and so many branches that rename the group, each by the second member. */
  function bush(branches: number): Tree {
    const tree = new Tree().found(1, '*a+b+c');
    for (let n = 0; n < branches; n++) tree.act({ id: 2 + n, parent: 1, author: 'b', name: `branch ${n}` });
    return tree;
  }

  it('takes in what is kept, and refuses what is not, of more than 1,024 records', () => {
    const [all, more] = [bush(1023), bush(1100)];
    expect(() => assertRoom(all, all.at(3))).not.toThrow();
    expect(() => assertRoom(more, more.at(1101))).not.toThrow();
    expect(() => assertRoom(more, more.at(3))).toThrow('too many branches');
  });
});

describe('a client that was removed', () => {
  it('keeps the keys for a week, in case that the removal turns out to be void, and not longer', async () => {
    const circle = await Circle.found('kept for a week', 'Abc');
    await circle.group('a').remove(circle.phone('c').hrid);
    await circle.settle();
    expect(circle.record('c').status).toBe('removed');
    const { state, now } = circle.phone('c').client;
    const kept = () => [loadLineage(state, circle.record('c').id).size, state.all(tables.ratchets).length];
    await state.transact((tx) => dropRemoved(tx, now() + week - 1));
    expect(kept().every((count) => count > 0)).toBe(true);
    await state.transact((tx) => dropRemoved(tx, now() + week));
    expect(kept()).toEqual([0, 0]);
  });
});
