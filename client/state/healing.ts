// What is known of groups whose keys are to be restored.

import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type HealingRecord, maxUnopened, tables } from './records.ts';
import type { Reader, Transaction } from './state.ts';

/** At most once in an hour does what somebody says make a client answer. */
const nudgeSeconds = 3600;

const healthy: HealingRecord = {
  since: null,
  requests: 0,
  askAt: 0,
  packages: [],
  unopened: [],
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

/** An agreement of a member could not be opened here: its group may have moved on. @param now seconds since 1970 */
export function noteUnopened(tx: Transaction, id: Bytes, from: Bytes, now: number): void {
  for (const { value } of tx.all(tables.groups)) {
    const { status, roster } = value;
    if ((status !== 'active' && status !== 'lost') || !roster.some(({ hrid }) => sameBytes(hrid, from))) continue;
    const healing = healingOf(tx, value.id);
    putHealing(tx, value.id, { ...healing, unopened: [...healing.unopened, { id, at: now }].slice(-maxUnopened) });
  }
}

/** Whoever is behind is told now and then, however much it says. */
export function mayNudge(tx: Transaction, group: Bytes, now: number): boolean {
  const healing = healingOf(tx, group);
  if (healing.nudgedAt + nudgeSeconds > now) return false;
  putHealing(tx, group, { ...healing, nudgedAt: now });
  return true;
}
