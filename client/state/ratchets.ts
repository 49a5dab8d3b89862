// Ratchets in the store: the core, each member, each contribution and transcript, and each waiting message under a key of
// its own, so that a message rewrites what it changed and nothing else, however long somebody is silent.

import type { MemberState, Ratchet, WaitingMessage } from '../protocol/ratchet.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { generationPrefixBytes } from '../wire/limits.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import type { Table } from './table.ts';

const prefixOf = (generation: Bytes) => `${bytesKey(generation)}/`;
const memberKey = (generation: Bytes, position: number) => prefixOf(generation) + numberKey(position);

/** The part of a generation's id that stands on envelopes. */
export const generationPrefix = (generation: Bytes): Bytes => generation.slice(0, generationPrefixBytes);

function waitingKey(generation: Bytes, { sender, signed, sealedSecret }: WaitingMessage): string {
  // Copies of one message that differ in the unsigned part stand side by side.
  return `${memberKey(generation, sender)}/${numberKey(signed.vector[sender] ?? 0)}/${bytesKey(signed.signature)}/${bytesKey(sealedSecret)}`;
}

export function loadRatchet(reader: Reader, generation: Bytes): Ratchet | undefined {
  const core = reader.get(tables.ratchets, bytesKey(generation));
  if (core === undefined) return undefined;
  const contributions = loadRuns(reader, tables.contributions, generation);
  const transcripts = loadRuns(reader, tables.transcripts, generation);
  const members = reader.all(tables.members, prefixOf(generation)).map(({ value }, position): MemberState => {
    const hashes = transcripts.get(position) ?? [];
    return {
      ...value,
      contributions: contributions.get(position) ?? [],
      transcripts: hashes.map(({ hash }) => hash),
    };
  });
  const waiting = reader.all(tables.waiting, prefixOf(generation)).map(({ value }) => value);
  return { ...core, members, waiting };
}

/** Puts what differs from the ratchet as it was loaded; `before` is undefined for a new one. */
export function saveRatchet(tx: Transaction, before: Ratchet | undefined, after: Ratchet): void {
  const { members, waiting, ...core } = after;
  const { generation } = after;
  tx.put(tables.ratchets, bytesKey(generation), core);
  members.forEach((member, position) => {
    const old = before?.members[position];
    if (old === member) return;
    const { contributions: _, transcripts: __, ...memberCore } = member;
    tx.put(tables.members, memberKey(generation, position), memberCore);
    saveRun(tx, tables.contributions, generation, position, numberContributions(old), numberContributions(member));
    saveRun(tx, tables.transcripts, generation, position, numberTranscripts(old), numberTranscripts(member));
  });
  const kept = new Set(waiting);
  const known = new Set(before?.waiting);
  for (const message of known) {
    if (!kept.has(message)) tx.delete(tables.waiting, waitingKey(generation, message));
  }
  for (const message of waiting) {
    if (!known.has(message)) tx.put(tables.waiting, waitingKey(generation, message), message);
  }
}

/** What a member has said in some generation has come, there or sent again later. */
export function countContent(tx: Transaction, generation: Bytes, hrid: Bytes): void {
  const found = tx.all(tables.members, prefixOf(generation)).find(({ value }) => sameBytes(value.hrid, hrid));
  if (found) tx.put(tables.members, found.key, { ...found.value, contents: found.value.contents + 1 });
}

/** Leaves nothing of a ratchet. */
export function deleteRatchet(tx: Transaction, generation: Bytes): void {
  tx.delete(tables.ratchets, bytesKey(generation));
  for (const table of [tables.members, tables.contributions, tables.transcripts, tables.waiting] as Table<unknown>[]) {
    for (const { key } of tx.all(table, prefixOf(generation))) tx.delete(table, key);
  }
}

/** Something of a member under the number of its message: what a number has does not change, it only goes. */
interface Numbered<T> {
  readonly number: number;
  readonly value: T;
}

const numberContributions = (member: MemberState | undefined) =>
  (member?.contributions ?? []).map((value) => ({ number: value.from, value }));

function numberTranscripts(member: MemberState | undefined): Numbered<{ readonly hash: Bytes }>[] {
  if (member === undefined) return [];
  const first = member.opened + 1 - member.transcripts.length;
  return member.transcripts.map((hash, i) => ({ number: first + i, value: { hash } }));
}

/** All members of a generation stand in one row, so that they are read at once. */
const runKey = (generation: Bytes, position: number, number: number) =>
  `${memberKey(generation, position)}.${numberKey(number)}`;

function loadRuns<T>(reader: Reader, table: Table<T>, generation: Bytes): Map<number, T[]> {
  const prefix = prefixOf(generation);
  const runs = new Map<number, T[]>();
  for (const { key, value } of reader.all(table, prefix)) {
    const position = Number(key.slice(prefix.length, key.indexOf('.', prefix.length)));
    const run = runs.get(position);
    if (run === undefined) runs.set(position, [value]);
    else run.push(value);
  }
  return runs;
}

/** A run grows at its end and shrinks at its start. */
function saveRun<T>(
  tx: Transaction,
  table: Table<T>,
  generation: Bytes,
  position: number,
  before: readonly Numbered<T>[],
  after: readonly Numbered<T>[],
): void {
  const first = after[0]?.number ?? Number.POSITIVE_INFINITY;
  const last = before.at(-1)?.number ?? -1;
  for (const { number } of before) {
    if (number >= first) break;
    tx.delete(table, runKey(generation, position, number));
  }
  for (const { number, value } of after) {
    if (number > last) tx.put(table, runKey(generation, position, number), value);
  }
}
