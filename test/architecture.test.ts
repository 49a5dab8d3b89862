// docs/ARCHITECTURE.md as a test: each room imports only what its arrows allow.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { forbiddenInputs } from '../.ci/boundary.ts';

const root = join(import.meta.dirname, '..');

/** What each room may import, beside itself. */
const arrows: Record<string, readonly string[]> = {
  'client/wire': [],
  'client/crypto': ['client/wire'],
  'client/protocol': ['client/wire', 'client/crypto'],
  'client/store': ['client/wire', 'client/crypto'],
  'client/transport': ['client/wire'],
  'client/state': ['client/wire', 'client/crypto', 'client/protocol', 'client/store'],
  'client/courier': [
    'client/wire',
    'client/crypto',
    'client/protocol',
    'client/store',
    'client/transport',
    'client/state',
  ],
  client: [
    ...['client/wire', 'client/crypto', 'client/protocol', 'client/store', 'client/transport'],
    ...['client/state', 'client/courier'],
  ],
  'worker/filter': ['worker', 'client/wire'],
  'worker/challenge': ['worker', 'worker/challenge/channels', 'client/wire'],
  'worker/challenge/channels': ['worker/challenge', 'client/wire'],
  'worker/mailbox': ['worker', 'client/wire'],
  'worker/disk': ['worker', 'worker/mailbox', 'worker/challenge', 'worker/filter', 'client/wire'],
  worker: ['worker/disk', 'worker/routes', 'worker/mailbox', 'worker/challenge', 'worker/filter', 'client/wire'],
  'worker/routes': ['worker', 'worker/mailbox', 'worker/challenge', 'worker/filter', 'client/wire'],
};

async function imports(file: string): Promise<string[]> {
  const source = await readFile(join(root, file), 'utf8');
  const found = [...source.matchAll(/(?:from |import |import\()'(\.{1,2}\/[^']+)'/g)].map(([, path]) => path ?? '');
  return found.map((path) => relative(root, join(root, dirname(file), path)));
}

for (const [room, allowed] of Object.entries(arrows)) {
  test(`${room}/ imports only what its arrows allow`, async () => {
    const names = await readdir(join(root, room));
    const files = names.filter((name) => name.endsWith('.ts')).map((name) => `${room}/${name}`);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const rooms = (await imports(file)).map((path) => dirname(path));
      for (const other of rooms) expect([room, ...allowed], `${file} imports from ${other}`).toContain(other);
    }
  });
}

test('client/web/ imports what the package exports, and nothing else of the library', async () => {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { readonly default: string }>;
  };
  const exported = Object.values(exports).map((entry) => entry.default.replace(/^\.\/dist\/(.*)js$/, 'client/$1ts'));
  const names = await readdir(join(root, 'client/web'), { recursive: true });
  const files = names.filter((name) => /\.tsx?$/.test(name)).map((name) => `client/web/${name}`);
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const others = (await imports(file)).filter((path) => !path.startsWith('client/web/'));
    for (const other of others) expect(exported, `${file} imports ${other}`).toContain(other);
  }
});

test('docs/examples/ imports of the library what the package exports, and nothing else', async () => {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object };
  const exported = Object.keys(exports).map((path) => `cliquet${path.slice(1)}`);
  const names = await readdir(join(root, 'docs/examples'), { recursive: true });
  const files = names.filter(
    (name) => name.endsWith('.ts') && !name.includes('node_modules') && !name.includes('.wrangler'),
  );
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    const source = await readFile(join(root, 'docs/examples', file), 'utf8');
    for (const [, path = ''] of source.matchAll(/(?:from|import) '([^']+)'/g)) {
      // A neighbour, or what the platform has.
      if (!/^(\.\/|node:|cloudflare:)/.test(path)) expect(exported, `${file} imports ${path}`).toContain(path);
    }
  }
});

test('the bundle of the Worker contains nothing of client/crypto, client/protocol or client/store', async () => {
  expect(await forbiddenInputs()).toEqual([]);
});

test('forbiddenInputs() finds what a relay must not contain', async () => {
  expect(await forbiddenInputs('client/index.ts')).toContain('client/protocol/seal.ts');
});
