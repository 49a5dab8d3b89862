// Tells after a run how long its parts took, and which files took longest. Vitest loads it as a reporter.
//
// Seconds are those of a file from its worker's first step to its last, so they add up to more than what has passed: as many
// files run at once as there are workers.

import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const longest = 10;
const root = import.meta.dirname.replace(/support$/, '');

interface Took {
  readonly file: string;
  readonly tests: number;
  readonly seconds: number;
}

export default class Times implements Reporter {
  #start = 0;

  onTestRunStart(): void {
    this.#start = performance.now();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const took = modules.map(tookOf);
    // Who runs a file or two knows.
    if (took.length > 2) console.log(tableOf(took, (performance.now() - this.#start) / 1000));
  }
}

function tookOf(module: TestModule): Took {
  const { prepareDuration, environmentSetupDuration, collectDuration, setupDuration, duration } = module.diagnostic();
  return {
    file: relative(root, module.moduleId),
    tests: [...module.children.allTests()].length,
    seconds: (prepareDuration + environmentSetupDuration + collectDuration + setupDuration + duration) / 1000,
  };
}

/** @param passed  seconds from the first file to the last */
export function tableOf(took: readonly Took[], passed: number): string {
  const parts = Map.groupBy(took, ({ file }) => (file.includes('/') ? (file.split('/')[0] ?? '') : 'beside'));
  const rows = [...parts]
    .map(([part, files]) => ({ part, files: files.length, tests: sum(files, 'tests'), seconds: sum(files, 'seconds') }))
    .sort((a, b) => b.seconds - a.seconds);
  const all = { part: 'all', files: took.length, tests: sum(took, 'tests'), seconds: sum(took, 'seconds') };
  const last = [...took].sort((a, b) => b.seconds - a.seconds).slice(0, longest);
  return [
    `\n${'part'.padEnd(14)}${'files'.padStart(6)}${'tests'.padStart(7)}${'seconds'.padStart(9)}`,
    ...[...rows, all].map(
      ({ part, files, tests, seconds }) =>
        `${part.padEnd(14)}${String(files).padStart(6)}${String(tests).padStart(7)}${seconds.toFixed(1).padStart(9)}`,
    ),
    `\nThe longest files:`,
    ...last.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(9)}  ${file}`),
    `\nAll of it took ${Math.floor(passed / 60)} min ${Math.round(passed % 60)} s.`,
  ].join('\n');
}

function sum(of: readonly Took[], what: 'tests' | 'seconds'): number {
  return of.reduce((total, each) => total + each[what], 0);
}
