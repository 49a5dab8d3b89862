// A client's identity: a 32-byte seed, from which follow Ed25519 and a vault id that keeps registrations unlinkable.
// The seed alone brings it back.

import { identityPublicKey } from '../crypto/curves-noble.ts';
import { sha256 } from '../crypto/hash.ts';
import { deriveKey } from '../crypto/kdf.ts';
import type { RandomSource } from '../crypto/random.ts';
import { type Bytes, encodeUtf8 } from '../wire/bytes.ts';

export interface Identity {
  /** 32 bytes. Secret. */
  readonly seed: Bytes;
  /** PK: the Ed25519 public key of the seed, 32 bytes. */
  readonly pk: Bytes;
  /** VID: 32 bytes of the seed. Secret: who knows it can link the registration to an address. */
  readonly vid: Bytes;
}

/** A client once it is registered. */
export interface Self {
  readonly identity: Identity;
  readonly hrid: Bytes;
}

export function createIdentity(random: RandomSource): Identity {
  return identityOf(random(32));
}

/** @param seed  32 bytes */
export function identityOf(seed: Bytes): Identity {
  return { seed, pk: identityPublicKey(seed), vid: deriveKey(seed, 'vault id') };
}

/** H(VID), all that the relay sees of the vault id. */
export function hashVaultId(vid: Bytes): Bytes {
  return sha256(vid);
}

/**
 * HRID = H(H(UID) ‖ H(PK) ‖ H(VID)), 32 bytes.
 * @param uid      the address in its normal form
 * @param hashVid  H(VID)
 */
export function deriveHrid(uid: string, pk: Bytes, hashVid: Bytes): Bytes {
  return sha256(sha256(encodeUtf8(uid)), sha256(pk), hashVid);
}
