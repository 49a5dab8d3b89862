// Many seeded runs of one test: a few in the ordinary run, many with SLOW=1, and exactly one with SEED=… to see a
// failure again.

import { type SeededRandom, seededRandom } from './random.ts';

export const slow: boolean = process.env.SLOW === '1';

/** The seeds of a test: `SEED` alone if it is set, else `ordinary` of them, or `many` when slow. */
export function seedsFor(ordinary: number, many: number): string[] {
  const { SEED } = process.env;
  if (SEED !== undefined) return [SEED];
  return Array.from({ length: slow ? many : ordinary }, (_, index) => String(index));
}

/** Runs once for every seed; a failure names its seed. */
export async function forEachSeed(
  seeds: readonly string[],
  run: (random: SeededRandom, seed: string) => Promise<void>,
): Promise<void> {
  for (const seed of seeds) {
    try {
      await run(seededRandom(seed), seed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`SEED=${seed} fails: ${reason}`, { cause: error });
    }
  }
}
