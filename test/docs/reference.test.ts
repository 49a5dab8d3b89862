// The reference that `npm run reference` makes: all that is public is documented and has explicit types, its links lead
// somewhere, and its examples compile and run as they stand.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type DeclarationReflection, type LiteralType, ReflectionKind, UnionType } from 'typedoc';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../client/wire/errors.ts';
import { complaints } from '../support/compile.ts';
import {
  type Example,
  exampleAddress,
  exampleRelay,
  examplesOf,
  programOf,
  type Reference,
  readReference,
} from '../support/reference.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const root = join(import.meta.dirname, '../..');
/** All are typed out or made within seconds; what else the machine does is not known. */
const patienceMs = 120_000;

let reference: Reference;
/** In the package, so that examples find it by its name. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(root, '.build'), { recursive: true });
  folder = await mkdtemp(join(root, '.build/reference-'));
  reference = await readReference();
}, patienceMs);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the reference would complain of in a module. */
async function warningsOf(module: string): Promise<readonly string[]> {
  await writeFile(join(folder, 'module.ts'), module);
  const config = { extends: '../../.ci/typedoc.tsconfig.json', files: ['module.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const options = { extends: ['../../.ci/typedoc.json'], entryPoints: ['module.ts'], tsconfig: 'tsconfig.json' };
  await writeFile(join(folder, 'typedoc.json'), JSON.stringify(options));
  return (await readReference(join(folder, 'typedoc.json'))).warnings;
}

describe('npm run reference', () => {
  it('finds nothing public that is undocumented, not exported, or linked to nowhere', () => {
    expect(reference.warnings).toEqual([]);
    const names = reference.project.children?.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['cliquet', 'cliquet/durable-object', 'cliquet/indexeddb', 'cliquet/sqlite']),
    );
  });

  it('would fail for what is not documented, not exported, or linked to nowhere', { timeout: patienceMs }, async () => {
    const head = '/**\n * A module.\n * @module sample\n */\n\n';
    const documented = '/** An interface. */\nexport interface A {\n  /** A field. */\n  readonly field: string;\n}\n';
    expect(await warningsOf(head + documented)).toEqual([]);
    expect(await warningsOf(head + documented.replace('/** A field. */', ''))).toEqual([
      expect.stringContaining('field (Property)'),
    ]);
    expect(await warningsOf(head + documented.replace('A field.', '{@link B}'))).toEqual([
      expect.stringContaining('Failed to resolve link to "B"'),
    ]);
    const hidden = `interface B {}\n${documented.replace('string;', 'B;')}`;
    expect(await warningsOf(head + hidden)).toEqual([expect.stringContaining('not included in the documentation')]);
  });

  it('makes pages whose links lead to pages and files that are there', { timeout: patienceMs }, async () => {
    const out = join(folder, 'html');
    await reference.app.generateDocs(reference.project, out);
    expect(reference.warnings).toEqual([]);
    const pages = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.html'));
    expect(pages).toContain('classes/cliquet.Client.html');
    for (const page of pages) {
      const html = await readFile(join(out, page), 'utf8');
      for (const [, link = ''] of html.matchAll(/href="([^"#?]+)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        expect(existsSync(join(out, dirname(page), decodeURI(link))), `${page}: ${link}`).toBe(true);
      }
    }
  });
});

describe('what is public', () => {
  const declared = () => reference.project.getReflectionsByKind(ReflectionKind.All) as DeclarationReflection[];

  it('documents each alternative of each type', () => {
    const unions = declared().filter(
      ({ kind, type }) => kind === ReflectionKind.TypeAlias && type instanceof UnionType,
    );
    expect(unions.length).toBeGreaterThan(5);
    for (const { name, type } of unions) {
      const { types, elementSummaries = [] } = type as UnionType;
      expect(
        elementSummaries.filter((parts) => parts.length > 0),
        name,
      ).toHaveLength(types.length);
    }
  });

  it('says of each error code what its error says', () => {
    const type = declared().find(({ name }) => name === 'ErrorCode')?.type as UnionType;
    const said = type.types.map((each, i) => [
      (each as LiteralType).value,
      type.elementSummaries?.[i]
        ?.map(({ text }) => text)
        .join('')
        .replace(/\s+/g, ' '),
    ]);
    const expected = Object.entries(errorCodes).map(([code, entry]) => {
      const retry = entry.retry ? ' The same call may succeed later.' : '';
      const status = 'status' in entry ? ` (HTTP ${entry.status})` : '';
      return [code, `${entry.title}${retry}${status}`];
    });
    expect(said).toEqual(expected);
  });

  it('has explicit types, so that declarations are made of each file alone', async () => {
    const publicNames = new Map<string, Set<string>>();
    for (const reflection of declared()) {
      const id = reference.project.getSymbolIdFromReflection(reflection);
      if (id === undefined || !reflection.parent?.kindOf(ReflectionKind.Module)) continue;
      publicNames.set(id.packagePath, (publicNames.get(id.packagePath) ?? new Set()).add(id.qualifiedName));
    }
    expect([...publicNames.keys()]).toContain('client/client.ts');
    for (const [path, names] of publicNames) {
      expect(untyped(await readFile(join(root, path), 'utf8'), names), path).toEqual([]);
    }
    const names = new Set(['f', 'C']);
    expect(untyped('export const f = () => g();\nexport const h = () => g();', names)).toEqual(['f']);
    expect(untyped('export class C { m() { return g(); } }', names)).toEqual(['C']);
  });
});

/** Those of these names that a file declares without saying their types. */
function untyped(text: string, names: ReadonlySet<string>): string[] {
  const { diagnostics = [] } = ts.transpileDeclaration(text, {
    reportDiagnostics: true,
    compilerOptions: { declaration: true, isolatedDeclarations: true, target: ts.ScriptTarget.ES2024 },
  });
  const { statements } = ts.createSourceFile('module.ts', text, ts.ScriptTarget.ES2024);
  const found = diagnostics.flatMap(({ start = 0 }) => {
    const statement = statements.find(({ pos, end }) => pos <= start && start < end);
    if (statement === undefined) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : ''));
    }
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined || !ts.isIdentifier(name) ? [] : [name.text];
  });
  return [...new Set(found)].filter((name) => names.has(name));
}

