// What a relay takes of the machine. Linux only: elsewhere nobody is asked.

import { readdir, readFile } from 'node:fs/promises';

interface Process {
  readonly id: string;
  readonly command: string;
  readonly bytes: number;
}

/** Resident bytes of a relay, by its process group; null where the system does not tell. */
export async function residentBytes(processGroup: number): Promise<number | null> {
  return sumOver(processGroup, ({ bytes }) => bytes);
}

/** Open files and connections of a relay; null where the system does not tell. */
export async function openFiles(processGroup: number): Promise<number | null> {
  return sumOver(processGroup, async ({ id }) => (await readdir(`/proc/${id}/fd`)).length);
}

async function sumOver(
  processGroup: number,
  figure: (process: Process) => number | Promise<number>,
): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = (await Promise.all(ids.map((id) => readProcess(id, processGroup)))).flat();
  // What stands beside workerd in its group is wrangler, and no part of the relay.
  const inWorkerd = found.filter(({ command }) => command.startsWith('workerd'));
  const relay = inWorkerd.length > 0 ? inWorkerd : found;
  if (relay.length === 0) throw new Error('no relay runs in this process group');
  const figures = await Promise.all(relay.map(figure));
  return figures.reduce((sum, each) => sum + each, 0);
}

/** None for a process of another group. */
async function readProcess(id: string, processGroup: number): Promise<Process[]> {
  try {
    // proc(5): pid (comm) state ppid pgrp …
    const [, command = '', group] =
      /^\d+ \((.*)\) \S+ \d+ (\d+)/.exec(await readFile(`/proc/${id}/stat`, 'utf8')) ?? [];
    if (Number(group) !== processGroup) return [];
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${id}/status`, 'utf8')) ?? [];
    return [{ id, command, bytes: Number(kib) * 1024 }];
  } catch {
    return []; // it has ended meanwhile
  }
}
