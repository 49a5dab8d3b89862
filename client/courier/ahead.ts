// Messages are read before their turn: the signatures of a whole batch are checked beside each other, by as many processors
// as the platform gives, while the transaction that takes the batch in opens one after the other. It only takes verdicts on
// what stays the same in a generation; all else it looks at itself.

import type { Curves } from '../crypto/curves.ts';
import { type ReadEnvelope, readEnvelope } from '../protocol/open.ts';
import { findRatchet } from '../state/generations.ts';
import type { Reader } from '../state/state.ts';
import { sameBytes } from '../wire/bytes.ts';
import { Envelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { QueueEntry } from '../wire/queue.ts';

/** What is known of an entry before its turn. */
export interface Ahead {
  readonly envelope: Envelope;
  /** Null if its generation is not open here yet, or it does not read: its turn will tell. */
  readonly read: ReadEnvelope | null;
}

/** @returns what is known of an entry; null for what is no envelope, or cannot be told before its turn */
export function readAhead(reader: Reader, curves: Curves, entry: QueueEntry): Ahead | null {
  if (entry.type !== 'message') return null;
  try {
    const envelope = Envelope.decode(entry.body);
    const ratchet = envelope.type === 'message' ? findRatchet(reader, envelope.generation) : undefined;
    const sender = ratchet?.members.findIndex(({ hrid }) => sameBytes(hrid, entry.from)) ?? -1;
    if (envelope.type !== 'message' || ratchet === undefined || sender < 0) return { envelope, read: null };
    return { envelope, read: readEnvelope(curves, ratchet, sender, entry.header, envelope) };
  } catch (error) {
    if (!(error instanceof CliquetError)) throw error;
    return null;
  }
}
