// What stands in stored bytes, piece by piece: to see whether any of it stands elsewhere too.

import { decode } from 'cborg';
import { encodeUtf8 } from '../../client/wire/bytes.ts';

/** All byte strings from 16 bytes on, and texts from 4 characters on, in what CBOR carries; in nested CBOR too. */
export function leavesOf(bytes: Uint8Array): Uint8Array[] {
  return leavesIn(decode(bytes));
}

function leavesIn(item: unknown): Uint8Array[] {
  if (item instanceof Uint8Array) return item.length >= 16 ? [item, ...nestedIn(item)] : [];
  if (typeof item === 'string') return item.length >= 4 ? [encodeUtf8(item)] : [];
  return Array.isArray(item) ? item.flatMap(leavesIn) : [];
}

function nestedIn(bytes: Uint8Array): Uint8Array[] {
  try {
    return leavesOf(bytes);
  } catch {
    return [];
  }
}

export function isPartOf(part: Uint8Array, whole: Uint8Array): boolean {
  return Buffer.from(whole).includes(Buffer.from(part));
}
