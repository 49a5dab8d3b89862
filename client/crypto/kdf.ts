// HKDF-SHA-256 (RFC 5869) with an empty salt.
//
//   info = "cliquet/1 " ‖ label ‖ CBOR [context…]          (no CBOR when there is no context)

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes, encodeUtf8 } from '../wire/bytes.ts';
import { encodeContext } from '../wire/codec.ts';
import { type KdfLabel, labelPrefix } from './labels.ts';

export type Context = Parameters<typeof encodeContext>[0];

/**
 * Derives a key.
 * @param secret   the input key material; several secrets are concatenated, each of fixed length
 * @param context  what the key is bound to: byte strings, integers, texts and lists of integers
 * @param length   bytes, 32 if not said
 */
export function deriveKey(secret: Uint8Array, label: KdfLabel, context: Context = [], length = 32): Bytes {
  const name = encodeUtf8(labelPrefix + label);
  const info = context.length === 0 ? name : concatBytes(name, encodeContext(context));
  return hkdf(sha256, secret, undefined, info, length) as Bytes;
}
