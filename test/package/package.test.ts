// The package as `npm pack` makes it: what is in it, what those say who check packages, and what bundlers take of it.

import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPackage, createPackageFromTarballData, type ResolutionKind } from '@arethetypeswrong/core';
import { filterProblems } from '@arethetypeswrong/core/problems';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { finishJsr } from '../../.ci/jsr.ts';
import { startLocalRelay } from '../../worker/local.ts';
import { bun } from '../runtimes/bun.ts';
import { type Browser, launchChromium } from '../runtimes/chromium.ts';
import { deno } from '../runtimes/deno.ts';
import { node24 } from '../runtimes/node24.ts';
import { Person } from '../support/command.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { node, type Runtime } from '../support/runtime.ts';
import { until } from '../support/until.ts';
import { install, installWithBun, pack, root, run } from './pack.ts';
import { type Served, serveFolder } from './serve.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let folder = '';
let tarball = '';
let projects = '';
let packed: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cliquet-package-'));
  tarball = await pack(folder);
  projects = await install(tarball, folder);
  const names = await readdir(join(projects, 'node_modules/cliquet'), { recursive: true, withFileTypes: true });
  const base = join(projects, 'node_modules/cliquet');
  packed = names.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name).slice(base.length + 1));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('npm pack', () => {
  it('packs what was compiled, and nothing of the relay, the web client, the tests or the tools', () => {
    const allowed = /^(dist\/.+\.js|dist\/(?!cli\/).+\.d\.ts|client\/cli\/cliquet\.mjs)$/;
    const besides = packed.filter((path) => !allowed.test(path));
    expect(besides.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    expect(packed.filter((path) => /^dist\/(web|worker|test)\//.test(path))).toEqual([]);
    expect(packed).toContain('dist/protocol/ratchet.js');
  });

  it('leaves the checkout as it was', async () => {
    expect(await readFile(join(folder, 'clone/dist/index.js'), 'utf8')).toBe("export * from '../client/index.ts';\n");
  });

  it('asks for what the library and the command import, and nothing else', async () => {
    const modules = packed.filter((path) => path.endsWith('.js'));
    const texts = await Promise.all(
      modules.map((path) => readFile(join(projects, 'node_modules/cliquet', path), 'utf8')),
    );
    // Not what examples import in comments.
    const specifiers = texts.flatMap((text) =>
      [...text.matchAll(/^(?! *\*).*?(?:from |import\(|import )'([^'.][^']*)'/gm)].map(
        ([, specifier]) => specifier ?? '',
      ),
    );
    const names = specifiers
      .filter((each) => !each.startsWith('node:'))
      .map((each) => /^(@[^/]+\/)?[^/]+/.exec(each)?.[0]);
    expect([...new Set(names)].sort()).toEqual(Object.keys(manifest.dependencies).sort());
    expect(Object.keys(manifest)).not.toContain('optionalDependencies');
  });

  it('passes publint without a suggestion', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: bytesOf(tarball) }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that are right for whoever imports modules', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
    if (analysis.types === false) throw new Error('no types');
    // What old TypeScript and `require` see of a package of modules only is no matter: they cannot use it.
    const kinds: readonly ResolutionKind[] = ['node16-esm', 'bundler'];
    const problems = kinds.flatMap((resolutionKind) => filterProblems(analysis, { resolutionKind }));
    expect(problems).toEqual([]);
    expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(manifest.exports));
  });

  it('does nothing when it is imported, as sideEffects says: its modules only declare', () => {
    const modules = packed.filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
    expect(modules.length).toBeGreaterThan(100);
    for (const path of modules) expect(undeclared(join(projects, 'node_modules/cliquet', path)), path).toEqual([]);
    expect(manifest.sideEffects).toBe(false);
  });

  it('has a sister for JSR, which Deno would publish without slow types, and without a network', async () => {
    const jsr = join(folder, 'jsr');
    await cp(join(projects, 'node_modules/cliquet/dist'), join(jsr, 'dist'), { recursive: true });
    finishJsr(jsr);
    const nowhere = 'http://127.0.0.1:9';
    const env = { ...deno.env, JSR_URL: nowhere, NPM_CONFIG_REGISTRY: nowhere };
    const ask = (...args: readonly string[]) => run(deno.command, args, jsr, env);
    const dryRun = () => ask('publish', '--dry-run', '--allow-dirty');
    const config = JSON.parse(await readFile(join(jsr, 'jsr.json'), 'utf8'));
    expect(config).toMatchObject({ version: manifest.version, exports: { '.': './dist/index.js' } });
    await dryRun();
    // It sees the types at all, and it would have said so.
    const wrong = "import { safetyNumber } from './dist/index.js';\nexport const number: number = safetyNumber([]);\n";
    await writeFile(join(jsr, 'wrong.ts'), wrong);
    await expect(ask('check', 'wrong.ts')).rejects.toThrow("Type 'string' is not assignable to type 'number'");
    await writeFile(join(jsr, 'dist/slow.ts'), 'export const slow = [1].map((each) => each);\n');
    await writeFile(join(jsr, 'jsr.json'), JSON.stringify({ ...config, exports: './dist/slow.ts' }));
    await expect(dryRun()).rejects.toThrow('missing-explicit-type');
  }, 240_000);

  it('gives a bundle of the safety number alone nothing of the ratchet, the courier, the state or a store', async () => {
    const { metafile } = await build({ ...common(), entryPoints: [join(projects, 'safety-number.ts')] });
    const inputs = Object.values(metafile.outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    );
    // The index only begins what is there.
    const all = inputs.flatMap((path) => /cliquet\/dist\/(.*)/.exec(path)?.[1] ?? []);
    const own = all.filter((path) => path !== 'index.js');
    expect(own).toContain('protocol/safety-number.js');
    // A structure and its encoding, key derivation, and how errors are made.
    expect([...new Set(own.map((path) => dirname(path)))].sort()).toEqual(['crypto', 'protocol', 'wire']);
    expect(own.filter((path) => path.startsWith('protocol/'))).toEqual(['protocol/safety-number.js']);
    expect(inputs.filter((path) => /noble\/(curves|ciphers|post-quantum)|valibot|bip39/.test(path))).toEqual([]);
  });
});

/** What a module does besides declaring something. */
function undeclared(path: string): string[] {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2024);
  const isDeclaration = (each: ts.Statement) =>
    ts.isImportDeclaration(each) ||
    ts.isExportDeclaration(each) ||
    ts.isVariableStatement(each) ||
    ts.isFunctionDeclaration(each) ||
    ts.isClassDeclaration(each);
  return statements.filter((each) => !isDeclaration(each)).map((each) => ts.SyntaxKind[each.kind]);
}

