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
