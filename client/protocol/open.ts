// Opening messages. The signature is checked before anything waits, changes or is stored, and needs no message key;
// the state changes only when everything has passed, so a corrupted copy never harms the good one that follows.

import { open, zeroNonce } from '../crypto/aead.ts';
import type { Curves } from '../crypto/curves.ts';
import { hashLabeled, sameSecret } from '../crypto/hash.ts';
import { type Bytes, sameBytes } from '../wire/bytes.ts';
import type { Struct } from '../wire/codec.ts';
import { type CloneReport, type Content, decodeContent, isContent, type SignedHeader } from '../wire/content.ts';
import { Contribution, type MessageEnvelope, MessageHeader, sealedSecretBytes } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { findClone, isProvenClone, markCloned } from './clone.ts';
import { unpad } from './padding.ts';
import {
  contentKey,
  groupKey,
  isTooFar,
  type MemberState,
  messageKey,
  namedContribution,
  nextChainKey,
  outerKey,
  prune,
  type Ratchet,
  recentMessages,
  type WaitingMessage,
  wrapKey,
} from './ratchet.ts';
import { fingerprint, type Step } from './step.ts';
import {
  digestAt,
  extendTranscript,
  hashMessageBody,
  isKept,
  memberAt,
  payloadOf,
  verifyHeader,
} from './transcript.ts';

const maxWaitingPerSender = 256;
const maxWaitingBytesPerSender = 1024 * 1024;
const maxWaiting = 4096;

/** What came of a message; positions are in roster order. */
export type Outcome =
  | {
      readonly type: 'opened';
      readonly sender: number;
      readonly number: number;
      readonly content: Content;
      readonly step: Step;
    }
  | { readonly type: 'waiting'; readonly sender: number; readonly number: number }
  /** A member signed two messages under one number. `reporter` is who noticed: this client itself or another member. */
  | { readonly type: 'clone'; readonly position: number; readonly reporter: number }
  /** A member signed other transcripts than those seen here. */
  | { readonly type: 'fork'; readonly sender: number }
  /** A member has seen more of this client than this store knows: the store was restored from an older copy. */
  | { readonly type: 'rolled-back' }
  /** A message that had waited turned out not to open. */
  | { readonly type: 'refused'; readonly sender: number; readonly number: number };

export interface Received {
  readonly ratchet: Ratchet;
  readonly outcomes: readonly Outcome[];
}

/** What can be looked at of a message before its turn, as it depends only on what stays the same in a generation. */
export interface ReadEnvelope {
  readonly generation: Bytes;
  readonly message: Omit<WaitingMessage, 'since'>;
  /** What its signature is over. */
  readonly payload: Bytes;
  /** Whether the signature is its sender's. */
  readonly isSigned: Promise<boolean>;
}

/**
 * Opens the header, and begins to check the signature.
 * @throws CliquetError `message-refused`
 */
export function readEnvelope(
  curves: Curves,
  ratchet: Ratchet,
  sender: number,
  sealedSecret: Bytes,
  { nonce, header, outer, inner }: MessageEnvelope,
): ReadEnvelope {
  const plaintext = open(ratchet.headerKey, nonce, header);
  if (plaintext === null || sender === ratchet.self) throw new CliquetError('message-refused');
  const { vector, digest, signature } = decodeOrRefuse(MessageHeader, plaintext);
  if (vector.length !== ratchet.members.length) throw new CliquetError('message-refused');
  const signed: SignedHeader = { vector, digest, bodyHash: hashMessageBody(nonce, outer, inner), signature };
  const payload = payloadOf(ratchet, sender, signed);
  return {
    generation: ratchet.generation,
    message: { sender, signed, nonce, outer, inner, sealedSecret },
    payload,
    isSigned: verifyHeader(curves, ratchet, sender, signed, payload),
  };
}

/**
 * Takes in one message, and whatever had waited for it.
 * @param sender  the position of who sent it, as the relay says; the signature proves it
 * @param header  what this client alone got beside the body
 * @param now     seconds since 1970
 * @param read    the same message, if it was read before; not if that was in another generation
 * @throws CliquetError `message-refused`, `duplicate`, `too-far-ahead`; the state is unchanged then
 */
