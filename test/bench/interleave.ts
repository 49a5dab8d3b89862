// Compares within one run: in each round every side does its work once, so that what else the machine does meets all alike.

import { quantile } from '../support/quantile.ts';

export interface Ratio {
  /** Of the medians. */
  readonly ratio: number;
  /** The quartiles of the rounds' own ratios. */
  readonly from: number;
  readonly to: number;
}

/**
 * @param sides  in the order in which they take their turns; the two of a pair change places every other round, as what
 *   comes first may leave its garbage to the other one
 * @returns milliseconds of each side, round by round
 */
export async function interleave<K extends string>(
  sides: Readonly<Record<K, () => Promise<unknown>>>,
  rounds: number,
  before: () => Promise<unknown> = async () => {},
): Promise<Record<K, number[]>> {
  const names = Object.keys(sides) as K[];
  const swapped = names.map((_, i) => names[i % 2 === 0 ? i + 1 : i - 1] as K);
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  // Until what runs often is compiled.
  const warmUp = Math.max(2, rounds >> 2);
  for (let round = -warmUp; round < rounds; round++) {
    await before();
    for (const name of round % 2 === 0 ? names : swapped) {
      const start = performance.now();
      await sides[name]();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

export function ratioOf(a: readonly number[], b: readonly number[]): Ratio {
  const each = a.map((time, round) => time / (b[round] ?? time));
  return { ratio: quantile(a, 0.5) / quantile(b, 0.5), from: quantile(each, 0.25), to: quantile(each, 0.75) };
}

export const formatRatio = ({ ratio, from, to }: Ratio): string =>
  `${ratio.toFixed(2)} × (${from.toFixed(2)}–${to.toFixed(2)})`;
