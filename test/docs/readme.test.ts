import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const readme = await readFile(join(root, 'README.md'), 'utf8');

/** The type checker's complaints about a program that stands in the root folder. */
function complaints(program: string): string[] {
  const file = join(root, 'readme-example.ts');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile: read } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? program : read(name));
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, program, rest[0]) : getSourceFile(name, ...rest);
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return diagnostics
    .filter((diagnostic) => diagnostic.file?.fileName === file)
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}

const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const given = 'declare const inviteOfAnother: string;\n';

test('README.md the example of the library compiles as it stands', () => {
  expect(example).toContain("from 'cliquet'");
  expect(complaints(given + example)).toEqual([]);
});

test('README.md an example with a wrong name would not compile', () => {
  expect(complaints(given + example.replace('client.createGroup', 'client.makeGroup'))).not.toEqual([]);
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
