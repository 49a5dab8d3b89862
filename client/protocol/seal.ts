// Sealing a message: one step of the sender's chain, the next contribution, and one 48-byte header for each recipient.

import { seal, zeroNonce } from '../crypto/aead.ts';
import { type Curves, leafPublicKey } from '../crypto/curves.ts';
import { hashLabeled, sha256 } from '../crypto/hash.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import type { Bytes } from '../wire/bytes.ts';
import { Content, isContent, type SignedHeader } from '../wire/content.ts';
import { Contribution, Envelope, MessageHeader } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { generationPrefixBytes, maxContentBodyBytes, nonceBytes } from '../wire/limits.ts';
import { pad } from './padding.ts';
import {
  contentKey,
  currentVector,
  groupKey,
  type KeptContribution,
  messageKey,
  namedContribution,
  nextChainKey,
  outerKey,
  prune,
  type Ratchet,
  recentMessages,
  wrapKey,
} from './ratchet.ts';
import { fingerprint, type Step } from './step.ts';
import { digestAt, extendTranscript, hashMessageBody, memberAt, payloadOf, signHeader } from './transcript.ts';

/** Below this size every message is full: it carries a contribution. */
const lightFromMembers = 17;
const maxLightRun = 8;
const maxLightSeconds = 60;

const none: Bytes = new Uint8Array(0);

export interface SealedMessage {
  readonly ratchet: Ratchet;
  /** The envelope, the same for all. */
  readonly body: Bytes;
  /** What each member alone gets, in roster order; empty for this client itself and in light messages. */
  readonly headers: readonly Bytes[];
  /** The message's number among this client's own in the generation. */
  readonly number: number;
  /** What a person may be shown of the step: the vector, the group key's fingerprint, the new leaf. */
  readonly step: Step;
}

/**
 * @param seed  the identity's
 * @param now   seconds since 1970
 * @throws CliquetError `rolled-back`; `content-too-large`
 */
export async function sealMessage(
  curves: Curves,
  random: RandomSource,
  ratchet: Ratchet,
  seed: Bytes,
  content: Content,
  now: number,
): Promise<SealedMessage> {
  if (ratchet.rolledBack) throw new CliquetError('rolled-back');
  if (content.body.length > maxContentBodyBytes) throw new CliquetError('content-too-large');
  const plaintext = Content.encode({ ...content, reports: ratchet.reports });

  const { self } = ratchet;
  const member = memberAt(ratchet, self);
  const number = member.opened;
  const vector = currentVector(ratchet);
  const digest = digestAt(ratchet, vector);
  const group = groupKey(ratchet, vector, digest);
  const key = messageKey(member.chainKey, group, self, number);

  // A store that was restored together with its random generator must not seal two contents under one nonce.
  const secrets = [member.chainKey, seed, sha256(plaintext)];
  const nonce = hedgedSecret(random, secrets, 'hedge nonce', [ratchet.generation, digest]).slice(0, nonceBytes);
  const light = mayBeLight(ratchet, now);
  const made = light ? null : await contribute(curves, random, secrets, ratchet, number);
  const contribution = made?.contribution ?? null;
  const outer = seal(outerKey(key), nonce, contribution === null ? none : encodeContribution(contribution));
  const inner = seal(contentKey(key, contribution?.secret ?? null, nonce), nonce, pad(plaintext));

  const unsigned = { vector, digest, bodyHash: hashMessageBody(nonce, outer, inner) };
  const payload = payloadOf(ratchet, self, unsigned);
  const signed: SignedHeader = { ...unsigned, signature: await signHeader(curves, seed, ratchet, unsigned, payload) };
  const header = seal(ratchet.headerKey, nonce, MessageHeader.encode({ vector, digest, signature: signed.signature }));
  const headers = made === null ? ratchet.members.map(() => none) : wrap(made, self, key);

  const after: typeof member = {
    ...member,
    opened: number + 1,
    seen: number + 1,
    chainKey: nextChainKey(member.chainKey),
    contributions: contribution === null ? member.contributions : [...member.contributions, contribution],
    transcripts: [
      ...member.transcripts,
      extendTranscript(ratchet, member.transcripts.at(-1) as Bytes, self, signed, payload),
    ],
    vector: vector.with(self, number + 1),
    recent: [...member.recent, signed].slice(-recentMessages),
    // What is sent again was counted where it was sent first.
    contents: member.contents + (isContent(content) && content.again === null ? 1 : 0),
  };
  const advanced: Ratchet = {
    ...ratchet,
    members: ratchet.members.with(self, after),
    reports: [],
    lightRun: light ? ratchet.lightRun + 1 : 0,
    lastFullAt: light ? ratchet.lastFullAt : now,
    othersContributed: light && ratchet.othersContributed,
    unansweredContent: 0,
    unansweredSince: null,
    owesContribution: light && ratchet.owesContribution,
  };
  const generation = ratchet.generation.slice(0, generationPrefixBytes);
  return {
    ratchet: prune(advanced, self),
    body: Envelope.encode({ type: 'message', generation, nonce, header, outer, inner }),
    headers,
    number,
    step: { vector, groupKey: fingerprint(group), leaf: contribution?.leaf ?? null },
  };
}

function mayBeLight(ratchet: Ratchet, now: number): boolean {
  return (
    ratchet.members.length >= lightFromMembers &&
    !ratchet.othersContributed &&
    !ratchet.owesContribution &&
    ratchet.lightRun < maxLightRun &&
    now - ratchet.lastFullAt < maxLightSeconds
  );
}

/** What a full message brings; the secrets that the new leaf shares with the others' leaves are for this message only. */
interface Made {
  readonly contribution: KeptContribution;
  /** In roster order; null for this client itself. */
  readonly shared: readonly (Bytes | null)[];
}

/** A fresh leaf and secret, hedged with the chain key, the identity and the content. */
async function contribute(
  curves: Curves,
  random: RandomSource,
  secrets: readonly Bytes[],
  { generation, members, self }: Ratchet,
  number: number,
): Promise<Made> {
  const context = [generation, number];
  const leafSecret = hedgedSecret(random, secrets, 'hedge leaf', context);
  const secret = hedgedSecret(random, secrets, 'hedge contribution secret', context);
  // All at once: platforms work on them beside each other.
  const [leaf, ...shared] = await Promise.all([
    leafPublicKey(curves, leafSecret),
    ...members.map((recipient, position) =>
      position === self ? null : curves.agree(leafSecret, namedContribution(recipient, recipient.opened).leaf),
    ),
  ]);
  return { contribution: { from: number + 1, leaf, secret, leafSecret }, shared };
}

function encodeContribution({ leaf, secret }: KeptContribution): Bytes {
  return Contribution.encode({ leaf, commitment: hashLabeled('contribution commitment', secret) });
}

/** The contribution's secret for each other member. */
function wrap({ contribution, shared }: Made, self: number, key: Bytes): Bytes[] {
  return shared.map((each, position) => {
    if (position === self) return none;
    if (each === null) throw new RangeError('leaves are checked before they are kept');
    // Under a nonce of zeros: the key comes from a fresh leaf and is used once.
    return seal(wrapKey(each, key, position), zeroNonce, contribution.secret);
  });
}
