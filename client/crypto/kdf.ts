// HKDF-SHA-256 (RFC 5869) with an empty salt.
//
//   info = "cliquet/1 " ‖ label ‖ CBOR [context…]          (no CBOR when there is no context)
//
// A message takes a dozen keys. So what is the same for all of them is kept, and one hasher of the library's serves all
// four hashes of a derivation; that takes half as long as the library's own HKDF, by which this is tested.

import { expand } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes } from '../wire/bytes.ts';
import { encodeContext } from '../wire/codec.ts';
import { type KdfLabel, labelBytes } from './labels.ts';

export type Context = Parameters<typeof encodeContext>[0];

/** SHA-256 after the blocks with which HMAC begins (RFC 2104 §2) under an empty key: the first half of every derivation. */
const [inner, outer] = [0x36, 0x5c].map((pad) => sha256.create().update(new Uint8Array(64).fill(pad))) as [
  Hasher,
  Hasher,
];
const fresh = sha256.create();
type Hasher = ReturnType<typeof sha256.create>;

const counter = Uint8Array.of(1);

/**
 * Derives a key.
 * @param secret   the input key material; several secrets count as joined, each of fixed length
 * @param context  what the key is bound to: byte strings, integers, texts and lists of integers
 * @param length   bytes, 32 if not said
 */
export function deriveKey(
  secret: Uint8Array | readonly Uint8Array[],
  label: KdfLabel,
  context: Context = [],
  length = 32,
): Bytes {
  const name = labelBytes(label);
  const info = context.length === 0 ? name : concatBytes(name, encodeContext(context));
  const key: Bytes = new Uint8Array(32);
  const hash = inner.clone();
  if (secret instanceof Uint8Array) hash.update(secret);
  else for (const part of secret) hash.update(part);
  hash.digestInto(key);
  outer._cloneInto(hash).update(key).digestInto(key);
  if (length !== 32) {
    hash.destroy();
    const expanded = expand(sha256, key, info, length) as Bytes;
    key.fill(0);
    return expanded;
  }

  const block = new Uint8Array(64).fill(0x36);
  for (let i = 0; i < 32; i++) block[i] = 0x36 ^ (key[i] as number);
  fresh._cloneInto(hash).update(block).update(info).update(counter).digestInto(key);
  for (let i = 0; i < 64; i++) block[i] = (block[i] as number) ^ 0x36 ^ 0x5c;
  fresh._cloneInto(hash).update(block).update(key).digestInto(key);
  block.fill(0);
  hash.destroy();
  return key;
}
