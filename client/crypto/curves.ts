// The port for X25519 and Ed25519: WebCrypto where the platform has them (several times faster), else noble. Both
// give the same bytes and refuse the same inputs; that is tested against each other and against Wycheproof.

import type { Bytes } from '../wire/bytes.ts';

/**
 * X25519 and Ed25519, as a client computes with them ([PROTOCOL.md §2](../../docs/PROTOCOL.md)).
 * The bytes of a key must not change once it was used: a provider may remember what it has made of them.
 * @category Platform
 */
export interface Curves {
  /** Whose they are: the platform's, or those of `@noble/curves`. */
  readonly name: 'noble' | 'webcrypto';
  /**
   * X25519 (RFC 7748 §5).
   * @param secret     32 bytes
   * @param publicKey  32 bytes
   * @returns the shared secret of 32 bytes, or null if it would be all zero (a low-order point, RFC 7748 §6.1)
   */
  agree(secret: Bytes, publicKey: Bytes): Promise<Bytes | null>;
  /**
   * Ed25519 (RFC 8032 §5.1.6).
   * @param seed     32 bytes
   * @param message  any length
   * @returns the signature, 64 bytes
   */
  sign(seed: Bytes, message: Bytes): Promise<Bytes>;
  /**
   * Ed25519 (RFC 8032 §5.1.7), the equation without cofactor, strict on encodings. The key must have passed
   * `isIdentityKey`; then all providers agree on every signature, mixed-order ones included.
   * @param publicKey  32 bytes
   * @param message    any length
   * @param signature  64 bytes
   */
  verify(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean>;
}

/** That to which every public key is some multiple. */
export const basePoint: Bytes = new Uint8Array(32).fill(9, 0, 1);

/** The public key of an X25519 secret: X25519(secret, 9). */
export async function leafPublicKey(curves: Curves, secret: Bytes): Promise<Bytes> {
  const publicKey = await curves.agree(secret, basePoint);
  if (publicKey === null) throw new RangeError('the base point has no low order');
  return publicKey;
}

/** Whether an X25519 public key is usable: not of low order. Public data, so any secret serves to try. */
export async function isLeaf(curves: Curves, publicKey: Bytes): Promise<boolean> {
  return (await curves.agree(basePoint, publicKey)) !== null;
}
