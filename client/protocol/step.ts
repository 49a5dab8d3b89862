// One step of the ratchet as it can be shown to people: nothing of it is secret.

import { hashLabeled } from '../crypto/hash.ts';
import type { Bytes } from '../wire/bytes.ts';
import { bytes, list, nullable, struct, uint, type ValueOf } from '../wire/codec.ts';
import { hashBytes, maxMembers } from '../wire/limits.ts';

const fingerprintBytes = 8;

export const Step = struct('step', {
  /** How many messages of each member the sender had opened, in roster order. */
  vector: list(uint(), maxMembers, 1),
  /** Fingerprint of the group key at that vector, from which the message's key came. */
  groupKey: bytes(fingerprintBytes),
  /** The sender's new leaf (E_kPK), or null for a light message. */
  leaf: nullable(bytes(hashBytes)),
});
export type Step = ValueOf<typeof Step>;

/** Eight bytes by which people can tell secrets apart without learning them. */
export function fingerprint(secret: Bytes): Bytes {
  return hashLabeled('fingerprint', secret).slice(0, fingerprintBytes);
}
