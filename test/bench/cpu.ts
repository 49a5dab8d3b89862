// What a benchmark and its relays have used of the processor.

import { readdirSync, readFileSync } from 'node:fs';

/** Seconds so far. Those of other processes are known on Linux only. */
export interface Cpu {
  readonly workerd: number;
  /** The Node processes around it. */
  readonly wrangler: number;
  readonly generator: number;
}

/** The kernel counts a hundred a second for programs, whatever its own clock (`man proc_pid_stat`). */
const ticksPerSecond = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly seconds: number;
}

/** Of this process and all that it has started. */
export function usedCpu(): Cpu {
  const { user, system } = process.cpuUsage();
  const used = { workerd: 0, wrangler: 0, generator: (user + system) / 1e6 };
  for (const { name, seconds } of descendants(process.pid, readProcesses())) {
    used[name === 'workerd' ? 'workerd' : 'wrangler'] += seconds;
  }
  return used;
}

function descendants(of: number, all: readonly Process[]): Process[] {
  return all.filter(({ parent }) => parent === of).flatMap((each) => [each, ...descendants(each.pid, all)]);
}

function readProcesses(): Process[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, name = '', rest = ''] = /\((.*)\) (.*)$/s.exec(stat) ?? [];
      const fields = rest.split(' ').map(Number);
      const seconds = ((fields[11] ?? 0) + (fields[12] ?? 0)) / ticksPerSecond;
      return { pid: Number(pid), parent: fields[1] ?? 0, name, seconds };
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
