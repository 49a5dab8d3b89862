// What a member checks of an agreement that goes on from a generation that it is in, and what its header takes to open.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Access, OpenedGeneration } from '../../../client/protocol/opening.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { AgreementHeader } from '../../../client/wire/envelope.ts';
import { at, refusal } from '../../support/chat.ts';
import { accept, type Founding, foundTestGroup, type Known, type Person } from '../../support/group.ts';
import {
  fourWhoTalked,
  keyedWith,
  leafOf,
  type NextPlan,
  nextTestGroup,
  openNext,
  talkInTestGroup,
} from '../../support/next-group.ts';
import { seededRandom } from '../../support/random.ts';
import { rejectionOf } from '../../support/struct.ts';

const random = seededRandom('accept later');
let group: Founding;
beforeAll(async () => {
  group = await fourWhoTalked(random);
});
const know = (position: number): Known => ({ ratchets: [at(group.ratchets, position)], lineage: group.lineage });

describe('a header of a later agreement', () => {
  type Without = (access: Access) => Access;
  const withoutPackage: Without = (access) => ({ ...access, package: null });
  const withoutX: Without = (access) => ({ ...access, exportSecret: null });
  const withoutLeaf: Without = (access) => ({ ...access, leaf: null });
  const only =
    (position: number, change: Without): NonNullable<NextPlan['access']> =>
    (access, to) =>
      to === at(group.people, position) ? change(access) : access;
  const acceptAs = (opened: OpenedGeneration, position: number, known: Known = know(position)) =>
    accept(at(group.people, position), at(group.people, 0).hrid, at(opened.headers, position), opened.body, known);

  test('without a package opens too, and its member contributes at once; with a one-time package it need not', async () => {
    const opened = await openNext(random, group, 0, { access: only(2, withoutPackage) });
    expect(opened.headers.map(keyedWith)).toEqual(['', 'package leaf X', 'leaf X', 'package leaf X']);
    expect((await acceptAs(opened, 2)).ratchet.owesContribution).toBe(true);
    expect((await acceptAs(opened, 1)).ratchet.owesContribution).toBe(false);
  });

  test('to a last-resort package makes its member contribute at once', async () => {
    const opened = await openNext(random, group, 0);
    const { keyPackage } = at(group.people, 1);
    const holdings = { package: () => ({ ...keyPackage, kind: 'last-resort' as const }) };
    expect((await acceptAs(opened, 1, { ...know(1), holdings })).ratchet.owesContribution).toBe(true);
  });

  test('says which of its keys are gone', async () => {
    const opened = await openNext(random, group, 0);
    const gone = (holdings: NonNullable<Known['holdings']>) =>
      refusal(() => acceptAs(opened, 1, { ...know(1), holdings }));
    expect(await gone({ package: () => null })).toBe('package-gone');
    expect(await gone({ leaf: () => null })).toBe('keys-gone');
    expect(await gone({ exportSecret: () => null })).toBe('keys-gone');
    // What cannot be had at all is said first: no package would help.
    expect(await gone({ package: () => null, leaf: () => null })).toBe('keys-gone');
  });

  test('is not opened by a stolen package, an old leaf, a broken curve or an old X alone', async () => {
    const opened = await openNext(random, group, 0);
    const { keyPackage } = at(group.people, 1);
    const wrong = random.bytes(32);
    const stolen = async (holdings: NonNullable<Known['holdings']>) =>
      refusal(() => acceptAs(opened, 1, { ...know(1), holdings }));
    const leaf = leafOf(at(group.ratchets, 1), 1).key;
    // Each has all but one of the three, and a guess in its place.
    expect(await stolen({ leaf: () => ({ key: leaf, secret: wrong }) })).toBe('agreement-invalid');
    expect(await stolen({ exportSecret: () => wrong })).toBe('agreement-invalid');
    expect(await stolen({ package: () => ({ ...keyPackage, kemSeed: wrong }) })).toBe('agreement-invalid');
    // As it was before it last said something: the leaf of the generation's beginning.
    const [first] = at(at(group.ratchets, 1).members, 1).contributions;
    expect(first?.leaf).not.toEqual(leaf);
    expect(await stolen({ leaf: () => ({ key: leaf, secret: first?.leafSecret ?? wrong }) })).toBe('agreement-invalid');
    expect(await stolen({})).toBe('accepted');
  });

  test('cannot be taken from one combination of keys to another', async () => {
    const opened = await openNext(random, group, 0);
    const header = AgreementHeader.decode(at(opened.headers, 1));
    const { people, lineage } = group;
    for (const change of [
      { exportGeneration: null },
      { package: null, kemCiphertext: null },
      { leaf: null },
    ] satisfies Partial<AgreementHeader>[]) {
      const changed = AgreementHeader.encode({ ...header, ...change });
      const known = { ratchets: [at(group.ratchets, 1)], lineage };
      const code = await refusal(() => accept(at(people, 1), at(people, 0).hrid, changed, opened.body, known));
      expect(code).toBe('agreement-invalid');
    }
  });

  test('to a member known by neither a package nor a leaf cannot be made', async () => {
    const neither: Without = (access) => withoutPackage(withoutLeaf(access));
    const { code } = await rejectionOf(openNext(random, group, 0, { access: only(1, neither) }));
    expect(code).toBe('no-key-package');
  });

  test('without X is opened here and told apart: whether that will do is for who knows the group to say', async () => {
    const opened = await openNext(random, group, 0, { access: only(1, withoutX) });
    expect((await acceptAs(opened, 1)).opened.header.exportGeneration).toBeNull();
  });
});

