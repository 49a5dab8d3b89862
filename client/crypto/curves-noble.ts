// X25519 and Ed25519 by @noble/curves, on every platform.

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import type { Bytes } from '../wire/bytes.ts';
import type { Curves } from './curves.ts';

const { Point } = ed25519;

export const nobleCurves: Curves = {
  name: 'noble',

  async agree(secret, publicKey) {
    try {
      return x25519.getSharedSecret(secret, publicKey) as Bytes;
    } catch {
      return null;
    }
  },

  async sign(seed, message) {
    return ed25519.sign(message, seed) as Bytes;
  },

  async verify(publicKey, message, signature) {
    try {
      // noble checks the equation with cofactor. A signature whose R has a torsion part would pass here and fail on
      // WebCrypto, and so split a group; without torsion in R (and in the key) both equations are the same.
      return (
        ed25519.verify(signature, message, publicKey, { zip215: false }) &&
        Point.fromBytes(signature.subarray(0, 32), false).isTorsionFree()
      );
    } catch {
      return false;
    }
  },
};

/** The Ed25519 public key of a seed. */
export function identityPublicKey(seed: Bytes): Bytes {
  return ed25519.getPublicKey(seed) as Bytes;
}

/** Whether 32 bytes are an Ed25519 public key to accept: canonical, on the curve, of prime order. */
export function isIdentityKey(publicKey: Bytes): boolean {
  try {
    const point = Point.fromBytes(publicKey, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}
