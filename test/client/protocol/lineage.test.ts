import { beforeEach, describe, expect, test } from 'vitest';
import { firstGeneration, isOnPath, pathTo } from '../../../client/protocol/lineage.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import type { Record } from '../../../client/wire/record.ts';
import { type Act, idOf, namesOf, numberOf, operationOf, personOf, recordOf, Tree } from '../../support/lineage.ts';
import { keyWithTorsion, smallOrderPoints } from '../../support/points.ts';

/** Founded as 1; in 2 b removes d, in 3 d leaves, in 4 b demotes c, in 5 e carries out 2: four branches. */
let tree = new Tree();

beforeEach(() => {
  tree = new Tree().found(1, '*a*b*c+d+e');
  tree.act({ id: 2, parent: 1, author: 'b', changes: '-d' });
  tree.act({ id: 3, parent: 1, author: 'd', changes: '-d' });
  tree.act({ id: 4, parent: 1, author: 'b', changes: '<c' });
  tree.act({ id: 5, parent: 1, author: 'e', changes: '-d', because: [2] });
});

/** The detail of a refusal; fails if there is none. */
function refusalOf(take: () => unknown): string {
  try {
    take();
  } catch (error) {
    if (!(error instanceof CliquetError)) throw error;
    expect(error.code).toBe('agreement-invalid');
    return /\(([^()]*)\)$/.exec(error.message)?.[1] ?? error.message;
  }
  return 'no refusal';
}

type Deed = Omit<Act, 'id' | 'parent'>;
const refusal = (deed: Deed, parent = 1) => refusalOf(() => tree.act({ id: 9, parent, ...deed }));
const refusalWith = (change: Partial<Record>, deed: Deed = { author: 'a' }) =>
  refusalOf(() => tree.take(9, 1, { ...recordOf(tree.at(1), deed), ...change }));

describe('nextGeneration() refuses', () => {
  test('a record of another group', () => {
    expect(refusalWith({ group: idOf(7) })).toBe('group');
  });

  test('another parent, or none', () => {
    expect(refusalWith({ parent: idOf(2) })).toBe('parent');
    expect(refusalWith({ parent: null })).toBe('parent');
  });

  test.each([0, 2])('the number %d after 0', (number) => {
    expect(refusalWith({ number })).toBe('number');
  });

  test('a digest of another roster: as it was, or with somebody else', () => {
    const { rosterDigest } = recordOf(tree.at(1), { author: 'a' });
    expect(refusalWith({ rosterDigest }, { author: 'a', changes: '+f' })).toBe('roster');
    const other = recordOf(tree.at(1), { author: 'a', changes: '*f' });
    expect(refusalWith({ rosterDigest: other.rosterDigest }, { author: 'a', changes: '+f' })).toBe('roster');
  });

  test('an author who is not in the roster, or not any more', () => {
    expect(refusal({ author: 'z' })).toBe('author');
    expect(refusal({ author: 'd' }, 2)).toBe('author');
    expect(refusal({ author: 'd', changes: '-e', because: [2] }, 2)).toBe('author');
  });

  test.each(['+f', '*f', '-e', '-a', '<a', '>d', '>e', '-d-e', '-d+f', '-d>e', '-d+d'])(
    'from a member: %s',
    (changes) => {
      expect(refusal({ author: 'd', changes })).toBe('permission');
    },
  );

  test.each(['-a', '<a', '-a-b', '-a-d', '<a-d', '-d<a', '-a+f'])(
    'from an admin, against who stands before: %s',
    (changes) => {
      expect(refusal({ author: 'b', changes })).toBe('permission');
    },
  );

  test('from who was an admin', () => {
    expect(refusal({ author: 'c', changes: '-d' }, 4)).toBe('permission');
  });

  test.each(['>b', '<d', '-e>b', '>a'])('a change of role that changes nothing: %s', (changes) => {
    expect(refusal({ author: 'a', changes })).toBe('operation');
  });

  test('a member who comes in twice, or is there', () => {
    expect(refusal({ author: 'a', changes: '+f+f' })).toBe('member twice');
    expect(refusal({ author: 'a', changes: '+d' })).toBe('member twice');
  });

  test('somebody removed twice, removed and given a role, or at no position', () => {
    expect(refusal({ author: 'a', changes: '-d-d' })).toBe('operation');
    expect(refusal({ author: 'a', changes: '-d>d' })).toBe('operation');
    const { operation } = recordOf(tree.at(1), { author: 'a' });
    expect(refusalWith({ operation: { ...operation, removed: [5] } })).toBe('operation');
  });

  test('a newcomer whose key is none', () => {
    const { operation } = recordOf(tree.at(1), { author: 'a', changes: '+f' });
    const { pk } = personOf('f');
    for (const key of [new Uint8Array(32), keyWithTorsion(pk, smallOrderPoints[1] as typeof pk)]) {
      const added = operation.added.map((newcomer) => ({ ...newcomer, pk: key }));
      expect(refusalWith({ operation: { ...operation, added } })).toBe('key');
    }
  });

  test('the 257th member, and nobody at all', () => {
    const names = Array.from({ length: 257 }, (_, i) => String.fromCharCode(0x4e00 + i));
    const large = new Tree().found(1, `*${names.slice(0, 255).join('+')}`);
    const author = names[0] ?? '';
    large.act({ id: 2, parent: 1, author, changes: `+${names[255]}` });
    expect(large.at(2).roster).toHaveLength(256);
    expect(sizeRefusal(large, 2, author, `+${names[256]}`)).toBe('group size');
    expect(sizeRefusal(new Tree().found(1, '*a'), 1, 'a', '-a')).toBe('group size');
  });
});

