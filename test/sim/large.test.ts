// Groups above 16 members, where a message may be light: a step of the chain without a contribution.

import { describe, expect, test } from 'vitest';
import type { SeededRandom } from '../support/random.ts';
import { forEachSeed, seedsFor } from '../support/seeds.ts';
import { Network, noCounts } from './network.ts';

/** Members speak in bursts, as people do; between them some of what is under way arrives. */
async function talk(network: Network, random: SeededRandom, bursts: number): Promise<void> {
  const { size } = network.model;
  for (let burst = 0; burst < bursts; burst++) {
    const speaker = random.below(Math.min(size, 6));
    for (let left = 1 + random.below(11); left > 0; left--) {
      await network.send(speaker);
      network.chat.now += random.below(20);
    }
    for (let left = random.below(5 * size); left > 0; left--) await network.receive(random.below(size));
  }
}

describe('random groups of 17 to 20, with light messages', () => {
  test('everybody opens every message exactly once and comes to the same key', async () => {
    const counts = noCounts();
    const seeds = seedsFor(3, 30);
    await forEachSeed(seeds, async (random) => {
      const options = { size: 17 + random.below(4), corruption: 0.1, duplication: 0.05, restoring: 0.02 };
      const network = await Network.start(random, options, counts);
      await talk(network, random, 7);
      await network.finish();
    });
    if (seeds.length === 1) return;
    expect(counts.light).toBeGreaterThan(counts.sent / 10);
    expect(counts.harmless).toBeGreaterThan(0);
  }, 600_000);

  test('sealMessage() is light at most 8 times in a row, for at most 60 seconds, and never after another contribution', async () => {
    await forEachSeed(seedsFor(1, 5), async (random) => {
      const network = await Network.start(random, { size: 17 });
      const isFull = async (member: number) => {
        await network.send(member);
        return network.chat.sent.at(-1)?.full;
      };
      expect(await isFull(0)).toBe(true);
      for (let light = 0; light < 8; light++) expect(await isFull(0)).toBe(false);
      expect(await isFull(0)).toBe(true);
      expect(await isFull(0)).toBe(false);
      network.chat.now += 60;
      expect(await isFull(0)).toBe(true);
      expect(await isFull(0)).toBe(false);
      expect(await isFull(1)).toBe(true);
      await network.drain();
      expect(await isFull(0)).toBe(true);
      await network.drain();
      network.checkConverged();
    });
  }, 60_000);

  test('sealMessage() is never light up to 16 members', async () => {
    await forEachSeed(seedsFor(1, 2), async (random) => {
      const network = await Network.start(random, { size: 16 });
      for (let n = 0; n < 4; n++) await network.send(0);
      expect(network.chat.sent.map(({ full }) => full)).toEqual([true, true, true, true]);
    });
  });
});
