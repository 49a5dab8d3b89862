import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWeb, bundleWeb, outputOf, type WebBuild } from '../../../client/web/build.ts';

const textOf = ({ files }: WebBuild, path: string) => Buffer.from(files.get(path) ?? []).toString('utf8');

describe('bundleWeb()', () => {
  let built: WebBuild;
  beforeAll(async () => {
    built = await bundleWeb();
  });

  test('gives the same bytes under the same names every time', async () => {
    expect(await bundleWeb().then(({ files }) => files)).toEqual(built.files);
  });

  test('has a hash in every name but those that are asked for by name', () => {
    const plain = [...built.files.keys()].filter(
      (path) => !/^\/assets\/[\w-]+-[\dA-Za-z]{8}\.(js|css|svg|png)$/.test(path),
    );
    expect(plain.sort()).toEqual(['/index.html', '/manifest.webmanifest', '/service-worker.js']);
  });

  test('names in the page and the manifest only what there is, and runs nothing inline', () => {
    for (const path of ['/index.html', '/manifest.webmanifest']) {
      const named = [...textOf(built, path).matchAll(/(?:href|src)"?[=:] ?"([^"]+)"/g)].map(([, name]) => name ?? '');
      expect(named.length).toBeGreaterThan(3);
      for (const name of named) expect([...built.files.keys()]).toContain(name);
    }
    const page = textOf(built, '/index.html');
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain(`src="${outputOf(built.metafile, 'client/web/main.tsx')}"`);
    expect(page).not.toMatch(/<style| style=| on\w+=|javascript:/);
  });

  test('tells the service worker every file and its digest, the page as `/`', () => {
    const worker = textOf(built, '/service-worker.js');
    for (const [path, contents] of built.files) {
      if (path === '/service-worker.js') continue;
      const digest = createHash('sha256').update(contents).digest('base64').slice(0, 22);
      expect(worker).toContain(`${JSON.stringify(path === '/index.html' ? '/' : path)}:${JSON.stringify(digest)}`);
    }
    expect(worker).not.toMatch(/__FILES__|__VERSION__/);
  });

  test('loads the scanner on demand', () => {
    const { outputs } = built.metafile;
    const [scanner = ''] = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === 'client/web/scanner.ts');
    const importers = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ path }) => path === scanner));
    expect(importers.map(({ kind }) => kind)).toContain('dynamic-import');
    expect(importers.map(({ kind }) => kind)).not.toContain('import-statement');
  });

  test('asks nobody but the relay for anything', () => {
    for (const path of built.files.keys()) {
      if (!/\.(html|css|js|webmanifest)$/.test(path)) continue;
      const foreign = textOf(built, path).match(/(?:src|href|url)[=(]\s*["']?https?:|import\(["']https?:/g) ?? [];
      expect({ path, foreign }).toEqual({ path, foreign: [] });
    }
  });
});

test('buildWeb() leaves this build in the folder, and nothing of an earlier one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-web-'));
  writeFileSync(join(folder, 'old.js'), 'old');
  const { files } = await buildWeb(folder);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  // And docs/openapi.json.
  expect(names).toHaveLength(files.size + 1);
  expect(readFileSync(join(folder, 'openapi.json'), 'utf8')).toContain('"openapi": "3.1.1"');
  for (const [path, contents] of files) expect(readFileSync(join(folder, path)).equals(contents)).toBe(true);
  rmSync(folder, { recursive: true, force: true });
});