/** There is no digest of a roster that is too large or empty: that of the parent has to do. */
function sizeRefusal(from: Tree, parent: number, author: string, changes: string): string {
  const operation = operationOf(from.at(parent).roster, changes);
  return refusalOf(() => from.take(9, parent, { ...recordOf(from.at(parent), { author }), operation }));
}

describe('nextGeneration() refuses a carry', () => {
  test.each<[string, Partial<Deed>]>([
    ['without a removal that it names', { because: [] }],
    ['that names what is not known', { because: [8] }],
    ['that names something unknown beside what it carries', { because: [2, 8] }],
    ['that names a carry', { because: [5] }],
    ['that names a carry beside the removal', { because: [2, 5] }],
    ['that names what removes nobody', { because: [1] }],
    ['of somebody whom what it names does not remove', { changes: '-c' }],
    ['of somebody more', { changes: '-d-c' }],
    ['of somebody whom what it names only demotes', { changes: '-c', because: [4] }],
    ['that removes nobody', { changes: '' }],
    ['that adds', { changes: '-d+f' }],
    ['that adds again at once', { changes: '-d+d' }],
    ['that promotes', { changes: '-d>e' }],
    ['that demotes', { changes: '-d<c' }],
    ['that demotes whom it should, too', { changes: '-d<c', because: [2, 4] }],
    ['that names the group', { name: 'Other' }],
  ])('%s', (_, deed) => {
    const valid = { author: 'e', changes: '-d', because: [2] };
    expect(refusal(valid)).toBe('no refusal');
    expect(refusal({ ...valid, ...deed })).toBe(deed.because?.length === 0 ? 'permission' : 'carry');
  });

  test('even of an admin who could do the same by itself', () => {
    expect(refusal({ author: 'a', changes: '-d+f', because: [2] })).toBe('carry');
  });

  test('of a later entry of the same person', () => {
    tree.act({ id: 6, parent: 2, author: 'a', changes: '+d' });
    expect(refusal({ author: 'e', changes: '-d', because: [2] }, 6)).toBe('carry');
    tree.act({ id: 7, parent: 6, author: 'c', changes: '-d' });
    tree.act({ id: 8, parent: 6, author: 'c', changes: '+f' });
    expect(refusal({ author: 'e', changes: '-d', because: [7] }, 8)).toBe('no refusal');
  });
});

/** The roster after a deed, admins in capitals. */
function rosterAfter(deed: Deed, parent = 1): string {
  const { roster } = tree.act({ id: 9, parent, ...deed });
  return roster.map((entry) => (entry.role === 'admin' ? namesOf([entry]).toUpperCase() : namesOf([entry]))).join('');
}

