// What `npm pack` makes of this checkout, installed as anybody would install it.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { manifest } from '../../.ci/package.ts';
import { bun } from '../runtimes/bun.ts';

export const root: string = join(import.meta.dirname, '../..');
const projects = join(import.meta.dirname, 'projects');
/** What is in a checkout but not in the repository. */
const own = ['node_modules', 'dist', '.git', '.build', '.wrangler', '.state', '.reports', '.secrets'];

/** Runs a program to its end. @returns what it has written @throws with its complaints */
export async function run(program: string, args: readonly string[], cwd: string, env = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 100_000_000 };
  const { stdout } = await promisify(execFile)(program, [...args], options);
  return stdout;
}

/**
 * Packs a copy of this checkout: while the tests run, others use what `npm pack` replaces.
 * @param folder  an empty one
 * @returns the path of the tarball
 */
export async function pack(folder: string): Promise<string> {
  const clone = join(folder, 'clone');
  cpSync(root, clone, { recursive: true, filter: (path) => path === root || !own.includes(basename(path)) });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction');
  await run('npm', ['pack', '--loglevel=error', '--pack-destination', folder], clone);
  return join(folder, `cliquet-${manifest.version}.tgz`);
}

/** Installs it with its dependencies. @returns the folder of the small projects, which have it beside them */
export async function install(tarball: string, folder: string): Promise<string> {
  const installed = join(folder, 'projects');
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }');
  cpSync(projects, installed, { recursive: true });
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball], installed);
  return installed;
}

/** A project of its own for Bun, which installs it by itself. @returns its folder */
export async function installWithBun(tarball: string, folder: string): Promise<string> {
  const installed = join(folder, 'bun');
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }');
  for (const file of ['main.ts', 'talk.ts']) cpSync(join(projects, file), join(installed, file));
  await run(bun.command, ['add', '--silent', tarball], installed, {
    ...bun.env,
    BUN_INSTALL_CACHE_DIR: join(root, '.build/bun'),
  });
  return installed;
}
