// The runtimes that the client is tested on, and how each is given a task. Each task runs in a life of its own: a process,
// a page, a workerd; what an earlier one has stored is there.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare, workerdProgram } from '../support/miniflare.ts';
import { node, type Runtime, start } from '../support/runtime.ts';
import { bun } from './bun.ts';
import { launchChromium } from './chromium.ts';
import { deno } from './deno.ts';
import type { Reports, Task } from './life.ts';
import { node24 } from './node24.ts';

export interface Place {
  run<T extends Task>(task: T): Promise<Reports[T['task']]>;
  /** The origin of its pages, if the client runs in pages. */
  readonly origin?: string;
  /** What its program says of itself, where the runtime says nothing. */
  readonly version?: string;
  close(): Promise<void>;
}

/** By the name in the table. */
export const runtimes: Readonly<Record<string, () => Promise<Place>>> = {
  'Node 22': () => inProcesses(node),
  'Node 24': () => inProcesses(node24),
  Deno: () => inProcesses(deno),
  Bun: () => inProcesses(bun),
  workerd: inWorkerd,
  'Chromium, bundled with the application': () => inPages('localhost', bundledApplication),
  'Chromium, `<script type="module">`': () => inPages('localhost', plainModules),
  'Chromium, plain HTTP': () => inPages('plain.test', bundledApplication),
};

async function inProcesses(runtime: Runtime): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-runtime-'));
  return {
    async run(task) {
      const child = start(runtime, join(import.meta.dirname, 'process.ts'), [folder]);
      child.stdin.end(JSON.stringify(task));
      return JSON.parse(await text(child.stdout));
    },
    close: async () => rmSync(folder, { recursive: true }),
  };
}

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2024',
  minify: true,
  absWorkingDir: import.meta.dirname,
  alias: { 'node:assert/strict': './assert.ts' },
  logLevel: 'error',
} as const satisfies BuildOptions;

async function inWorkerd(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'cliquet-runtime-'));
  const files = await filesOf({ entryPoints: ['worker.ts'], conditions: ['workerd', 'worker', 'browser'] });
  const options = convertV4MiniflareOptions({
    name: 'client',
    modules: true,
    script: files.get('/worker.js'),
    compatibilityDate: '2026-11-01',
    durableObjects: { PLACE: { className: 'Place', useSQLite: true } },
    host: '127.0.0.1',
    port: 0,
    cf: false,
  });
  return {
    version: execFileSync(workerdProgram, ['--version'], { encoding: 'utf8' }).trim().replace('workerd ', ''),
    async run(task) {
      const miniflare = new Miniflare({ ...options, resourcePersistencePath: folder });
      try {
        const url = new URL(task.task === 'trial' ? '/trial' : '/ada', await miniflare.ready);
        const response = await fetch(url, { method: 'POST', body: JSON.stringify(task) });
        const answer = await response.text();
        if (!response.ok) throw new Error(answer);
        return JSON.parse(answer);
      } finally {
        await miniflare.dispose();
      }
    },
    close: async () => rmSync(folder, { recursive: true }),
  };
}

type Files = ReadonlyMap<string, string>;

/** One script with everything in it, as applications are built. */
async function bundledApplication(): Promise<Files> {
  return filesOf({ entryPoints: ['page.ts'] });
}

/** The library in files of its own, which a page without a bundler names. */
async function plainModules(): Promise<Files> {
  const client = resolve(import.meta.dirname, '../../client');
  const modules = {
    [join(client, 'index.ts')]: './cliquet.js',
    [join(client, 'store/indexeddb.ts')]: './indexeddb.js',
  };
  const byName: Plugin = {
    name: 'the library by name',
    setup({ onResolve }) {
      onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => {
        const found = modules[join(resolveDir, path)];
        return found === undefined ? null : { path: found, external: true };
      });
    },
  };
  const [library, page] = await Promise.all([
    filesOf({
      entryPoints: Object.entries(modules).map(([input, out]) => ({ in: input, out: out.slice(2, -3) })),
      splitting: true,
    }),
    filesOf({ entryPoints: ['page.ts'], plugins: [byName] }),
  ]);
  return new Map([...library, ...page]);
}

async function filesOf(options: BuildOptions): Promise<Files> {
  const outdir = join(import.meta.dirname, 'out');
  const { outputFiles } = await build({ ...common, ...options, outdir, write: false });
  return new Map(outputFiles.map((file) => [`/${relative(outdir, file.path)}`, file.text]));
}

async function inPages(host: string, buildFiles: () => Promise<Files>): Promise<Place> {
  const files = await buildFiles();
  const page = '<!doctype html><title>Cliquet</title><script type="module" src="/page.js"></script>';
  const server = createServer(({ url = '' }, response) => {
    const file = url === '/' ? page : files.get(url);
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': url === '/' ? 'text/html' : 'text/javascript',
    });
    response.end(file);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium([`--host-resolver-rules=MAP ${host} 127.0.0.1`]);
  const context = await browser.newContext();
  return {
    origin,
    async run<T extends Task>(task: T) {
      const opened = await context.newPage();
      try {
        await opened.goto(origin);
        await opened.waitForFunction(() => 'live' in window);
        return (await opened.evaluate((given) => window.live(given), task as Task)) as Reports[T['task']];
      } finally {
        await opened.close();
      }
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