describe('nextGeneration() takes', () => {
  test.each(['a', 'c', 'e'])('from %s: a refresh, another name, leaving', (author) => {
    expect(rosterAfter({ author })).toBe('ABCde');
    expect(rosterAfter({ author, name: 'Other' })).toBe('ABCde');
    expect(tree.at(9).name).toBe('Other');
    expect(rosterAfter({ author, changes: `-${author}` })).toBe('ABCde'.replace(new RegExp(author, 'i'), ''));
  });

  test('stepping down, the last one and the founder too', () => {
    expect(rosterAfter({ author: 'c', changes: '<c' })).toBe('ABcde');
    expect(rosterAfter({ author: 'a', changes: '<a' })).toBe('aBCde');
    tree.found(6, '*a+b');
    expect(rosterAfter({ author: 'a', changes: '<a' }, 6)).toBe('ab');
  });

  test('from an admin: adding, promoting, demoting and removing whoever stands after it, and itself among them', () => {
    expect(rosterAfter({ author: 'b', changes: '+f*g' })).toBe('ABCdefG');
    expect(rosterAfter({ author: 'b', changes: '>e' })).toBe('ABCdE');
    expect(rosterAfter({ author: 'b', changes: '<c' })).toBe('ABcde');
    expect(rosterAfter({ author: 'b', changes: '-c-e>d+f', name: 'Other' })).toBe('ABDf');
    expect(rosterAfter({ author: 'b', changes: '-b-c' })).toBe('Ade');
    expect(rosterAfter({ author: 'b', changes: '<b+f' })).toBe('AbCdef');
    expect(rosterAfter({ author: 'b', changes: '-d+d' })).toBe('ABCed');
  });

  test('from an admin: promoting who stands before it', () => {
    const before = new Tree().found(1, '+a*b');
    before.act({ id: 2, parent: 1, author: 'b', changes: '>a' });
    expect(before.at(2).roster.map(({ role }) => role)).toEqual(['admin', 'admin']);
  });

  test('from a member: carrying out removals, of an own leave too, and fewer than are named', () => {
    expect(rosterAfter({ author: 'e', changes: '-d', because: [2] })).toBe('ABCe');
    expect(rosterAfter({ author: 'e', changes: '-d', because: [3] })).toBe('ABCe');
    expect(rosterAfter({ author: 'e', changes: '-d', because: [2, 3, 4] })).toBe('ABCe');
  });
});

describe('a generation', () => {
  test('marks newcomers with its id and leaves the others as they were', () => {
    tree.act({ id: 6, parent: 2, author: 'a', changes: '+d+f' });
    const joined = tree
      .at(6)
      .roster.map((entry) => new DataView(entry.joined?.buffer ?? new ArrayBuffer(32)).getUint32(28));
    expect(joined).toEqual([1, 1, 1, 1, 6, 6]);
  });

  test('counts the changes of the roster on its path', () => {
    tree.act({ id: 6, parent: 2, author: 'a', name: 'Other' });
    tree.act({ id: 7, parent: 6, author: 'a', changes: '>e' });
    expect([1, 2, 6, 7].map((id) => tree.at(id).changes)).toEqual([0, 1, 1, 2]);
    expect(tree.at(7).name).toBe('Other');
  });

  test('pathTo() and isOnPath() know its ancestors, and itself', () => {
    tree.act({ id: 6, parent: 2, author: 'a' });
    expect(pathTo(tree.at(6)).map(numberOf)).toEqual([1, 2, 6]);
    expect([1, 2, 3, 6].map((id) => isOnPath(tree.at(id), tree.at(6)))).toEqual([true, true, false, true]);
    expect(isOnPath(tree.at(6), tree.at(2))).toBe(false);
  });

  test('firstGeneration() refuses a roster that is not what the record says', () => {
    const { id, signed, record, roster } = tree.at(2);
    expect(refusalOf(() => firstGeneration(id, signed, record, roster, ''))).toBe('no refusal');
    expect(refusalOf(() => firstGeneration(id, signed, record, roster.slice(1), ''))).toBe('roster');
    expect(refusalOf(() => firstGeneration(id, signed, record, tree.at(1).roster, ''))).toBe('roster');
  });
});
