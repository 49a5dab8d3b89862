// Files that a person names. They are written whole under their name or not at all, for nobody else to read, and what
// stands there already stays unless the person says otherwise.

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from './escape.ts';
import { Failure } from './failure.ts';

const ownerOnly = 0o600;

export async function readNamed(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return naming(path, async () => new Uint8Array(await readFile(path)));
}

/** What is read of something that is no regular file, such as a device, would not end. */
export async function readRegular(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | 'too-large'> {
  return naming(path, async () => {
    const found = await stat(path);
    if (!found.isFile()) throw noFile(path);
    return found.size > maxBytes ? 'too-large' : new Uint8Array(await readFile(path));
  });
}

/**
 * @param parts  written one after the other
 * @param force  whether a file that is there may be replaced
 */
export async function writeNamed(
  path: string,
  parts: Iterable<string | Uint8Array>,
  { force = false } = {},
): Promise<void> {
  await naming(path, async () => {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === false) throw noFile(path);
    const target = found === null ? path : await realpath(path);
    // Takes the name before anything is written, or refuses what has it.
    if (!force) await (await open(path, 'wx', ownerOnly)).close();
    const partial = join(dirname(target), `.cliquet-${randomBytes(6).toString('hex')}.partial`);
    try {
      await writeWhole(await open(partial, 'wx', ownerOnly), parts);
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true });
      if (!force) await rm(path, { force: true });
      throw error;
    }
  });
}

async function writeWhole(file: FileHandle, parts: Iterable<string | Uint8Array>): Promise<void> {
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

const noFile = (path: string) => new Failure(text`${path} is a folder or a device; name a file.`);

/** What the system refuses is told under the name that the person has used. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && 'code' in error ? Object.assign(error, { path }) : error;
  }
}
