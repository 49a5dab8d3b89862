// 6. The relay withholds and reorders what belongs to several generations, at every position. Whatever has come, nobody is
// shown anything twice or wrongly; once all has come everybody is at the same generation and has everything; and what never
// comes is healed or told.

import { describe, expect, test } from 'vitest';
import { Circle, type Letter } from '../sim/circle.ts';
import { forEachSeed, seedsFor } from '../support/seeds.ts';

/** What `a` and `b` do while nothing reaches `c`: three generations, and a word of each in each. */
async function meanwhile(seed: string): Promise<{ circle: Circle; kept: readonly Letter[] }> {
  const circle = await Circle.found(seed, 'Abc');
  for (const name of 'abc') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  const before = circle.letters.length;
  circle.withholds = ({ to }) => to === 'c';
  for (const [who, name] of [
    ['a', 'One'],
    ['b', 'Two'],
  ] as const) {
    await circle.group(who).rename(name);
    await circle.settle('ab');
    for (const each of 'ab') await circle.say(each, `${each} in ${name}`);
    await circle.settle('ab');
  }
  circle.withholds = () => false;
  return { circle, kept: circle.letters.slice(before).filter(({ to }) => to === 'c') };
}

const texts = ['a in One', 'a in Two', 'b in One', 'b in Two'];
const saidTo = (circle: Circle) => circle.phone('c').shown.filter((text) => !text.startsWith('hello'));

describe('between two generations', () => {
  test('each one withheld, and handed out after all others', async () => {
    const { kept } = await meanwhile('positions');
    expect(kept.filter(({ type }) => type === 'agreement')).toHaveLength(2);
    for (const [position] of kept.entries()) {
      const again = await meanwhile('positions');
      for (const letter of again.kept.toSpliced(position, 1)) again.circle.hand(letter);
      await again.circle.phone('c').takeIn(Number.POSITIVE_INFINITY);
      again.circle.hand(again.kept[position] as Letter);
      await again.circle.settle();
      expect(again.circle.agreed('abc')).toBe('Abc');
      expect(saidTo(again.circle).sort()).toEqual(texts);
      expect(again.circle.told('c').filter((type) => type !== 'changed' && type !== 'refused keys-gone')).toEqual([]);
    }
  });

  test('each one withheld for ever: it is asked for, or said again, or told', async () => {
    const { kept } = await meanwhile('for ever');
    for (const [position, { type }] of kept.entries()) {
      const { circle, kept: letters } = await meanwhile('for ever');
      for (const letter of letters.toSpliced(position, 1)) circle.hand(letter);
      await circle.pass(4 * 3600, 16);
      await circle.say('a', 'and now');
      await circle.pass(4 * 3600, 16);
      // A generation that was followed stays open for a month for what is still to come.
      await circle.pass(33 * 24 * 3600, 4);
      expect(circle.agreed('abc')).toBe('Abc');
      expect(saidTo(circle)).toContain('and now');
      const missing = texts.filter((text) => !saidTo(circle).includes(text));
      const told = circle
        .phone('c')
        .events.reduce((sum, event) => sum + (event.type === 'missed' ? event.count : 0), 0);
      expect(new Set(saidTo(circle)).size).toBe(saidTo(circle).length);
      expect(`${type} ${position}: ${missing.length - told} untold`).toBe(`${type} ${position}: 0 untold`);
    }
  }, 120_000);

  test('the last word before the group moves on, and nobody says anything more: it comes all the same', async () => {
    const circle = await Circle.found('last word', 'Abcd');
    for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    circle.withholds = ({ to }) => to === 'c';
    await circle.say('b', 'the last word');
    circle.withholds = () => false;
    await circle.settle();
    await circle.group('a').rename('Next');
    await circle.settle();
    const before = circle.post.counts.message;
    await circle.pass(2 * 24 * 3600, 24);
    expect(saidTo(circle)).toEqual(['the last word']);
    // Whoever has heard it says so once, and then it is quiet.
    const quiet = circle.post.counts.message;
    expect(quiet - before).toBeLessThanOrEqual(6);
    await circle.pass(3 * 24 * 3600, 24);
    expect(circle.post.counts.message).toBe(quiet);
  });

  test('the last word before the group moves on, which nobody has got: its author speaks of it within a day', async () => {
    const circle = await Circle.found('unheard', 'Abcd');
    for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
    // New keys are about to come, after which nobody owes a word for them.
    await circle.pass(7 * 24 * 3600 - 600, 6);
    circle.withholds = () => true;
    await circle.say('b', 'the last word');
    circle.withholds = () => false;
    const { generation } = circle.record('c');
    await circle.pass(1200, 4);
    expect(circle.tip('c').parent?.id).toEqual(generation);
    await circle.pass(2 * 24 * 3600, 24);
    for (const name of 'acd') expect(circle.phone(name).shown).toContain('the last word');
    // Everybody says once that it has come, and then it is quiet.
    await circle.pass(2 * 24 * 3600, 24);
    const quiet = circle.post.counts.message;
    await circle.pass(2 * 24 * 3600, 24);
    expect(circle.post.counts.message).toBe(quiet);
  });

  test('the agreement of a generation that was soon followed, and all that was said there: it is said again', async () => {
    const circle = await Circle.found('never held', 'Abcd');
    for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    circle.withholds = ({ to }) => to === 'c';
    await circle.group('a').rename('One');
    await circle.settle('abd');
    for (const name of 'bd') await circle.say(name, `${name} in One`);
    await circle.settle('abd');
    circle.withholds = () => false;
    await circle.group('a').rename('Two');
    await circle.settle();
    expect(circle.agreed('abcd')).toBe('Abcd');
    await circle.say('a', 'in Two');
    await circle.pass(2 * 24 * 3600, 48);
    expect(circle.agreed('abcd')).toBe('Abcd');
    expect(saidTo(circle).sort()).toEqual(['b in One', 'd in One', 'in Two']);
    expect(circle.told('c').filter((type) => type !== 'changed')).toEqual(['returned']);
    // Once is enough.
    const requests = circle.post.counts.request;
    for (const name of 'abcd') await circle.say(name, `later, from ${name}`);
    await circle.pass(2 * 24 * 3600, 48);
    expect(circle.post.counts.request).toBe(requests);
  });

  test('in any order, some of it twice', async () => {
    await forEachSeed(seedsFor(8, 200), async (random, seed) => {
      const { circle, kept } = await meanwhile(`order ${seed}`);
      const doubled = [...kept, ...kept.filter(() => random.chance(0.3))];
      const order = doubled.map((letter) => ({ letter, at: random.below(1_000_000) })).sort((x, y) => x.at - y.at);
      for (const { letter } of order) {
        circle.hand(letter);
        await circle.phone('c').takeIn(1);
      }
      await circle.settle();
      expect(circle.agreed('abc')).toBe('Abc');
      expect(saidTo(circle).sort()).toEqual(texts);
      await circle.say('c', 'I have it all');
      await circle.settle();
      expect(circle.phone('a').shown).toContain('I have it all');
    });
  }, 600_000);
});
