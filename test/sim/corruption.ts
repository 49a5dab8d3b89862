// What a relay, or a bad line, may do to a message before its recipient gets it.

import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { Envelope, type MessageEnvelope } from '../../client/wire/envelope.ts';
import type { Sent } from '../support/chat.ts';
import type { SeededRandom } from '../support/random.ts';

export interface Delivery {
  readonly sender: number;
  readonly header: Bytes;
  readonly body: Bytes;
}

export interface Corrupted extends Delivery {
  readonly part: CorruptPart;
}

/** The parts of an envelope and everything beside it; `own header` is what the recipient alone gets. */
export const corruptParts = [
  'generation',
  'nonce',
  'header',
  'outer',
  'inner',
  'body',
  'own header',
  'other header',
  'other message',
  'from',
] as const;
type CorruptPart = (typeof corruptParts)[number];

/** Flips a bit, cuts bytes off, adds some, or gives something else of the same length. */
export function damage(random: SeededRandom, bytes: Bytes): Bytes {
  const kind = bytes.length === 0 ? 'extend' : random.pick(['flip', 'truncate', 'extend', 'replace'] as const);
  if (kind === 'truncate') return bytes.slice(0, random.below(bytes.length));
  if (kind === 'extend') return concatBytes(bytes, random.bytes(1 + random.below(48)));
  if (kind === 'replace') return random.bytes(bytes.length);
  return flipped(bytes, random.below(bytes.length * 8));
}

export function flipped(bytes: Bytes, bit: number): Bytes {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** The body of a message with some of its parts exchanged. */
export function withParts(body: Bytes, parts: Partial<Omit<MessageEnvelope, 'type'>>): Bytes {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  return Envelope.encode({ ...envelope, ...parts });
}

/** A copy of a message that differs in one part; `other` is any other message of the group. */
export function corrupt(random: SeededRandom, sent: Sent, recipient: number, other: Sent): Corrupted {
  const part = random.pick(corruptParts);
  const good = { sender: sent.sender, header: sent.headers[recipient] ?? new Uint8Array(0), body: sent.body };
  const envelope = Envelope.decode(sent.body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  switch (part) {
    case 'generation':
    case 'nonce':
      return { ...good, part, body: withParts(sent.body, { [part]: random.bytes(envelope[part].length) }) };
    case 'header':
    case 'outer':
    case 'inner': {
      const longest = { header: 4096, outer: 128, inner: 128 * 1024 }[part];
      const damaged = damage(random, envelope[part]).slice(0, longest);
      return { ...good, part, body: withParts(sent.body, { [part]: damaged }) };
    }
    case 'body':
      return { ...good, part, body: damage(random, sent.body) };
    case 'own header':
      return { ...good, part, header: damage(random, good.header) };
    case 'other header': {
      const others = sent.headers.filter((_, position) => position !== recipient && position !== sent.sender);
      return { ...good, part, header: random.pick([...others, other.headers[recipient] ?? new Uint8Array(0)]) };
    }
    case 'other message':
      return { ...good, part, body: swapOnePart(random, sent.body, other.body) };
    case 'from':
      return { ...good, part, sender: (sent.sender + 1 + random.below(sent.headers.length - 1)) % sent.headers.length };
  }
}

function swapOnePart(random: SeededRandom, body: Bytes, other: Bytes): Bytes {
  const envelope = Envelope.decode(other);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  const part = random.pick(['nonce', 'header', 'outer', 'inner'] as const);
  return withParts(body, { [part]: envelope[part] });
}
