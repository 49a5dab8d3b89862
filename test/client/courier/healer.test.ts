import { describe, expect, it } from 'vitest';
import { CliquetError } from '../../../client/wire/errors.ts';
import { Circle } from '../../sim/circle.ts';

const hour = 3600;
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
