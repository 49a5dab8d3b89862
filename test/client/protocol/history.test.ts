import { beforeAll, describe, expect, test } from 'vitest';
import { agreementId } from '../../../client/protocol/agreement.ts';
import { extendLineage, tellHistory } from '../../../client/protocol/history.ts';
import { type Generation, type Lineage, pathTo } from '../../../client/protocol/lineage.ts';
import { rosterDigest } from '../../../client/protocol/roster.ts';
import { Rule } from '../../../client/protocol/rule.ts';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { maxHistory } from '../../../client/wire/limits.ts';
import { type Base, Details, Record, type RosterEntry, type SignedRecord } from '../../../client/wire/record.ts';
import { createMembers, type Member } from '../../support/chat.ts';
import { curves, nothing } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { SignedTree } from '../../support/records.ts';
import { rejectionOf } from '../../support/struct.ts';

let members: readonly Member[] = [];
beforeAll(async () => {
  members = await createMembers(seededRandom('history'), 3);
});

/** A tree with its founding, and so many more on top of it. */
async function grown(count: number): Promise<{ tree: SignedTree; path: Generation[] }> {
  const tree = new SignedTree(members);
  const tip = await tree.chain(await tree.found(), count);
  return { tree, path: pathTo(tip) };
}

const signedOf = (generations: readonly Generation[]): SignedRecord[] => generations.map(({ signed }) => signed);
const baseOf = ({ roster, name }: Generation): Base => ({ roster, name });
const keysOf = (generations: Iterable<Generation>) => [...generations].map(({ id }) => bytesKey(id));
const only = (generations: readonly Generation[]): Lineage =>
  new Map(generations.map((each) => [bytesKey(each.id), each]));
const at = (path: readonly Generation[], index: number) => path.at(index) as Generation;

function extend(tree: SignedTree, known: Lineage, history: readonly SignedRecord[], base: Base | null = null) {
  return extendLineage(curves, known, history, base, tree.group);
}

async function refusalOf(extended: Promise<unknown>): Promise<string> {
  const { code, message } = await rejectionOf(extended);
  expect(code).toBe('agreement-invalid');
  return /\(([^()]*)\)$/.exec(message)?.[1] ?? message;
}

