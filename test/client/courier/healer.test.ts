import { describe, expect, it } from 'vitest';
import { currentVector } from '../../../client/protocol/ratchet.ts';
import { loadRatchet } from '../../../client/state/ratchets.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { Circle } from '../../sim/circle.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** In how many seconds each wakes next. */
const waitsOf = (circle: Circle, names: string) =>
  Object.fromEntries([...names].map((name) => [name, circle.phone(name).delays.next - circle.post.now]));

function expectNobodyLate(circle: Circle, names: string): void {
  for (const [name, seconds] of Object.entries(waitsOf(circle, names))) expect(seconds, name).toBeGreaterThan(0);
}

/** A group in which two have removed one each at the same time, so that everybody waits to carry it out. */
async function pending(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'ABcdef');
  await circle.apart({
    a: (group) => group.remove(circle.phone('e').hrid),
    b: (group) => group.remove(circle.phone('f').hrid),
  });
  for (const [from, to] of ['ab', 'ba', 'ac', 'bc', 'ad', 'bd']) {
    circle.hand(circle.letter('agreement', from as string, to as string));
  }
  return circle;
}

describe('heal()', () => {
  it('leaves no wait in the past, whatever has become of what was waited for', async () => {
    const circle = await pending('waits');
    for (const name of 'abcd') {
      await circle.phone(name).settle();
      expect(circle.record(name).pending).toBe(true);
    }
    await circle.pass(40, 8, 'abcd');
    expect(circle.agreed('abcd')).toBe('ABcd');
    expectNobodyLate(circle, 'abcd');
    await circle.pass(hour, 1, 'abcd');
    expectNobodyLate(circle, 'abcd');
    // Keys are renewed, by one of them.
    const { agreement } = circle.post.counts;
    await circle.pass(9 * day, 72, 'abcd');
    expect(circle.post.counts.agreement - agreement).toBe(1);
    expectNobodyLate(circle, 'abcd');
  });

  it('knows when it is to ask again as soon as it has asked', async () => {
    const circle = await Circle.found('ask again', 'Abc');
    circle.withholds = () => true;
    const fresh = await circle.phone('c').restored();
    await circle.replace('c', fresh);
    await fresh.work();
    expect(circle.post.counts.request).toBe(1);
    expect(fresh.delays.next).toBe(circle.post.now + hour);
  });

  it('tries again half a minute after each failure', async () => {
    const circle = await Circle.found('failures', 'Abc');
    const fresh = await circle.phone('c').restored();
    await circle.replace('c', fresh);
    let claims = 0;
    const { relay } = fresh.client;
    Object.assign(relay, {
      claimKeyPackages: async () => {
        claims++;
        throw new CliquetError('unreachable');
      },
    });
    for (let n = 1; n <= 4; n++) {
      await fresh.work();
      expect(claims).toBe(n);
      expect(fresh.delays.next).toBe(circle.post.now + 30);
      circle.post.now += 30;
    }
  });
});

describe('after the clocks were a year ahead', () => {
  const year = 366 * day;

  async function talked(seed: string): Promise<Circle> {
    const circle = await Circle.found(seed, 'Abc');
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    return circle;
  }

  it('asks to be let in again', async () => {
    const circle = await Circle.found('ahead, lost', 'Abc');
    const fresh = await circle.phone('c').restored();
    circle.post.now += year;
    circle.withholds = () => true;
    await circle.replace('c', fresh);
    for (let n = 0; n < 8; n++) await circle.pass(day, 1, 'c');
    const { request } = circle.post.counts;
    circle.post.now -= year;
    circle.withholds = () => false;
    await circle.pass(0);
    expect(circle.post.counts.request).toBe(request + 1);
    await circle.group('a').readmit(fresh.hrid);
    await circle.pass(hour, 12);
    expect(circle.told('c')).toContain('returned');
  });

  it('gets what is missing', async () => {
    const circle = await talked('ahead, missing');
    circle.post.now += year;
    circle.withholds = ({ to }) => to === 'c';
    await circle.say('a', 'lost');
    await circle.settle('ab');
    circle.withholds = ({ from, to }) => from === 'a' && to === 'c';
    await circle.say('b', 'waits');
    await circle.pass(900, 3);
    expect(circle.phone('c').shown).not.toContain('waits');
    circle.post.now -= year;
    circle.withholds = () => false;
    await circle.pass(3 * hour, 12);
    expect(circle.phone('c').shown).toEqual(expect.arrayContaining(['lost', 'waits']));
  });

  it('notices that the others have gone on', async () => {
    const circle = await talked('ahead, behind');
    circle.post.now += year;
    circle.withholds = ({ to, type }) => to === 'c' && type === 'agreement';
    await circle.group('a').rename('Second');
    await circle.settle();
    await circle.say('b', 'in the second one');
    await circle.settle();
    circle.post.now -= year;
    circle.withholds = () => false;
    await circle.pass(2 * hour, 12);
    expect(circle.agreed('abc')).toBe('Abc');
    expect(circle.phone('c').shown).toContain('in the second one');
  });
});

