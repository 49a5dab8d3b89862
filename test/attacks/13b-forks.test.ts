// 13b. Generations that compete: three ways at once, from a late admin, from somebody removed meanwhile, with ground ids. In
// every order of arrival everybody comes to the same group.

import { describe, expect, test } from 'vitest';
import type { Group } from '../../client/group.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { Circle, type Letter } from '../sim/circle.ts';
import type { Phone } from '../sim/phone.ts';
import { forgeNext } from '../support/forge-next.ts';
import { keyedWith } from '../support/next-group.ts';

type Acts = Readonly<Record<string, (group: Group) => Promise<void>>>;

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** What a phone holds to be the group. */
function viewOf(circle: Circle, { client }: Phone): string {
  const [group] = client.state.all(tables.groups);
  if (group === undefined) return 'nothing';
  const { status, generation, roster, pending, name } = group.value;
  const names = roster.map(({ hrid, role }) =>
    role === 'admin' ? circle.nameOf(hrid).toUpperCase() : circle.nameOf(hrid),
  );
  return `${bytesKey(generation).slice(0, 8)} ${names.join('')} ${name} ${status}${pending ? ' pending' : ''}`;
}

/** What somebody comes to in each order in which letters may come; and that it is refused nothing. */
async function viewsOf(circle: Circle, name: string, orders: readonly (readonly Letter[])[]): Promise<string[]> {
  const copy = circle.phone(name).copy();
  const views = new Set<string>();
  for (const order of orders) {
    const phone = await circle.phone(name).from(copy);
    await circle.read(phone, order);
    expect(phone.client.state.all(tables.events).filter(({ value }) => value.type === 'refused')).toEqual([]);
    views.add(viewOf(circle, phone));
  }
  return [...views];
}

/** Everything comes to everybody, shuffled, and time goes by; then they talk. @returns who is in it */
async function settled(circle: Circle, letters: readonly Letter[], names: string): Promise<string> {
  const shuffled = letters
    .map((letter) => ({ letter, at: circle.random.below(1_000_000) }))
    .sort((x, y) => x.at - y.at);
  for (const { letter } of shuffled) circle.hand(letter);
  // Whoever was added on a branch that does not count asks to be let in after ten minutes.
  await circle.pass(600, 6);
  await circle.pass(3600, 4);
  for (const name of names) await circle.say(name, `says ${name}`);
  await circle.pass(1200, 3);
  for (const name of names) {
    const heard = circle
      .phone(name)
      .shown.filter((text) => text.startsWith('says'))
      .sort();
    expect(heard).toEqual(
      [...names]
        .filter((other) => other !== name)
        .sort()
        .map((other) => `says ${other}`),
    );
  }
  return circle.agreed(names);
}

describe('three admins at once, seen by a member in every order', () => {
  const other = (circle: Circle, name: string) => circle.phone(name).hrid;
  const forks: readonly [string, (circle: Circle) => Acts, string, string][] = [
    [
      'a removal, an addition, a name',
      (circle) => ({
        a: (group) => group.remove(other(circle, 'e')),
        b: (group) => group.add([circle.phone('f').invite]),
        c: (group) => group.rename('Third'),
      }),
      'abcdf',
      'ABCdf',
    ],
    [
      'each removes another below',
      (circle) => ({
        a: (group) => group.remove(other(circle, 'b')),
        b: (group) => group.remove(other(circle, 'c')),
        c: (group) => group.remove(other(circle, 'e')),
      }),
      'ad',
      'ACd',
    ],
    [
      'a demotion of one who removes',
      (circle) => ({
        a: (group) => group.demote(other(circle, 'c')),
        b: (group) => group.promote(other(circle, 'd')),
        c: (group) => group.remove(other(circle, 'e')),
      }),
      'abcd',
      'ABcDe',
    ],
    [
      'the same newcomer twice, and another',
      (circle) => ({
        a: (group) => group.add([circle.phone('f').invite]),
        b: (group) => group.add([circle.phone('f').invite]),
        c: (group) => group.add([circle.phone('g').invite]),
      }),
      'abcdefg',
      'ABCdefg',
    ],
    [
      'one leaves, is demoted, and a name',
      (circle) => ({
        b: (group) => group.leave(),
        a: (group) => group.demote(other(circle, 'b')),
        c: (group) => group.rename('Third'),
      }),
      'acde',
      'ACde',
    ],
    [
      'a chain of one who is removed, and a removal',
      (circle) => ({
        b: async (group) => {
          await group.add([circle.phone('f').invite]);
          await group.rename('Second');
        },
        a: (group) => group.remove(other(circle, 'b')),
        c: (group) => group.remove(other(circle, 'e')),
      }),
      'acd',
      'ACd',
    ],
  ];

  test.each(forks)('%s', async (what, acts, names, roster) => {
    const circle = await Circle.found(`three ways ${what}`, 'ABCde', 'fg');
    const letters = await circle.apart(acts(circle));
    const toD = letters.filter(({ to }) => to === 'd');
    expect(toD.length).toBeGreaterThanOrEqual(3);
    expect(await viewsOf(circle, 'd', permutations(toD))).toHaveLength(1);
    expect(await settled(circle, letters, names)).toBe(roster);
  });
});