export async function openMessage(
  curves: Curves,
  before: Ratchet,
  sender: number,
  header: Bytes,
  envelope: MessageEnvelope,
  now: number,
  read: ReadEnvelope = readEnvelope(curves, before, sender, header, envelope),
): Promise<Received> {
  const { payload, isSigned } = read;
  const message: WaitingMessage = { ...read.message, since: now };
  if (isTooFar(before, message.signed.vector)) throw new CliquetError('too-far-ahead');
  if (header.length !== 0 && header.length !== sealedSecretBytes) throw new CliquetError('message-refused');
  // After this, the sender really made these bytes.
  if (!(await isSigned)) throw new CliquetError('message-refused');
  const ratchet = noteNumber(before, message);

  if (memberAt(ratchet, sender).cloned) throw new CliquetError('message-refused', 'the member was copied');
  if ((message.signed.vector[ratchet.self] ?? 0) > memberAt(ratchet, ratchet.self).opened) {
    // What it covers was sent from a newer copy of this store: it cannot be opened here, and nothing more is sent.
    return { ratchet: { ...ratchet, rolledBack: true }, outcomes: [{ type: 'rolled-back' }] };
  }
  const clone = findClone(ratchet, sender, message.signed);
  if (clone === 'duplicate') throw new CliquetError('duplicate');
  if (clone !== null) {
    return {
      ratchet: markCloned(ratchet, sender, clone.report),
      outcomes: [{ type: 'clone', position: sender, reporter: ratchet.self }],
    };
  }
  if (!isCovered(ratchet, message)) return wait(ratchet, message);

  const opened = await openCovered(curves, ratchet, message, now, payload);
  return openWaiting(curves, opened, now);
}

/** What a member has signed there is, whether it opens or not. */
function noteNumber(ratchet: Ratchet, message: WaitingMessage): Ratchet {
  const member = memberAt(ratchet, message.sender);
  const seen = numberOf(message) + 1;
  if (seen <= member.seen) return ratchet;
  return { ...ratchet, members: ratchet.members.with(message.sender, { ...member, seen }) };
}

const numberOf = (message: WaitingMessage) => message.signed.vector[message.sender] ?? 0;

/** What a member has sealed may be nonsense all the same; all failures to open look alike. */
function decodeOrRefuse<T>({ decode }: Pick<Struct<T>, 'decode'>, bytes: Bytes): T {
  try {
    return decode(bytes);
  } catch (error) {
    throw new CliquetError('message-refused', undefined, { cause: error });
  }
}

function isCovered(ratchet: Ratchet, { sender, signed }: WaitingMessage): boolean {
  return signed.vector.every((count, position) => {
    const { opened } = memberAt(ratchet, position);
    return position === sender ? count === opened : count <= opened;
  });
}

/** Keeps a message until what it covers has come. Copies that differ in the unsigned part only are kept side by side. */
function wait(ratchet: Ratchet, message: WaitingMessage): Received {
  const { sender, signed, sealedSecret } = message;
  const ofSender = ratchet.waiting.filter((waiting) => waiting.sender === sender);
  const known = ofSender.some(
    (waiting) => sameBytes(waiting.signed.signature, signed.signature) && sameBytes(waiting.sealedSecret, sealedSecret),
  );
  if (known) throw new CliquetError('duplicate');
  const bytes = [...ofSender, message].reduce((sum, { outer, inner }) => sum + outer.length + inner.length, 0);
  if (
    ofSender.length >= maxWaitingPerSender ||
    bytes > maxWaitingBytesPerSender ||
    ratchet.waiting.length >= maxWaiting
  ) {
    throw new CliquetError('too-far-ahead');
  }
  return {
    ratchet: { ...ratchet, waiting: [...ratchet.waiting, message] },
    outcomes: [{ type: 'waiting', sender, number: numberOf(message) }],
  };
}

/** Opens what had waited, as long as one message makes another's turn come. */
async function openWaiting(curves: Curves, received: Received, now: number): Promise<Received> {
  let { ratchet } = received;
  const outcomes = [...received.outcomes];
  for (;;) {
    const message = ratchet.waiting.find((waiting) => isCovered(ratchet, waiting));
    if (message === undefined) break;
    const rest = { ...ratchet, waiting: ratchet.waiting.filter((waiting) => waiting !== message) };
    try {
      const next = await openCovered(curves, rest, message, now);
      ratchet = dropStale(next.ratchet);
      outcomes.push(...next.outcomes);
    } catch (error) {
      if (!(error instanceof CliquetError)) throw error;
      ratchet = rest;
      outcomes.push({ type: 'refused', sender: message.sender, number: numberOf(message) });
    }
  }
  return { ratchet, outcomes };
}

/** Waiting copies of what has been opened, or of a member that was copied, wait no longer. */
function dropStale(ratchet: Ratchet): Ratchet {
  const waiting = ratchet.waiting.filter((message) => {
    const { opened, cloned } = memberAt(ratchet, message.sender);
    return !cloned && numberOf(message) >= opened;
  });
  return waiting.length === ratchet.waiting.length ? ratchet : { ...ratchet, waiting };
}

