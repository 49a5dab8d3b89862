// Deno as an application would run it: offline but for a relay on this machine, with leave to use the temporary folder
// and nothing else.

import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../support/runtime.ts';

// The program itself lies in a package for the platform. The command `deno` is a script that waits for it: a kill would
// reach that one only.
const { runInstall } = createRequire(import.meta.url)('deno/install_api.cjs') as { runInstall(): string };

export const deno: Runtime = {
  command: runInstall(),
  args: [
    ...['run', '--quiet', '--no-prompt', '--no-lock', '--no-remote', '--node-modules-dir=manual'],
    ...[`--allow-read=${tmpdir()}`, `--allow-write=${tmpdir()}`, '--allow-net=localhost'],
  ],
  env: { DENO_DIR: join(import.meta.dirname, '../../.build/deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
};
