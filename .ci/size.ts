// What a first visit to the web client loads, in brotli, and what it consists of: the page, its style, one language, and the
// scripts up to the first pages, with all of the library. What is loaded when it is wanted (the pages of an open store, the
// scanner) is listed too; and the sum of all that a person of one language ever loads but the scanner. And what the library
// adds to an application, by what is imported of it.

import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleWeb, outputOf, scriptsOf, servedAs, type WebBuild } from '../client/web/build.ts';

/** A phone on a slow line has that in a few seconds. */
const maxFirstLoadBytes = 120_000;

/** Of the library, minified: what is imported, and how many compressed bytes that may be. */
const typical: readonly (readonly [name: string, program: string, maxBytes: number])[] = [
  ['the safety number alone', "export { safetyNumber } from './client/index.ts'", 14_000],
  ['a client', "export { Client, memoryStore } from './client/index.ts'", 100_000],
  [
    'a client with an encrypted store in IndexedDB',
    "export { Client, encryptedStore } from './client/index.ts'; export { indexedDbStore } from './client/store/indexeddb.ts'",
    102_000,
  ],
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

/** What is loaded on demand counts as well: the bundle is one file. */
async function bundledSize(program: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: '.', loader: 'ts' },
    ...{ bundle: true, write: false, minify: true, format: 'esm', target: 'es2024', logLevel: 'error' },
  });
  return sum(outputFiles.map(({ path, contents }) => [path, brotliCompressSync(contents).length]));
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
  for (const [name, program, maxBytes] of typical) {
    const bytes = await bundledSize(program);
    console.log(`size: of the library, ${name} is ${kb(bytes)} of at most ${kb(maxBytes)}`);
    isTooMuch ||= bytes > maxBytes;
  }
  if (isTooMuch) {
    console.error('That is too much: load on demand what is not needed at once, or do without it.');
    process.exit(1);
  }
}
