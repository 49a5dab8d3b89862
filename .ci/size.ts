// What a first visit to the web client loads, in brotli, and what it consists of: the page, its style, one language, and the
// scripts up to the first pages, with all of the library. What is loaded when it is wanted (the pages of an open store, the
// scanner) is listed too; and the sum of all that a person of one language ever loads but the scanner. And what the library
// adds to an application, by what is imported of it: what a page loads at once, if the bundler splits the code, and all of it
// as one file. What is ours of a file is its share before compression; the rest are the libraries that it is built on.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleWeb, outputOf, scriptsOf, servedAs, type WebBuild, webFolder } from '../client/web/build.ts';

/** A phone on a slow line has that in a few seconds. */
const maxFirstLoadBytes = 92_000;

/** Compressed bytes of the library, minified: at once, of that our own, and in all as one file. */
interface LibrarySize {
  readonly atOnce: number;
  readonly ownAtOnce: number;
  readonly all: number;
  readonly ownOfAll: number;
}

interface Typical {
  readonly name: string;
  /** What is imported. */
  readonly program: string;
  readonly most: Omit<LibrarySize, 'ownOfAll'>;
}

const bounds = { atOnce: 70_000, ownAtOnce: 28_000 };

const typical: readonly Typical[] = [
  {
    name: 'the safety number alone',
    program: "export { safetyNumber } from './client/index.ts'",
    // When it splits, esbuild keeps apart what a part that nobody loads would share.
    most: { atOnce: 19_500, ownAtOnce: 7000, all: 14_000 },
  },
  {
    name: 'a client',
    program: "export { Client, memoryStore } from './client/index.ts'",
    most: { ...bounds, all: 101_000 },
  },
  {
    name: 'a client with an encrypted store in IndexedDB',
    program:
      "export { Client, encryptedStore } from './client/index.ts'; export { indexedDbStore } from './client/store/indexeddb.ts'",
    most: { ...bounds, all: 104_000 },
  },
  {
    name: 'everything, with a store in IndexedDB',
    program: "export * from './client/index.ts'; export * from './client/store/indexeddb.ts'",
    most: { ...bounds, all: 105_000 },
  },
];

type Metafile = WebBuild['metafile'];
type Sizes = ReadonlyMap<string, number>;

interface Measured {
  /** Compressed bytes of each file that a first visit loads. */
  readonly first: Sizes;
  /** The same of those that it may load later. */
  readonly later: Sizes;
  /** All that somebody who stays in one language and scans nothing ever loads. */
  readonly all: number;
  /** The scripts of a first visit, by what they were made of. */
  readonly parts: Sizes;
}

export function measure({ files, metafile }: WebBuild): Measured {
  const sizes = new Map([...files].map(([path, contents]) => [path, brotliCompressSync(contents).length]));
  const scripts = scriptsOf(metafile, [outputOf(metafile, 'client/web/main.tsx'), largestLanguage(metafile, sizes)]);
  const isFirst = (path: string) => scripts.has(path) || !/\.(js|png)$/.test(path) || path === '/service-worker.js';
  const isOther = (path: string) => isScanner(metafile, path) || isOtherLanguage(metafile, path, scripts);
  return {
    all: sum([...sizes].filter(([path]) => !isOther(path) && !path.endsWith('.png'))),
    first: new Map([...sizes].filter(([path]) => isFirst(path))),
    later: new Map([...sizes].filter(([path]) => !isFirst(path))),
    parts: partsOf(metafile, scripts, sizes),
  };
}

function largestLanguage({ outputs }: Metafile, sizes: Sizes): string {
  const languages = Object.entries(outputs)
    .filter(([, { inputs }]) =>
      Object.keys(inputs).some((input) => /^client\/web\/messages\/(en|fr)-gate\.ts$/.test(input)),
    )
    .map(([output]) => servedAs(output));
  const [largest = ''] = languages.sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  return largest;
}

/** Compression does not add up: each part has its share of its file by its size before. */
function partsOf({ outputs }: Metafile, scripts: ReadonlySet<string>, sizes: Sizes): Sizes {
  const parts = new Map<string, number>();
  for (const [output, { bytes, inputs }] of Object.entries(outputs)) {
    const path = servedAs(output);
    if (!scripts.has(path)) continue;
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const share = ((sizes.get(path) ?? 0) * bytesInOutput) / bytes;
      parts.set(partOf(input), (parts.get(partOf(input)) ?? 0) + share);
    }
  }
  return new Map([...parts].sort(([, a], [, b]) => b - a));
}