describe('ids that were ground', () => {
  test('between two of one author the smaller counts, whichever comes first', async () => {
    const circle = await Circle.found('ground twice', 'AZcd');
    const z = circle.phone('z').client;
    const forged = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        forgeNext(z, circle.lineage('z'), circle.tip('z'), { operation: { name: `N${n}` } }),
      ),
    );
    const letters = forged.map(({ headers, body }): Letter => {
      const header = headers.get(circle.phone('d').hrid) as Bytes;
      return { from: 'z', to: 'd', type: 'agreement', header, body };
    });
    const orders = [letters, letters.toReversed(), [...letters.slice(4), ...letters.slice(0, 4)]];
    const smallest = forged.map(({ generation }) => bytesKey(generation.id)).sort(compareAsBytes)[0] ?? '';
    const [view, ...others] = await viewsOf(circle, 'd', orders);
    expect(others).toEqual([]);
    expect(view?.slice(0, 8)).toBe(smallest.slice(0, 8));
  });

  test('against another author they are worth nothing: who stands before counts', async () => {
    const circle = await Circle.found('ground against', 'AZcd');
    const z = circle.phone('z').client;
    const byA = await circle.apart({ a: (group) => group.rename('by a') });
    const honest = byA.find(({ to }) => to === 'd') as Letter;
    for (let n = 0; n < 16; n++) {
      const forged = await forgeNext(z, circle.lineage('z'), circle.tip('z'), { operation: { name: 'by z' } });
      const header = forged.headers.get(circle.phone('d').hrid) as Bytes;
      const letter: Letter = { from: 'z', to: 'd', type: 'agreement', header, body: forged.body };
      const views = await viewsOf(circle, 'd', permutations([honest, letter]));
      expect(views.map((view) => view.split(' ')[2])).toEqual(['by']);
      expect(views[0]).toContain('by a');
    }
  });

  const compareAsBytes = (x: string, y: string) =>
    Buffer.compare(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
});

describe('what begins long ago', () => {
  test('an admin who was away for 40 generations removes somebody: it is carried out, and undoes nothing', async () => {
    const circle = await Circle.found('late admin', 'ABCde', 'fg');
    circle.withholds = ({ to }) => to === 'c';
    for (let n = 0; n < 38; n++)
      await circle
        .group(n % 2 === 0 ? 'a' : 'b')
        .rename(`Name ${n}`)
        .then(() => circle.settle('abde'));
    await circle.group('b').add([circle.phone('f').invite]);
    await circle.settle('abdef');
    await circle.group('a').demote(circle.phone('b').hrid);
    await circle.settle('abdef');
    const kept = circle.letters.filter(({ to }) => to === 'c');
    const letters = await circle.apart({ c: (group) => group.remove(circle.phone('e').hrid) });
    circle.withholds = () => false;
    expect(await settled(circle, [...kept, ...letters], 'abcdf')).toBe('AbCdf');
    expect(circle.group('d').name).toBe('Name 37');
    expect(circle.record('e').status).toBe('removed');
    // Newcomers can check what was carried out, though it began before all that they would be told of otherwise.
    await circle.group('a').add([circle.phone('g').invite]);
    await circle.settle();
    expect(circle.agreed('abcdfg')).toBe('AbCdfg');
  });

  test('everybody’s packages have expired: a removal is sealed with leaf and X alone, and everybody contributes at once', async () => {
    const circle = await Circle.found('expired', 'Abcz');
    for (const name of 'abcz') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    circle.post.now += 91 * 24 * 3600;
    const before = circle.letters.length;
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.phone('a').work();
    const agreements = circle.letters.slice(before).filter(({ type }) => type === 'agreement');
    expect(agreements.map(({ to, header }) => `${to}: ${keyedWith(header)}`)).toEqual(['b: leaf X', 'c: leaf X']);
    await circle.settle();
    expect(circle.agreed('abc')).toBe('Abc');
    const contributors = circle.letters.slice(before).filter(({ type, to }) => type === 'message' && to === 'a');
    expect(contributors.map(({ from }) => from).sort()).toEqual(['b', 'c']);
    await circle.say('b', 'after');
    await circle.settle();
    expect(circle.phone('c').shown).toContain('after');
    expect(circle.phone('z').shown).not.toContain('after');
  });
});
