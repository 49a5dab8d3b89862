// Where a group's ratchet stands, as it can be shown: fingerprints and counts, no secret.

import { currentVector, groupKey, namedContribution, type Ratchet } from './protocol/ratchet.ts';
import { fingerprint } from './protocol/step.ts';
import { digestAt, isKept } from './protocol/transcript.ts';
import { bytesKey } from './wire/bytes.ts';

/**
 * Where a group's ratchet stands here ([PROTOCOL.md §13](../docs/PROTOCOL.md)).
 * @category Groups
 */
export interface Stage {
  /** How many messages of each member were opened here, in roster order. */
  readonly vector: readonly number[];
  /** Fingerprint of the group key at that vector (S1Kabc, S2Kabc, …), 16 hex digits. */
  readonly groupKey: string;
  /** How many messages wait for others before them. */
  readonly waiting: number;
}

/**
 * How far a member has come, as far as this client knows.
 * @category Groups
 */
export interface MemberStage {
  /** Its HRID. */
  readonly hrid: string;
  /** How many messages of each member it had opened when it last spoke, its own counted; for oneself: by now. */
  readonly vector: readonly number[];
  /** Fingerprint of the group key at that vector, or null if what it is made of is gone; 16 hex digits. */
  readonly groupKey: string | null;
  /** Its newest public leaf (E_kPK), base64url of 32 bytes. */
  readonly leaf: string;
}

export function stageOf(ratchet: Ratchet): Stage {
  const vector = currentVector(ratchet);
  return { vector, groupKey: keyAt(ratchet, vector), waiting: ratchet.waiting.length };
}

export function memberStagesOf(ratchet: Ratchet): MemberStage[] {
  return ratchet.members.map((member, position) => {
    const vector = position === ratchet.self ? currentVector(ratchet) : member.vector;
    return {
      hrid: bytesKey(member.hrid),
      vector,
      groupKey: isKept(ratchet, vector) ? keyAt(ratchet, vector) : null,
      leaf: bytesKey(namedContribution(member, member.opened).leaf),
    };
  });
}

const keyAt = (ratchet: Ratchet, vector: readonly number[]): string =>
  hex(fingerprint(groupKey(ratchet, vector, digestAt(ratchet, vector))));

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
