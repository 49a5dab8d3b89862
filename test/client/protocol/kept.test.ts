import { describe, expect, test } from 'vitest';
import { keptOf } from '../../../client/protocol/kept.ts';
import type { Generation, Lineage } from '../../../client/protocol/lineage.ts';
import { Rule } from '../../../client/protocol/rule.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { numberOf, Tree } from '../../support/lineage.ts';

/** A founding, and a path of so many names by the first member; ids from 1 on. */
function grown(length: number, members = '*a*b+c+y+z'): Tree {
  const tree = new Tree().found(1, members);
  for (let n = 1; n <= length; n++) tree.act({ id: n + 1, parent: n, author: 'a', name: `Name ${n}` });
  return tree;
}

/** So many more on some generation, side by side; ids from some number on. */
function bush(tree: Tree, from: number, parent: number, author: string, count: number): void {
  for (let n = 0; n < count; n++) tree.act({ id: from + n, parent, author, name: `Branch ${n}` });
}

const idsOf = (generations: Iterable<Generation>) => [...generations].map(numberOf);

/** What is kept; it is closed, and comes to the same tip. */
function kept(tree: Lineage): number[] {
  const { tip, first, generations } = keptOf(tree);
  expect(tip).toBe(new Rule(tree).tip());
  const again: Lineage = new Map(generations.map((each) => [bytesKey(each.id), each]));
  for (const each of generations) {
    if (each !== first) expect(again.has(bytesKey(each.parent?.id ?? new Uint8Array(32)))).toBe(true);
  }
  expect(new Rule(again).tip()).toBe(tip);
  return idsOf(generations);
}

describe('keptOf()', () => {
  test('is all of it, up to 1,024 records', () => {
    const tree = grown(23);
    bush(tree, 1000, 5, 'b', 1000);
    expect(kept(tree)).toEqual(idsOf(tree.values()));
  });

  test('is 1,024 records however many there are: the path, and the newest of the branches', () => {
    const tree = grown(23);
    bush(tree, 1000, 5, 'b', 2000);
    const ids = kept(tree);
    expect(ids).toHaveLength(1024);
    expect(ids.slice(0, 24)).toEqual(idsOf(tree.values()).slice(0, 24));
    expect(ids.slice(24)).toEqual(Array.from({ length: 1000 }, (_, n) => 2000 + n));
  });

  test('a tip does not bring more either', () => {
    const tree = grown(10);
    bush(tree, 1000, 5, 'z', 1500);
    tree.act({ id: 5000, parent: 11, author: 'b', changes: '>c' });
    const ids = kept(tree);
    expect(ids).toHaveLength(1024);
    expect(ids).toContain(5000);
  });

  test('what is to be carried out is kept, and what was, however old: nobody gets it out of the way', () => {
    const tree = grown(10);
    tree.act({ id: 100, parent: 2, author: 'b', changes: '-c' });
    tree.act({ id: 101, parent: 2, author: 'b', changes: '-y' });
    tree.act({ id: 102, parent: 11, author: 'a', changes: '-c', because: [100] });
    tree.act({ id: 103, parent: 102, author: 'a', changes: '>z' });
    // Longer and newer ones, for the same and for others; and names beside.
    for (let n = 0; n < 200; n++) {
      tree.act({ id: 1000 + 3 * n, parent: 3, author: 'z', name: `Long ${n}` });
      tree.act({ id: 1001 + 3 * n, parent: 1000 + 3 * n, author: 'y', name: `Longer ${n}` });
      tree.act({ id: 1002 + 3 * n, parent: 1001 + 3 * n, author: 'y', changes: '-y' });
    }
    bush(tree, 3000, 9, 'b', 1000);
    const ids = kept(tree);
    expect(ids).toHaveLength(1024);
    expect(ids).toEqual(expect.arrayContaining([100, 101, 102, 103]));
  });

  test('what makes a better branch void is kept, or that branch is not', () => {
    const tree = grown(2);
    // It is demoted, and goes on as an admin.
    tree.act({ id: 50, parent: 1, author: 'a', changes: '<b' });
    tree.act({ id: 60, parent: 2, author: 'b', changes: '>c' });
    tree.act({ id: 61, parent: 60, author: 'b', changes: '>y' });
    tree.act({ id: 62, parent: 61, author: 'b', changes: '>z' });
    tree.act({ id: 70, parent: 3, author: 'a', changes: '>c' });
    tree.act({ id: 71, parent: 70, author: 'a', changes: '>y' });
    bush(tree, 1000, 2, 'z', 2000);
    const ids = kept(tree);
    expect(ids).toContain(50);
    expect(ids).toContain(71);
    expect(ids).not.toContain(62);
  });
});
