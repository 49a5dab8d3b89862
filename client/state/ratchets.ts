// Ratchets in the store: the core, each member, each contribution and transcript, and each waiting message under a key of
// its own, so that a message rewrites what it changed and nothing else, however long somebody is silent.
//
// To put a ratchet together takes longer than to open a message. So it is remembered with its core, which is a new one
// whenever anything of the ratchet is another: whoever changes a part puts the core anew. A core that a transaction has
// put and taken back is never read again, and what is remembered with it goes with it.

import type { KeptContribution, MemberState, Ratchet, WaitingMessage } from '../protocol/ratchet.ts';
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

type Core = Omit<Ratchet, 'members' | 'waiting'>;

const loaded = new WeakMap<Core, Ratchet>();

export function loadRatchet(reader: Reader, generation: Bytes): Ratchet | undefined {
  const core = reader.get(tables.ratchets, bytesKey(generation));
  if (core === undefined) return undefined;
  const known = loaded.get(core);
  if (known !== undefined) return known;
  const ratchet = assemble(reader, core);
  loaded.set(core, ratchet);
  return ratchet;
}

function assemble(reader: Reader, core: Core): Ratchet {
  const { generation } = core;
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
  loaded.set(core, after);
  members.forEach((member, position) => {
    const old = before?.members[position];
    if (old === member) return;
    const { contributions: _, transcripts: __, ...memberCore } = member;
    tx.put(tables.members, memberKey(generation, position), memberCore);
    saveRun(tx, tables.contributions, generation, position, contributionsOf(old), contributionsOf(member));
    saveRun(tx, tables.transcripts, generation, position, transcriptsOf(old), transcriptsOf(member));
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
  const ratchet = loadRatchet(tx, generation);
  const position = ratchet?.members.findIndex((member) => sameBytes(member.hrid, hrid)) ?? -1;
  const member = ratchet?.members[position];
  if (ratchet === undefined || member === undefined) return;
  const counted = { ...member, contents: member.contents + 1 };
  saveRatchet(tx, ratchet, { ...ratchet, members: ratchet.members.with(position, counted) });
}

/** Parts of ratchets were changed in their tables: they are put together anew. */
export function reloadRatchets(tx: Transaction): void {
  for (const { key, value } of tx.all(tables.ratchets)) tx.put(tables.ratchets, key, { ...value });
}

/** Leaves nothing of a ratchet. */
export function deleteRatchet(tx: Transaction, generation: Bytes): void {
  tx.delete(tables.ratchets, bytesKey(generation));
  for (const table of [tables.members, tables.contributions, tables.transcripts, tables.waiting] as Table<unknown>[]) {
    for (const { key } of tx.all(table, prefixOf(generation))) tx.delete(table, key);
  }
}

/** What is kept of a member's messages, in order: each has a number, and what a number has does not change, it only goes. */
interface Run<T> {
  readonly length: number;
  numberAt(index: number): number;
  valueAt(index: number): T;
}

function contributionsOf(member: MemberState | undefined): Run<KeptContribution> {
  const run = member?.contributions ?? [];
  const valueAt = (index: number) => run[index] as KeptContribution;
  return { length: run.length, numberAt: (index) => valueAt(index).from, valueAt };
}

function transcriptsOf(member: MemberState | undefined): Run<{ readonly hash: Bytes }> {
  const run = member?.transcripts ?? [];
  const first = (member?.opened ?? 0) + 1 - run.length;
  return {
    length: run.length,
    numberAt: (index) => first + index,
    valueAt: (index) => ({ hash: run[index] as Bytes }),
  };
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

/** A run grows at its end and shrinks at its start, so there is nothing to look at between. */
function saveRun<T>(
  tx: Transaction,
  table: Table<T>,
  generation: Bytes,
  position: number,
  before: Run<T>,
  after: Run<T>,
): void {
  const first = after.length > 0 ? after.numberAt(0) : Number.POSITIVE_INFINITY;
  const last = before.length > 0 ? before.numberAt(before.length - 1) : -1;
  for (let i = 0; i < before.length && before.numberAt(i) < first; i++) {
    tx.delete(table, runKey(generation, position, before.numberAt(i)));
  }
  for (let i = after.length - 1; i >= 0 && after.numberAt(i) > last; i--) {
    tx.put(table, runKey(generation, position, after.numberAt(i)), after.valueAt(i));
  }
}
