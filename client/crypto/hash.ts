// SHA-256 (FIPS 180-4), plain and under a label, and comparison in constant time.

import { equalBytes } from '@noble/ciphers/utils.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { Bytes } from '../wire/bytes.ts';
import { type HashLabel, labelBytes } from './labels.ts';

export function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = nobleSha256.create();
  for (const part of parts) hash.update(part);
  return hash.digest() as Bytes;
}

/** SHA-256("cliquet/1 " ‖ label ‖ parts…). The parts must have fixed lengths or stand last. */
export function hashLabeled(label: HashLabel, ...parts: readonly Uint8Array[]): Bytes {
  return sha256(labelBytes(label), ...parts);
}

/** Whether two byte strings are the same, in time that does not depend on where they differ. */
export function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a, b);
}
