// 8. Who was removed keeps sending, opens generations on old parents, adds itself again, removes its remover at the same
// time, grinds ids, builds long chains, and hands all that to some only. It is out, for everybody, in whatever order.

import { describe, expect, test } from 'vitest';
import type { Generation } from '../../client/protocol/lineage.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import { Circle } from '../sim/circle.ts';
import { type ForgedNext, forgeNext, type NextForgery } from '../support/forge-next.ts';

/** `z` was removed by `a`, and has not heard of it: it still has all that it had. */
async function removed(seed: string, members: string, isWithheld: Circle['withholds'] = () => false): Promise<Circle> {
  const circle = await Circle.found(seed, members, 'f');
  for (const name of members.toLowerCase()) await circle.say(name, `hello from ${name}`);
  await circle.settle();
  circle.withholds = (letter) => isWithheld(letter) || (letter.to === 'z' && letter.type === 'notice');
  await circle.group('a').remove(circle.phone('z').hrid);
  await circle.phone('a').work();
  return circle;
}

const positionIn = (circle: Circle, { roster }: Generation, name: string) =>
  roster.findIndex(({ hrid }) => bytesKey(hrid) === circle.phone(name).hrid);

const entryOf = (circle: Circle, name: string) => {
  const { identity, hrid } = circle.phone(name).client.self;
  return { hrid, pk: identity.pk };
};

/** A generation by `z` on some parent, out of what it still has. */
const byZ = (circle: Circle, parent: Generation, forgery: NextForgery): Promise<ForgedNext> =>
  forgeNext(circle.phone('z').client, circle.lineage('z'), parent, forgery);

/** Everybody who is left agrees who is in the group, can talk, and `z` reads none of it. */
async function expectOut(circle: Circle, roster: string): Promise<void> {
  const rest = roster.toLowerCase();
  await circle.pass(120, 4, rest);
  expect(circle.agreed(rest)).toBe(roster);
  for (const name of rest) await circle.say(name, `after, by ${name}`);
  await circle.pass(60, 2, circle.names);
  for (const name of rest) {
    const heard = circle
      .phone(name)
      .shown.filter((text) => text.startsWith('after'))
      .sort();
    expect(heard).toEqual(
      [...rest]
        .filter((each) => each !== name)
        .sort()
        .map((each) => `after, by ${each}`),
    );
  }
  expect(circle.phone('z').shown.filter((text) => text.startsWith('after'))).toEqual([]);
  for (const name of rest) expect(circle.phone(name).shown.filter((text) => text.startsWith('by z'))).toEqual([]);
}

describe('the removed member keeps sending in the old generation', () => {
  test('nothing is shown, it is told as refused, and the sender learns that it is removed', async () => {
    const circle = await removed('keeps sending', 'Abcz');
    await circle.settle('bc');
    circle.withholds = () => false;
    await circle.say('z', 'by z: one');
    await circle.say('z', 'by z: two');
    await circle.settle();
    for (const name of 'abc') {
      expect(circle.told(name).filter((each) => each.startsWith('refused'))).toEqual(
        Array(2).fill('refused message-refused'),
      );
    }
    expect(circle.record('z').status).toBe('removed');
    expect(circle.told('z').at(-1)).toBe('removed');
    await expectOut(circle, 'Abc');
  });

  test('what comes before the removal is known is shown, what comes after it is not', async () => {
    const circle = await removed('race', 'Abcz', ({ type, to }) => type === 'agreement' && to === 'c');
    await circle.phone('b').settle();
    await circle.say('z', 'in time for c');
    await circle.settle('bc');
    circle.hand(circle.letter('agreement', 'a', 'c'));
    await circle.settle('c');
    await circle.say('z', 'by z: too late');
    await circle.settle('abc');
    expect(circle.phone('c').shown).toContain('in time for c');
    for (const name of 'ab') expect(circle.phone(name).shown).not.toContain('in time for c');
    await expectOut(circle, 'Abc');
  });
});

