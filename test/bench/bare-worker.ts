// Runs the bare worker (floor.ts) in workerd as the relay of a test runs (test/support/workerd.ts): no proxy stands before
// either, and they have the same date, flags and kind of storage.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { startLocalRelay } from '../../worker/local.ts';
import { miniflareOptions, readWorkerOptions, workerdScript } from '../support/workerd.ts';

export interface BareWorker {
  readonly url: string;
  /** Ends it; its state goes too. */
  stop(): Promise<void>;
}

/** @param outfile  a module, which imports nothing but workerd's own */
export async function bundleBareWorker(outfile: string): Promise<void> {
  await build({
    ...{ entryPoints: [join(import.meta.dirname, 'floor.ts')], outfile, external: ['cloudflare:*'] },
    ...{ bundle: true, format: 'esm', target: 'es2024', logLevel: 'error' },
  });
}

export async function startBareWorker(): Promise<BareWorker> {
  const { compatibilityDate, compatibilityFlags } = await readWorkerOptions();
  const worker = {
    ...{ compatibilityDate, compatibilityFlags },
    durableObjects: { FLOOR: { className: 'Floor', useSQLite: true } },
  };
  // workerd reads in the checkout only.
  const bundle = join(import.meta.dirname, '../../.build/floor/index.js');
  await bundleBareWorker(bundle);
  const stateFolder = mkdtempSync(join(tmpdir(), 'cliquet-floor-'));
  const { url, stop } = await startLocalRelay({
    port: 0,
    stateFolder,
    quiet: true,
    startWith: (port) => [workerdScript, JSON.stringify(miniflareOptions(worker, stateFolder, port, bundle))],
  });
  return {
    url,
    async stop() {
      await stop();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}
