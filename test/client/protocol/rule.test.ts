import { describe, expect, test } from 'vitest';
import { firstGeneration } from '../../../client/protocol/lineage.ts';
import { Rule } from '../../../client/protocol/rule.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { namesOf, numberOf, Tree } from '../../support/lineage.ts';
import { seededRandom } from '../../support/random.ts';
import { readVectors } from '../../support/vectors.ts';

type ForkRecord = [id: number, parent: number | null, author: string, changes: string, because?: number[]];
type ForkSet = [ids: number[], tip: number, pending: [removal: number, names: string][]];
interface ForkRun {
  readonly adversary: string;
  readonly records: ForkRecord[];
  readonly sets: ForkSet[];
}

const { runs } = readVectors<{ runs: ForkRun[] }>('forks');
/** By the rule as it was published, in groups in which nobody is demoted: there it says the same. */
const { runs: published } = readVectors<{ runs: ForkRun[] }>('forks-published');

function plant(records: readonly ForkRecord[]): Tree {
  const tree = new Tree();
  for (const [id, parent, author, changes, because = []] of records) {
    if (parent === null) tree.found(id, changes);
    else tree.act({ id, parent, author, changes, because });
  }
  return tree;
}

/** What the rule makes of a tree: the tip, and whom to remove because of what. */
function outcomeOf(tree: Tree) {
  const rule = new Rule(tree);
  const tip = rule.tip();
  const pending = rule.pending(tip).map(({ removal, entries }) => [numberOf(removal), namesOf(entries)] as const);
  return { tip: numberOf(tip), pending: pending.toSorted(([a], [b]) => a - b) };
}

/** In another order, but what a record rests upon comes before it. */
function shuffled(records: readonly ForkRecord[], random = seededRandom('shuffle')): ForkRecord[] {
  const order: ForkRecord[] = [];
  const left = [...records];
  const placed = new Set<number>();
  while (left.length > 0) {
    const ready = left.filter(([, parent, , , because = []]) =>
      [...because, ...(parent === null ? [] : [parent])].every((id) => placed.has(id)),
    );
    const next = random.pick(ready);
    left.splice(left.indexOf(next), 1);
    order.push(next);
    placed.add(next[0]);
  }
  return order;
}

/** On every set, whatever the others of its run are. */
function expectAgreement(chosen: readonly ForkRun[]): void {
  for (const { records, sets } of chosen) {
    const tree = plant(records);
    for (const [ids, tip, pending] of sets) {
      const known = records.map(([id]) => id).filter((id) => ids.includes(id));
      expect(outcomeOf(tree.only(known)), JSON.stringify({ records, ids })).toEqual({ tip, pending });
    }
  }
}

describe('Rule agrees with the published reference', () => {
  test.each(['none', 'admin', 'member'])('on every set of the runs with this adversary: %s', (adversary) => {
    const chosen = published.filter((run) => run.adversary === adversary);
    expect(chosen.flatMap(({ sets }) => sets).length).toBeGreaterThan(800);
    expectAgreement(chosen);
  });

  test('with removals pending, and carried out, in hundreds of them', () => {
    const sets = published.flatMap((run) => run.sets);
    expect(sets.length).toBeGreaterThan(2500);
    expect(sets.filter(([, , pending]) => pending.length > 0).length).toBeGreaterThan(300);
    const carries = published.flatMap(({ records }) => records).filter(([, , , , because = []]) => because.length > 0);
    expect(carries.length).toBeGreaterThan(300);
  });
});

describe('Rule agrees with the reference', () => {
  test.each(['none', 'admin', 'member'])('on every set of the runs with this adversary: %s', (adversary) => {
    const chosen = runs.filter((run) => run.adversary === adversary);
    expect(chosen.flatMap(({ sets }) => sets).length).toBeGreaterThan(500);
    expectAgreement(chosen);
  });

  test('in whatever order the records came', () => {
    const random = seededRandom('orders');
    for (const { records, sets } of runs.filter((_, i) => i % 30 === 0)) {
      for (const [ids, tip, pending] of sets) {
        const known = records.filter(([id]) => ids.includes(id));
        for (let i = 0; i < 2; i++) {
          const order = shuffled(known, random);
          expect(outcomeOf(plant(order)), JSON.stringify(order)).toEqual({ tip, pending });
        }
      }
    }
  });
});

