import { describe, expect, it } from 'vitest';
import { healingOf } from '../../../client/state/healing.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { Envelope } from '../../../client/wire/envelope.ts';
import { Circle } from '../../sim/circle.ts';
import { forgeNext } from '../../support/forge-next.ts';

const minute = 60;
const hour = 60 * minute;

const requests = (circle: Circle) => circle.post.counts.request;

/** `z` speaks to `a` in a generation that there is not. */
function mislead(circle: Circle, generation: Bytes = circle.random.bytes(16)): Bytes {
  const { bytes } = circle.random;
  const parts = { header: bytes(200), outer: bytes(80), inner: bytes(272) };
  const body = Envelope.encode({ type: 'message', generation, nonce: bytes(24), ...parts });
  circle.hand({ from: 'z', to: 'a', header: bytes(48), body });
  return generation;
}

/** `z` hands an agreement to `a` that nobody can open. */
async function bluff(circle: Circle): Promise<void> {
  const { client } = circle.phone('z');
  const exportSecret = { generation: circle.random.bytes(32), secret: circle.random.bytes(32) };
  const forgery = { access: (held: object) => ({ ...held, exportSecret }) } as const;
  circle.spread('z', await forgeNext(client, circle.lineage('z'), circle.tip('z'), forgery as never), 'a');
}

const tricks = [
  ['a message of a generation that there is not', async (circle: Circle) => void mislead(circle)],
  ['an agreement that does not open', bluff],
] as const;

/** `a`, `b` and `z`, who have talked. */
async function talked(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'Abz');
  for (const name of 'abz') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  return circle;
}

const isSent = (circle: Circle, from: number) =>
  circle.letters.slice(from).some((letter) => letter.type === 'message' && letter.from === 'a' && letter.to === 'b');

describe.each(tricks)('%s', (_, trick) => {
  it('makes a client hold back until its request to be let in has gone unanswered for an hour, and no longer', async () => {
    const circle = await talked('held back');
    await trick(circle);
    await circle.phone('a').settle();
    const before = circle.letters.length;
    await circle.say('a', 'held');
    await expect(circle.group('a').rename('Held')).rejects.toMatchObject({ code: 'behind' });
    // All others are away.
    await circle.pass(10 * minute - 1, 1, 'a');
    expect(requests(circle)).toBe(0);
    await circle.pass(1, 1, 'a');
    expect(requests(circle)).toBe(1);
    await circle.pass(hour - 1, 59, 'a');
    expect([requests(circle), isSent(circle, before)]).toEqual([1, false]);
    await circle.pass(1, 1, 'a');
    expect([requests(circle), isSent(circle, before)]).toEqual([2, true]);
    await circle.group('a').rename('Free');
    await circle.settle('ab');
    expect(circle.phone('b').shown).toContain('held');
    expect(circle.group('b').name).toBe('Free');
  });

  it('makes a client ask three times, and is forgotten then', async () => {
    const circle = await talked('forgotten');
    await trick(circle);
    const asked: number[] = [];
    await circle.phone('a').settle();
    for (let passed = 10; passed <= 3 * 24 * 60; passed += 10) {
      const before = requests(circle);
      await circle.pass(10 * minute, 1, 'a');
      if (requests(circle) > before) asked.push(passed);
    }
    expect(asked).toEqual([10, 70, 190]);
    expect(healingOf(circle.phone('a').client.state, circle.record('a').id)).toMatchObject({
      since: null,
      requests: 0,
      unopened: [],
    });
    const before = circle.letters.length;
    await circle.say('a', 'at once');
    expect(isSent(circle, before)).toBe(true);
  });

  it('is over as soon as somebody has let the client in', async () => {
    const circle = await talked('answered');
    await trick(circle);
    await circle.phone('a').settle();
    await circle.say('a', 'held');
    await circle.pass(11 * minute, 22, 'ab');
    expect(requests(circle)).toBe(1);
    expect(circle.phone('b').shown).toContain('held');
    await circle.pass(24 * hour, 24, 'ab');
    expect(requests(circle)).toBe(1);
    expect(circle.agreed('ab')).toBe('Abz');
  });
});

describe('a client that has stopped doubting', () => {
  it('does not listen to the same again, but to what is new', async () => {
    const circle = await talked('the same again');
    const generation = mislead(circle);
    await circle.phone('a').settle();
    await circle.pass(24 * hour, 144, 'a');
    expect(requests(circle)).toBe(3);
    mislead(circle, generation);
    await circle.pass(24 * hour, 144, 'a');
    expect(requests(circle)).toBe(3);
    mislead(circle);
    await circle.pass(20 * minute, 2, 'a');
    expect(requests(circle)).toBe(4);
  });
});
