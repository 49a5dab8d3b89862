// CBOR items in their deterministic encoding (RFC 8949 §4.2.1), as far as the protocol has them: unsigned integers, byte
// strings, texts, arrays, true, false and null. Sizes are counted first, so that the bytes are written once, to where they
// stay. Decoding is cborg's.

import { type Bytes, encodeUtf8, isBytes } from './bytes.ts';

const byteString = 0x40;
const textString = 0x60;
const array = 0x80;
const [no, yes, nothing] = [0xf4, 0xf5, 0xf6];

/** @throws TypeError for what is no such item */
export function encodeItem(item: unknown): Bytes {
  const bytes = new Uint8Array(sizeOf(item));
  write(bytes, 0, item);
  return bytes;
}

function sizeOf(item: unknown): number {
  if (typeof item === 'number') return headSize(item);
  if (isBytes(item)) return headSize(item.length) + item.length;
  if (Array.isArray(item)) {
    let size = headSize(item.length);
    for (const each of item) size += sizeOf(each);
    return size;
  }
  if (typeof item === 'string') {
    const { length } = encodeUtf8(item);
    return headSize(length) + length;
  }
  if (item === null || typeof item === 'boolean') return 1;
  throw new TypeError(`"item" expected what CBOR has here, got ${typeof item}`);
}

/** @returns where the next item goes */
function write(to: Bytes, at: number, item: unknown): number {
  if (typeof item === 'number') return writeHead(to, at, 0, item);
  if (isBytes(item)) return writeBytes(to, at, byteString, item);
  if (typeof item === 'string') return writeBytes(to, at, textString, encodeUtf8(item));
  if (Array.isArray(item)) {
    let next = writeHead(to, at, array, item.length);
    for (const each of item) next = write(to, next, each);
    return next;
  }
  to[at] = item === null ? nothing : item === true ? yes : no;
  return at + 1;
}

function writeBytes(to: Bytes, at: number, type: number, bytes: Bytes): number {
  const start = writeHead(to, at, type, bytes.length);
  to.set(bytes, start);
  return start + bytes.length;
}

/** Of an integer, or of a length, in the shortest form. */
function headSize(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError('"item" expected an unsigned integer');
  if (value < 24) return 1;
  if (value < 2 ** 8) return 2;
  if (value < 2 ** 16) return 3;
  return value < 2 ** 32 ? 5 : 9;
}

function writeHead(to: Bytes, at: number, type: number, value: number): number {
  const size = headSize(value);
  if (size === 1) {
    to[at] = type | value;
    return at + 1;
  }
  // 24 to 27: in 1, 2, 4 or 8 bytes.
  to[at] = type | (24 + Math.log2(size - 1));
  let rest = value;
  for (let i = at + size - 1; i > at; i--) {
    to[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + size;
}
