// What starts, and how large it is: bundles by entry point, the Worker on workerd, and `npm start` in a new clone and in one
// that has been used. `npm run bench -- start`.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { build } from 'esbuild';
import { measureLibrary, measure as measureWeb } from '../../.ci/size.ts';
import { bundleWeb } from '../../client/web/build.ts';
import { median } from '../support/quantile.ts';
import { readWorkerOptions } from '../support/workerd.ts';
import { bundleBareWorker } from './bare-worker.ts';
import { interleave, ratiosOf } from './pairs.ts';
import { figure, type Report } from './report.ts';

const checkout = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);
const wranglerPackage = require.resolve('wrangler/package.json');
const wrangler = join(dirname(wranglerPackage), 'bin/wrangler.js');

export async function run(report: Report): Promise<void> {
  await measureSizes(report);
  if (report.quick) return;
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-bench-'));
  try {
    await measureWorker(report, folder);
    await measureNpmStart(report, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a browser loads of the library, as .ci/size.ts counts it; and every entry point as one file. */
async function measureSizes(report: Report): Promise<void> {
  report.progress('sizes');
  // Beside each other: compressing takes longest, and has threads of its own.
  const rows = await Promise.all(
    Object.entries({
      cliquet: 'client/index.ts',
      'cliquet/indexeddb': 'client/store/indexeddb.ts',
      'cliquet/sqlite': 'client/store/sqlite.ts',
      'the Worker': 'worker/index.ts',
    }).map(async ([entry, path]) => [entry, ...(await sizesOf(path)).map(figure)]),
  );
  const library = await measureLibrary(
    "export * from './client/index.ts'; export * from './client/store/indexeddb.ts'",
  );
  const [atOnce, ownAtOnce] = [library.atOnce / 1000, library.ownAtOnce / 1000];
  report.ratio('KB of the library that a browser loads at once', [atOnce], { most: 70, counted: true, margin: 1.1 });
  report.ratio('KB of it that are our own', [ownAtOnce], { most: 28, counted: true, margin: 1.1 });
  const { first } = measureWeb(await bundleWeb());
  const web = [...first.values()].reduce((sum, bytes) => sum + bytes, 0) / 1000;
  report.table('Minified bundles in KB, each as one file; compressed with Brotli:', [
    ['', 'minified', 'compressed', 'of it our own'],
    ...rows,
    ['of the library, what a browser loads at once', '', figure(atOnce), figure(ownAtOnce)],
    ['first visit to the web client', '', figure(web), ''],
  ]);
}

/** In KB: minified, compressed, of that our own. */
async function sizesOf(path: string): Promise<readonly number[]> {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [join(checkout, path)], absWorkingDir: checkout, outdir: 'nowhere' },
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2024', metafile: true, write: false, logLevel: 'error' },
    external: ['cloudflare:*', 'node:*', ...builtins],
  });
  const [output] = Object.values(metafile.outputs);
  const own = Object.entries(output?.inputs ?? {}).filter(([name]) => !name.includes('node_modules/'));
  const share = own.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) / (output?.bytes ?? 1);
  const compressed = (await promisify(brotliCompress)(outputFiles[0]?.contents ?? '')).length / 1000;
  return [(output?.bytes ?? 0) / 1000, compressed, compressed * share];
}

/** As CommonJS names them. */
const builtins = [
  'crypto',
  'dns',
  'events',
  'fs',
  'http',
  'https',
  'net',
  'os',
  'path',
  'stream',
  'tls',
  'url',
  'util',
  'zlib',
  'child_process',
];

