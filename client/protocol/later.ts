// What members say of a generation when they have moved on to a later one: how far they had come there. So everybody
// knows what is confirmed, what is still to come, and when nothing is, and whether all have seen the same.

import { sameBytes } from '../wire/bytes.ts';
import type { Earlier } from '../wire/content.ts';
import { coveredBy, currentVector, isTooFar, type MemberState, prune, type Ratchet, raiseVector } from './ratchet.ts';
import { digestAt, memberAt, transcriptAt } from './transcript.ts';

/** Whether this client has come further than it has told. */
export function hasNews(ratchet: Ratchet): boolean {
  const { later } = memberAt(ratchet, ratchet.self);
  return later === null || currentVector(ratchet).some((count, position) => count !== later.vector[position]);
}

/** This client's word on a generation, for its next message in a later one. */
export function tellLater(ratchet: Ratchet): { readonly ratchet: Ratchet; readonly earlier: Earlier } {
  const { generation, self, members } = ratchet;
  const own = memberAt(ratchet, self);
  const vector = currentVector(ratchet);
  const later = { vector, digest: digestAt(ratchet, vector), contents: own.contents };
  const told = {
    ...ratchet,
    members: members.with(self, { ...own, later }),
    unansweredContent: 0,
    unansweredSince: null,
  };
  return { ratchet: prune(told, self), earlier: { generation, ...later } };
}

/**
 * Another member's word.
 * @returns null for one that cannot be true; `rolled-back` if the member has seen more of this client than it has sent
 */
export function hearLater(ratchet: Ratchet, position: number, earlier: Earlier): Ratchet | 'rolled-back' | null {
  const { vector, digest, contents } = earlier;
  const { members, self } = ratchet;
  if (vector.length !== members.length || position === self) return null;
  // The word before stays in its vector, once it counts: it must hold while this one does not yet.
  const member = raiseVector(memberAt(ratchet, position), position);
  if (vector.some((count, i) => count < coveredBy(member, i)) || isTooFar(ratchet, vector)) return null;
  if (contents > (vector[position] ?? 0)) return null;
  if ((vector[self] ?? 0) > memberAt(ratchet, self).opened) return 'rolled-back';
  const heard = { ...ratchet, members: members.with(position, { ...member, later: { vector, digest, contents } }) };
  return prune(heard, position);
}

/** Whether a member's word says that it has seen other messages under the same numbers; as far as that can be told. */
export function differsLater(ratchet: Ratchet, position: number): boolean {
  const { later } = memberAt(ratchet, position);
  if (later === null) return false;
  const isHere = ratchet.members.every((member, i) => transcriptAt(member, later.vector[i] ?? 0) !== undefined);
  return isHere && !sameBytes(digestAt(ratchet, later.vector), later.digest);
}

/** Whether all that a member has said to have sent is open. */
export function isComplete({ later, opened }: MemberState, position: number): boolean {
  return later !== null && opened >= (later.vector[position] ?? 0);
}
