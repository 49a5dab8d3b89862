// Builds the web client into .build/web, from where a relay serves it: `node client/web/build.ts`.
//
//   index.html, manifest.webmanifest     with the names of the files below put in
//   assets/NAME-HASH.…                    scripts in parts, the style sheet, icons: a name never stands for other bytes
//   service-worker.js                     knows all of them and their digests (__FILES__), and what this build is called (__VERSION__)

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

const sources = dirname(fileURLToPath(import.meta.url));
const checkout = join(sources, '../..');
export const webFolder: string = join(checkout, '.build/web');

const common = {
  bundle: true,
  minify: true,
  write: false,
  charset: 'utf8',
  // What the library needs anyway: Promise.withResolvers(), Iterator helpers are not used.
  target: ['chrome120', 'firefox121', 'safari17.4'],
  outdir: join(webFolder, 'assets'),
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'file', '.png': 'file' },
  logLevel: 'error',
} as const satisfies BuildOptions;

/** What is served, by path from the root. */
export interface WebBuild {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Which sources are in which script, and which script imports which. */
  readonly metafile: Metafile;
}

/** Bundles everything, and writes nothing. */
export async function bundleWeb(): Promise<WebBuild> {
  const files = new Map<string, Uint8Array>();
  const read = (name: string) => readFileSync(join(sources, name));
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: [join(sources, 'main.tsx'), join(sources, 'style.css')],
    format: 'esm',
    splitting: true,
    metafile: true,
    absWorkingDir: checkout,
    publicPath: '/assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
  });
  for (const { path, contents } of outputFiles) files.set(pathOf(path), contents);

  const names: [pattern: RegExp, path: string][] = [
    [/\/?main\.js\b/g, outputOf(metafile, 'client/web/main.tsx')],
    [/\/?style\.css\b/g, outputOf(metafile, 'client/web/style.css')],
  ];
  for (const icon of existsSync(join(sources, 'icons')) ? readdirSync(join(sources, 'icons')) : []) {
    const path = hashedPath(icon, read(`icons/${icon}`));
    files.set(path, read(`icons/${icon}`));
    names.push([new RegExp(`/?icons/${icon.replaceAll('.', '\\.')}`, 'g'), path]);
  }
  const named = (name: string) =>
    names.reduce((part, [pattern, path]) => part.replace(pattern, path), read(name).toString('utf8'));
  // All of them are asked for at once, and not only when one that is there names the next.
  const parts = [...scriptsOf(metafile, [outputOf(metafile, 'client/web/main.tsx')])].slice(1);
  const preloads = parts.map((path) => `  <link rel="modulepreload" href="${path}">\n  `).join('');
  files.set('/index.html', Buffer.from(named('index.html').replace('</head>', `${preloads}</head>`)));
  files.set('/manifest.webmanifest', Buffer.from(named('manifest.webmanifest')));
  files.set('/service-worker.js', await bundleServiceWorker(files));
  return { files, metafile };
}

async function bundleServiceWorker(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const paths = [...files.keys()].sort();
  // A release is a new build even if no file has changed: the relay's header fields may have, and they are kept too.
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { readonly version: string };
  const digest = createHash('sha256').update(version);
  for (const path of paths) digest.update(path).update(files.get(path) ?? '');
  const digestOf = (path: string) =>
    createHash('sha256')
      .update(files.get(path) ?? '')
      .digest('base64')
      .slice(0, 22);
  const { outputFiles } = await build({
    ...common,
    entryPoints: [join(sources, 'service-worker.ts')],
    format: 'iife',
    define: {
      // The page is asked for as `/`.
      __FILES__: JSON.stringify(
        Object.fromEntries(paths.map((path) => [path === '/index.html' ? '/' : path, digestOf(path)])),
      ),
      __VERSION__: JSON.stringify(digest.digest('hex').slice(0, 16)),
    },
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** Builds, and makes the folder hold this build and nothing else. */
export async function buildWeb(folder: string = webFolder): Promise<WebBuild> {
  const built = await bundleWeb();
  // No part of the web client: what a relay tells developers of its routes.
  const files = new Map([...built.files, ['/openapi.json', readFileSync(join(checkout, 'docs/openapi.json'))]]);
  // What is there already stays: a relay may be serving it. The page, which names the others, comes last.
  for (const [path, contents] of [...files].sort(([a], [b]) => Number(isPage(a)) - Number(isPage(b)))) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file) || !readFileSync(file).equals(contents)) writeFileSync(file, contents);
  }
  for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(name.parentPath, name.name);
    if (name.isFile() && !files.has(`/${relative(folder, file).replaceAll('\\', '/')}`)) rmSync(file);
  }
  return built;
}

const isPage = (path: string) => !path.startsWith('/assets/');

const pathOf = (file: string) => `/${relative(webFolder, file).replaceAll('\\', '/')}`;

/** The path under which an output, as esbuild names it, is served. */
export const servedAs = (output: string): string => pathOf(join(checkout, output));

/** The path under which the output of an entry point is served. */
export function outputOf({ outputs }: Metafile, entryPoint: string): string {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (found === undefined) throw new RangeError(`there is no output of ${entryPoint}`);
  return servedAs(found[0]);
}

/** Scripts by their paths, and what they import without being asked. */
export function scriptsOf({ outputs }: Metafile, entries: readonly string[]): ReadonlySet<string> {
  const imports = new Map(
    Object.entries(outputs).map(([output, { imports: all }]) => [
      servedAs(output),
      all.filter(({ kind, external }) => kind === 'import-statement' && !external).map(({ path }) => servedAs(path)),
    ]),
  );
  const found = new Set<string>();
  const add = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    for (const other of imports.get(path) ?? []) add(other);
  };
  for (const entry of entries) add(entry);
  return found;
}

function hashedPath(name: string, contents: Uint8Array): string {
  const extension = extname(name);
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8);
  return `/assets/${basename(name, extension)}-${hash}${extension}`;
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) {
  const start = performance.now();
  await buildWeb();
  console.error(`The web client is built (${Math.round(performance.now() - start)} ms).`);
}
