// What the type checker says of programs that stand in documents.

import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  types: ['node'],
};

/** The type checker's complaints about programs that stand in the root folder, each with the number of its program. */
export function complaints(programs: readonly string[]): string[] {
  const texts = new Map(programs.map((program, i) => [join(root, `program-${i}.ts`), program]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = texts.get(name);
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, rest[0]);
  };
  const names = [...texts.keys()];
  return ts
    .getPreEmitDiagnostics(ts.createProgram(names, options, host))
    .filter(({ file }) => file !== undefined && texts.has(file.fileName))
    .map(({ file, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      return `${names.indexOf(file?.fileName ?? '')}: ${text}`;
    });
}
