// X25519 and Ed25519 by @noble/curves, on every platform.

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes, sameBytes } from '../wire/bytes.ts';
import { basePoint, type Curves } from './curves.ts';

const { Point } = ed25519;

export const nobleCurves: Curves = {
  name: 'noble',

  async agree(secret, publicKey) {
    try {
      // For this one point noble has tables: three times as fast.
      if (publicKey === basePoint) return x25519.getPublicKey(secret) as Bytes;
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
      if (signature.length !== 64) return false;
      const r = signature.subarray(0, 32);
      const key = identityPoint(publicKey);
      const k = Point.Fn.create(bytesToNumberLE(sha512(concatBytes(r, publicKey, message))));
      // noble's own verify() checks the equation with cofactor. A signature whose R has a torsion part would pass there and
      // fail on WebCrypto, and so split a group. Here R is what must come out, to the byte: that is the equation without.
      const sb = Point.BASE.multiplyUnsafe(bytesToNumberLE(signature.subarray(32)));
      return !key.isSmallOrder() && sameBytes(sb.subtract(key.multiplyUnsafe(k)).toBytes(), r);
    } catch {
      return false;
    }
  },
};

const points = new WeakMap<Bytes, ReturnType<typeof Point.fromBytes>>();

/** A key as a point, remembered for as long as its bytes are held. */
function identityPoint(publicKey: Bytes): ReturnType<typeof Point.fromBytes> {
  const point = points.get(publicKey) ?? Point.fromBytes(publicKey, false);
  points.set(publicKey, point);
  return point;
}

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
