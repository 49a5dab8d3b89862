// Random groups over a bad network: whatever it does short of losing messages, everybody opens everything once.

import { afterAll, describe, expect, test } from 'vitest';
import type { SeededRandom } from '../support/random.ts';
import { forEachSeed, seedsFor, slow } from '../support/seeds.ts';
import { corruptParts } from './corruption.ts';
import { Network, type NetworkOptions, noCounts } from './network.ts';

const counts = noCounts();

function anyGroup(random: SeededRandom): NetworkOptions {
  const size = 2 + Math.min(random.below(7), random.below(7));
  const silent = Array.from({ length: size }, (_, member) => member).filter(() => random.chance(0.15));
  return {
    size,
    silent: silent.length < size ? silent : [],
    corruption: random.pick([0, 0.2, 0.5]),
    duplication: random.pick([0, 0.2]),
    restoring: random.pick([0, 0.2]),
    founded: random.chance(0.03),
  };
}

async function simulate(random: SeededRandom, options: NetworkOptions, messages: number): Promise<void> {
  const network = await Network.start(random, options, counts);
  const sending = random.pick([0.2, 0.4, 0.7]);
  while (network.chat.sent.length < messages) await network.step(sending);
  await network.finish();
}

describe('random groups of 2 to 8 over a network that delays, reorders, doubles and corrupts', () => {
  const seeds = seedsFor(160, 3200);
  const quarter = Math.ceil(seeds.length / 4);
  const parts = Array.from({ length: 4 }, (_, part) => seeds.slice(part * quarter, (part + 1) * quarter));

  test.each(parts.filter(({ length }) => length > 0).map((part) => [part[0], part] as const))(
    'everybody opens every message exactly once and comes to the same key: seeds from %s on',
    async (_, part) => {
      await forEachSeed(part, (random) => simulate(random, anyGroup(random), 4 + random.below(12)));
    },
    600_000,
  );

  afterAll(() => {
    if (slow) console.log(JSON.stringify({ ...counts, refused: Object.fromEntries(counts.refused) }, null, 2));
  });

  test('every part was corrupted, refused and delivered well afterwards', () => {
    if (seeds.length === 1) return;
    const refusedParts = new Set([...counts.refused.keys()].map((kind) => kind.split(':')[0]));
    expect([...refusedParts].sort()).toEqual([...corruptParts].sort());
    expect(counts.refusedLater).toBeGreaterThan(0);
    expect(counts.duplicates).toBeGreaterThan(0);
    expect(counts.waited).toBeGreaterThan(0);
    expect(counts.restored).toBeGreaterThan(0);
  });
});
