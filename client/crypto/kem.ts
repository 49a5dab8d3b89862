// X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 together, secure while either is.

import { ml_kem768_x25519 as xWing } from '@noble/post-quantum/hybrid.js';
import type { Bytes } from '../wire/bytes.ts';

/** What one encapsulation takes of randomness. */
export const kemEntropyBytes = 64;

/** @param seed 32 bytes, the private key */
export function kemPublicKey(seed: Bytes): Bytes {
  return xWing.keygen(seed).publicKey as Bytes;
}

/**
 * @param publicKey  1216 bytes
 * @param entropy    64 random bytes
 * @returns ciphertext of 1120 bytes and secret of 32, or null if the public key is not valid
 */
export function encapsulate(publicKey: Bytes, entropy: Bytes): { ciphertext: Bytes; secret: Bytes } | null {
  try {
    const { cipherText, sharedSecret } = xWing.encapsulate(publicKey, entropy);
    return { ciphertext: cipherText as Bytes, secret: sharedSecret as Bytes };
  } catch {
    return null; // an ML-KEM key out of range or a low-order X25519 point
  }
}

/** @returns the secret of 32 bytes (a random one for a forged ciphertext), or null if the ciphertext is not valid */
export function decapsulate(seed: Bytes, ciphertext: Bytes): Bytes | null {
  try {
    return xWing.decapsulate(ciphertext, seed) as Bytes;
  } catch {
    return null;
  }
}
