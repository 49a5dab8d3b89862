// Key packages: made in batches, left at the mailbox, claimed by whoever opens a generation with this client.

import { type Curves, isLeaf, leafPublicKey } from '../crypto/curves.ts';
import { isIdentityKey } from '../crypto/curves-noble.ts';
import { hashLabeled, sha256 } from '../crypto/hash.ts';
import { kemPublicKey } from '../crypto/kem.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import { signLabeled, verifyLabeled } from '../crypto/sign.ts';
import { type Bytes, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { KeyPackage, SignedKeyPackage, type UploadedPackage } from '../wire/key-package.ts';
import { keyPackageLifetimeSeconds } from '../wire/limits.ts';
import type { Identity } from './identity.ts';
import type { KeptPackage } from './kept-package.ts';

/** Clocks differ: a package is valid from an hour before it is made. */
const clockAllowanceSeconds = 3600;

export function keyPackageId(keyPackage: Bytes): Bytes {
  return hashLabeled('key package id', keyPackage);
}

/** @param now seconds since 1970 */
export async function createKeyPackage(
  curves: Curves,
  random: RandomSource,
  identity: Identity,
  hrid: Bytes,
  kind: KeyPackage['kind'],
  now: number,
): Promise<{ uploaded: UploadedPackage; kept: KeptPackage }> {
  const leafSecret = hedgedSecret(random, [identity.seed], 'hedge leaf', [hrid, kind]);
  const kemSeed = hedgedSecret(random, [identity.seed], 'hedge kem', [hrid, kind]);
  const leaf = await leafPublicKey(curves, leafSecret);
  const kem = kemPublicKey(kemSeed);
  const notBefore = now - clockAllowanceSeconds;
  const expires = notBefore + keyPackageLifetimeSeconds;
  const keyPackage = KeyPackage.encode({ hrid, leaf, kemHash: sha256(kem), notBefore, expires, kind });
  const signature = await signLabeled(curves, identity.seed, 'key package', keyPackage);
  return {
    uploaded: { signed: SignedKeyPackage.encode({ keyPackage, signature }), kem },
    kept: { id: keyPackageId(keyPackage), kind, expires, leafSecret, leaf, kemSeed },
  };
}

/** A package that passed every check. */
export interface VerifiedKeyPackage {
  readonly id: Bytes;
  readonly leaf: Bytes;
  readonly kem: Bytes;
  readonly kind: KeyPackage['kind'];
}

/**
 * Checks a claimed package: the owner's key, signature, owner, dates, hash of the kem, and that the leaf is not of low
 * order. Whether the kem is a valid key shows when it is used.
 * @param owner  whose package was asked for
 * @param now    seconds since 1970
 * @throws CliquetError `key-package-invalid`
 */
export async function verifyKeyPackage(
  curves: Curves,
  uploaded: UploadedPackage,
  owner: { readonly hrid: Bytes; readonly pk: Bytes },
  now: number,
): Promise<VerifiedKeyPackage> {
  const refuse = (detail: string) => new CliquetError('key-package-invalid', detail);
  if (!isIdentityKey(owner.pk)) throw refuse('owner key');
  const { keyPackage, signature, fields } = decodeSigned(uploaded.signed);
  if (!(await verifyLabeled(curves, owner.pk, 'key package', keyPackage, signature))) throw refuse('signature');
  const { hrid, leaf, kemHash, notBefore, expires, kind } = fields;
  if (!sameBytes(hrid, owner.hrid)) throw refuse('owner');
  if (now < notBefore || now >= expires || expires - notBefore > keyPackageLifetimeSeconds) throw refuse('dates');
  if (!sameBytes(sha256(uploaded.kem), kemHash)) throw refuse('kem');
  if (!(await isLeaf(curves, leaf))) throw refuse('leaf');
  return { id: keyPackageId(keyPackage), leaf, kem: uploaded.kem, kind };
}

function decodeSigned(signed: Bytes): SignedKeyPackage & { fields: KeyPackage } {
  try {
    const decoded = SignedKeyPackage.decode(signed);
    return { ...decoded, fields: KeyPackage.decode(decoded.keyPackage) };
  } catch (error) {
    throw new CliquetError('key-package-invalid', 'encoding', { cause: error });
  }
}
