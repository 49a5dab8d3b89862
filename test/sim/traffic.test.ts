// How much a group sends that nobody has said: readers contribute, newcomers do at once, and nothing begets anything.

import { describe, expect, test } from 'vitest';
import { createGroup } from '../../client/courier/founding.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import { startOfTime } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';
import { Choir } from './choir.ts';
import { Phone } from './phone.ts';
import { Post } from './post.ts';

const day = 24 * 3600;

const perContent = ({ counts: { contents, empty } }: Choir) => (contents + empty) / contents;

/** Past vitest, which keeps to itself what a test that passes has to say. */
function print(of: string, choir: Choir): void {
  const { contents, empty } = choir.counts;
  process.stdout.write(
    `${of}: ${contents} contents, ${empty} empty messages, ${perContent(choir).toFixed(2)} messages per content\n`,
  );
}

describe('messages for each one that says something', () => {
  test.each([
    [32, 300],
    [256, 1130],
  ])(
    'one talks, %i are in the group: at most two in all',
    async (size, contents) => {
      const choir = await Choir.start(seededRandom(`talker ${size}`), size, false);
      for (let n = 0; n < contents; n++) {
        await choir.say(0);
        choir.now += 10;
      }
      print(`one talks of ${size}`, choir);
      expect(choir.counts.empty).toBeGreaterThanOrEqual(size - 1);
      expect(perContent(choir)).toBeLessThanOrEqual(2);
    },
    300_000,
  );

  test('all of 32 talk: hardly anybody has anything else to send', async () => {
    const random = seededRandom('all talk');
    const choir = await Choir.start(random, 32, false);
    for (let n = 0; n < 320; n++) {
      await choir.say(random.below(32));
      choir.now += 10;
    }
    print('all of 32 talk', choir);
    expect(perContent(choir)).toBeLessThanOrEqual(1.05);
  }, 120_000);

  test('one word in a long silence: every reader answers it once, within a day or so, and nothing follows', async () => {
    const choir = await Choir.start(seededRandom('silence'), 32, false);
    await choir.say(0);
    await choir.pass(0.9 * day, 1800);
    expect(choir.counts.empty).toBe(0);
    await choir.pass(0.3 * day, 1800);
    expect(choir.counts.empty).toBe(31);
    await choir.pass(30 * day, 6 * 3600);
    print('one word among 32', choir);
    expect(choir.counts).toMatchObject({ contents: 1, empty: 31 });
  }, 120_000);

  test('31 newcomers contribute once, and nothing follows', async () => {
    const choir = await Choir.start(seededRandom('newcomers'), 32, true);
    await choir.pass(60, 1);
    expect(choir.counts).toMatchObject({ contents: 0, empty: 31, full: 31 });
    await choir.pass(30 * day, 6 * 3600);
    expect(choir.counts.empty).toBe(31);
  }, 120_000);
});

describe('a stranger’s agreement', () => {
  test('makes nobody send anything, whatever is said there', async () => {
    const random = seededRandom('stranger');
    const post = new Post(startOfTime, () => 'arrives');
    const [stranger, ...others] = (await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => Phone.register(name, post, random)),
    )) as [Phone, ...Phone[]];
    await createGroup(
      stranger.client,
      others.map(({ invite }) => decodeInvite(invite)),
      'Strangers',
    );
    await stranger.work();
    for (let n = 0; n < 40; n++) {
      await stranger.group?.send(`word ${n}`);
      await stranger.work();
      for (const phone of others) await phone.settle();
      post.now += 3600;
    }
    for (let days = 0; days < 10; days++) {
      for (const phone of others) await phone.settle();
      post.now += day;
    }
    expect(others.map(({ group }) => group?.status)).toEqual(['invited', 'invited', 'invited']);
    const senders = new Set(post.recorded.map(({ from }) => String(from)));
    expect([...senders]).toEqual([String(stranger.client.self.hrid)]);
    expect(post.counts).toMatchObject({ agreement: 1, message: 40 });
    for (const phone of [stranger, ...others]) phone.delays.stop();
  }, 60_000);
});
