// Makes the package for JSR in .build/jsr/: the library as `npm pack` packs it, without the command, which has no place there.
// JavaScript with declarations: then nobody's compiler has to infer the types of its sources ("slow types").

import { copyFileSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile, manifest } from './package.ts';

const root = join(import.meta.dirname, '..');
/** What only the command imports. */
const ofCommand = ['commander', 'qr'];

const relativeImport = /((?:from |import\()["']\.[^"']+)\.js(["'])/g;

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

/** @param folder  has in dist/ what was compiled */
export function finishJsr(folder: string): void {
  const dist = join(folder, 'dist');
  rmSync(join(dist, 'cli'), { recursive: true, force: true });
  for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.d.ts')) edit(join(dist, path), (text) => text.replace(relativeImport, '$1.d.ts$2'));
  }
  // Declarations lead to declarations; what no entry leads to is nobody's type.
  for (const { default: path } of Object.values(manifest.exports)) {
    edit(join(folder, path), (text) => `/* @ts-self-types="./${basename(path, '.js')}.d.ts" */\n${text}`);
  }
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) copyFileSync(join(root, file), join(folder, file));
  const { version, license, exports, dependencies } = manifest;
  const needed = Object.entries(dependencies).filter(([name]) => !ofCommand.includes(name));
  const config = {
    name: '@cliquet/cliquet',
    version,
    license,
    exports: Object.fromEntries(Object.entries(exports).map(([name, entry]) => [name, entry.default])),
    imports: Object.fromEntries(needed.map(([name, exact]) => [name, `npm:${name}@${exact}`])),
    publish: { include: ['dist', 'README.md', 'LICENSE', 'CHANGELOG.md'] },
    nodeModulesDir: 'manual',
  };
  // What it imports is looked up here, and not fetched once more.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'jsr.json'), `${JSON.stringify(config, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = join(root, '.build/jsr');
  rmSync(folder, { recursive: true, force: true });
  compile(join(folder, 'dist'));
  finishJsr(folder);
}
