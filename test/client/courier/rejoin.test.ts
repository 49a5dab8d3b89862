import { describe, expect, it } from 'vitest';
import { healingOf } from '../../../client/state/healing.ts';
import { Circle } from '../../sim/circle.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const requests = (circle: Circle) => circle.post.counts.request;
const agreements = (circle: Circle) => circle.post.counts.agreement;

/** After how many hours somebody asks whom nobody answers: all others are away. */
async function askedAt(circle: Circle, name: string, hours: number): Promise<number[]> {
  const asked: number[] = [];
  for (let passed = 0; passed <= hours; passed++) {
    const before = requests(circle);
    await (passed === 0 ? circle.phone(name).settle() : circle.pass(hour, 1, name));
    for (let n = before; n < requests(circle); n++) asked.push(passed);
  }
  return asked;
}

/** Somebody's store is replaced by a copy from before it has said something. */
async function rollBack(circle: Circle, name: string): Promise<void> {
  await circle.phone(name).settle();
  const older = circle.phone(name).copy();
  await circle.say(name, `said by the newer store of ${name}, ${circle.letters.length}`);
  await circle.replace(name, await circle.phone(name).from(older));
}

describe('askToRejoin()', () => {
  it('is due at once, after an hour, after two more, four, and so on up to a day, for as long as nobody answers', async () => {
    const circle = await Circle.found('back-off', 'Abc');
    await circle.replace('c', await circle.phone('c').restored());
    expect(await askedAt(circle, 'c', 110)).toEqual([0, 1, 3, 7, 15, 31, 55, 79, 103]);
  });

  it('is not due any more once the client is let in, which then is as if it had never asked', async () => {
    const circle = await Circle.found('let in', 'Abc');
    await rollBack(circle, 'c');
    expect(await askedAt(circle, 'c', 8)).toEqual([0, 1, 3, 7]);
    await circle.pass(2 * minute, 4);
    expect(circle.told('c')).toEqual(['rolled-back', 'changed', 'returned']);
    expect(healingOf(circle.phone('c').client.state, circle.record('c').id)).toMatchObject({
      since: null,
      requests: 0,
    });
    const before = requests(circle);
    await circle.pass(3 * day, 72);
    expect(requests(circle)).toBe(before);
    await rollBack(circle, 'c');
    expect(await askedAt(circle, 'c', 8)).toEqual([0, 1, 3, 7]);
  });

  it('of who has nothing of before ends when a person has agreed', async () => {
    const circle = await Circle.found('agreed', 'Abc');
    await circle.replace('c', await circle.phone('c').restored());
    expect(await askedAt(circle, 'c', 4)).toEqual([0, 1, 3]);
    await circle.pass(10 * minute, 10);
    expect(circle.group('c').status).toBe('lost');
    await circle.group('b').readmit(circle.phone('c').hrid);
    await circle.pass(minute);
    expect(circle.agreed('abc')).toBe('Abc');
    const before = requests(circle);
    await circle.pass(3 * day, 72);
    expect(requests(circle)).toBe(before);
  });
});

