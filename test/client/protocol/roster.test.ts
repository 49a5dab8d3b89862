import { beforeAll, describe, expect, test } from 'vitest';
import { identityPublicKey } from '../../../client/crypto/curves-noble.ts';
import {
  applyOperation,
  changedRoster,
  type Roster,
  rosterDigest,
  withJoined,
} from '../../../client/protocol/roster.ts';
import type { Operation } from '../../../client/wire/record.ts';
import { nothing } from '../../support/group.ts';
import { keyWithTorsion, nonCanonicalPoints, smallOrderPoints } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('roster');
const newcomer = (role: 'admin' | 'member' = 'member') => ({
  hrid: random.bytes(32),
  pk: identityPublicKey(random.bytes(32)),
  role,
});
const founders = [newcomer('admin'), newcomer(), newcomer(), newcomer()] as const;
const joined = random.bytes(32);
let parent: Roster = [];

/** The detail of the refusal. */
async function refusalOf(from: Roster, operation: Operation): Promise<string> {
  const { code, message } = await rejectionOf(Promise.resolve().then(() => applyOperation(from, operation)));
  expect(code).toBe('agreement-invalid');
  return /\(([^()]*)\)$/.exec(message)?.[1] ?? message;
}

beforeAll(() => {
  parent = withJoined(applyOperation([], { ...nothing, added: founders }), joined);
});

describe('applyOperation()', () => {
  test('founds a roster in the order of the operation', () => {
    expect(parent).toEqual(founders.map((founder) => ({ ...founder, joined })));
  });

  test('does nothing if the operation does nothing', () => {
    expect(applyOperation(parent, nothing)).toEqual(parent);
  });

  test('removes, keeps the order, and adds at the end', () => {
    const added = newcomer();
    const roster = applyOperation(parent, {
      ...nothing,
      removed: [1, 0],
      roles: [{ position: 3, role: 'admin' }],
      added: [added],
    });
    expect(roster).toEqual([
      { ...founders[2], joined },
      { ...founders[3], joined, role: 'admin' },
      { ...added, joined: null },
    ]);
  });

  test('a member who was removed may come back in the same act, as a newcomer', () => {
    const { hrid, pk } = founders[1];
    const roster = applyOperation(parent, { ...nothing, removed: [1], added: [{ hrid, pk, role: 'member' }] });
    expect(roster.at(-1)).toEqual({ hrid, pk, role: 'member', joined: null });
  });

  test.each([
    ['a position that does not exist', { removed: [4] }],
    ['a position twice', { removed: [1, 1] }],
    ['a role for a position that does not exist', { roles: [{ position: 4, role: 'admin' as const }] }],
    ['two roles for one position', { roles: [1, 1].map((position) => ({ position, role: 'admin' as const })) }],
    ['a role for who is removed', { removed: [1], roles: [{ position: 1, role: 'admin' as const }] }],
  ])('refuses %s', async (_, change) => {
    expect(await refusalOf(parent, { ...nothing, ...change })).toBe('operation');
  });

  test('refuses a member or a key that stands twice', async () => {
    const added = newcomer();
    for (const twice of [
      [added, added],
      [added, { ...newcomer(), hrid: added.hrid }],
      [added, { ...newcomer(), pk: added.pk }],
      [{ ...newcomer(), hrid: founders[2].hrid }],
      [{ ...newcomer(), pk: founders[2].pk }],
    ]) {
      expect(await refusalOf(parent, { ...nothing, added: twice })).toBe('member twice');
    }
  });

  test('leaves one member, who may be alone from then on', () => {
    expect(applyOperation(parent, { ...nothing, removed: [0, 1, 2] })).toEqual([{ ...founders[3], joined }]);
  });

  test('refuses fewer than 1 and more than 256 members', async () => {
    expect(await refusalOf([], nothing)).toBe('group size');
    expect(await refusalOf(parent, { ...nothing, removed: [0, 1, 2, 3] })).toBe('group size');
    const many = Array.from({ length: 257 }, () => ({
      hrid: random.bytes(32),
      pk: random.bytes(32),
      joined,
      role: 'member' as const,
    }));
    expect(await refusalOf(many, nothing)).toBe('group size');
    expect(applyOperation(many, { ...nothing, removed: [7] })).toHaveLength(256);
  });

  test.each([...smallOrderPoints, ...nonCanonicalPoints].map((pk) => [toHex(pk), pk] as const))(
    'refuses the key %s',
    async (_, pk) => {
      expect(await refusalOf(parent, { ...nothing, added: [{ ...newcomer(), pk }] })).toBe('key');
    },
  );

  test('refuses a key with a torsion part', async () => {
    for (const torsion of smallOrderPoints.slice(1)) {
      const added = newcomer();
      expect(
        await refusalOf(parent, { ...nothing, added: [{ ...added, pk: keyWithTorsion(added.pk, torsion) }] }),
      ).toBe('key');
    }
  });
});

describe('changedRoster()', () => {
  test('makes the same of an operation that was checked before', () => {
    const { hrid, pk } = founders[1];
    for (const operation of [
      nothing,
      { ...nothing, removed: [1], added: [{ hrid, pk, role: 'member' as const }] },
      { ...nothing, removed: [0, 2], roles: [{ position: 3, role: 'admin' as const }], added: [newcomer()], name: 'x' },
    ]) {
      expect(changedRoster(parent, operation)).toEqual(applyOperation(parent, operation));
    }
  });
});

describe('rosterDigest() and withJoined()', () => {
  test('the digest is the same before the newcomers have joined and after', () => {
    const roster = applyOperation(parent, { ...nothing, removed: [1], added: [newcomer()] });
    const id = random.bytes(32);
    expect(rosterDigest(withJoined(roster, id), id)).toEqual(rosterDigest(roster));
    expect(rosterDigest(withJoined(roster, id))).not.toEqual(rosterDigest(roster));
    expect(rosterDigest(withJoined(roster, id), random.bytes(32))).not.toEqual(rosterDigest(roster));
  });

  test('the digest changes with every field and with the order', () => {
    const [first, second, ...rest] = parent as [Roster[number], Roster[number], ...Roster[number][]];
    const rosters = [
      parent,
      parent.slice(0, -1),
      [second, first, ...rest],
      [{ ...first, hrid: random.bytes(32) }, second, ...rest],
      [{ ...first, pk: random.bytes(32) }, second, ...rest],
      [{ ...first, joined: null }, second, ...rest],
      [{ ...first, joined: random.bytes(32) }, second, ...rest],
      [{ ...first, role: 'member' as const }, second, ...rest],
    ];
    expect(new Set(rosters.map((roster) => toHex(rosterDigest(roster)))).size).toBe(rosters.length);
  });

  test('withJoined() marks newcomers only', () => {
    const added = newcomer();
    const later = random.bytes(32);
    const roster = withJoined(applyOperation(parent, { ...nothing, added: [added] }), later);
    expect(roster.map((entry) => toHex(entry.joined ?? added.hrid))).toEqual([
      ...Array(4).fill(toHex(joined)),
      toHex(later),
    ]);
  });
});