/** Founded as 1, by `a`. */
function grown(members: string, ...records: readonly ForkRecord[]): Tree {
  return plant([[1, null, 'a', members], ...records]);
}

/** Those of a tree that stand, by number. */
function standing(tree: Tree): number[] {
  const rule = new Rule(tree);
  return [...tree.values()].filter((generation) => rule.stands(generation)).map(numberOf);
}

const five = '*a*b*c+d+e';

describe('tip() is', () => {
  test('the one with more changes on its path, though a removal stands against it', () => {
    const tree = grown(five, [2, 1, 'a', '-d'], [3, 1, 'b', '+f'], [4, 3, 'b', '+g']);
    expect(outcomeOf(tree)).toEqual({ tip: 4, pending: [[2, 'd']] });
  });

  test('the one with more changes, though another has more records', () => {
    expect(outcomeOf(grown(five, [2, 1, 'b', '+f'], [3, 1, 'a', ''], [4, 3, 'a', ''])).tip).toBe(2);
  });

  test('on a tie of changes, the one with more records', () => {
    expect(outcomeOf(grown(five, [2, 1, 'a', '-d'], [3, 1, 'b', '+f'], [4, 3, 'e', ''])).tip).toBe(4);
  });

  test('on a tie, the one that removes rather than the one that adds', () => {
    expect(outcomeOf(grown(five, [2, 1, 'a', '+f'], [3, 1, 'b', '-d'])).tip).toBe(3);
  });

  test('on a tie, not the one that demotes: that is no removal', () => {
    expect(outcomeOf(grown(five, [2, 1, 'b', '<c'], [3, 1, 'a', '+f'])).tip).toBe(3);
  });

  test('then the one of the earlier author, however small the other id was ground', () => {
    expect(outcomeOf(grown(five, [2, 1, 'b', '+f'], [900, 1, 'a', '+g'])).tip).toBe(900);
    expect(outcomeOf(grown(five, [2, 1, 'b', '-d'], [900, 1, 'a', '-e'])).tip).toBe(900);
  });

  test('then the one with the smaller id, of two of one author', () => {
    expect(outcomeOf(grown(five, [3, 1, 'a', '+f'], [2, 1, 'a', '+g'])).tip).toBe(2);
  });

  test('told from the other where the paths part, not where they end', () => {
    const ground = grown(five, [5, 1, 'a', '+f'], [6, 1, 'a', '+g'], [9, 5, 'a', '+h'], [2, 6, 'a', '+h']);
    expect(outcomeOf(ground).tip).toBe(9);
    const removing = grown(five, [5, 1, 'a', '+f'], [6, 1, 'b', '+g'], [9, 5, 'a', '+h'], [2, 6, 'b', '-d']);
    expect(outcomeOf(removing).tip).toBe(9);
  });

  test('nothing in an empty lineage: RangeError', () => {
    expect(() => new Rule(new Tree()).tip()).toThrow(RangeError);
  });
});