describe('new keys', () => {
  /** Who opens a generation while so many seconds go by in steps, and how long after their beginning. */
  async function openers(circle: Circle, seconds: number, step: number, names: string): Promise<[string, number][]> {
    const found: [string, number][] = [];
    for (let passed = 0; passed < seconds; passed += step) {
      const before = circle.letters.length;
      await circle.pass(step, 1, names);
      const letters = circle.letters.slice(before).filter(({ type }) => type === 'agreement');
      for (const name of new Set(letters.map(({ from }) => from))) found.push([name, passed + step]);
    }
    return found;
  }

  const agreements = (circle: Circle) => circle.post.counts.agreement;

  it('are due after seven days: the first in the roster brings them, within two minutes, and nobody else', async () => {
    const circle = await Circle.found('refresh', 'Abcd');
    const { generation } = circle.record('a');
    await circle.pass(7 * day - 10, 1);
    expect(agreements(circle)).toBe(1);
    const [first, ...others] = await openers(circle, 20 * minute, 10, 'abcd');
    expect(first?.[0]).toBe('a');
    expect(first?.[1]).toBeLessThanOrEqual(10 + 2 * minute);
    expect(others).toEqual([]);
    expect(circle.agreed('abcd')).toBe('Abcd');
    expect(circle.tip('d').parent?.id).toEqual(generation);
    // Fresh for another seven days, for everybody.
    expect(await openers(circle, 7 * day - hour, hour, 'abcd')).toEqual([]);
    expect((await openers(circle, 2 * hour, hour, 'abcd')).map(([name]) => name)).toEqual(['a']);
  });

  it.each([
    ['bcd', 'b', 2],
    ['cd', 'c', 4],
    ['d', 'd', 6],
  ])('are brought by the first who is there: of %s, %s, from %i minutes on', async (there, name, minutes) => {
    const circle = await Circle.found('turns', 'Abcd');
    await circle.pass(7 * day, 1, there);
    const found = await openers(circle, 20 * minute, 10, there);
    expect(found.map(([opener]) => opener)).toEqual([name]);
    expect(found[0]?.[1]).toBeGreaterThan(minutes * minute);
    expect(found[0]?.[1]).toBeLessThanOrEqual((minutes + 2) * minute + 10);
    // Who was away has nothing left to do.
    await circle.settle();
    expect(circle.agreed('abcd')).toBe('Abcd');
    expect(await openers(circle, hour, minute, 'abcd')).toEqual([]);
  });

  it('come with any other generation too', async () => {
    const circle = await Circle.found('renamed', 'Abc');
    await circle.pass(4 * day, 1);
    await circle.group('b').rename('Fresh');
    await circle.phone('b').work();
    await circle.settle();
    expect(await openers(circle, 7 * day - hour, hour, 'abc')).toEqual([]);
    expect((await openers(circle, 2 * hour, hour, 'abc')).map(([name]) => name)).toEqual(['a']);
  });

  it('are due after 500 messages that were opened and sent', async () => {
    const circle = await Circle.found('many messages', 'Ab');
    await circle.pass(minute, 2);
    const count = () => {
      const ratchet = loadRatchet(circle.phone('a').client.state, circle.record('a').generation);
      return ratchet ? currentVector(ratchet).reduce((sum, each) => sum + each, 0) : 0;
    };
    for (let n = count(); n < 499; n++) await circle.group('a').send(`${n}`);
    await circle.phone('a').work();
    expect(count()).toBe(499);
    expect(await openers(circle, 10 * minute, minute, 'a')).toEqual([]);
    await circle.say('a', 'the last one');
    expect(count()).toBe(500);
    expect(await openers(circle, 2 * minute, 10, 'a')).toEqual([['a', expect.any(Number)]]);
    expect(await openers(circle, day, hour, 'ab')).toEqual([]);
  }, 120_000);
});
