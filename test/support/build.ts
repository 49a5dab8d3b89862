// What is built once, before the tests: the web client, which every relay serves; the Worker, which every workerd runs; and
// the command.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildWeb } from '../../client/web/build.ts';
import { launcher } from './launcher.ts';
import { prepareWorker } from './workerd.ts';

const checkout = join(import.meta.dirname, '../..');
const commandFolder = join(launcher, '..');

export default async function setup(): Promise<void> {
  await buildWeb();
  await buildCommand();
  await prepareWorker();
}

/** In a few files, which are loaded in a third of the time of its sources: it starts hundreds of times. */
async function buildCommand(): Promise<void> {
  rmSync(commandFolder, { recursive: true, force: true });
  await build({
    entryPoints: [join(checkout, 'client/cli/main.ts')],
    outdir: commandFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
  });
  const source = readFileSync(join(checkout, 'client/cli/cliquet.mjs'), 'utf8');
  if (!source.includes(`'./main.ts'`)) throw new Error('the launcher does not import ./main.ts');
  // As deep in the checkout as the original.
  writeFileSync(launcher, source.replace(`'./main.ts'`, `'./main.js'`));
}
