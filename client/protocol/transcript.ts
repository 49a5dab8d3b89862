// Transcripts: a hash chain over the signed headers of each member, and the digest that every message signs. Two
// members whose digests agree at a vector have opened the very same messages.
//
//   T_{m,0} = H("first transcript" ‖ generation ‖ HRID_m)          T_{m,n+1} = H("transcript" ‖ T_{m,n} ‖ H(payload ‖ signature))
//   digest(v) = H("digest" ‖ T_1 at v_1 ‖ … ‖ T_N at v_N)
//   payload = CBOR [group, generation, sender HRID, v, digest, H(nonce ‖ outer ‖ inner)], signed under "cliquet/1 message"

import type { Curves } from '../crypto/curves.ts';
import { hashLabeled, sha256 } from '../crypto/hash.ts';
import { signLabeled, verifyLabeled } from '../crypto/sign.ts';
import type { Bytes } from '../wire/bytes.ts';
import { encodeContext } from '../wire/codec.ts';
import type { SignedHeader } from '../wire/content.ts';
import { joinMembers, type MemberState, type Ratchet } from './ratchet.ts';

type UnsignedHeader = Omit<SignedHeader, 'signature'>;

export function firstTranscript(generation: Bytes, hrid: Bytes): Bytes {
  return hashLabeled('first transcript', generation, hrid);
}

/** The transcript of a member after `count` of its messages, or undefined if that is no longer or not yet kept. */
export function transcriptAt(member: MemberState, count: number): Bytes | undefined {
  const first = member.opened + 1 - member.transcripts.length;
  return member.transcripts[count - first];
}

/** The digest at a vector that is covered here and not below what a member may still name. */
export function digestAt(ratchet: Ratchet, vector: readonly number[]): Bytes {
  const transcripts = joinMembers(ratchet, (member, position) => {
    const transcript = transcriptAt(member, vector[position] ?? 0);
    if (transcript === undefined) throw new RangeError('the vector names a transcript that was deleted');
    return transcript;
  });
  return hashLabeled('digest', transcripts);
}

/** Whether all that a covered vector names is still here. */
export function isKept({ members }: Ratchet, vector: readonly number[]): boolean {
  return members.every((member, position) => {
    const count = vector[position] ?? 0;
    return transcriptAt(member, count) !== undefined && member.contributions.some(({ from }) => from <= count);
  });
}

export function hashMessageBody(nonce: Bytes, outer: Bytes, inner: Bytes): Bytes {
  return sha256(nonce, outer, inner);
}

/** What the member at `position` signs. Whoever needs it more than once hands it on: it grows with the group. */
export function payloadOf(ratchet: Ratchet, position: number, { vector, digest, bodyHash }: UnsignedHeader): Bytes {
  const { hrid } = memberAt(ratchet, position);
  return encodeContext([ratchet.group, ratchet.generation, hrid, vector, digest, bodyHash]);
}

export function signHeader(
  curves: Curves,
  seed: Bytes,
  ratchet: Ratchet,
  header: UnsignedHeader,
  payload: Bytes = payloadOf(ratchet, ratchet.self, header),
): Promise<Bytes> {
  return signLabeled(curves, seed, 'message', payload);
}

export function verifyHeader(
  curves: Curves,
  ratchet: Ratchet,
  position: number,
  header: SignedHeader,
  payload: Bytes = payloadOf(ratchet, position, header),
): Promise<boolean> {
  return verifyLabeled(curves, memberAt(ratchet, position).pk, 'message', payload, header.signature);
}

/** The member's transcript one message later. */
export function extendTranscript(
  ratchet: Ratchet,
  transcript: Bytes,
  position: number,
  header: SignedHeader,
  payload: Bytes = payloadOf(ratchet, position, header),
): Bytes {
  return hashLabeled('transcript', transcript, sha256(payload, header.signature));
}

export function memberAt(ratchet: Ratchet, position: number): MemberState {
  const member = ratchet.members[position];
  if (member === undefined)
    throw new RangeError(`"position" expected below ${ratchet.members.length}, got ${position}`);
  return member;
}
