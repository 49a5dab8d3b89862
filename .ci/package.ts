// Compiles what `npm pack` packs into dist/: of each module that the library or the command needs a file of JavaScript, so
// that bundlers leave out what is not used; and declarations of the library's. `prepack` calls it, and nobody else has to.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** Of declarations the compiler leaves the names of the files as they are. */
const relativeImport = /((?:from |import\()["']\.[^"']+)\.ts(["'])/g;

/**
 * @param dist  a folder; what is in it goes
 * @throws with what the compiler complains of
 */
export function compile(dist: string): void {
  const sources = Object.values(manifest.exports).map(({ default: path }) =>
    path.replace('./dist/', 'client/').replace(/js$/, 'ts'),
  );
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      rootDir: root,
      outDir: dist,
      lib: ['ES2024', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      composite: false,
      incremental: false,
      declaration: true,
      // `npm run check` checks them; in the tests, a program that uses the package checks its declarations.
      noCheck: true,
      emitDeclarationOnly: false,
      rewriteRelativeImportExtensions: true,
    },
    files: [...sources, 'client/cli/main.ts'].map((path) => join(root, path)),
  };
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(config, ts.sys, import.meta.dirname);
  const program = ts.createProgram(fileNames, options);
  rmSync(dist, { recursive: true, force: true });
  const { diagnostics } = program.emit(undefined, (name, text) => {
    const path = relative(join(dist, 'client'), name);
    // The command reads package.json, which is in the package anyway; and nobody imports the command.
    if (path.startsWith('..') || /^cli\b.*\.d\.ts$/.test(path)) return;
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    writeFileSync(join(dist, path), path.endsWith('.d.ts') ? text.replace(relativeImport, '$1.js$2') : text);
  });
  const problems = [...errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length === 0) return;
  const host = {
    getCanonicalFileName: (name: string) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  };
  throw new Error(ts.formatDiagnostics(problems, host));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) compile(join(root, 'dist'));
