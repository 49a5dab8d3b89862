import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('npm run bench measures what a store costs', { timeout: 120_000 }, async () => {
  const script = join(import.meta.dirname, 'store.ts');
  const args = ['--expose-gc', '--disable-warning=ExperimentalWarning', script, '--quick'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/N = 3 +\d+ KiB stored +-?\d+ KiB in memory/);
  // However long somebody is silent, a message writes about as much.
  const [, ratio] = /without an answer: ([\d.]+) times/.exec(stdout) ?? [];
  expect(Number(ratio)).toBeLessThan(1.2);
  expect(stdout).toMatch(/search: \d+ ms in all groups \(\d+ found\)/);
});