describe('a removal', () => {
  const letters = [...'fghijklmnopq'];

  test('makes void what the removed did elsewhere, also a chain of 12', () => {
    const chain = letters.map((name, i): ForkRecord => [i + 2, i === 0 ? 1 : i + 1, 'c', `+${name}`]);
    expect(outcomeOf(grown(five, ...chain)).tip).toBe(13);
    expect(outcomeOf(grown(five, ...chain, [99, 1, 'b', '-c']))).toEqual({ tip: 99, pending: [] });
  });

  test('takes with it what others built on that', () => {
    const tree = grown(five, [2, 1, 'c', '+f'], [3, 2, 'a', '+g'], [4, 3, 'a', '+h'], [5, 1, 'b', '-c']);
    expect(outcomeOf(tree).tip).toBe(5);
    expect(standing(tree)).toEqual([1, 3, 4, 5]);
  });

  test('leaves standing what the removed did before it on the same path', () => {
    const tree = grown(five, [2, 1, 'c', '+f'], [3, 2, 'a', '-c']);
    expect(outcomeOf(tree)).toEqual({ tip: 3, pending: [] });
    expect(standing(tree)).toEqual([1, 2, 3]);
  });

  test('has nothing of the removed below it', () => {
    const tree = grown(five, [2, 1, 'b', '-c']);
    expect(() => tree.act({ id: 3, parent: 2, author: 'c', changes: '' })).toThrow('author');
  });

  test('by an honest admin who comes late acts as soon as it is known', () => {
    const early: ForkRecord[] = [
      [2, 1, 'c', '+f'],
      [3, 2, 'a', '+g'],
      [4, 3, 'd', ''],
    ];
    expect(outcomeOf(grown(five, ...early)).tip).toBe(4);
    expect(outcomeOf(grown(five, ...early, [5, 1, 'b', '-c'])).tip).toBe(5);
  });

  test('that the tip does not carry out is pending until somebody carries it', () => {
    const late: ForkRecord[] = [
      [2, 1, 'a', '+f'],
      [3, 2, 'a', '+g'],
      [4, 3, 'c', '+h'],
      [5, 1, 'b', '-c'],
    ];
    expect(outcomeOf(grown(five, ...late))).toEqual({ tip: 3, pending: [[5, 'c']] });
    expect(outcomeOf(grown(five, ...late, [6, 3, 'e', '-c', [5]]))).toEqual({ tip: 6, pending: [] });
  });

  test('is pending by each who asks for it, and with those only who are still there', () => {
    const forks: ForkRecord[] = [
      [2, 1, 'a', '-d-e'],
      [3, 1, 'b', '-e'],
      [4, 1, 'b', '-d'],
      [5, 4, 'b', '+f'],
      [6, 5, 'b', '+g'],
    ];
    expect(outcomeOf(grown(five, ...forks))).toEqual({
      tip: 6,
      pending: [
        [2, 'e'],
        [3, 'e'],
      ],
    });
  });

  test('stands for the earlier of two admins: the later cannot remove it in turn', () => {
    const tree = grown(five, [2, 1, 'b', '-c'], [3, 1, 'c', '-d']);
    expect(() => tree.act({ id: 4, parent: 1, author: 'c', changes: '-b' })).toThrow('permission');
    expect(outcomeOf(tree)).toEqual({ tip: 2, pending: [] });
    expect(standing(tree)).toEqual([1, 2]);
  });

  test('that is void itself makes nothing void', () => {
    const tree = grown(five, [2, 1, 'a', '-b'], [3, 1, 'b', '-c'], [4, 1, 'c', '-d']);
    expect(standing(tree)).toEqual([1, 2, 4]);
    expect(outcomeOf(tree)).toEqual({ tip: 2, pending: [[4, 'd']] });
  });

  test('says nothing of the same person added again: another entry', () => {
    const again: ForkRecord[] = [
      [2, 1, 'a', '-d'],
      [3, 2, 'a', '+d'],
      [4, 1, 'b', '-d'],
      [5, 3, 'd', ''],
    ];
    expect(outcomeOf(grown(five, ...again))).toEqual({ tip: 5, pending: [] });
    const twice = grown(five, ...again, [6, 3, 'c', '-d'], [7, 6, 'c', '+d'], [8, 7, 'd', '']);
    expect(standing(twice)).toEqual([1, 2, 3, 4, 6, 7, 8]);
    expect(outcomeOf(twice)).toEqual({ tip: 8, pending: [] });
  });
});

describe('a carry', () => {
  test('falls with the removal that it names', () => {
    const tree = grown(five, [2, 1, 'b', '-d'], [3, 1, 'e', '-d', [2]], [4, 3, 'c', '+f'], [5, 1, 'a', '-b']);
    expect(standing(tree)).toEqual([1, 4, 5]);
    expect(outcomeOf(tree)).toEqual({ tip: 5, pending: [] });
  });

  test('falls with one of several removals that it names', () => {
    const tree = grown(five, [2, 1, 'b', '-d'], [3, 1, 'c', '-d'], [4, 1, 'e', '-d', [2, 3]], [5, 1, 'a', '-b']);
    expect(standing(tree)).toEqual([1, 3, 5]);
  });

  test('makes nothing void by itself', () => {
    const tree = grown(five, [2, 1, 'b', '-d'], [3, 1, 'e', '-d', [2]], [4, 1, 'd', ''], [5, 1, 'a', '-b']);
    expect(standing(tree)).toEqual([1, 4, 5]);
  });

  test('is void if its author is removed', () => {
    const tree = grown(five, [2, 1, 'a', '-d'], [3, 1, 'c', '-d', [2]], [4, 1, 'b', '-c']);
    expect(standing(tree)).toEqual([1, 2, 4]);
  });

  test('counts as a removal on a tie', () => {
    const tree = grown(
      five,
      [2, 1, 'd', '-d'],
      [3, 1, 'e', '-d', [2]],
      [4, 3, 'e', ''],
      [5, 1, 'a', '+f'],
      [6, 5, 'a', ''],
    );
    expect(outcomeOf(tree).tip).toBe(4);
  });

  test('stands though the removal that it names is forgotten', () => {
    const tree = grown(five, [2, 1, 'a', '-d'], [3, 1, 'e', '-d', [2]], [4, 3, 'e', '']).only([1, 3, 4]);
    expect(outcomeOf(tree)).toEqual({ tip: 4, pending: [] });
  });

  test('counts where the history begins with it, though what it names is not known', () => {
    const { id, signed, record, roster, name } = grown(five, [2, 1, 'a', '-d'], [3, 1, 'e', '-d', [2]]).at(3);
    const tree = new Tree([[bytesKey(id), firstGeneration(id, signed, record, roster, name)]]);
    tree.act({ id: 4, parent: 3, author: 'e', changes: '' });
    expect(outcomeOf(tree)).toEqual({ tip: 4, pending: [] });
  });
});

