// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). In the protocol every key is used for one plaintext only, so layers of
// one message may share its nonce; a store uses one key for all its values, each under a fresh random nonce.

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { Bytes } from '../wire/bytes.ts';
import { nonceBytes } from '../wire/limits.ts';

/** For keys that come from a fresh secret and are used once. */
export const zeroNonce: Bytes = new Uint8Array(nonceBytes);

/**
 * @param key    32 bytes
 * @param nonce  24 bytes
 * @param aad    bound to the ciphertext, if given
 * @returns the ciphertext, 16 bytes longer than the plaintext
 */
export function seal(key: Bytes, nonce: Bytes, plaintext: Bytes, aad?: Bytes): Bytes {
  return xchacha20poly1305(key, nonce, aad).encrypt(plaintext) as Bytes;
}

/** @returns the plaintext, or null if it was not sealed under this key and nonce */
export function open(key: Bytes, nonce: Bytes, ciphertext: Bytes, aad?: Bytes): Bytes | null {
  try {
    return xchacha20poly1305(key, nonce, aad).decrypt(ciphertext) as Bytes;
  } catch {
    return null;
  }
}
