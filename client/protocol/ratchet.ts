// The state of the vector ratchet in one generation, and what follows from it alone: which contributions a vector
// names, the group key at a vector, and what may be deleted.
//
// Every message moves the group key on. The key is a function of the *set* of messages that its sender had opened (the
// vector), never of their order, so members may send at the same time. Closest to DCGKA (Weidner, Kleppmann et al.,
// "Key Agreement for Decentralized Secure Group Messaging with Strong Security Guarantees", CCS 2021).

import { deriveKey } from '../crypto/kdf.ts';
import type { Bytes } from '../wire/bytes.ts';
import { bytes, bytesUpTo, flag, list, nullable, struct, uint, type ValueOf } from '../wire/codec.ts';
import { CloneReport, maxReports, SignedHeader } from '../wire/content.ts';
import { hashBytes, maxBodyBytes, maxMembers, nonceBytes } from '../wire/limits.ts';
import { LeafOrigin } from '../wire/record.ts';

/** A leaf and a secret that one message of a member carried; the first ones come from the generation itself. */
export const KeptContribution = struct('kept contribution', {
  /** A vector names this contribution when it counts at least this many messages of the member. */
  from: uint(),
  /** E_kPK: X25519 public key. */
  leaf: bytes(hashBytes),
  /** r. Secret. */
  secret: bytes(hashBytes),
  /** The leaf's secret, of this client's own contributions only. Secret. */
  leafSecret: nullable(bytes(hashBytes)),
});
export type KeptContribution = ValueOf<typeof KeptContribution>;

/** No honest member is further ahead than this of what it could have seen. */
const maxAhead = 1024;
/** Messages kept as evidence against clones. */
export const recentMessages = 8;
const vector = list(uint(), maxMembers, 1);

/** What is kept of a member beside its contributions and transcripts, which are stored one by one. */
export const MemberCore = struct('member', {
  hrid: bytes(hashBytes),
  pk: bytes(hashBytes),
  /** How many of its messages were opened here; for this client itself, sent. */
  opened: uint(),
  /** How many of its messages there are at least, by the greatest number that it has signed. */
  seen: uint(),
  /** CK_{m,opened}. Secret. Older ones are gone: nobody can open message `opened − 1` again. */
  chainKey: bytes(hashBytes),
  /** The least that its next message can have as its vector. */
  vector,
  /** Its newest messages as signed, as evidence should one of their numbers appear again. */
  recent: list(SignedHeader, recentMessages),
  /** It signed two messages under one number: nothing more of it is accepted in this generation. */
  cloned: flag,
  /** Where its first leaf here comes from. */
  firstLeaf: LeafOrigin,
  /** How many of its messages here say something, and have come: here, or sent again later. */
  contents: uint(),
  /** How far it had come here when it last said so in a later generation. */
  later: nullable(struct('later word', { vector, digest: bytes(hashBytes), contents: uint() })),
});

export type MemberState = ValueOf<typeof MemberCore> & {
  /** What some member's next message may still name, oldest first. */
  readonly contributions: readonly KeptContribution[];
  /** The member's transcript after its newest messages; the last one is after `opened`. */
  readonly transcripts: readonly Bytes[];
};

/** A message whose turn has not come: its signature is verified, its vector is not covered yet. */
export const WaitingMessage = struct('waiting message', {
  sender: uint(maxMembers - 1),
  signed: SignedHeader,
  nonce: bytes(nonceBytes),
  outer: bytesUpTo(maxBodyBytes),
  inner: bytesUpTo(maxBodyBytes),
  /** What this client alone got beside the body. */
  sealedSecret: bytesUpTo(64),
  /** Seconds since 1970. */
  since: uint(),
});
export type WaitingMessage = ValueOf<typeof WaitingMessage>;

/** What a ratchet is beside its members and waiting messages, which are stored one by one. */
export const RatchetCore = struct('ratchet', {
  group: bytes(hashBytes),
  /** The agreement id. */
  generation: bytes(hashBytes),
  /** The record's number. */
  number: uint(),
  /** When it began here, and when another one was found to count in its place: seconds since 1970. */
  since: uint(),
  endedAt: nullable(uint()),
  /** This client's position in the roster. */
  self: uint(maxMembers - 1),
  /** The position of who opened the generation, or null if it is not in it. */
  author: nullable(uint(maxMembers - 1)),
  headerKey: bytes(hashBytes),
  /** X: binds a later generation to this one. Secret. */
  exportSecret: bytes(hashBytes),
  /** Clones to tell the others of in the next message. */
  reports: list(CloneReport, maxReports),
  /** Light messages sent since the last full one, when that was (seconds since 1970), and whether others contributed since. */
  lightRun: uint(),
  lastFullAt: uint(),
  othersContributed: flag,
  /** Content opened since this client's last own message, and since when. */
  unansweredContent: uint(),
  unansweredSince: nullable(uint()),
  /** Its first leaf lay at the relay as a key package: it contributes at once. */
  owesContribution: flag,
  /** This store is older than what was sent from it: nothing more is sent here. */
  rolledBack: flag,
  /** A member has other messages than this client under the same numbers. */
  forked: flag,
});

export type Ratchet = ValueOf<typeof RatchetCore> & {
  readonly members: readonly MemberState[];
  readonly waiting: readonly WaitingMessage[];
};

