import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test.each([
  'docs/THREAT-MODEL.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'README.md',
  'docs/STORAGE.md',
  'docs/OPERATIONS.md',
])('%s points at what is there', async (path) => {
  const text = await readFile(join(root, path), 'utf8');
  const tests = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file ?? '');
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link ?? '');
  const files = links.filter((link) => !link.startsWith('http')).map((link) => join(path, '..', link));
  expect(tests.length + links.length).toBeGreaterThan(0);
  expect([...tests, ...files].filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
