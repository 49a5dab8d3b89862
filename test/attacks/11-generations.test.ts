// 11, across generations. Whole clients are copied, at any time; the attacker holds everything that went over the relay.
// Nothing they had opened or sent before opens; nothing opens that carries or covers a contribution that each of them made
// since: also under new generations, opened by whoever has seen it.

import { describe, expect, test } from 'vitest';
import { dropEndedPackages } from '../../client/courier/key-packages.ts';
import { Company } from '../sim/company.ts';
import type { Phone } from '../sim/phone.ts';
import { copyInRandomCircle, copyOf, examine, newTally, weights } from '../sim/theft.ts';
import { seededRandom } from '../support/random.ts';
import { forEachSeed, seedsFor, slow } from '../support/seeds.ts';

describe('a generation that has reached a client through its last-resort package', () => {
  const day = 24 * 3600;

  /** Three; all say something, then the first opens a second generation within an hour, and they talk there. */
  async function reached(seed: string) {
    const company = await Company.start(seededRandom(seed), 3, weights, { agreements: 0, packages: 0 }, () => {});
    const [author, victim, third] = company.all as [Phone, Phone, Phone];
    await company.calm(4, 60);
    for (const name of ['One', 'Two']) {
      await author.group?.rename(name);
      await company.work(author);
    }
    await company.takeIn(victim, Number.POSITIVE_INFINITY);
    await company.say(author);
    await company.takeIn(victim, Number.POSITIVE_INFINITY);
    return { company, author, victim, third };
  }

  /** What opens of what the victim had opened before its copy. */
  async function openedOf(company: Company, victim: Phone): Promise<[begun: number, exposed: number]> {
    const tally = newTally();
    const copy = copyOf(company, victim);
    company.stop();
    await examine(company, [copy], tally);
    expect(tally.messages.past + tally.messages.begun).toBeGreaterThan(0);
    return [tally.opened.begun, tally.opened.exposed];
  }

  test('opens, and what was said there before the victim has contributed', async () => {
    const { company, victim } = await reached('last resort');
    expect(await openedOf(company, victim)).toEqual([1, 0]);
  });

  test('is closed once everybody has covered what the victim has contributed there', async () => {
    const { company, author, third, victim } = await reached('contributed');
    await company.calm(2, 60);
    for (const phone of [author, third]) await company.say(phone);
    await company.calm(3, 600);
    expect(await openedOf(company, victim)).toEqual([0, 0]);
  });

  test('is closed once the package is gone, 48 hours after it was replaced', async () => {
    const { company, victim } = await reached('two days');
    company.post.now += 2 * day - 60;
    await victim.client.state.transact((tx) => dropEndedPackages(tx, company.post.now));
    expect((await openedOf(company, victim))[0]).toBe(1);
    company.post.now += 120;
    await victim.client.state.transact((tx) => dropEndedPackages(tx, company.post.now));
    expect(await openedOf(company, victim)).toEqual([0, 0]);
  });
});

describe('clients copied at random times in random schedules with many generations', () => {
  test.each([
    ['one victim', 1, 8, 400],
    ['two victims', 2, 6, 400],
    ['three victims', 3, 5, 400],
  ])(
    '%s: what opens is what the rules say, and nothing that is promised closed',
    async (_, victims, few, many) => {
      const tally = newTally();
      const seeds = seedsFor(few, many);
      await forEachSeed(seeds, (random) => copyInRandomCircle(random, victims, tally));
      if (slow) console.log(JSON.stringify({ victims, ...tally }));
      expect(tally.opened).toMatchObject({ past: 0, healed: 0 });
      if (seeds.length === 1) return;
      expect(tally.opened.exposed).toBeGreaterThan(0);
      expect(tally.messages.past).toBeGreaterThan(0);
      expect(tally.messages.healed).toBeGreaterThan(0);
    },
    3_600_000,
  );
});
