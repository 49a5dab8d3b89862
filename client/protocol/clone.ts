// Clones: two different messages that one member signed under one number. Either its device was copied, or its store
// was restored from an older copy and went on. The two signed headers prove it to everybody in the group.

import type { Curves } from '../crypto/curves.ts';
import { sameBytes } from '../wire/bytes.ts';
import { type CloneReport, maxReports, type SignedHeader } from '../wire/content.ts';
import type { Ratchet } from './ratchet.ts';
import { extendTranscript, memberAt, transcriptAt, verifyHeader } from './transcript.ts';

/**
 * Holds a verified header against what was opened, or waits, under the same number of the same sender.
 * @returns null if the number is new, `duplicate` if it is the same message again or too old to tell, or the clone
 *   with the evidence as far as the other header is still kept
 */
export function findClone(
  ratchet: Ratchet,
  sender: number,
  signed: SignedHeader,
): null | 'duplicate' | { readonly report: CloneReport | null } {
  const member = memberAt(ratchet, sender);
  const number = signed.vector[sender] ?? 0;
  const evidence = (first: SignedHeader) => ({ report: { position: sender, first, second: signed } });

  if (number >= member.opened) {
    const other = ratchet.waiting.find(
      (message) => message.sender === sender && message.signed.vector[sender] === number,
    );
    return other === undefined || isSameMessage(other.signed, signed) ? null : evidence(other.signed);
  }
  const recent = member.recent.find((header) => header.vector[sender] === number);
  if (recent !== undefined) return isSameMessage(recent, signed) ? 'duplicate' : evidence(recent);
  const before = transcriptAt(member, number);
  const after = transcriptAt(member, number + 1);
  if (before === undefined || after === undefined) return 'duplicate';
  return sameBytes(extendTranscript(ratchet, before, sender, signed), after) ? 'duplicate' : { report: null };
}

/** Whether two headers sign the same; the signatures may differ, since some platforms sign with fresh randomness. */
function isSameMessage(a: SignedHeader, b: SignedHeader): boolean {
  return (
    sameBytes(a.bodyHash, b.bodyHash) &&
    sameBytes(a.digest, b.digest) &&
    a.vector.every((count, position) => count === b.vector[position])
  );
}

/** Whether the evidence holds: both headers signed by the member, of one number, and different. */
export async function isProvenClone(curves: Curves, ratchet: Ratchet, report: CloneReport): Promise<boolean> {
  const { position, first, second } = report;
  const fits = [first, second].every(({ vector }) => vector.length === ratchet.members.length);
  if (!fits || first.vector[position] !== second.vector[position]) return false;
  if (isSameMessage(first, second)) return false;
  const verified = await Promise.all([first, second].map((header) => verifyHeader(curves, ratchet, position, header)));
  return verified.every(Boolean);
}

/** Nothing more of the member is accepted in this generation; the next message tells the others. */
export function markCloned(ratchet: Ratchet, position: number, report: CloneReport | null): Ratchet {
  const member = memberAt(ratchet, position);
  return {
    ...ratchet,
    members: ratchet.members.with(position, { ...member, cloned: true }),
    waiting: ratchet.waiting.filter(({ sender }) => sender !== position),
    reports: report === null ? ratchet.reports : [...ratchet.reports, report].slice(0, maxReports),
  };
}
