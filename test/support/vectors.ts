// Test vectors: JSON files in test/vectors, bytes as hex.

import { readFileSync } from 'node:fs';
import type { Bytes } from '../../client/wire/bytes.ts';

/** Reads test/vectors/`name`.json. The files are the project's own, so the caller says what is in them. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}

export function fromHex(hex: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/i.test(hex)) throw new TypeError('expected hexadecimal');
  return new Uint8Array(hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
