import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archives, tables } from '../../client/state/records.ts';

const root = join(import.meta.dirname, '../..');
const storage = await readFile(join(root, 'docs/STORAGE.md'), 'utf8');
/** The names in the first column of a part's tables. */
const namesIn = (part: string) => [...part.matchAll(/^\| `([a-z_-]+)`/gm)].map(([, name]) => name ?? '').sort();
const [relay = '', client = ''] = storage.split('\n## The client\n');

test('STORAGE.md names every table of the client, and no other', () => {
  const known = [...Object.values(tables), ...Object.values(archives)].map(({ name }) => name);
  expect(namesIn(client)).toEqual(known.sort());
});

test('STORAGE.md names every table of the relay, and no other', async () => {
  const files = await readdir(join(root, 'worker'), { recursive: true });
  const sources = await Promise.all(
    files.filter((file) => file.endsWith('.ts')).map((file) => readFile(join(root, 'worker', file), 'utf8')),
  );
  const made = sources.join().matchAll(/create table (?:if not exists )?([a-z_]+) \(/g);
  expect(namesIn(relay)).toEqual([...made].map(([, name]) => name ?? '').sort());
});
