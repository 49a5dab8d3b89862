// Byte strings and their text forms. Nothing here knows a struct or a key.

import { base64, base64url, base64urlnopad } from '@scure/base';

/**
 * Bytes: a `Uint8Array` that owns (or views) an ordinary ArrayBuffer, as WebCrypto and SQLite want them.
 * @category Platform
 */
export type Bytes = Uint8Array<ArrayBuffer>;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

export function isBytes(value: unknown): value is Bytes {
  return value instanceof Uint8Array;
}

/** The parts of so many bytes each that were joined. */
export function splitBytes(bytes: Bytes, size: number): Bytes[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Whether two public byte strings are the same. Not constant-time: secrets are compared in `crypto/`. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order, for sorting: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function encodeUtf8(text: string): Bytes {
  return utf8Encoder.encode(text);
}

/** @throws TypeError if the bytes are not valid UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** Base64url without padding (RFC 4648 §5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  // Where the platform has it the padded one is the platform's, and takes a tenth of the time.
  return base64url.encode(bytes).replace(/=+$/, '');
}

/** @throws Error if the text is not canonical unpadded base64url */
export function decodeBase64Url(text: string): Bytes {
  return base64urlnopad.decode(text) as Bytes;
}

/** Base64 with padding (RFC 4648 §4), as structured HTTP fields carry bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  return base64.encode(bytes);
}

/** @throws Error if the text is not canonical padded base64 */
export function decodeBase64(text: string): Bytes {
  return base64.decode(text) as Bytes;
}

/** A text form of public bytes to use as a key in a `Map` or a store. */
export function bytesKey(bytes: Uint8Array): string {
  return encodeBase64Url(bytes);
}
