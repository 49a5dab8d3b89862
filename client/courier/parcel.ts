// What the relay sees of one envelope: who, to whom, how large. For a picture of it on the screen, and nothing else.

import { findClosed, findOpen } from '../state/generations.ts';
import { generationPrefix } from '../state/ratchets.ts';
import type { Reader } from '../state/state.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { Envelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { Recipient } from '../wire/send.ts';

/**
 * An envelope that the relay has handed over, or has accepted. HRIDs and the group's id are base64url.
 * @category Clients
 */
export interface Parcel {
  /** Whether the relay has accepted it of this client, or handed it over. */
  readonly direction: 'sent' | 'received';
  /** What it is; only the members know. Envelopes: [PROTOCOL.md §8](../../docs/PROTOCOL.md). */
  readonly kind: 'agreement' | 'message' | 'notice' | 'request';
  /** The group's id, which only the members know; null if it cannot be told here. */
  readonly group: string | null;
  /** The sender's HRID. */
  readonly from: string;
  /** The recipients' HRIDs. */
  readonly to: readonly string[];
  /** How many bytes it has: the body, and what each recipient alone gets. */
  readonly bytes: number;
}

/**
 * @param body   the bytes of an envelope
 * @param known  the same, if it is decoded already
 * @returns null for what is no envelope
 */
export function toParcel(
  reader: Reader,
  direction: Parcel['direction'],
  from: Bytes,
  to: readonly Recipient[],
  body: Bytes,
  known?: Envelope,
): Parcel | null {
  let envelope: Envelope;
  try {
    envelope = known ?? Envelope.decode(body);
  } catch (error) {
    if (!(error instanceof CliquetError)) throw error;
    return null;
  }
  const bytes = to.reduce((sum, { header }) => sum + header.length, body.length);
  const group = groupOf(reader, envelope);
  const recipients = to.map(({ hrid }) => bytesKey(hrid));
  return {
    direction,
    kind: envelope.type,
    group: group && bytesKey(group),
    from: bytesKey(from),
    to: recipients,
    bytes,
  };
}

function groupOf(reader: Reader, envelope: Envelope): Bytes | null {
  if (envelope.type === 'request') return null;
  const prefix = envelope.type === 'agreement' ? generationPrefix(envelope.id) : envelope.generation;
  return (findOpen(reader, prefix) ?? findClosed(reader, prefix))?.group ?? null;
}
