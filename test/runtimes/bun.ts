// Bun as an application would run it, with nothing installed on the way.

import { createRequire } from 'node:module';
import type { Runtime } from '../support/runtime.ts';

// The program lies in a package for the platform; nobody has run the script that would put it into the package `bun`.
const { platform, arch } = process;
const system = platform === 'win32' ? 'windows' : platform;
const program = `@oven/bun-${system}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun${platform === 'win32' ? '.exe' : ''}`;

export const bun: Runtime = {
  command: createRequire(import.meta.url).resolve(program),
  args: ['run', '--no-install'],
  env: { DO_NOT_TRACK: '1', NO_COLOR: '1' },
};