describe('extendLineage()', () => {
  test('goes on from what is known, wherever the history begins, and leaves what it was given', async () => {
    const { tree, path } = await grown(6);
    const known = only(path.slice(0, 3));
    for (const first of [0, 2, 3]) {
      const extended = await extend(tree, known, signedOf(path.slice(first)), baseOf(at(path, first)));
      expect(keysOf(extended.values())).toEqual(keysOf(path));
      expect(extended.get(bytesKey(at(path, 6).id))).toEqual(at(path, 6));
    }
    expect(keysOf(known.values())).toEqual(keysOf(path.slice(0, 3)));
  });

  test('begins at the base if nothing is known, and checks what follows', async () => {
    const { tree, path } = await grown(5);
    const renamed = await tree.next(at(path, -1), 1, { name: 'Other' });
    const extended = await extend(tree, new Map(), signedOf([...path.slice(3), renamed]), baseOf(at(path, 3)));
    const [first, ...rest] = extended.values();
    expect(first).toEqual({ ...at(path, 3), parent: null });
    expect(keysOf(rest)).toEqual(keysOf([...path.slice(4), renamed]));
    expect(extended.get(bytesKey(renamed.id))).toMatchObject({ roster: renamed.roster, name: 'Other' });
    const whole = await extend(tree, new Map(), signedOf(path));
    expect(whole).toEqual(only(path));
  });

  test('knows nothing by a history without a base that does not begin with the founding', async () => {
    const { tree, path } = await grown(3);
    expect((await extend(tree, new Map(), signedOf(path.slice(1)))).size).toBe(0);
  });

  test('passes over branches whose beginning is not known, and takes the others', async () => {
    const { tree, path } = await grown(4);
    const side = await tree.next(at(path, 1), 1);
    const onSide = await tree.next(side, 2);
    const later = await tree.next(at(path, 3), 2);
    // To whom has come in with the third one, the branch from the first one means nothing.
    const history = signedOf([at(path, 2), side, at(path, 3), onSide, at(path, 4), later]);
    const extended = await extend(tree, new Map(), history, baseOf(at(path, 2)));
    expect(keysOf(extended.values())).toEqual(keysOf([...path.slice(2), later]));
  });

  test('a base counts for nothing once something is known', async () => {
    const { tree, path } = await grown(3);
    const untrue: Base = { roster: at(path, 1).roster.slice(0, 1), name: 'False' };
    const extended = await extend(tree, only(path.slice(0, 1)), signedOf(path.slice(1)), untrue);
    expect(extended.get(bytesKey(at(path, 3).id))).toEqual(at(path, 3));
    const unlinked = await extend(tree, only(path.slice(0, 1)), signedOf(path.slice(2)), baseOf(at(path, 2)));
    expect(keysOf(unlinked.values())).toEqual(keysOf(path.slice(0, 1)));
  });

  test('refuses a record that its author has not signed, wherever it stands', async () => {
    const { tree, path } = await grown(2);
    const forged = await tree.sign(at(path, 1), 0, nothing, [], 1);
    const history = signedOf(path);
    expect(await refusalOf(extend(tree, only(path), [...history, forged.signed]))).toBe('signature');
    const flipped = { ...at(path, 1).signed, signature: at(path, 2).signed.signature };
    const broken = history.with(1, flipped);
    expect(await refusalOf(extend(tree, new Map(), broken, baseOf(at(path, 0))))).toBe('signature');
    // The founding too, where it is not only told of by a base.
    const founding = { ...at(path, 0).signed, signature: at(path, 2).signed.signature };
    expect(await refusalOf(extend(tree, new Map(), [founding]))).toBe('signature');
  });

  test('refuses a record that its author may not make', async () => {
    const { tree, path } = await grown(1);
    const struck = await tree.sign(at(path, 1), 1, { ...nothing, removed: [0] });
    expect(await refusalOf(extend(tree, only(path), [struck.signed]))).toBe('permission');
  });

  test('refuses a base that is not the roster of its record, or of another group', async () => {
    const { tree, path } = await grown(3);
    const { roster, name } = at(path, 2);
    const history = signedOf(path.slice(2));
    for (const wrong of [
      roster.slice(1),
      [...roster].reverse(),
      roster.map((entry) => ({ ...entry, role: 'member' as const })),
      roster.map((entry) => ({ ...entry, joined: new Uint8Array(32) })),
    ]) {
      expect(await refusalOf(extend(tree, new Map(), history, { roster: wrong, name }))).toBe('roster');
    }
    const base = { roster, name };
    const other = new Uint8Array(32);
    expect(await refusalOf(extendLineage(curves, new Map(), history, base, other))).toBe('group');
  });

  test('refuses a base that names somebody twice, or with a key that is none, or who has not joined', async () => {
    const { path } = await grown(1);
    const { roster, name, record, signed } = at(path, 1);
    const [a, b] = roster as [RosterEntry, RosterEntry];
    for (const [why, wrong] of [
      ['member twice', [a, { ...b, hrid: a.hrid }]],
      ['member twice', [a, { ...b, pk: a.pk }]],
      // Of order 4.
      ['key', [a, { ...b, pk: new Uint8Array(32) }]],
      ['joined', [a, { ...b, joined: null }]],
    ] as const) {
      const told = Record.encode({ ...record, rosterDigest: rosterDigest(wrong, agreementId(signed.record)) });
      const history = [{ record: told, signature: signed.signature }];
      expect(await refusalOf(extendLineage(curves, new Map(), history, { roster: wrong, name }, record.group))).toBe(
        why,
      );
    }
  });

  test('passes over the founding, and what follows it, where only later ones are known', async () => {
    const { tree, path } = await grown(4);
    const known = await extend(tree, new Map(), signedOf(path.slice(2, 4)), baseOf(at(path, 2)));
    const extended = await extend(tree, known, signedOf(path));
    expect(keysOf(extended.values())).toEqual(keysOf(path.slice(2)));
  });

  test('begins earlier with a history that leads to what is known, and can check what has left before that', async () => {
    const { tree, path } = await grown(6);
    const removal = await tree.next(at(path, 2), 0, { removed: [2] });
    const side = await tree.next(at(path, 5), 1);
    const carry = await tree.next(at(path, 6), 1, { removed: [2] }, [removal]);
    const history = signedOf([...path.slice(1), removal, carry]);
    const known = await extend(tree, new Map(), signedOf([...path.slice(4), side]), baseOf(at(path, 4)));
    const extended = await extend(tree, known, history, baseOf(at(path, 1)));
    expect(new Set(keysOf(extended.values()))).toEqual(new Set(keysOf([...path.slice(1), removal, side, carry])));
    expect(pathTo(extended.get(bytesKey(side.id)) as Generation)).toHaveLength(6);
    expect(new Rule(extended).tip()).toMatchObject({ id: carry.id, roster: carry.roster });
  });

  test('begins no earlier with a base that is not true', async () => {
    const { tree, path } = await grown(5);
    const known = await extend(tree, new Map(), signedOf(path.slice(3)), baseOf(at(path, 3)));
    const { roster } = at(path, 1);
    const history = signedOf(path.slice(1));
    const renamed = await extend(tree, known, history, { roster, name: 'False' });
    expect(keysOf(renamed.values())).toEqual(keysOf(path.slice(3)));
    expect(await refusalOf(extend(tree, known, history, { roster: [...roster].reverse(), name: 'Test' }))).toBe(
      'roster',
    );
    const broken = history.with(1, { ...at(path, 2).signed, signature: at(path, 3).signed.signature });
    expect(await refusalOf(extend(tree, known, broken, baseOf(at(path, 1))))).toBe('signature');
  });

  test('passes over a second founding, and all that is built on it', async () => {
    const { tree, path } = await grown(1);
    const other = new SignedTree([...members].reverse());
    const founding = await other.found();
    const history = signedOf([founding, await other.next(founding)]);
    expect(keysOf((await extend(tree, only(path), history)).values())).toEqual(keysOf(path));
  });

  test('refuses a record of another group, wherever it stands', async () => {
    const { tree, path } = await grown(2);
    const other = new SignedTree(members, new Uint8Array(32).fill(8));
    const founding = await other.found();
    const foreign = signedOf([founding, await other.next(founding)]);
    expect(await refusalOf(extend(tree, new Map(), foreign))).toBe('group');
    for (const each of foreign) expect(await refusalOf(extend(tree, only(path), [each]))).toBe('group');
  });
});

