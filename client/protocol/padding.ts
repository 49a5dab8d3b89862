// Padding of content (Padmé: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", PoPETs 2019, §4): a length of n bytes shows only O(log log n) bits, for at most 12 % more bytes.
//
//   padded = content ‖ 0x80 ‖ zeros                 up to the Padmé length, at least 256 bytes for messages

import type { Bytes } from '../wire/bytes.ts';

const messageBytes = 256;
const marker = 0x80;

/** The length to which `length` bytes are padded. */
function paddedLength(length: number, min: number): number {
  if (length <= min) return min;
  const exponent = Math.floor(Math.log2(length));
  const lowBits = exponent - (Math.floor(Math.log2(exponent)) + 1);
  const step = 2 ** lowBits;
  return Math.ceil(length / step) * step;
}

/** @param min  bytes that come out at least: what is shorter all looks alike */
export function pad(content: Bytes, min: number = messageBytes): Bytes {
  const padded = new Uint8Array(paddedLength(content.length + 1, min));
  padded.set(content);
  padded[content.length] = marker;
  return padded;
}

/** @returns the content, or null if this is not what `pad` makes of it */
export function unpad(padded: Bytes, min: number = messageBytes): Bytes | null {
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (end < 0 || padded[end] !== marker || padded.length !== paddedLength(end + 1, min)) return null;
  return padded.slice(0, end);
}
