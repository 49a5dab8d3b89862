// A client's identity: a 32-byte seed from which Ed25519 follows, and a vault id that keeps its registrations
// unlinkable.

import { identityPublicKey } from '../crypto/curves-noble.ts';
import { sha256 } from '../crypto/hash.ts';
import type { RandomSource } from '../crypto/random.ts';
import { type Bytes, encodeUtf8 } from '../wire/bytes.ts';

export interface Identity {
  /** 32 bytes. Secret. */
  readonly seed: Bytes;
  /** PK: the Ed25519 public key of the seed, 32 bytes. */
  readonly pk: Bytes;
  /** VID: 32 random bytes. Secret: who knows it can link the registration to an address. */
  readonly vid: Bytes;
}

/** A client once it is registered. */
export interface Self {
  readonly identity: Identity;
  readonly hrid: Bytes;
}

export function createIdentity(random: RandomSource): Identity {
  const seed = random(32);
  return { seed, pk: identityPublicKey(seed), vid: random(32) };
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