describe('the removed member opens generations on old parents', () => {
  /** What an admin may do as long as it is one, and what it may not. */
  const ways: readonly [string, (circle: Circle, parent: Generation) => Promise<NextForgery>][] = [
    ['with nothing new', async () => ({})],
    ['under another name', async () => ({ operation: { name: 'Ours' } })],
    [
      'that add a friend',
      async (circle) => ({
        operation: { added: [{ ...entryOf(circle, 'f'), role: 'admin' }] },
        packages: await circle.claim('z', 'f'),
      }),
    ],
    [
      'that remove those below it',
      async (circle, parent) => ({ operation: { removed: [positionIn(circle, parent, 'c')] } }),
    ],
    [
      'that remove its remover',
      async (circle, parent) => ({ operation: { removed: [positionIn(circle, parent, 'a')] } }),
    ],
    [
      'that demote its remover',
      async (circle, parent) => ({
        operation: { roles: [{ position: positionIn(circle, parent, 'a'), role: 'member' }] },
      }),
    ],
  ];

  describe.each(ways)('%s', (what, way) => {
    test.each(['before', 'after'])('that come %s the removal', async (when) => {
      const circle = await removed(`${what} ${when}`, 'AZbc');
      const parent = circle.tip('z');
      const forged = await byZ(circle, parent, await way(circle, parent));
      if (when === 'after') await circle.settle('abc');
      circle.spread('z', forged, 'abcf');
      if (when === 'before') await circle.phone('a').settle();
      await circle.settle('bc');
      if (forged.ratchet !== null) await circle.saySecretly('z', forged.ratchet, 'by z, in its own generation');
      await expectOut(circle, 'Abc');
    });
  });

  test.each(['before', 'after'])(
    'and the friend whom it adds speaks there, the removal being known %s',
    async (when) => {
      const circle = await removed(`friend speaks ${when}`, 'AZbc');
      const operation = { added: [{ ...entryOf(circle, 'f'), role: 'admin' as const }] };
      const forged = await byZ(circle, circle.tip('z'), { operation, packages: await circle.claim('z', 'f') });
      if (when === 'before') await circle.settle('abc');
      circle.spread('z', forged, 'abcf');
      await circle.settle('f');
      await circle.say('f', 'by z’s friend');
      await circle.settle('abc');
      for (const name of 'abc') expect(circle.phone(name).shown).not.toContain('by z’s friend');
      await expectOut(circle, 'Abc');
    },
  );

  test('in a chain of 12, each on the one before, and says something in each', async () => {
    const circle = await removed('chain', 'AZbc');
    let parent = circle.tip('z');
    const lineage = new Map(circle.lineage('z'));
    const add = { added: [{ ...entryOf(circle, 'f'), role: 'member' as const }] };
    const packages = await circle.claim('z', 'f');
    for (let n = 0; n < 12; n++) {
      const forgery = n % 3 === 2 ? { operation: { name: `Ours ${n}` } } : n === 0 ? { operation: add, packages } : {};
      const forged = await forgeNext(circle.phone('z').client, lineage, parent, forgery);
      parent = forged.generation;
      lineage.set(bytesKey(parent.id), parent);
      circle.spread('z', forged, 'abc');
      if (forged.ratchet !== null) await circle.saySecretly('z', forged.ratchet, `by z: ${n}`, 'abc');
    }
    await circle.settle('c');
    await expectOut(circle, 'Abc');
  });

  test('with ground ids: the smallest and the largest of 24', async () => {
    const circle = await removed('ground', 'AZbc');
    const parent = circle.tip('z');
    const forged = await Promise.all(
      Array.from({ length: 24 }, () =>
        byZ(circle, parent, { operation: { removed: [positionIn(circle, parent, 'c')] } }),
      ),
    );
    const byId = forged.sort((x, y) => (bytesKey(x.generation.id) < bytesKey(y.generation.id) ? -1 : 1));
    for (const each of [byId[0], byId[23]]) if (each) circle.spread('z', each, 'bc');
    await circle.settle('bc');
    await expectOut(circle, 'Abc');
  });

  test('and hands them to one member only, from whom the relay keeps the removal', async () => {
    const circle = await removed('selective', 'AZbc', ({ to, from }) => to === 'b' && from === 'a');
    const operation = { added: [{ ...entryOf(circle, 'f'), role: 'member' as const }] };
    const forged = await byZ(circle, circle.tip('z'), { operation, packages: await circle.claim('z', 'f') });
    circle.spread('z', forged, 'b');
    await circle.settle('b');
    expect(circle.roster('b')).toBe('AZbcf');
    circle.withholds = ({ type, to }) => to === 'z' && type === 'notice';
    await circle.settle('abc');
    circle.hand(circle.letter('agreement', 'a', 'b'));
    await expectOut(circle, 'Abc');
  });
});

