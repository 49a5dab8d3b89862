// Messages as a member could make them that does not keep to the protocol: each part can be changed where it is made,
// and everything outside it is sealed and signed to fit.

import { seal, zeroNonce } from '../../client/crypto/aead.ts';
import { leafPublicKey } from '../../client/crypto/curves.ts';
import { hashLabeled } from '../../client/crypto/hash.ts';
import { pad } from '../../client/protocol/padding.ts';
import {
  contentKey,
  currentVector,
  groupKey,
  messageKey,
  namedContribution,
  outerKey,
  type Ratchet,
  wrapKey,
} from '../../client/protocol/ratchet.ts';
import { digestAt, hashMessageBody, memberAt, signHeader } from '../../client/protocol/transcript.ts';
import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { Content } from '../../client/wire/content.ts';
import { Contribution, Envelope, MessageHeader } from '../../client/wire/envelope.ts';
import { curves, textContent } from './group.ts';
import type { SeededRandom } from './random.ts';

export interface MessageForgery {
  /** What the header says, signed; keys stay those of the true vector. */
  readonly vector?: readonly number[];
  readonly digest?: Bytes;
  /** The outer plaintext, in place of leaf and commitment. */
  readonly contribution?: (contribution: Contribution) => Bytes;
  /** r as the member at this position gets it. */
  readonly secretFor?: (secret: Bytes, position: number) => Bytes;
  /** The shared secret under which r is wrapped. */
  readonly shared?: (shared: Bytes) => Bytes;
  /** The inner plaintext before padding, and after. */
  readonly content?: (content: Bytes) => Bytes;
  readonly padded?: (padded: Bytes) => Bytes;
  /** The plaintext of the header. */
  readonly header?: (header: Bytes) => Bytes;
  readonly signerSeed?: Bytes;
  readonly signature?: (signature: Bytes) => Bytes;
}

export interface ForgedMessage {
  readonly body: Bytes;
  readonly headers: readonly Bytes[];
}

export async function forgeMessage(
  random: SeededRandom,
  ratchet: Ratchet,
  seed: Bytes,
  forgery: MessageForgery = {},
): Promise<ForgedMessage> {
  const same = <T>(value: T) => value;
  const { secretFor = same, shared: sharedAs = same, content = same, padded = same, header = same } = forgery;
  const { contribution = (made: Contribution) => Contribution.encode(made) } = forgery;
  const { self } = ratchet;
  const member = memberAt(ratchet, self);
  const trueVector = currentVector(ratchet);
  const trueDigest = digestAt(ratchet, trueVector);
  const key = messageKey(member.chainKey, groupKey(ratchet, trueVector, trueDigest), self, member.opened);

  const nonce = random.bytes(24);
  const leafSecret = random.bytes(32);
  const leaf = await leafPublicKey(curves, leafSecret);
  const secret = random.bytes(32);
  const commitment = hashLabeled('contribution commitment', secret);
  const outer = seal(outerKey(key), nonce, contribution({ leaf, commitment }));
  const plaintext = content(Content.encode(textContent(random, 'forged')));
  const inner = seal(contentKey(key, secret, nonce), nonce, padded(pad(plaintext)));

  const { vector = trueVector, digest = trueDigest } = forgery;
  const unsigned = { vector, digest, bodyHash: hashMessageBody(nonce, outer, inner) };
  const signed = await signHeader(curves, forgery.signerSeed ?? seed, ratchet, unsigned);
  const signature = (forgery.signature ?? same)(signed);
  const sealedHeader = seal(ratchet.headerKey, nonce, header(MessageHeader.encode({ vector, digest, signature })));
  const headers = await Promise.all(
    ratchet.members.map(async (recipient, position) => {
      if (position === self) return new Uint8Array(0);
      const shared = await curves.agree(leafSecret, namedContribution(recipient, recipient.opened).leaf);
      if (shared === null) throw new RangeError('leaves of test members are usable');
      return seal(wrapKey(sharedAs(concatBytes(shared)), key, position), zeroNonce, secretFor(secret, position));
    }),
  );
  const generation = ratchet.generation.slice(0, 16);
  return { body: Envelope.encode({ type: 'message', generation, nonce, header: sealedHeader, outer, inner }), headers };
}
