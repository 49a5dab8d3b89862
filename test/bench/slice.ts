// A slice of the time in which one side of a comparison has the load, and what it took.

import { median } from '../support/quantile.ts';
import { type Cpu, usedCpu } from './cpu.ts';
import { type Group, type Measured, measures, run } from './load.ts';
import { figure } from './report.ts';

export interface Slice extends Measured {
  readonly cpu: Cpu;
}

/** While one side is measured the other one idles, so what all have used in that time is this one's. */
export async function measure(groups: readonly Group[], sliceMs: number): Promise<Slice> {
  const before = usedCpu();
  const measured = await run(groups, sliceMs);
  const after = usedCpu();
  const since = (of: keyof Cpu) => after[of] - before[of];
  const cpu = { workerd: since('workerd'), wrangler: since('wrangler'), generator: since('generator') };
  return { ...measured, cpu };
}

/** Of the columns that `cellsOf` fills. */
export const titles: readonly string[] = [...Object.keys(measures), 'workerd', 'wrangler', 'generator'];

/** Medians over the slices. */
export function cellsOf(slices: readonly Slice[]): string[] {
  const cpu = (of: keyof Cpu) => median(slices.map((slice) => (1000 * slice.cpu[of]) / slice.sends));
  const figures = Object.values(measures).map((measured) => median(slices.map(measured)));
  return [...figures, cpu('workerd'), cpu('wrangler'), cpu('generator')].map(figure);
}
