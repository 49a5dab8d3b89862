// A backup taken apart by the description of its format, and put together again as somebody would who has changed a
// part: with a checksum that fits.

import { createHash } from 'node:crypto';
import { decode, encode } from 'cborg';
import type { Bytes } from '../../client/wire/bytes.ts';
import { concatBytes, encodeUtf8 } from '../../client/wire/bytes.ts';

export interface BackupParts {
  /** "cliquet backup\n" and the version. */
  readonly start: Bytes;
  readonly heading: Bytes;
  readonly sealed: Bytes;
}

/** The fields of a heading as CBOR has them. */
export type BackupHeading = [salt: Bytes, phraseLock: Bytes, passphraseLock: [number, number, Bytes] | null];

export function takeApart(file: Bytes): BackupParts {
  const length = new DataView(file.buffer, file.byteOffset).getUint16(48);
  return { start: file.slice(0, 16), heading: file.slice(50, 50 + length), sealed: file.slice(50 + length) };
}

export function putTogether({ start, heading, sealed }: BackupParts): Bytes {
  const body = concatBytes(new Uint8Array([heading.length >> 8, heading.length & 255]), heading, sealed);
  const checksum = createHash('sha256').update(encodeUtf8('cliquet/1 backup checksum')).update(start).update(body);
  return concatBytes(start, new Uint8Array(checksum.digest()), body);
}

export function readHeading(heading: Bytes): BackupHeading {
  return decode(heading);
}

function writeHeading(heading: BackupHeading): Bytes {
  return new Uint8Array(encode(heading));
}

/** The same file with another heading. */
export function withHeading(file: Bytes, change: (heading: BackupHeading) => BackupHeading): Bytes {
  const parts = takeApart(file);
  return putTogether({ ...parts, heading: writeHeading(change(readHeading(parts.heading))) });
}
