// 13b. What members send by themselves is bounded by what people say: in a large group nothing sets off a storm, and what a
// stranger sends sets off nothing at all.

import { describe, expect, test } from 'vitest';
import { createGroup } from '../../client/courier/founding.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import { Circle } from '../sim/circle.ts';

describe('a group of 32', () => {
  const names = 'abcdefghijklmnopqrstuvwxyz012345';

  async function large(seed: string): Promise<{ circle: Circle; sent: () => number }> {
    const circle = await Circle.found(seed, `A${names.slice(1)}`);
    await circle.pass(60);
    const before = circle.post.counts.message;
    return { circle, sent: () => circle.post.counts.message - before };
  }

  test('where all talk: next to nothing is sent beside what is said', async () => {
    const { circle, sent } = await large('all talk');
    for (let round = 0; round < 2; round++) {
      for (const name of names) await circle.say(name, `${name} in round ${round}`);
      await circle.pass(600);
    }
    expect(circle.phone('a').shown).toHaveLength(2 * 31);
    expect(sent() / 64).toBeLessThanOrEqual(1.1);
    // After a day everybody has read something since; then it is quiet.
    await circle.pass(2 * 24 * 3600, 4);
    const total = sent();
    expect(total).toBeLessThanOrEqual(64 + 32);
    await circle.pass(3 * 24 * 3600, 3);
    expect(sent()).toBe(total);
  }, 240_000);

  test('where one talks: at most one message of the others for each of its own', async () => {
    const { circle, sent } = await large('one talks');
    for (let n = 0; n < 140; n++) {
      await circle.say('a', `number ${n}`);
      if (n % 20 === 19) await circle.pass(60);
    }
    await circle.pass(600, 2);
    expect(circle.phone('b').shown).toHaveLength(140);
    expect(sent()).toBeGreaterThan(140 + 20);
    expect(sent() / 140).toBeLessThanOrEqual(2);
  }, 240_000);
});

describe('a stranger’s agreement', () => {
  test('makes nobody send anything, whatever it says in the group and for however long', async () => {
    const circle = await Circle.meet('stranger', 'abcde');
    const stranger = await circle.visit('s');
    const invites = [...'abcde'].map((name) => decodeInvite(circle.phone(name).invite));
    await createGroup(stranger.client, invites, 'Come in', { type: 'all' });
    await circle.settle();
    for (let n = 0; n < 30; n++) await circle.say('s', `offer ${n}`);
    await circle.group('s').rename('Come in now');
    await circle.pass(40 * 24 * 3600, 10);
    for (const name of 'abcde') {
      expect(circle.record(name).status).toBe('invited');
      expect(circle.phone(name).shown).toEqual([]);
    }
    expect(circle.letters.filter(({ from }) => from !== 's')).toEqual([]);
  });
});
