// From g to the state in which the ratchet starts.
//
//   S = IKabc = KDF(g, "generation" ‖ agreement id)
//   header key, export secret X, CK_{m,0} and r_{m,0} of every member m follow from S.

import { deriveKey } from '../crypto/kdf.ts';
import type { Bytes } from '../wire/bytes.ts';
import type { Details } from '../wire/record.ts';
import type { MemberState, Ratchet } from './ratchet.ts';
import type { Roster } from './roster.ts';
import { firstTranscript } from './transcript.ts';

/** IKabc: the first key of a generation, 32 bytes. */
export function generationSecret(g: Bytes, agreementId: Bytes): Bytes {
  return deriveKey(g, 'generation', [agreementId]);
}

export interface RatchetStart {
  readonly group: Bytes;
  readonly agreementId: Bytes;
  /** The record's number. */
  readonly number: number;
  /** When it begins here: seconds since 1970. */
  readonly now: number;
  /** S, to be forgotten after this. */
  readonly secret: Bytes;
  readonly roster: Roster;
  /** First leaf of each member, in roster order. */
  readonly leaves: Details['leaves'];
  /** The position of who opened it, or null if it is not in it. */
  readonly author: number | null;
  /** This client's position in the roster, and the secret of its own first leaf. */
  readonly self: number;
  readonly leafSecret: Bytes;
  /** True if a stolen key package alone, or none, would have opened the generation: the client contributes at once. */
  readonly owesContribution: boolean;
}

export function startRatchet(start: RatchetStart): Ratchet {
  const { group, agreementId, number, now, secret, roster, leaves, self, author, leafSecret, owesContribution } = start;
  if (leaves.length !== roster.length) throw new RangeError(`"leaves" expected ${roster.length}, got ${leaves.length}`);
  const members = leaves.map(({ leaf, origin }, position): MemberState => {
    const { hrid, pk } = roster[position] as Roster[number];
    return {
      hrid,
      pk,
      opened: 0,
      seen: 0,
      chainKey: deriveKey(secret, 'chain key', [agreementId, position]),
      contributions: [
        {
          from: 0,
          leaf,
          secret: deriveKey(secret, 'first secret', [agreementId, position]),
          leafSecret: position === self ? leafSecret : null,
        },
      ],
      transcripts: [firstTranscript(agreementId, hrid)],
      vector: roster.map(() => 0),
      recent: [],
      cloned: false,
      firstLeaf: origin,
      contents: 0,
      later: null,
    };
  });
  return {
    group,
    generation: agreementId,
    number,
    since: now,
    endedAt: null,
    self,
    author,
    headerKey: deriveKey(secret, 'header key', [agreementId]),
    exportSecret: deriveKey(secret, 'export secret', [agreementId]),
    members,
    waiting: [],
    reports: [],
    lightRun: 0,
    lastFullAt: 0,
    othersContributed: true,
    unansweredContent: 0,
    unansweredSince: null,
    owesContribution,
    rolledBack: false,
    forked: false,
  };
}
