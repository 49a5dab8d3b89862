// Sides of a comparison, by turns in one run: whatever else the machine does meanwhile, it does to all of them.

/**
 * Lets every side work once a round, in one order and then in the other, so that none always has the other's leavings.
 * @param onRound  hears how many rounds are done
 * @returns what each side has measured, by round
 */
export async function interleave<Name extends string, T>(
  rounds: number,
  sides: Readonly<Record<Name, () => Promise<T> | T>>,
  onRound: (done: number) => void = () => undefined,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(sides) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured[name].push(await sides[name]());
    onRound(round + 1);
  }
  return measured;
}

/** One side in terms of the other, by round. */
export function ratiosOf(side: readonly number[], other: readonly number[]): number[] {
  return side.map((figure, round) => figure / (other[round] ?? Number.NaN));
}
