// Test vectors: JSON files in test/vectors, bytes as hex.

import { readFileSync } from 'node:fs';

export { fromHex, toHex } from './hex.ts';

/** Reads test/vectors/`name`.json. The files are the project's own, so the caller says what is in them. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}
