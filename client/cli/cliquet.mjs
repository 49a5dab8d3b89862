#!/usr/bin/env node
// Starts the command: in a package what was compiled; in a clone the sources, with the Node 22 that the locked dependencies
// bring, if this one does not run TypeScript.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const bin = join(root, 'node_modules/.bin');
const isClone = existsSync(join(root, '.ci/deps.mjs'));
const isOld = isClone ? !process.features.typescript : !module.isBuiltin('node:sqlite');

if (isClone) {
  // In a clone the dependencies may not be installed yet, or be older than the lock.
  const folder = process.cwd();
  process.env.PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`;
  process.chdir(root);
  await import('../../.ci/deps.mjs');
  process.chdir(folder);
}

if (isOld && !isClone) {
  console.error(`cliquet: Node ${process.versions.node} has no SQLite; install Node 22.13 or newer, and try again.`);
  process.exitCode = 1;
} else if (isOld) {
  const node = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');
  const shell = process.platform === 'win32';
  // Said to it, whatever NODE_OPTIONS says: or it would start another one, and so on.
  const args = ['--experimental-strip-types', import.meta.filename, ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit', shell });
  // Ctrl-C reaches the child by itself; what is sent to this process alone is handed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)));
} else {
  // Node warns of every use of its SQLite and of TypeScript; whoever runs a command can do nothing about it.
  if (!process.env.CLIQUET_DEBUG) process.removeAllListeners('warning');
  module.enableCompileCache?.(isClone ? join(root, 'node_modules/.cache/cliquet') : undefined);
  const { main } = await import(isClone ? './main.ts' : '../../dist/cli/main.js');
  const code = await main(process.argv.slice(2));
  process.exit(code);
}