describe('tellHistory()', () => {
  const heardSince = (number: number) => (generation: Generation) => generation.record.number <= number;
  const told = (
    lineage: Lineage,
    tip: Generation,
    because: readonly Generation[] = [],
    heard = heardSince(Infinity),
  ) => {
    const { base, history } = tellHistory(lineage, tip, because, heard);
    const byRecord = new Map([...lineage.values()].map((each) => [each.signed, each.record.number]));
    return { base, history, numbers: history.map((signed) => byRecord.get(signed) ?? -1) };
  };
  const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const sizeOf = (history: readonly SignedRecord[]) =>
    history.reduce((sum, { record, signature }) => sum + record.length + signature.length, 0);

  test('tells the whole path if it is short', async () => {
    const { tree, path } = await grown(7);
    const { base, history, numbers } = told(tree, at(path, 7));
    expect(numbers).toEqual(from(0, 7));
    expect(history).toEqual(signedOf(path));
    expect(base).toEqual(baseOf(at(path, 0)));
  });

  test('tells 32 records, and as many more as somebody has not been heard for', async () => {
    const { tree, path } = await grown(60);
    const tip = at(path, 60);
    expect(told(tree, tip).numbers).toEqual(from(29, 60));
    expect(told(tree, tip, [], heardSince(29)).numbers).toEqual(from(29, 60));
    const longer = told(tree, tip, [], heardSince(12));
    expect(longer.numbers).toEqual(from(12, 60));
    expect(longer.base).toEqual(baseOf(at(path, 12)));
    expect(told(tree, tip, [], heardSince(-1)).numbers).toEqual(from(0, 60));
  });

  test('tells of branches, each from where it leaves on, parents before children', async () => {
    const { tree, path } = await grown(40);
    const side = await tree.next(at(path, 35), 1);
    await tree.next(side, 2);
    const before = await tree.next(at(path, 3), 1);
    const { history, base, numbers } = told(tree, at(path, 40));
    expect(numbers).toEqual([...from(9, 36), 36, 37, 37, 38, 39, 40]);
    expect(history).not.toContain(before.signed);
    const heard = await extend(tree, new Map(), history, base);
    expect(heard.size).toBe(history.length);
    expect(bytesKey(new Rule(heard).tip().id)).toBe(bytesKey(at(path, 40).id));
  });

  test('is no more than 48 KiB of records, and the nearest branches are told first', async () => {
    const { tree, path } = await grown(0);
    // Records of nearly a kilobyte.
    const long = (i: number) => ({ name: '€'.repeat(128 - (i % 2)) });
    const tip = await tree.chain(at(path, 0), 80, long);
    const whole = told(tree, tip, [], heardSince(-1));
    expect(sizeOf(whole.history)).toBeLessThanOrEqual(48 * 1024);
    expect(sizeOf(whole.history)).toBeGreaterThan(46 * 1024);
    expect(whole.numbers.at(-1)).toBe(80);
    expect(whole.numbers[0]).toBeGreaterThan(0);
    // Beside the least, there is room for some of the branches.
    const branches: Generation[] = [];
    for (const leaves of pathTo(tip).slice(50)) {
      for (const author of [1, 2]) branches.push(await tree.next(leaves, author, { name: '€'.repeat(126) }));
    }
    const { history } = told(tree, tip);
    expect(sizeOf(history)).toBeLessThanOrEqual(48 * 1024);
    const isTold = branches.map(({ signed }) => history.includes(signed));
    const first = isTold.indexOf(true);
    expect(first).toBeGreaterThan(0);
    expect(isTold.slice(first)).not.toContain(false);
  });

  test('tells of the removals that it carries out in any case: from where they leave on, beyond all bounds', async () => {
    const { tree, path } = await grown(0);
    const long = (i: number) => ({ name: '€'.repeat(128 - (i % 2)) });
    const tip = await tree.chain(at(path, 0), 120, long);
    const removal = await tree.next(at(pathTo(tip), 2), 0, { removed: [2] });
    expect(told(tree, tip).history).not.toContain(removal.signed);
    const more = await Promise.all([5, 6, 7].map((place) => tree.next(at(pathTo(tip), place), 0, { removed: [1] })));
    const { base, history, numbers } = told(tree, tip, [removal, ...more], heardSince(-1));
    expect(numbers).toEqual([...from(2, 120), 3, 6, 7, 8].sort((a, b) => a - b));
    for (const each of more) expect(history).toContain(each.signed);
    expect(history).toContain(removal.signed);
    expect(base).toEqual(baseOf(at(pathTo(tip), 2)));
    const carry = await tree.next(tip, 1, { removed: [2] }, [removal]);
    const heard = await extend(tree, new Map(), [...history, carry.signed], base);
    expect(heard.has(bytesKey(carry.id))).toBe(true);
  });

  test('tells of a removal before what carries it out, also if that has the smaller number', async () => {
    const { tree, path } = await grown(0);
    const branch = await tree.chain(at(path, 0), 3);
    const removal = await tree.next(branch, 0, { removed: [2] });
    const carry = await tree.next(await tree.next(at(path, 0), 1), 1, { removed: [2] }, [removal]);
    const tip = await tree.next(carry, 0, { removed: [1] });
    const { base, history } = told(tree, tip);
    expect(history[0]).toBe(at(path, 0).signed);
    expect(history.indexOf(removal.signed)).toBeLessThan(history.indexOf(carry.signed));
    const heard = await extend(tree, new Map(), history, base);
    expect(bytesKey(new Rule(heard).tip().id)).toBe(bytesKey(tip.id));
  });

  test('fits into the details of an agreement, however long the path', async () => {
    const { tree, path } = await grown(300);
    const { base, history } = told(tree, at(path, 300), [], heardSince(-1));
    expect(history.length).toBeLessThanOrEqual(maxHistory);
    expect(history.length).toBeGreaterThan(100);
    const leaves = [{ leaf: new Uint8Array(32), origin: { type: 'author' as const } }];
    expect(() => Details.encode({ base, history, leaves, returned: [] })).not.toThrow();
  });
});
