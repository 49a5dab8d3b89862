import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { complaints } from '../support/compile.ts';

const root = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const readme = await readFile(join(root, 'README.md'), 'utf8');

const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const given = 'declare const inviteOfAnother: string;\n';

test('README.md the example of the library compiles as it stands, and would not with a wrong name', {
  timeout: 120_000,
}, () => {
  expect(example).toContain("from 'cliquet'");
  const wrong = example.replace('client.createGroup', 'client.makeGroup');
  expect(complaints([given + example, given + wrong])).toEqual([expect.stringMatching(/^1: .*'makeGroup'/)]);
});

test('README.md every command that it names is a script', () => {
  const named = [...readme.matchAll(/\bnpm\s+(?:run\s+([\w:]+)|(start|test))/g)].map(
    ([, run, own]) => run ?? own ?? '',
  );
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});

test('README.md every file that it names or shows is there', () => {
  const named = [...readme.matchAll(/\]\(([^):#]+)\)|<img src="([^"]+)"/g)].map(
    ([, link, image]) => link ?? image ?? '',
  );
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(existsSync(join(root, name)), name).toBe(true);
});