describe('examples', () => {
  let relay: TestRelay;

  beforeAll(async () => {
    relay = await startRelay();
  });
  afterAll(() => relay.stop());

  /** Runs them one after the other, in a process of their own. */
  async function run(examples: readonly Example[]): Promise<string> {
    const files = examples.map((_, i) => join(folder, `${i}.ts`));
    for (const [i, example] of examples.entries()) {
      const program = programOf(example, '../../test/support')
        .replaceAll(exampleRelay, relay.url)
        .replaceAll(exampleAddress, `${i}@example.org`);
      await writeFile(files[i] ?? '', program);
    }
    const runner = join(import.meta.dirname, 'run-example.ts');
    const args = ['--disable-warning=ExperimentalWarning', runner, relay.url, ...files];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  }

  it('compile, and would not with a wrong name', { timeout: patienceMs }, () => {
    const all = [...examplesOf(reference, 'node'), ...examplesOf(reference, 'browser')];
    expect(all.map(({ of }) => of)).toEqual(
      expect.arrayContaining([
        'cliquet.Client',
        'cliquet.Client.createGroup.createGroup',
        'cliquet/sqlite.sqliteStore.sqliteStore',
      ]),
    );
    const wrong = { of: 'nothing', program: "await group.sned('hello');" };
    const complaint = expect.stringMatching(new RegExp(`^${all.length}: .*'sned'`));
    expect(complaints([...all, wrong].map((example) => programOf(example, './test/support')))).toEqual([complaint]);
  });

  it('run at a real relay', { timeout: patienceMs }, async () => {
    const examples = examplesOf(reference, 'node');
    const out = await run(examples);
    expect(out.match(/^done: /gm)).toHaveLength(examples.length);
    // What their comments say that they print.
    expect(out).toContain('false offline');
    expect(out).toContain("true [ 'lost' ]");
    expect(out).toContain('invite-invalid false This is not an invite; ask for a new one.');
    expect(out).toContain('I am here');
  });

  it('are not done if they fail', { timeout: patienceMs }, async () => {
    const wrong = { of: 'nothing', program: "await group.verify('1');" };
    await expect(run([wrong])).rejects.toThrow('safety numbers differ');
  });
});