describe('acceptAgreement() of a later generation', () => {
  const refusalOf = async (opened: OpenedGeneration, position: number, known = know(position)) => {
    const [author, own] = [at(group.people, 0), at(group.people, position)];
    const { message } = await rejectionOf(accept(own, author.hrid, at(opened.headers, position), opened.body, known));
    return /\(([^()]*)\)$/.exec(message)?.[1] ?? message;
  };
  /** An author that takes other leaves for a member than it knows. */
  const withLeaf = (position: number, leaf: Access['leaf']): NextPlan => ({
    access: (access, to) => (to === at(group.people, position) ? { ...access, leaf } : access),
  });
  const originOf = (position: number) => leafOf(at(group.ratchets, 0), position).origin;

  test('refuses for another member a leaf that is not the one known by its origin', async () => {
    const key = at(group.people, 3).keyPackage.leaf;
    const opened = await openNext(random, group, 0, withLeaf(2, { key, origin: originOf(2) }));
    expect(await refusalOf(opened, 1)).toBe('leaf');
    expect(await refusalOf(opened, 3)).toBe('leaf');
    // Whoever does not know the origin cannot say.
    expect(await refusalOf(opened, 1, { ...know(1), knownLeaf: () => null })).toBe('');
  });

  test('refuses for itself a leaf that it does not hold under that origin', async () => {
    const key = at(group.people, 3).keyPackage.leaf;
    const opened = await openNext(random, group, 0, withLeaf(1, { key, origin: originOf(1) }));
    expect(await refusalOf(opened, 1)).toBe('header');
    const elsewhere = { ...originOf(1), from: 9 };
    const missing = await openNext(
      random,
      group,
      0,
      withLeaf(1, { ...leafOf(at(group.ratchets, 0), 1), origin: elsewhere }),
    );
    expect(
      await rejectionOf(
        accept(at(group.people, 1), at(group.people, 0).hrid, at(missing.headers, 1), missing.body, know(1)),
      ),
    ).toMatchObject({ code: 'keys-gone' });
  });

  test('refuses a member who starts with a package, unless it is told that it has come back', async () => {
    const opened = await openNext(random, group, 0, withLeaf(2, null));
    expect(await refusalOf(opened, 1)).toBe('leaf origin');
    expect(await refusalOf(opened, 2)).toBe('leaf origin');
  });

  test('takes a member who has come back, with X of what it still had or with nothing', async () => {
    for (const held of [null, { generation: group.generation.id, vector: [1, 1, 1, 1] }]) {
      const back = at(group.people, 2);
      const next = await nextTestGroup(random, group, 0, {
        returned: [{ position: 2, held }],
        access: (access, to) =>
          to === back ? { ...access, leaf: null, exportSecret: held && access.exportSecret } : access,
      });
      expect(keyedWith(at(next.headers, 2))).toBe(held === null ? 'package' : 'package X');
      expect(next.ratchets.map(({ owesContribution }) => owesContribution)).toEqual([false, false, true, false]);
      expect(at(at(next.ratchets, 1).members, 2).firstLeaf).toEqual({ type: 'package', id: back.keyPackage.id });
      const { ratchets } = await talkInTestGroup(random, next);
      for (const { members } of ratchets) expect(members.map(({ opened }) => opened)).toEqual([1, 1, 1, 1]);
    }
  });

  test('refuses that somebody comes back who starts with an earlier leaf, twice, or beside another change', async () => {
    const back = at(group.people, 2);
    const access: NonNullable<NextPlan['access']> = (known, to) => (to === back ? { ...known, leaf: null } : known);
    const returned = [{ position: 2, held: null }];
    expect(await refusalOf(await openNext(random, group, 0, { returned }), 1)).toBe('leaf origin');
    const twice = await openNext(random, group, 0, { access, returned: [...returned, ...returned] });
    expect(await refusalOf(twice, 1)).toBe('returned');
    const changed = { access, returned, operation: { name: 'Other' } };
    expect(await refusalOf(await openNext(random, group, 0, changed), 1)).toBe('returned');
  });

  test('refuses what links to nothing that is known, from another author, or without this client', async () => {
    const opened = await openNext(random, group, 0);
    const [author, own, third] = group.people as [Person, Person, Person];
    const give = (from: Bytes, known: Known) => accept(own, from, at(opened.headers, 1), opened.body, known);
    expect((await give(author.hrid, { ...know(1), lineage: new Map() })).lineage.size).toBe(3);
    const other = await foundTestGroup(seededRandom('another'), 2);
    const unlinked = await rejectionOf(give(author.hrid, { ...know(1), lineage: other.lineage }));
    expect(unlinked.message).toContain('history');
    expect((await rejectionOf(give(third.hrid, know(1)))).message).toContain('author');
    const removed = await openNext(random, group, 0, { operation: { removed: [3] } });
    const wrongHeader = accept(at(group.people, 3), author.hrid, at(removed.headers, 1), removed.body, know(3));
    expect(await rejectionOf(wrongHeader)).toMatchObject({ code: expect.stringMatching(/gone|invalid/) });
  });
});
