import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ErrorCode, errorCodes } from '../../client/wire/errors.ts';
import { routes } from '../../client/wire/routes.ts';

const root = join(import.meta.dirname, '../..');
const specification = await readFile(join(root, 'docs/PROTOCOL.md'), 'utf8');
const storage = (await readFile(join(root, 'docs/STORAGE.md'), 'utf8')).replace(/\s+/g, ' ');

test('PROTOCOL.md its table of errors is the table of the code', () => {
  const told = [...specification.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\| (.+?) +\|$/gm)].map(
    ([, code, status, title]) => ({
      code,
      status: Number(status),
      title,
    }),
  );
  const known = (Object.keys(errorCodes) as ErrorCode[]).flatMap((code) => {
    const entry = errorCodes[code];
    return 'status' in entry ? [{ code, status: entry.status, title: entry.title }] : [];
  });
  expect(told).toEqual(known);
});

test('PROTOCOL.md names every label of keys, hashes and signatures, STORAGE.md those of what is stored', async () => {
  const source = await readFile(join(root, 'client/crypto/labels.ts'), 'utf8');
  const labels = [...source.matchAll(/'([a-z ]+)'/g)]
    .map(([, label]) => label ?? '')
    .filter((label) => label !== 'cliquet');
  expect(labels.length).toBeGreaterThan(25);
  for (const label of labels.filter((name) => !name.startsWith('hedge ')))
    expect(/^(store|backup) /.test(label) ? storage : specification).toMatch(new RegExp(`["\`]${label}["\`]`));
});

test('PROTOCOL.md names every route', () => {
  for (const path of Object.values(routes)) expect(specification).toContain(path);
});

test('PROTOCOL.md has the three diagrams', () => {
  const [overview] = specification.split('\n## 2. ');
  expect(overview?.match(/```mermaid\nsequenceDiagram/g)).toHaveLength(3);
});

test('PROTOCOL.md lists its sections, and no document names one that is not there', async () => {
  const titles = [...specification.matchAll(/^## (\d+)\. (.+)$/gm)].map(([, number, title]) => `${number}. ${title}`);
  const listed = [...specification.matchAll(/^\d+\. \[(.+)\]\(#(\d+)-(.+)\)$/gm)].map(
    ([, title, number]) => `${number}. ${title}`,
  );
  expect(listed).toEqual(titles);
  expect(titles.length).toBeGreaterThan(15);
  for (const [, number] of `${specification} ${storage}`.matchAll(/\bsections? (\d+)/g))
    expect(Number(number)).toBeLessThanOrEqual(titles.length);
});