describe('letIn() as a last resort', () => {
  it('is for when all have older stores: 45 minutes after they have asked, the first in the roster lets the others in', async () => {
    const circle = await Circle.found('all rolled back', 'Abc');
    for (const name of 'abc') await circle.say(name, `before, by ${name}`);
    await circle.settle();
    const copies = [...'abc'].map((name) => ({ name, copy: circle.phone(name).copy() }));
    for (const name of 'abc') await circle.say(name, `lost, by ${name}`);
    await circle.settle();
    for (const { name, copy } of copies) await circle.replace(name, await circle.phone(name).from(copy));
    const before = agreements(circle);
    const letters = circle.letters.length;
    await circle.settle();
    expect(requests(circle)).toBe(3);
    await circle.pass(44 * minute, 44);
    expect(agreements(circle)).toBe(before);
    // The first in the roster before the others; who is let in then does the same for it.
    for (let n = 0; n < 10 && agreements(circle) === before; n++) await circle.pass(10);
    const [first] = circle.letters.slice(letters).filter(({ type }) => type === 'agreement');
    expect(first?.from).toBe('a');
    await circle.pass(10 * minute, 20);
    expect(circle.agreed('abc')).toBe('Abc');
    const done = agreements(circle);
    await circle.pass(day, 24);
    expect(agreements(circle)).toBe(done);
    for (const name of 'abc') await circle.say(name, `again, by ${name}`);
    await circle.settle();
    for (const name of 'abc') {
      const others = [...'abc'].filter((each) => each !== name).map((each) => `again, by ${each}`);
      expect(circle.phone(name).shown).toEqual(expect.arrayContaining(others));
    }
  });

  it('is not needed if somebody is where the others are, and answers in its turn', async () => {
    const circle = await Circle.found('one is sound', 'Abc');
    await rollBack(circle, 'a');
    await rollBack(circle, 'b');
    const before = agreements(circle);
    await circle.settle();
    await circle.pass(2 * minute, 12);
    expect(agreements(circle)).toBe(before + 1);
    expect(circle.letter('agreement', 'c', 'a')).toBeDefined();
    await circle.pass(3 * hour, 36);
    expect(agreements(circle)).toBe(before + 1);
    expect(circle.agreed('abc')).toBe('Abc');
  });

  it('is taken before those who are where the others are have answered only if they do not come', async () => {
    const circle = await Circle.found('sound, and away', 'Abc');
    await rollBack(circle, 'a');
    await rollBack(circle, 'b');
    const letters = circle.letters.length;
    const openers = () => circle.letters.slice(letters).filter(({ type }) => type === 'agreement');
    await circle.settle('ab');
    await circle.pass(44 * minute, 44, 'ab');
    expect(openers()).toEqual([]);
    await circle.pass(2 * hour, 120, 'ab');
    expect(openers()[0]?.from).toBe('a');
    await circle.pass(hour, 60);
    expect(circle.agreed('abc')).toBe('Abc');
    await circle.say('c', 'welcome');
    await circle.settle();
    for (const name of 'ab') expect(circle.phone(name).shown).toContain('welcome');
  });

  it('is not for who has lost the group, however long nobody answers', async () => {
    const circle = await Circle.found('all lost', 'Abc');
    for (const name of 'abc') await circle.replace(name, await circle.phone(name).restored());
    const before = agreements(circle);
    await circle.settle();
    await circle.pass(2 * day, 48);
    expect(agreements(circle)).toBe(before);
    for (const name of 'abc') expect(circle.group(name).status).toBe('lost');
  });
});

describe('a member who was let in with nothing of before', () => {
  it('speaks at once, also if somebody who has not heard of it yet says something', async () => {
    const circle = await Circle.found('let in, and heard', 'Abc');
    const late = await circle.apart({ b: async (group) => void (await group.send('late')) });
    await circle.replace('c', await circle.phone('c').restored());
    await circle.settle('ac');
    await circle.group('a').readmit(circle.phone('c').hrid);
    await circle.settle('ac');
    for (const letter of late) circle.hand(letter);
    await circle.settle('ac');
    await circle.say('c', 'here again');
    expect(circle.group('c').unsent).toBe(0);
    await circle.settle();
    for (const name of 'ab') expect(circle.phone(name).shown).toContain('here again');
    expect(circle.phone('a').shown).toContain('late');
    const before = [requests(circle), agreements(circle)];
    await circle.pass(day, 144);
    expect([requests(circle), agreements(circle)]).toEqual(before);
  });

  it('finds out that it alone was told: the others go on in the generation before, and let it in once more', async () => {
    const circle = await Circle.found('let in alone', 'Abcd');
    await circle.replace('c', await circle.phone('c').restored());
    await circle.settle();
    // Who has let it in is gone with that, and nobody else hears of it, nor of what it says.
    circle.withholds = ({ from, to }) => from === 'a' || (from === 'c' && to !== 'a');
    const [letter] = (await circle.apart({ a: (group) => group.readmit(circle.phone('c').hrid) })).filter(
      ({ to, type }) => to === 'c' && type === 'agreement',
    );
    if (letter === undefined) throw new RangeError('a has not let c in');
    circle.hand(letter);
    await circle.pass(11 * minute, 22, 'bcd');
    expect(circle.group('c').status).toBe('active');
    await circle.say('b', 'between us');
    await circle.settle('bcd');
    await circle.say('c', 'does anybody hear me?');
    expect(circle.group('c').unsent).toBe(1);
    circle.withholds = ({ from, to }) => from === 'a' || to === 'a';
    await circle.pass(2 * hour, 120, 'bcd');
    expect(circle.group('b').requests).toEqual([circle.phone('c').hrid]);
    await circle.group('b').readmit(circle.phone('c').hrid);
    // Both generations compete until one of them is built on.
    await circle.pass(2 * hour, 120, 'bcd');
    expect(circle.agreed('bcd')).toBe('Abcd');
    for (const name of 'bd') expect(circle.phone(name).shown).toContain('does anybody hear me?');
  });
});