/** The Worker as it is deployed, a bare one that keeps something too, and one that does nothing. */
async function measureWorker(report: Report, folder: string): Promise<void> {
  report.progress('workers');
  mkdirSync(join(checkout, '.build/web'), { recursive: true });
  const empty = join(folder, 'empty.js');
  writeFileSync(empty, 'export default { fetch: () => new Response() };');
  const relay = bundleRelay(join(folder, 'relay'));
  const bare = join(folder, 'bare.js');
  await bundleBareWorker(bare);
  const rounds = 15;
  const onRound = (done: number) => report.progress(`starts of workers: ${done} of ${rounds}`);
  const sides = {
    relay: () => startCpu(folder, relay, ['Mailbox', 'Registrar', 'Shard']),
    bare: () => startCpu(folder, bare, ['Floor']),
    empty: () => startCpu(folder, empty, []),
  };
  const { relay: own, bare: floor, empty: nothing } = await interleave(rounds, sides, onRound);
  report.raw.startCpuMs = { relay: own, bare: floor, empty: nothing };
  const above = own.map((cpu, round) => cpu - (nothing[round] ?? 0));
  report.ratio('CPU time of workerd until it listens, with the relay / with an empty worker', ratiosOf(own, nothing));
  report.progress('`wrangler check startup`');
  const profiles = Array.from({ length: 5 }, () => Number(/Active: ([\d.]+) ms/.exec(checkStartup(folder))?.[1]));
  report.table('CPU time of a start on workerd in ms; at most 50 above an empty worker are wanted:', [
    ['relay', 'bare worker', 'empty worker', 'relay above the empty one', '`wrangler check startup`, active'],
    [own, floor, nothing, above, profiles].map((all) => figure(median(all))),
  ]);
}

function bundleRelay(folder: string): string {
  runWrangler(['deploy', '--dry-run', '--config', join(checkout, 'wrangler.toml'), '--outdir', folder]);
  const file = readdirSync(folder).find((name) => name.endsWith('.js')) ?? '';
  return join(folder, file);
}

/** @returns what wrangler says of the start of the relay's Worker: samples of the time, not of the processor's */
function checkStartup(folder: string): string {
  return runWrangler(['check', 'startup', '--outfile', join(folder, 'start.cpuprofile')]);
}

function runWrangler(args: readonly string[]): string {
  const env = {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    NO_COLOR: '1',
    CI: '1',
  };
  return execFileSync(process.execPath, [wrangler, ...args], { cwd: checkout, env, encoding: 'utf8', stdio: 'pipe' });
}

/** @returns milliseconds of the processor that workerd has used until it listens, all threads together; on Linux only */
async function startCpu(folder: string, worker: string, classes: readonly string[]): Promise<number> {
  const { default: program } = createRequire(wranglerPackage)('workerd') as { readonly default: string };
  const { compatibilityDate, compatibilityFlags } = await readWorkerOptions();
  const config = join(folder, 'start.capnp');
  copyFileSync(worker, join(folder, 'start.js'));
  const objects = classes.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "start.js", esModule = embed "start.js")],
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = ${JSON.stringify(compatibilityFlags)},
  durableObjectNamespaces = [${objects.join(', ')}],
  durableObjectStorage = (inMemory = void),
);`,
  );
  const child = spawn(program, ['serve', '--experimental', '--control-fd=3', config], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    const control = child.stdio[3];
    if (control === null || control === undefined) throw new TypeError('expected a pipe');
    await Promise.race([once(control, 'data'), ended]);
    if (child.exitCode !== null) throw new Error('workerd does not start');
    const tasks = `/proc/${child.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
  } finally {
    child.kill();
    await ended;
  }
}

/** In a clone without anything, and in the same one again; with what npm has downloaded before. */
async function measureNpmStart(report: Report, folder: string): Promise<void> {
  const clone = join(folder, 'clone');
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', checkout, clone]);
  const seconds: string[] = [];
  for (const what of ['cold', 'warm']) {
    report.progress(`npm start, ${what}`);
    seconds.push(figure((await npmStart(clone)) / 1000));
  }
  report.table('Seconds from `npm start` until the relay and its web client answer:', [
    ['in a new clone, packages in the cache of npm', 'the second time'],
    seconds,
  ]);
}

/** @returns milliseconds */
async function npmStart(clone: string): Promise<number> {
  const start = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    // A process group of its own, so that all of it can be ended.
    detached: true,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('npm start has ended');
  });
  let output = '';
  const running = new Promise<void>((resolve) => {
    child.stdout.on('data', (data) => {
      output += String(data);
      if (output.includes('The relay is running')) resolve();
    });
  });
  await Promise.race([running, ended]);
  const time = performance.now() - start;
  const gone = ended.catch(() => undefined);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await gone;
  return time;
}
