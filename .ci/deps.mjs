// Makes node_modules match package-lock.json. `npm start`, `npm test`, … call it first; it costs 30 ms when nothing changed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const shell = process.platform === 'win32';
const lock = readFileSync('package-lock.json', 'utf8');
const installedLock = 'node_modules/.installed-lock';

if (!existsSync(installedLock) || readFileSync(installedLock, 'utf8') !== lock) {
  console.error('Installing the locked dependencies (once, about 20 s) …');
  // Not to standard output, which belongs to whoever called this.
  const stdio = ['ignore', 2, 2];
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio, shell });
  if (install.status !== 0) process.exit(install.status ?? 1);

  // The lock brings Node 22 for the common platforms; npm scripts find it first on their PATH.
  const node = spawnSync('node', ['-p', 'process.versions.node'], { encoding: 'utf8', shell });
  const [major, minor] = node.stdout.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    console.error(
      `Node ${node.stdout.trim()} does not run TypeScript, and no Node 22 package exists for ${process.platform}-${process.arch}. Install Node 22.18 or newer.`,
    );
    process.exit(1);
  }
  writeFileSync(installedLock, lock);
}
await import('./sources.mjs');
