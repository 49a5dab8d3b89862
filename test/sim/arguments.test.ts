// What `npm run test:sim` says to arguments.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Runs it as the script of package.json does. */
const run = (...args: readonly string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'stories.ts'), ...args];
    execFile(process.execPath, argv, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });

test('what makes no sense is told in one line, with exit code 2', async () => {
  const see = '; see: npm run test:sim -- --help\n';
  const told = await Promise.all([run('--bogus'), run('--stories', 'many'), run('--story', '-1'), run('7')]);
  for (const { code, stdout, stderr } of told) {
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.endsWith(see)).toBe(true);
    expect(stderr).not.toContain('    at ');
  }
  expect(told[0]?.stderr).toBe(`Unknown option '--bogus'${see}`);
  expect(told[1]?.stderr).toBe(`--stories expected a number, got 'many'${see}`);
}, 60_000);

test('--help says what it takes', async () => {
  const { code, stdout, stderr } = await run('--help');
  expect([code, stderr]).toEqual([0, '']);
  for (const name of ['stories', 'seed', 'story', 'verbose']) expect(stdout).toContain(`--${name}`);
}, 60_000);
