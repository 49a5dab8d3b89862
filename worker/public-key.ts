// Whether bytes are a public key. In a file of its own, which is loaded when somebody registers: the curve takes long to set up.

import { ed25519 } from '@noble/curves/ed25519.js';
import type { Bytes } from '../client/wire/bytes.ts';
import { hashBytes } from '../client/wire/limits.ts';

/**
 * Whether these bytes are an Ed25519 public key that only one person can have: canonical (RFC 8032 §5.1.3) and in the
 * prime-order group. WebCrypto takes any 32 bytes.
 */
export function isPublicKey(pk: Bytes): boolean {
  if (pk.length !== hashBytes) return false;
  try {
    const point = ed25519.Point.fromBytes(pk);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}
