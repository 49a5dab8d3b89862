/** @param q  0 to 1: 0.5 is the median */
export function quantile(figures: readonly number[], q: number): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(q * figures.length)] ?? 0;
}

export const median = (figures: readonly number[]): number => quantile(figures, 0.5);