const common = () =>
  ({
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2024',
    absWorkingDir: projects,
    logLevel: 'error',
  }) as const;

function bytesOf(path: string): ArrayBuffer {
  const contents = readFileSync(path);
  return contents.buffer.slice(contents.byteOffset, contents.byteOffset + contents.byteLength) as ArrayBuffer;
}

// Each starts a program or two.
describe('a project that has installed the package', { timeout: 120_000 }, () => {
  let relay: TestRelay;
  let pages: Served;
  let browser: Browser;

  beforeAll(async () => {
    pages = await serveFolder(join(folder, 'pages'));
    [relay, browser] = await Promise.all([startRelay({ vars: { ALLOWED_ORIGINS: pages.origin } }), launchChromium()]);
  });
  afterAll(() => Promise.all([relay.stop(), pages.stop(), browser.close()]));

  const talkOn = ({ command, args, env }: Runtime, cwd: string, ...files: readonly string[]) =>
    run(command, [...args, 'main.ts', relay.url, ...files], cwd, env);

  for (const [name, runtime] of Object.entries({ 'Node 22': node, 'Node 24': node24, Deno: deno })) {
    it(`talks in ${name}, with a store in a file`, async () => {
      expect(await talkOn(runtime, projects, join(folder, `${name}.db`))).toBe('hello\n');
    });
  }

  it('talks in Bun, which has installed it', async () => {
    expect(await talkOn(bun, await installWithBun(tarball, folder))).toBe('hello\n');
  });

  for (const moduleResolution of [ts.ModuleResolutionKind.NodeNext, ts.ModuleResolutionKind.Bundler]) {
    it(`compiles strictly, with all declarations checked: ${ts.ModuleResolutionKind[moduleResolution]}`, () => {
      const isNode = moduleResolution === ts.ModuleResolutionKind.NodeNext;
      const program = ts.createProgram(
        ['types.ts', 'page.ts', 'worker.ts', 'safety-number.ts'].map((file) => join(projects, file)),
        {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
          target: ts.ScriptTarget.ES2022,
          module: isNode ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
          moduleResolution,
          allowImportingTsExtensions: true,
          lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
          types: [],
        },
      );
      const host = { getCanonicalFileName: String, getCurrentDirectory: () => projects, getNewLine: () => '\n' };
      // Its own files and the package's: those of TypeScript take long, and are nobody's matter here.
      const files = program
        .getSourceFiles()
        .filter(({ fileName }) => /projects\/(\w+\.ts$|node_modules\/cliquet\/)/.test(fileName));
      expect(files.length).toBeGreaterThan(20);
      const problems = files.flatMap((file) => ts.getPreEmitDiagnostics(program, file));
      expect(ts.formatDiagnostics(problems, host)).toBe('');
    });
  }

  /** What stands on a page when two have talked on it. */
  async function talkOnPage(path: string, expected = 'hello'): Promise<string> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(`${pages.origin}/${path}?relay=${encodeURIComponent(relay.url)}`);
    await until(async () => problems.length > 0 || (await page.textContent('body'))?.trim() === expected);
    const text = await page.textContent('body');
    await page.close();
    return [...problems, text?.trim()].join();
  }

  it('talks on a page that Vite has built', async () => {
    const outDir = join(folder, 'pages/vite');
    await viteBuild({
      ...{ root: projects, base: './', configFile: false, logLevel: 'error' },
      build: { outDir, target: 'es2022' },
    });
    expect(await talkOnPage('vite/index.html')).toBe('hello');
  });

  it('talks on a page that esbuild has built, as one file', async () => {
    const outfile = join(folder, 'pages/esbuild/page.js');
    await build({ ...common(), entryPoints: [join(projects, 'page.ts')], write: true, minify: true, outfile });
    await writeFile(
      join(folder, 'pages/esbuild/index.html'),
      '<body></body><script type="module" src="page.js"></script>',
    );
    expect(await talkOnPage('esbuild/index.html')).toBe('hello');
  });

  async function buildInParts(name: string): Promise<void> {
    const outdir = join(folder, 'pages', name);
    await build({
      ...common(),
      ...{ entryPoints: [join(projects, `${name}.ts`)], write: true, minify: true, splitting: true, outdir },
    });
    await writeFile(join(outdir, 'index.html'), `<body></body><script type="module" src="${name}.js"></script>`);
  }

  it('talks on a page that esbuild has built, in parts', async () => {
    await buildInParts('page');
    expect(await talkOnPage('page/index.html')).toBe('hello');
  });

  it('says on a page that a part has not come, and has it when the page is loaded again', async () => {
    await buildInParts('late');
    pages.failOnce(/\/late\/online-\w+\.js$/);
    const told = 'not-loaded true';
    expect(await talkOnPage('late/index.html', told)).toBe(told);
    expect(await talkOnPage('late/index.html')).toBe('hello');
  });

  it('talks in a Worker, as wrangler bundles and workerd runs it', async () => {
    const worker = await startLocalRelay({
      ...{ port: 0, stateFolder: join(folder, 'worker'), quiet: true },
      config: join(projects, 'wrangler.toml'),
    });
    try {
      expect(await (await fetch(`${worker.url}/?relay=${encodeURIComponent(relay.url)}`)).text()).toBe('hello');
    } finally {
      await worker.stop();
    }
  });

  it('has the command, which says what it lacks where Node has no SQLite', async () => {
    const launcher = join(projects, 'node_modules/cliquet', manifest.bin.cliquet);
    await expect(
      run(process.execPath, ['--no-experimental-sqlite', launcher, '--version'], folder),
    ).rejects.toMatchObject({
      code: 1,
      stderr: `cliquet: Node ${process.versions.node} has no SQLite; install Node 22.13 or newer, and try again.\n`,
    });
  });

  it('has the command, which registers, founds a group, sends and reads', async () => {
    const launcher = join(projects, 'node_modules/cliquet', manifest.bin.cliquet);
    expect(await run(join(projects, 'node_modules/.bin/cliquet'), ['--version'], folder)).toBe(`${manifest.version}\n`);
    const [ada, ben] = [new Person('ada', relay, {}, launcher), new Person('ben', relay, {}, launcher)];
    onTestFinished(() => {
      for (const person of [ada, ben]) person.end();
    });
    expect(await ada.do('--help')).toContain('cliquet register you@example.org');
    await ada.register(relay);
    await ben.register(relay);
    await ben.do('contacts', 'add', (await ada.do('invite')).trim(), '--name', 'Ada');
    await ada.do('contacts', 'add', (await ben.do('invite')).trim(), '--name', 'Ben');
    await ada.do('group', 'create', 'Holidays', 'Ben');
    await ada.do('send', 'Holidays', 'hello');
    const listening = ben.start('listen');
    expect(await listening.line('hello')).toContain('Ada');
    await listening.stop();
  });
});