describe('the removed member adds itself again', () => {
  test('on the very generation that removes it: nobody opens it, and it is refused', async () => {
    const circle = await removed('adds itself', 'AZbc');
    await circle.settle('abc');
    const tip = circle.tip('a');
    const z = circle.phone('z').client;
    const forged = await forgeNext(z, circle.lineage('a'), tip, {
      operation: { added: [{ ...entryOf(circle, 'z'), role: 'admin' }] },
    });
    circle.spread('z', forged, 'abc');
    await circle.settle('abc');
    for (const name of 'abc') expect(circle.told(name).at(-1)).toBe('refused agreement-invalid');
    await expectOut(circle, 'Abc');
  });

  test('added in a branch that does not count, it is told so once it changes something, whatever was carried out meanwhile', async () => {
    const circle = await Circle.found('carried meanwhile', 'ABcd', 'z');
    const { hrid } = circle.phone('d');
    const letters = await circle.apart({
      a: async (group) => {
        for (const change of ['promote', 'demote', 'promote'] as const) await group[change](hrid);
      },
      b: async (group) => {
        await group.add([circle.phone('z').invite]);
        await group.leave();
      },
    });
    for (const letter of letters) circle.hand(letter);
    await circle.pass(120, 4);
    expect(circle.agreed('acd')).toBe('AcD');
    expect(circle.roster('z')).toContain('z');
    await circle.group('z').rename('Is anybody there?');
    await circle.pass(120, 4);
    expect(circle.record('z').status).toBe('removed');
  });

  test('with a friend among the members, who may not add it, and whose generations on its branch do not count', async () => {
    const circle = await removed('friend inside', 'AZbc');
    const parent = circle.tip('z');
    const own = await byZ(circle, parent, { operation: { name: 'Ours' } });
    const c = circle.phone('c').client;
    const onBranch = await forgeNext(
      c,
      new Map(circle.lineage('z')).set(bytesKey(own.generation.id), own.generation),
      own.generation,
    );
    await circle.settle('abc');
    const onTip = await forgeNext(c, circle.lineage('c'), circle.tip('c'), {
      operation: { added: [{ ...entryOf(circle, 'z'), role: 'member' }] },
      packages: await circle.claim('c', 'z'),
    });
    circle.spread('z', own, 'ab');
    circle.spread('c', onBranch, 'ab');
    circle.spread('c', onTip, 'abz');
    await circle.settle('ab');
    expect(circle.told('b')).toContain('refused agreement-invalid');
    await expectOut(circle, 'Abc');
  });
});

describe('two who strike at each other at the same time', () => {
  const orders = ['upper first', 'lower first'] as const;

  test.each(orders)('an admin removes another, who removes a third meanwhile: %s', async (order) => {
    const circle = await Circle.found(`strikes ${order}`, 'AZCd');
    circle.withholds = ({ type, to }) => to === 'z' && type === 'notice';
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.group('z').remove(circle.phone('c').hrid);
    for (const name of order === 'upper first' ? 'az' : 'za') await circle.phone(name).work();
    if (order === 'upper first') return await expectOut(circle, 'ACd');
    // Who was removed is back by itself when that removal turns out to be void.
    await circle.pass(120, 4, 'acd');
    await expectOut(circle, 'ACd');
    const told = circle.phone('c').events.map(({ type }) => type);
    expect(told.filter((type) => type === 'removed' || type === 'returned')).toEqual(['removed', 'returned']);
    // Nobody has let it in.
    const back = circle.phone('c').events.find(({ type }) => type === 'returned');
    expect(back).toMatchObject({ by: null, whole: true });
  });

  test.each(orders)('one leaves while it is removed: %s', async (order) => {
    const circle = await Circle.found(`leaves ${order}`, 'Abz');
    const [first, second] = order === 'upper first' ? ['a', 'z'] : ['z', 'a'];
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.group('z').leave();
    await circle.phone(first).work();
    await circle.phone(second).work();
    await circle.settle();
    await expectOut(circle, 'Ab');
    expect(loadRatchet(circle.phone('z').client.state, circle.record('z').generation)).toBeUndefined();
  });
});
