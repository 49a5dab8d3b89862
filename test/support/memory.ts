// What a relay's workerd takes of the machine. Linux only: elsewhere nobody is asked.

import { readdir, readFile } from 'node:fs/promises';

/** Resident bytes of all workerd processes of a process group; null where the system does not tell. */
export async function residentBytes(processGroup: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(ids.map((id) => residentOf(id, processGroup)));
  const found = sizes.filter((size) => size > 0);
  if (found.length === 0) throw new Error('no workerd runs in this process group');
  return found.reduce((sum, size) => sum + size, 0);
}

/** 0 of any other process. */
async function residentOf(id: string, processGroup: number): Promise<number> {
  try {
    // proc(5): pid (comm) state ppid pgrp …
    const [, comm, group] = /^\d+ \((.*)\) \S+ \d+ (\d+)/.exec(await readFile(`/proc/${id}/stat`, 'utf8')) ?? [];
    if (!comm?.startsWith('workerd') || Number(group) !== processGroup) return 0;
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${id}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  } catch {
    return 0; // it has ended meanwhile
  }
}
