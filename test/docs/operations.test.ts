import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { costTable } from '../bench/cost.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const operations = await read('docs/OPERATIONS.md');
/** As cells, whatever their widths. */
const cells = (text: string) => text.replace(/ +/g, ' ').replace(/-{2,}/g, '-');

test('OPERATIONS.md has the costs that are counted', () => {
  expect(cells(operations)).toContain(cells(costTable()));
});

test('OPERATIONS.md names every counter, and no query another one', async () => {
  const [, labels = ''] = /interface Labels \{([^}]*)\}/.exec(await read('worker/counters.ts')) ?? [];
  const counters = [...labels.matchAll(/^ {2}'?([a-z-]+)'?:/gm)].map(([, name]) => name ?? '');
  expect(counters.length).toBeGreaterThan(8);
  for (const counter of counters) expect(operations).toContain(`\`${counter}\``);
  const queries = [...operations.matchAll(/```sql\n([^`]*)```/g)].map(([, query]) => query ?? '');
  expect(queries.length).toBeGreaterThan(6);
  const asked = queries.flatMap((query) =>
    [...query.matchAll(/blob1 (?:= |IN \()((?:'[a-z-]+'(?:, )?)+)/g)].flatMap(([, names = '']) =>
      [...names.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name),
    ),
  );
  expect(asked.filter((name) => !counters.includes(name ?? ''))).toEqual([]);
});

test('OPERATIONS.md names every variable and secret that is read', async () => {
  const [settings, disk] = [await read('worker/settings.ts'), await read('worker/disk/configuration.ts')];
  const named = [...settings.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g), ...disk.matchAll(/variables\.([A-Z_]+)/g)];
  const names = [...new Set(named.map(([, name]) => name ?? ''))];
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
});

test('OPERATIONS.md tells the versions of the tables as they are', async () => {
  for (const [path, name] of [
    ['worker/mailbox/schema.ts', 'mailbox'],
    ['worker/challenge/schema.ts', 'registrar'],
    ['worker/filter/schema.ts', 'shard'],
  ] as const) {
    const [, version] = /schemaVersion = (\d+)/.exec(await read(path)) ?? [];
    expect(operations).toContain(`${name} ${version}`);
  }
});