/** How many messages of each member were opened here. */
export function currentVector(ratchet: Ratchet): number[] {
  return ratchet.members.map((member) => member.opened);
}

/** The contribution of a member that `count` of its messages name: the last one among them. */
export function namedContribution(member: MemberState, count: number): KeptContribution {
  const { contributions } = member;
  for (let i = contributions.length - 1; i >= 0; i--) {
    const contribution = contributions[i] as KeptContribution;
    if (contribution.from <= count) return contribution;
  }
  throw new RangeError('the vector names a contribution that was deleted');
}

/** 32 bytes of each member, joined in roster order: handing them to a hash one by one takes as long as hashing them. */
export function joinMembers({ members }: Ratchet, of: (member: MemberState, position: number) => Bytes): Bytes {
  const joined = new Uint8Array(members.length * hashBytes);
  members.forEach((member, position) => {
    joined.set(of(member, position), position * hashBytes);
  });
  return joined;
}

/** S1Kabc, S2Kabc, …: the group key at a vector, 32 bytes. */
export function groupKey(ratchet: Ratchet, vector: readonly number[], digest: Bytes): Bytes {
  const secrets = joinMembers(ratchet, (member, position) => namedContribution(member, vector[position] ?? 0).secret);
  try {
    return deriveKey(secrets, 'group key', [ratchet.group, ratchet.generation, vector, digest]);
  } finally {
    secrets.fill(0);
  }
}

/** K: the key of one message, from its sender's chain and the group key. */
export function messageKey(chainKey: Bytes, group: Bytes, sender: number, number: number): Bytes {
  return deriveKey([chainKey, group], 'message key', [sender, number]);
}

/** The key of the outer layer: the contribution, readable by every member. */
export function outerKey(key: Bytes): Bytes {
  return deriveKey(key, 'outer');
}

/** The key of the inner layer. `secret` is the new contribution's r; a light message has none. */
export function contentKey(key: Bytes, secret: Bytes | null, nonce: Bytes): Bytes {
  return deriveKey([key, secret ?? new Uint8Array(32)], 'content', [nonce]);
}

/** The key under which the member at `recipient` gets the new contribution's r. */
export function wrapKey(shared: Bytes, key: Bytes, recipient: number): Bytes {
  return deriveKey([shared, key], 'wrap', [recipient]);
}

/** CK_{j,n+1} = KDF(CK_{j,n}, "next"). */
export function nextChainKey(chainKey: Bytes): Bytes {
  return deriveKey(chainKey, 'next');
}

/** Whether a vector counts more than can be on its way. The own entry may be any number ahead: a store may be an old copy. */
export function isTooFar({ members, self }: Ratchet, vector: readonly number[]): boolean {
  return vector.some((count, position) => position !== self && count > (members[position]?.opened ?? 0) + maxAhead);
}

/** How many messages of `position` a member has covered, by one of its own here or by its later word. */
export function coveredBy({ vector, later }: MemberState, position: number): number {
  return Math.max(vector[position] ?? 0, later?.vector[position] ?? 0);
}

/**
 * The member with what its next message here can name at least: once all that it has sent by its later word is open, that
 * word counts too. It never goes back, whatever the member says, or what was let go by it would be missing.
 */
export function raiseVector(member: MemberState, position: number): MemberState {
  const { vector, later, opened } = member;
  if (later === null || opened < (later.vector[position] ?? 0)) return member;
  const raised = vector.map((_, i) => coveredBy(member, i));
  return raised.some((count, i) => count !== vector[i]) ? { ...member, vector: raised } : member;
}

/**
 * The ratchet without what nobody can name any more, after the member at `position` has come further: of each member only
 * what the smallest of the members' least vectors names, and what came after, is needed. Nothing has changed for what this
 * one has not passed.
 */
export function prune(ratchet: Ratchet, position: number): Ratchet {
  const known = ratchet.members[position] as MemberState;
  const mover = raiseVector(known, position);
  const members = mover === known ? ratchet.members : ratchet.members.with(position, mover);
  const pruned = members.map((member, at) => {
    const first = member.opened + 1 - member.transcripts.length;
    const floor = (mover.vector[at] ?? 0) > first ? floorOf(members, at, first) : first;
    if (floor <= first) return member;
    const next = member.contributions.findIndex(({ from }) => from > floor);
    const named = (next < 0 ? member.contributions.length : next) - 1;
    return {
      ...member,
      contributions: member.contributions.slice(Math.max(0, named)),
      transcripts: member.transcripts.slice(floor - first),
    };
  });
  return { ...ratchet, members: pruned };
}

/** The least that some member can name of the one at `position`; or anything up to `enough`, if it is not more. */
function floorOf(members: readonly MemberState[], position: number, enough: number): number {
  let floor = Number.POSITIVE_INFINITY;
  for (const { vector } of members) {
    floor = Math.min(floor, vector[position] ?? 0);
    if (floor <= enough) break;
  }
  return floor;
}

/** How many messages of `position` every other member who is waited for has covered by one of its own. */
export function confirmedBy(
  ratchet: Ratchet,
  position: number,
  isWaitedFor: (hrid: Bytes) => boolean = () => true,
): number {
  return Math.min(
    ratchet.members[position]?.opened ?? 0,
    ...ratchet.members
      .filter(({ hrid }, other) => other !== position && isWaitedFor(hrid))
      .map((member) => coveredBy(member, position)),
  );
}