/** A package, or a room of the client. */
function partOf(input: string): string {
  const [, packaged] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
  if (packaged !== undefined) return packaged;
  return input.split('/').slice(0, -1).join('/');
}

/** What a program takes of the library. @param program  a module, as if it stood in the root of the checkout */
export async function measureLibrary(program: string): Promise<LibrarySize> {
  const [split, whole] = await Promise.all([bundleLibrary(program, true), bundleLibrary(program, false)]);
  const [atOnce, ownAtOnce] = split;
  const [all, ownOfAll] = whole;
  return { atOnce, ownAtOnce, all, ownOfAll };
}

/** @returns compressed bytes that a page loads at once, and of those our own; without splitting, that is all */
async function bundleLibrary(contents: string, splitting: boolean): Promise<[atOnce: number, own: number]> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(import.meta.dirname, '..'), loader: 'ts' },
    absWorkingDir: join(import.meta.dirname, '..'),
    ...{ outdir: webFolder, splitting, metafile: true },
    ...{ bundle: true, write: false, minify: true, format: 'esm', target: 'es2024', logLevel: 'error' },
  });
  const compressed = new Map(outputFiles.map((file) => [file.path, brotliCompressSync(file.contents).length]));
  const atOnce = scriptsOf(metafile, [outputOf(metafile, '<stdin>')]);
  const parts = Object.entries(metafile.outputs)
    .filter(([output]) => atOnce.has(servedAs(output)))
    .map(([output, { bytes, inputs }]) => {
      const size = compressed.get(join(webFolder, servedAs(output))) ?? 0;
      const own = Object.entries(inputs).filter(([input]) => !input.includes('node_modules/'));
      return [size, (size * sum(own.map(([input, { bytesInOutput }]) => [input, bytesInOutput]))) / bytes] as const;
    });
  const total = (at: 0 | 1) => parts.reduce((before, part) => before + part[at], 0);
  return [total(0), total(1)];
}

const inputsOf = ({ outputs }: Metafile, path: string): readonly string[] =>
  Object.entries(outputs).flatMap(([output, { inputs }]) => (servedAs(output) === path ? Object.keys(inputs) : []));

const isScanner = (metafile: Metafile, path: string) => inputsOf(metafile, path).includes('client/web/scanner.ts');

/** Whether there is only that in it which those who have the other language load. */
function isOtherLanguage(metafile: Metafile, path: string, first: ReadonlySet<string>): boolean {
  const [chosen] = [...first].flatMap((each) => /messages\/(en|fr)-/.exec(inputsOf(metafile, each).join())?.[1] ?? []);
  const languages = inputsOf(metafile, path).map((input) => /messages\/(en|fr)\b/.exec(input)?.[1]);
  return languages.length > 0 && languages.every((each) => each !== undefined && each !== chosen);
}

const sum = (sizes: Iterable<readonly [string, number]>) => [...sizes].reduce((total, [, bytes]) => total + bytes, 0);
const kb = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;
const print = (sizes: Sizes) => {
  for (const [name, bytes] of sizes) console.log(`${kb(bytes).padStart(10)}  ${name}`);
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { first, later, parts, all } = measure(await bundleWeb());
  const total = sum(first);
  print(first);
  console.log('Its scripts consist of:');
  print(parts);
  console.log('Loaded when it is wanted:');
  print(later);
  console.log(`All but the scanner, the other language and pictures for app icons: ${kb(all)}`);
  console.log(`size: a first visit to the web client loads ${kb(total)} of at most ${kb(maxFirstLoadBytes)}`);
  let isTooMuch = total > maxFirstLoadBytes;
  for (const { name, program, most } of typical) {
    const size = await measureLibrary(program);
    console.log(`size: of the library, ${name} is`);
    for (const [what, bytes, own, maxBytes, maxOwn] of [
      ['at once', size.atOnce, size.ownAtOnce, most.atOnce, most.ownAtOnce],
      ['in all, as one file', size.all, size.ownOfAll, most.all, null],
    ] as const) {
      const ownBound = maxOwn === null ? '' : ` of at most ${kb(maxOwn)}`;
      console.log(
        `  ${what}: ${kb(bytes)} of at most ${kb(maxBytes)}: our own ${kb(own)}${ownBound}, libraries ${kb(bytes - own)}`,
      );
      isTooMuch ||= bytes > maxBytes || own > (maxOwn ?? bytes);
    }
  }
  if (isTooMuch) {
    console.error('That is too much: load on demand what is not needed at once, or do without it.');
    process.exit(1);
  }
}
