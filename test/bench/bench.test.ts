import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, 'bench.ts');
const minutes = 60_000;

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** What was timed may be far from its bound on a machine that has other work: that is no failure here. But it ends as it should. */
async function bench(...args: readonly string[]): Promise<Ran> {
  const ran = await run(...args);
  expect(ran.stdout, `it ended early: ${ran.stderr}`).toMatch(/^bench: \d+ bounds met/m);
  return ran;
}

function run(...args: readonly string[]): Promise<Ran> {
  const command = ['--expose-gc', '--disable-warning=ExperimentalWarning', script, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code) });
    });
  });
}

/** The cells of each row of a run's tables. */
function rowsOf(stdout: string): string[][] {
  const rows = stdout.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const rowOf = (stdout: string, title: RegExp) => rowsOf(stdout).find(([first = '']) => title.test(first)) ?? [];

test('npm run bench measures bytes, sizes, a store and a price, tells what meets its bound, and writes all figures', {
  timeout: 5 * minutes,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cliquet-bench-test-'));
  try {
    const file = join(folder, 'figures.json');
    const { stdout, code } = await bench('bytes', 'start', 'store', 'cost', '--quick', '--json', file);
    for (const way of ['uploaded', 'downloaded'])
      expect(rowOf(stdout, new RegExp(`^bytes ${way} above the padded content, N = 3$`)).at(-1)).toBe('met');
    expect(rowOf(stdout, /^Cliquet$/)[2]).toMatch(/^\d+ \/ \d+$/);
    expect(rowOf(stdout, /^cliquet$/)[2]).toMatch(/^\d+/);
    // However long somebody is silent, a message writes about as much.
    expect(rowOf(stdout, /^bytes written for a message/).at(-1)).toBe('met');
    expect(rowOf(stdout, /^in all$/)[2]).toMatch(/^\d+\.\d\d$/);
    expect(stdout).toMatch(/^bench: \d+ bounds met, \d+ not met, 0 far off$/m);
    expect(code).toBe(0);
    const figures = JSON.parse(await readFile(file, 'utf8'));
    expect(figures).toMatchObject({ quick: true, machine: expect.stringContaining('cores') });
    for (const name of ['bytes', 'start', 'store', 'cost']) expect(figures[name].ratios.length).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('npm run bench -- peers seals and opens with each library that is there', { timeout: 5 * minutes }, async () => {
  const { stdout } = await bench('peers', '--quick');
  const own = rowsOf(stdout).find(([, name]) => name === 'Cliquet') ?? [];
  for (const time of own.slice(3)) expect(Number(time)).toBeGreaterThan(0);
});

test('npm run bench -- client measures messages beside bare primitives, agreements, and catching up', {
  timeout: 5 * minutes,
}, async () => {
  const { stdout } = await bench('client', '--quick');
  for (const curves of ['webcrypto', 'noble']) {
    expect(rowOf(stdout, new RegExp(`^receive / bare primitives, ${curves}, N = 10, full$`))[3]).toMatch(/^≤ 1\.\d$/);
  }
  const [agreement, waiting] = ['Milliseconds of an agreement', 'from the queue into a SQLite store'].map(
    (title) => rowsOf(stdout.split(title)[1] ?? '')[2],
  );
  expect(agreement?.every((time) => Number(time) > 0)).toBe(true);
  expect(Number(waiting?.[1])).toBeGreaterThan(0);
});

test('npm run bench -- growth plots each axis, and a receiver has no more public-key work in a larger group', {
  timeout: 5 * minutes,
}, async () => {
  const { stdout } = await bench('growth', '--quick');
  expect(rowOf(stdout, /^public-key operations of a receiver/).at(-1)).toBe('met');
  for (const title of [
    /^seal$/,
    /^uploaded$/,
    /^to load the store$/,
    /^KiB of a shard$/,
    /^to take one in/,
    /^workerd$/,
  ])
    expect(rowOf(stdout, title).at(-1)).toMatch(/^-?\d\.\d\d$/);
});

test('npm run bench -- relay and hosts measure what a relay carries, and every send is delivered', {
  timeout: 5 * minutes,
}, async () => {
  const { stdout } = await bench('relay', 'hosts', '--quick');
  for (const how of ['streams', 'polling']) {
    for (const measure of ['sends/s', 'p99 ms'])
      expect(rowOf(stdout, new RegExp(`^relay / bare worker, ${measure}, N = 3, ${how}$`))[3]).toMatch(/[≥≤] \d/);
    for (const side of ['relay', 'bare worker'])
      expect(rowOf(stdout, new RegExp(`^${side}, N = 3, ${how}$`))).toHaveLength(8);
  }
  expect(rowOf(stdout, /out of a queue that empties, depth 8$/)).not.toEqual([]);
  const [, [sent = '', received = ''] = []] = rowsOf(stdout.split('Every send was delivered')[1] ?? '').filter(
    ([first]) => !first?.startsWith('---'),
  );
  expect(Number(sent)).toBeGreaterThan(0);
  expect(received).toBe(sent);
  for (const host of ['deno', 'node'])
    expect(Number(rowOf(stdout, new RegExp(`^${host} / workerd, sends/s`))[1])).toBeGreaterThan(0);
});

test('npm run bench -- web measures what a person waits for, and every message is shown and delivered', {
  timeout: 5 * minutes,
}, async () => {
  const { stdout } = await bench('web', '--quick');
  for (const host of ['workerd', 'deno']) {
    const [, shown] = rowOf(stdout, new RegExp(`^shown there, ${host} / bare WebSocket$`));
    expect(Number(shown)).toBeGreaterThan(0);
    const [waiting, first] = rowsOf(stdout).filter(([title]) => title === host);
    expect(waiting?.slice(1).every((time) => Number(time) > 0)).toBe(true);
    expect(first).toHaveLength(6);
  }
  const [, , one] = rowsOf(stdout.split('from the queue into IndexedDB')[1] ?? '');
  expect(Number(one?.[1])).toBeGreaterThan(0);
});

test('no benchmark takes for the client libraries of other versions than the client itself has', () => {
  const versionsIn = (folder: string) => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { ...dependencies, ...devDependencies } as Record<string, string>;
  };
  const [ours, theirs] = [join(import.meta.dirname, '../..'), import.meta.dirname].map(versionsIn);
  const others = Object.keys(theirs ?? {}).filter((name) => ours !== undefined && name in ours);
  expect(others).toContain('@noble/curves');
  for (const file of globSync(join(import.meta.dirname, '*.ts')))
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/ from '(@?\w+\/[\w-]+)/g))
      expect(others).not.toContain(name);
});

test('npm run bench names the benchmarks that there are, and docs/bench/ has a place for each', async () => {
  const { stdout } = await run('--help');
  const names = [...stdout.matchAll(/^ {2}([a-z]+) +[a-z]/gm)].map(([, name]) => name ?? '');
  expect(names).toContain('relay');
  const page = readFileSync(join(import.meta.dirname, '../../docs/bench/README.md'), 'utf8');
  for (const name of names) expect(page).toMatch(new RegExp(`<!-- ${name} -->.*<!-- end of ${name} -->`, 's'));
  const { code, stderr } = await run('nothing');
  expect(stderr).toContain(`There is no benchmark "nothing"; there are: ${names.join(', ')}`);
  expect(code).toBe(1);
});