describe('a demotion', () => {
  const against = (changes: string, because: number[] = []) =>
    standing(grown(five, [2, 1, 'a', '<b'], [3, 1, 'a', '-e'], [4, 1, 'b', changes, because])).includes(4);

  test.each(['+f', '*f', '-c', '<c', '>d', '-b-c', '-b+f', '<b-c', '<b>d'])(
    'makes void what takes an admin: %s',
    (changes) => {
      expect(against(changes)).toBe(false);
    },
  );

  test('leaves a refresh standing, with what others built on it', () => {
    const tree = grown(five, [2, 1, 'a', '<b'], [3, 1, 'b', ''], [4, 3, 'c', '+f'], [5, 4, 'c', '+g']);
    expect(outcomeOf(tree)).toEqual({ tip: 5, pending: [] });
  });

  test('leaves standing what any member may do: leave, step down, carry', () => {
    expect(against('-b')).toBe(true);
    expect(against('<b')).toBe(true);
    expect(against('-e', [3])).toBe(true);
  });

  test('never keeps anybody in: who leaves after it, elsewhere, is out', () => {
    const tree = grown('*a*b+c', [2, 1, 'a', '<b'], [3, 1, 'a', '+d'], [4, 3, 'a', '+e'], [5, 4, 'b', '-b']);
    expect(outcomeOf(tree)).toEqual({ tip: 5, pending: [] });
  });

  test('of somebody demoted on the same path before is no concern', () => {
    const tree = grown(five, [2, 1, 'a', '<b'], [3, 2, 'a', '>b'], [4, 3, 'b', '+f']);
    expect(outcomeOf(tree)).toEqual({ tip: 4, pending: [] });
  });
});

describe('leaving', () => {
  test('is never blocked: elsewhere it is pending', () => {
    const tree = grown(five, [2, 1, 'd', '-d'], [3, 1, 'a', '+f'], [4, 3, 'a', '+g']);
    expect(outcomeOf(tree)).toEqual({ tip: 4, pending: [[2, 'd']] });
  });

  test('is open to the founder, whom nobody can remove', () => {
    const tree = grown(five, [2, 1, 'a', '-a'], [3, 1, 'b', '+f'], [4, 3, 'c', '+g'], [5, 4, 'b', '-a', [2]]);
    expect(outcomeOf(tree)).toEqual({ tip: 5, pending: [] });
  });

  test('makes void what the same author did elsewhere', () => {
    expect(standing(grown(five, [2, 1, 'b', '-b'], [3, 1, 'b', ''], [4, 1, 'b', '+f']))).toEqual([1, 2]);
  });

  test('and stepping down, each on many branches, all stand: nobody hits their own', () => {
    const ends = ['<b', '<b', '-b', '-b', '-b-c', '-b-d', '<b-d', '<b-d', '-b+f', '-b+b'];
    const tree = grown(five, ...ends.map((changes, i): ForkRecord => [i + 2, 1, 'b', changes]));
    expect(standing(tree)).toEqual([...tree.values()].map(numberOf));
    expect(outcomeOf(tree).tip).toBe(4);
  });
});
