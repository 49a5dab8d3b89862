// Points of Curve25519 and edwards25519 that honest keys never are, and signatures that only their holders can make.

import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { fromHex } from './vectors.ts';

const { Point } = ed25519;

/** The order of the base point (RFC 8032 §5.1). */
export const groupOrder: bigint = Point.Fn.ORDER;
const fieldPrime = 2n ** 255n - 19n;

/** All eight points of small order on edwards25519, in canonical encoding. */
export const smallOrderPoints: readonly Bytes[] = ED25519_TORSION_SUBGROUP.map(fromHex);

export function littleEndian(value: bigint): Bytes {
  return new Uint8Array(Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)));
}

export function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Encodings whose y is not below p, with either sign, and those of x = 0 with a sign bit: no decoder may take them. */
export const nonCanonicalPoints: readonly Bytes[] = [
  ...Array.from({ length: 19 }, (_, y) => fieldPrime + BigInt(y)).flatMap((y) => [y, y + 2n ** 255n]),
  1n + 2n ** 255n,
  fieldPrime - 1n + 2n ** 255n,
].map(littleEndian);

/**
 * u-coordinates of Curve25519 with which every X25519 result is zero (RFC 7748 §6.1), canonical or not; each also with
 * the highest bit, which X25519 ignores.
 */
export const lowOrderLeaves: readonly Bytes[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  fieldPrime - 1n,
  fieldPrime,
  fieldPrime + 1n,
].flatMap((u) => [littleEndian(u), littleEndian(u + 2n ** 255n)]);

/** A public key that is an honest one plus a point of small order. */
export function keyWithTorsion(publicKey: Bytes, torsion: Bytes): Bytes {
  return Point.fromBytes(publicKey).add(Point.fromBytes(torsion)).toBytes() as Bytes;
}

/**
 * A signature by `seed` whose R has a part of small order: the equation with cofactor holds, the one without does not.
 * @param r  the scalar of the other part of R; 0 for an R that is of small order alone
 */
export function signWithTorsion(seed: Bytes, message: Bytes, torsion: Bytes, r: bigint): Bytes {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const honest = r === 0n ? Point.ZERO : Point.BASE.multiply(r);
  const R = honest.add(Point.fromBytes(torsion)).toBytes();
  const h = fromLittleEndian(sha512(concatBytes(R, pointBytes, message)));
  return concatBytes(R, littleEndian((r + h * scalar) % groupOrder));
}
