// The lineages of groups in the store: signed records, out of which rosters and names follow again.

import { agreementId } from '../protocol/agreement.ts';
import { keptOf } from '../protocol/kept.ts';
import { followingGeneration, type Generation, type Lineage } from '../protocol/lineage.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { Record } from '../wire/record.ts';
import { deleteKeys } from './generations.ts';
import { tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

const prefixOf = (group: Bytes) => `${bytesKey(group)}/`;
const keyOf = (group: Bytes, { id, record }: Generation) =>
  `${prefixOf(group)}${numberKey(record.number)}.${bytesKey(id)}`;

/** What is known of a group's generations: all of it was checked when it came. */
export function loadLineage(reader: Reader, group: Bytes): Lineage {
  const lineage = new Map<string, Generation>();
  for (const { value } of reader.all(tables.lineage, prefixOf(group))) {
    const { signed, base } = value;
    const id = agreementId(signed.record);
    const record = Record.decode(signed.record);
    const parent = record.parent && lineage.get(bytesKey(record.parent));
    if (base !== null) lineage.set(bytesKey(id), { id, parent: null, signed, record, ...base, changes: 0 });
    else if (parent) lineage.set(bytesKey(id), followingGeneration(parent, id, signed, record));
  }
  return lineage;
}

/** Whether a record is known, without looking at what it makes of the group. */
export function isInLineage(reader: Reader, group: Bytes, id: Bytes): boolean {
  const end = `.${bytesKey(id)}`;
  return reader.all(tables.lineage, prefixOf(group)).some(({ key }) => key.endsWith(end));
}

/** Puts what is new, and lets go what is not to be kept. @returns the generation that counts */
export function saveLineage(tx: Transaction, group: Bytes, lineage: Lineage): Generation {
  const { tip, first, generations } = keptOf(lineage);
  const kept = new Set<string>();
  for (const generation of generations) {
    const key = keyOf(group, generation);
    kept.add(key);
    // What the lineage has begun with follows others, once it is told what was before.
    if (generation !== first && tx.get(tables.lineage, key)?.base === null) continue;
    const base = generation === first ? { roster: first.roster, name: first.name } : null;
    tx.put(tables.lineage, key, { signed: generation.signed, base });
  }
  for (const { key } of tx.all(tables.lineage, prefixOf(group))) if (!kept.has(key)) tx.delete(tables.lineage, key);
  return tip;
}

/** Leaves nothing of a group but who was in it, and what was said. */
export function forgetGroup(tx: Transaction, group: Bytes): void {
  deleteKeys(tx, group);
  deleteLineage(tx, group);
  tx.delete(tables.healing, bytesKey(group));
  for (const { key } of tx.all(tables.changes, prefixOf(group))) tx.delete(tables.changes, key);
  for (const { key } of tx.all(tables.requests, prefixOf(group))) tx.delete(tables.requests, key);
}

export function deleteLineage(tx: Transaction, group: Bytes): void {
  for (const { key } of tx.all(tables.lineage, prefixOf(group))) tx.delete(tables.lineage, key);
}
