// The relay in workerd without `wrangler dev`, whose start costs several times as much: for all relays of a run the Worker is
// bundled once, by wrangler as for a deployment, and bound to what wrangler.toml says. `npm start` has tests of its own.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalRelayOptions } from '../../worker/local.ts';

const checkout = join(import.meta.dirname, '../..');
const folder = join(checkout, '.build/relay');
const optionsFile = join(folder, 'options.json');
export const workerdScript: string = join(import.meta.dirname, 'workerd-process.ts');

/** Of what wrangler.toml binds, as Miniflare takes it, what is looked at here. */
export interface WorkerOptions {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings: Readonly<Record<string, string>>;
  readonly ratelimits: { readonly STRANGERS: { readonly simple: { readonly limit: number; readonly period: number } } };
}

/** Bundles the Worker, and reads what is bound to it. What this process starts knows that it is done. */
export async function prepareWorker(): Promise<void> {
  // Wrangler does not start without it; who wants the web client has built it before.
  mkdirSync(join(checkout, '.build/web'), { recursive: true });
  const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js');
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' };
  const deploy = [wrangler, 'deploy', '--dry-run', '--env', '', '--outdir', folder];
  // Beside each other: to load wrangler takes as long as it takes to bundle.
  const [{ unstable_getMiniflareWorkerOptions }] = await Promise.all([
    import('wrangler'),
    promisify(execFile)(process.execPath, deploy, { cwd: checkout, env }).catch(({ stdout, stderr }) => {
      throw new Error(`the Worker was not bundled:\n${stdout}${stderr}`);
    }),
  ]);
  // Rules of what may be imported: the bundle imports nothing.
  const { modulesRules: _, ...bound } = unstable_getMiniflareWorkerOptions(
    join(checkout, 'wrangler.toml'),
  ).workerOptions;
  writeFileSync(optionsFile, JSON.stringify(bound));
  process.env.WORKER_IS_PREPARED = 'yes';
}

/** What wrangler.toml binds. */
export async function readWorkerOptions(): Promise<WorkerOptions> {
  if (process.env.WORKER_IS_PREPARED === undefined) await prepareWorker();
  return JSON.parse(readFileSync(optionsFile, 'utf8')) as WorkerOptions;
}

/** What Miniflare is told. @param bundle  of the Worker */
export function miniflareOptions(
  worker: object,
  stateFolder: string,
  port: number,
  bundle: string = join(folder, 'index.js'),
): Readonly<Record<string, unknown>> {
  return {
    ...worker,
    // Names the objects on disk.
    name: 'cliquet',
    modules: true,
    // workerd does not read outside of the folder that it works in.
    scriptPath: relative(checkout, bundle),
    host: '127.0.0.1',
    port,
    // Where wrangler has it.
    resourcePersistencePath: join(resolve(stateFolder), 'v3'),
  };
}

/**
 * Arguments of Node for startLocalRelay(), instead of wrangler's.
 * @param strangersPerMinute  the limit of the STRANGERS binding, if another than in development: it is no variable
 */
export async function workerdArguments(
  { stateFolder, https, vars = {} }: Omit<LocalRelayOptions, 'port'>,
  strangersPerMinute?: number,
): Promise<(port: number) => string[]> {
  const worker = await readWorkerOptions();
  const { STRANGERS } = worker.ratelimits;
  const limit = strangersPerMinute ?? STRANGERS.simple.limit;
  const changed = {
    ...worker,
    bindings: { ...worker.bindings, ...vars },
    ratelimits: { ...worker.ratelimits, STRANGERS: { ...STRANGERS, simple: { ...STRANGERS.simple, limit } } },
  };
  const tls = https && {
    https: true,
    httpsKey: readFileSync(https.key, 'utf8'),
    httpsCert: readFileSync(https.cert, 'utf8'),
  };
  return (port) => [workerdScript, JSON.stringify({ ...miniflareOptions(changed, stateFolder, port), ...tls })];
}