/** Opens a message whose vector is covered; throws `message-refused` and changes nothing if any check fails. */
async function openCovered(
  curves: Curves,
  ratchet: Ratchet,
  message: WaitingMessage,
  now: number,
  payload: Bytes = payloadOf(ratchet, message.sender, message.signed),
): Promise<Received> {
  const { sender, signed, nonce, inner } = message;
  const member = memberAt(ratchet, sender);
  const { vector } = signed;
  const number = numberOf(message);
  const isBack = vector.some((count, position) => count < (member.vector[position] ?? 0));
  if (isBack || !isKept(ratchet, vector)) throw new CliquetError('message-refused');
  const digest = digestAt(ratchet, vector);
  if (!sameBytes(digest, signed.digest)) {
    return { ratchet: { ...ratchet, forked: true }, outcomes: [{ type: 'fork', sender }] };
  }

  const group = groupKey(ratchet, vector, digest);
  const key = messageKey(member.chainKey, group, sender, number);
  const contribution = await openContribution(curves, ratchet, message, key);
  const padded = open(contentKey(key, contribution?.secret ?? null, nonce), nonce, inner);
  const plaintext = padded && unpad(padded);
  if (plaintext === null) throw new CliquetError('message-refused');
  const content = decodeOrRefuse({ decode: decodeContent }, plaintext);

  const kept = contribution && { ...contribution, from: number + 1, leafSecret: null };
  const after: MemberState = {
    ...member,
    opened: number + 1,
    chainKey: nextChainKey(member.chainKey),
    contributions: kept ? [...member.contributions, kept] : member.contributions,
    transcripts: [
      ...member.transcripts,
      extendTranscript(ratchet, member.transcripts.at(-1) as Bytes, sender, signed, payload),
    ],
    vector: vector.with(sender, number + 1),
    recent: [...member.recent, signed].slice(-recentMessages),
  };
  const counts = isContent(content);
  const advanced: Ratchet = {
    ...ratchet,
    members: ratchet.members.with(sender, after),
    othersContributed: ratchet.othersContributed || contribution !== null,
    unansweredContent: ratchet.unansweredContent + (counts ? 1 : 0),
    unansweredSince: counts ? (ratchet.unansweredSince ?? now) : ratchet.unansweredSince,
  };
  const step: Step = { vector, groupKey: fingerprint(group), leaf: contribution?.leaf ?? null };
  const opened: Outcome = { type: 'opened', sender, number, content, step };
  return believeReports(curves, prune(advanced, sender), sender, content.reports, [opened]);
}

/** The new leaf and secret of a full message, checked against the commitment that all members see; null if light. */
async function openContribution(
  curves: Curves,
  ratchet: Ratchet,
  { sender, signed, nonce, outer, sealedSecret }: WaitingMessage,
  key: Bytes,
): Promise<{ leaf: Bytes; secret: Bytes } | null> {
  const plaintext = open(outerKey(key), nonce, outer);
  if (plaintext === null) throw new CliquetError('message-refused');
  if (plaintext.length === 0) return null;
  const { leaf, commitment } = decodeOrRefuse(Contribution, plaintext);
  const { leafSecret } = namedContribution(memberAt(ratchet, ratchet.self), signed.vector[ratchet.self] ?? 0);
  const shared = leafSecret && (await curves.agree(leafSecret, leaf));
  if (shared === null || sender === ratchet.self) throw new CliquetError('message-refused');
  const secret = open(wrapKey(shared, key, ratchet.self), zeroNonce, sealedSecret);
  if (secret === null || !sameSecret(hashLabeled('contribution commitment', secret), commitment)) {
    throw new CliquetError('message-refused');
  }
  return { leaf, secret };
}

/** Clones that another member has noticed, once the evidence verifies. */
async function believeReports(
  curves: Curves,
  ratchet: Ratchet,
  reporter: number,
  reports: readonly CloneReport[],
  outcomes: readonly Outcome[],
): Promise<Received> {
  let believed = ratchet;
  const told = [...outcomes];
  for (const report of reports) {
    if (report.position >= ratchet.members.length || memberAt(believed, report.position).cloned) continue;
    if (!(await isProvenClone(curves, ratchet, report))) continue;
    believed = markCloned(believed, report.position, null);
    told.push({ type: 'clone', position: report.position, reporter });
  }
  return { ratchet: believed, outcomes: told };
}
