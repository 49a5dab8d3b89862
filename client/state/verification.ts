// Who is verified: the person has compared a safety number that covers this HRID and this key.

import type { Roster } from '../protocol/roster.ts';
import { safetyNumber } from '../protocol/safety-number.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

export function isVerified(reader: Reader, hrid: Bytes, pk: Bytes): boolean {
  const verified = reader.get(tables.verified, bytesKey(hrid));
  return verified !== undefined && sameBytes(verified.pk, pk);
}

/** Marks everybody; the mark stays when rosters change, or people would learn to ignore its going. */
export function markVerified(tx: Transaction, roster: Roster): void {
  for (const { hrid, pk } of roster) tx.put(tables.verified, bytesKey(hrid), { pk });
}

/**
 * Marks everybody, if the other's number is the same.
 * @param theirs  digits, with or without anything between them
 * @throws CliquetError `safety-number-differs`
 */
export function verifyRoster(tx: Transaction, roster: Roster, theirs: string): void {
  const digits = (text: string) => text.replace(/\D/g, '');
  if (digits(theirs) !== digits(safetyNumber(roster))) throw new CliquetError('safety-number-differs');
  markVerified(tx, roster);
}

export function unmarkVerified(tx: Transaction, roster: Roster): void {
  for (const { hrid } of roster) tx.delete(tables.verified, bytesKey(hrid));
}
