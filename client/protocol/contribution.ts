// When a client that only reads sends an empty message, so that the group heals although it says nothing.

import type { Ratchet } from './ratchet.ts';

const minUnanswered = 20;
const unansweredPerMember = 4;
const daySeconds = 24 * 3600;
const largeGroup = 32;
const largeGroupDays = 7;
/** Members do not all contribute at once: up to a tenth more, at random. */
const spread = 0.1;
/** A newcomer waits a moment, so that its first word can be its contribution; in large groups they spread out. */
const newcomerPatienceSeconds = 2;
const newcomerSecondsPerMember = 0.25;

/**
 * @param fraction  random for this client and this wait, from 0 to below 1
 * @param now       seconds since 1970
 * @returns in how many seconds an empty message is due: 0 for now, null for not before something else happens
 */
export function contributionDue(ratchet: Ratchet, fraction: number, now: number): number | null {
  const size = ratchet.members.length;
  if (ratchet.rolledBack || size < 2) return null;
  if (ratchet.owesContribution) return newcomerPatienceSeconds + fraction * size * newcomerSecondsPerMember;
  if (ratchet.unansweredSince === null) return null;
  const count = Math.max(minUnanswered, unansweredPerMember * size);
  if (ratchet.unansweredContent >= count * (1 + spread * fraction)) return 0;
  const wait = daySeconds * (size > largeGroup ? largeGroupDays : 1) * (1 + spread * fraction);
  return Math.max(0, ratchet.unansweredSince + wait - now);
}
