// Ratchets in the store: the core, each member and each waiting message under a key of its own, so that a message
// rewrites what it changed and nothing else.

import type { Ratchet, WaitingMessage } from './protocol/ratchet.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import { numberKey } from './store/store.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { generationPrefixBytes } from './wire/limits.ts';

const memberKey = (generation: Bytes, position: number) => `${bytesKey(generation)}/${numberKey(position)}`;

/** The part of a generation's id that stands on envelopes. */
export const generationPrefix = (generation: Bytes): Bytes => generation.slice(0, generationPrefixBytes);

function waitingKey(generation: Bytes, { sender, signed, sealedSecret }: WaitingMessage): string {
  // Copies of one message that differ in the unsigned part stand side by side.
  return `${bytesKey(generation)}/${numberKey(sender)}/${numberKey(signed.vector[sender] ?? 0)}/${bytesKey(signed.signature)}/${bytesKey(sealedSecret)}`;
}

export function loadRatchet(reader: Reader, generation: Bytes): Ratchet | undefined {
  const core = reader.get(tables.ratchets, bytesKey(generation));
  if (core === undefined) return undefined;
  const members = reader.all(tables.members, `${bytesKey(generation)}/`).map(({ value }) => value);
  const waiting = reader.all(tables.waiting, `${bytesKey(generation)}/`).map(({ value }) => value);
  return { ...core, members, waiting };
}

/** Puts what differs from the ratchet as it was loaded; `before` is undefined for a new one. */
export function saveRatchet(tx: Transaction, before: Ratchet | undefined, after: Ratchet): void {
  const { members, waiting, ...core } = after;
  tx.put(tables.ratchets, bytesKey(after.generation), core);
  members.forEach((member, position) => {
    if (before?.members[position] !== member) tx.put(tables.members, memberKey(after.generation, position), member);
  });
  const kept = new Set(waiting);
  const known = new Set(before?.waiting);
  for (const message of known) {
    if (!kept.has(message)) tx.delete(tables.waiting, waitingKey(after.generation, message));
  }
  for (const message of waiting) {
    if (!known.has(message)) tx.put(tables.waiting, waitingKey(after.generation, message), message);
  }
}

/** Leaves nothing of a ratchet. */
export function deleteRatchet(tx: Transaction, generation: Bytes): void {
  tx.delete(tables.ratchets, bytesKey(generation));
  const prefix = `${bytesKey(generation)}/`;
  for (const { key } of tx.all(tables.members, prefix)) tx.delete(tables.members, key);
  for (const { key } of tx.all(tables.waiting, prefix)) tx.delete(tables.waiting, key);
}
