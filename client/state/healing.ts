// What is known of groups whose keys are to be restored.

import { type Generation, type Lineage, positionOf } from '../protocol/lineage.ts';
import { type Bytes, bytesKey, decodeBase64Url, sameBytes } from '../wire/bytes.ts';
import { exportSecretOf } from './generations.ts';
import { generationPrefix, reloadRatchets } from './ratchets.ts';
import { type Early, type GroupRecord, type HealingRecord, maxUnheld, maxUnopened, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';
import type { Table } from './table.ts';

/** The packages of requests are kept so long after they have served: several members may have answered. */
const answerSeconds = 2 * 3600;
/** At most once in an hour does what somebody says make a client answer. */
const nudgeSeconds = 3600;
/** No client waits for longer before it asks again to be let in. */
export const maxWaitSeconds = 24 * 3600;
/** So far ahead of this clock a member's may be. */
export const clockAllowanceSeconds = 3600;

const healthy: HealingRecord = {
  since: null,
  requests: 0,
  askedAt: null,
  askAt: 0,
  packages: [],
  unopened: [],
  unheld: [],
  unasked: [],
  gaps: [],
  returnedAt: null,
  missingAt: null,
  nudgedAt: 0,
};

export function healingOf(reader: Reader, group: Bytes): HealingRecord {
  return reader.get(tables.healing, bytesKey(group)) ?? healthy;
}

export function putHealing(tx: Transaction, group: Bytes, healing: HealingRecord): void {
  tx.put(tables.healing, bytesKey(group), healing);
}

/** The group in which this client has asked to be let in again with a package, or null: it serves answers there only. */
export function askingWith(reader: Reader, packageId: Bytes): Bytes | null {
  const isIt = ({ value }: { value: HealingRecord }) => value.packages.some((id) => sameBytes(id, packageId));
  const asking = reader.all(tables.healing).find(isIt);
  return asking === undefined ? null : decodeBase64Url(asking.key);
}

/** This client is let in: what its requests have sent serves no longer than answers may still come. */
export function retirePackages(tx: Transaction, group: Bytes, now: number): void {
  for (const id of healingOf(tx, group).packages) {
    const kept = tx.get(tables.keyPackages, bytesKey(id));
    if (kept === undefined) continue;
    tx.put(tables.keyPackages, bytesKey(id), { ...kept, expires: Math.min(kept.expires, now + answerSeconds) });
  }
}

/** An agreement of a member could not be opened here: its group may have moved on. @param now seconds since 1970 */
export function noteUnopened(tx: Transaction, id: Bytes, from: Bytes, now: number): void {
  for (const { value } of tx.all(tables.groups)) {
    const { status, roster } = value;
    if ((status !== 'active' && status !== 'lost') || !roster.some(({ hrid }) => sameBytes(hrid, from))) continue;
    const healing = healingOf(tx, value.id);
    putHealing(tx, value.id, { ...healing, unopened: [...healing.unopened, { id, at: now }].slice(-maxUnopened) });
  }
}

/**
 * Generations become known by what follows them. If the agreement of one that this client was in does not come, it reads
 * nothing of what was said there.
 */
export function noteUnheld(tx: Transaction, group: Bytes, own: Bytes, before: Lineage, lineage: Lineage): void {
  const [first] = before.values();
  const isNew = ({ id, record, roster }: Generation) =>
    first !== undefined &&
    record.number > first.record.number &&
    !before.has(bytesKey(id)) &&
    positionOf(roster, own) >= 0 &&
    exportSecretOf(tx, id) === null;
  const added = [...lineage.values()].filter(isNew).map(({ id }) => ({ generation: id, saidAt: null, asked: false }));
  if (added.length === 0) return;
  const healing = healingOf(tx, group);
  putHealing(tx, group, { ...healing, unheld: [...healing.unheld, ...added].slice(-maxUnheld) });
}

/** Whether what a member has said in a generation is not on its way already. */
function isToAskFor({ unasked }: HealingRecord, { asked }: HealingRecord['unheld'][number], sender: Bytes): boolean {
  return !asked || unasked.some((each) => sameBytes(each, sender));
}

/** A member has said something in a generation whose agreement has not come. @param now seconds since 1970 */
export function noteSaidUnheld(tx: Transaction, group: Bytes, generation: Bytes, sender: Bytes, now: number): void {
  const healing = healingOf(tx, group);
  const unheld = healing.unheld.map((each) =>
    sameBytes(each.generation, generation) && isToAskFor(healing, each, sender)
      ? { ...each, saidAt: each.saidAt ?? now }
      : each,
  );
  putHealing(tx, group, { ...healing, unheld });
}

/** Since when it seems that something was said in a generation whose agreement has not come: seconds since 1970, or null. */
export function unheldSince(reader: Reader, { id, roster }: GroupRecord): number | null {
  const healing = healingOf(reader, id);
  const lacking = healing.unheld.filter(({ generation }) => exportSecretOf(reader, generation) === null);
  const times = lacking.flatMap((each) => {
    const { generation, saidAt } = each;
    const early = reader.all(tables.early, `${bytesKey(generationPrefix(generation))}/`).map(({ value }) => value);
    const isHeard = ({ from }: Early) => positionOf(roster, from) >= 0 && isToAskFor(healing, each, from);
    const ofMembers = early.filter(isHeard).map(({ receivedAt }) => receivedAt);
    return saidAt === null ? ofMembers : [...ofMembers, saidAt];
  });
  return times.length === 0 ? null : Math.min(...times);
}

/** Whoever is behind is told now and then, however much it says. */
export function mayNudge(tx: Transaction, group: Bytes, now: number): boolean {
  const healing = healingOf(tx, group);
  if (healing.nudgedAt + nudgeSeconds > now) return false;
  putHealing(tx, group, { ...healing, nudgedAt: now });
  return true;
}

/**
 * Times in the future were written while the clock was ahead, and what goes by them would wait until it is that late again:
 * they become the present. @param now seconds since 1970
 */
export function correctTimes(tx: Transaction, now: number): void {
  const past = <T extends number | null>(at: T) => (at !== null && at > now ? now : at);
  for (const { key, value } of tx.all(tables.healing)) {
    const times = [
      ...value.unopened.map(({ at }) => at),
      ...value.gaps.map(({ askedAt }) => askedAt),
      ...value.unheld.map(({ saidAt }) => saidAt),
    ];
    if (!times.some((at) => at !== past(at))) continue;
    const unopened = value.unopened.map((each) => ({ ...each, at: past(each.at) }));
    const gaps = value.gaps.map((gap) => ({ ...gap, askedAt: past(gap.askedAt) }));
    const unheld = value.unheld.map((each) => ({ ...each, saidAt: past(each.saidAt) }));
    tx.put(tables.healing, key, { ...value, unopened, gaps, unheld });
  }
  correct(tx, tables.healing, ['since', 'returnedAt', 'missingAt', 'nudgedAt'], now);
  correct(tx, tables.healing, ['askAt'], now, maxWaitSeconds);
  correct(tx, tables.groups, ['since'], now);
  correct(tx, tables.ratchets, ['since', 'endedAt', 'lastFullAt', 'unansweredSince'], now);
  if (correct(tx, tables.waiting, ['since'], now)) reloadRatchets(tx);
  correct(tx, tables.early, ['receivedAt'], now);
  correct(tx, tables.requests, ['receivedAt'], now);
  correct(tx, tables.requests, ['askedAt'], now, clockAllowanceSeconds);
  correct(tx, tables.exports, ['since'], now);
  correct(tx, tables.changes, ['since'], now);
  correct(tx, tables.outgoing, ['sealedAt'], now);
}

/** @param ahead  so far in the future the times may be @returns whether there was something to correct */
function correct<T extends object>(
  tx: Transaction,
  table: Table<T>,
  names: readonly (keyof T & string)[],
  now: number,
  ahead = 0,
): boolean {
  let isCorrected = false;
  for (const { key, value } of tx.all(table)) {
    const wrong = names.filter((name) => Number(value[name]) > now + ahead);
    if (wrong.length > 0) {
      tx.put(table, key, { ...value, ...Object.fromEntries(wrong.map((name) => [name, now])) });
      isCorrected = true;
    }
  }
  return isCorrected;
}
