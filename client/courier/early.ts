// Messages that come before their agreement: it may be under way from another sender, as the relay keeps order per sender
// only. They are kept, within bounds, until it has come.

import { knownKey } from '../state/contacts.ts';
import { emit } from '../state/events.ts';
import { loadLineage } from '../state/lineages.ts';
import { generationPrefix } from '../state/ratchets.ts';
import { type Early, type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { numberKey } from '../store/store.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { settledSeconds } from '../wire/limits.ts';
import { waitSeconds } from './missing.ts';

/** Messages of unknown generations that are kept of one sender: a contact or a member of some group, or a stranger. */
const bounds = {
  known: { messages: 256, bytes: 1024 * 1024 },
  stranger: { messages: 16, bytes: 256 * 1024 },
};
/** In all, and of that from strangers: they, however many, must not crowd out those who are known. */
const maxEarlyBytes = 4 * 1024 * 1024;
const maxStrangersBytes = 1024 * 1024;

/**
 * What no agreement has come for in all the time that the relay keeps one; if it was said in a group of this client, it is
 * told that something is lost. @param now seconds since 1970
 */
export function dropOldEarly(tx: Transaction, now: number): void {
  const lost = new Map<string, Bytes>();
  for (const { key, value } of tx.all(tables.early)) {
    if (value.receivedAt + settledSeconds >= now) continue;
    tx.delete(tables.early, key);
    if (concernsGroup(tx, value)) lost.set(bytesKey(value.from), value.from);
  }
  for (const sender of lost.values()) emit(tx, { type: 'gap', sender, reason: 'expired' });
}

/** Whether a message is of a member of some group, or of a generation that some group has had. */
function concernsGroup(reader: Reader, { from, generation }: Early): boolean {
  const active = reader.all(tables.groups).filter(({ value }) => value.status === 'active');
  return active.some(({ value }) => {
    if (value.roster.some(({ hrid }) => sameBytes(hrid, from))) return true;
    return [...loadLineage(reader, value.id).values()].some(({ id }) => sameBytes(generationPrefix(id), generation));
  });
}

/** @returns false if there is no room for it */
export function keepEarly(tx: Transaction, message: Early, now: number): boolean {
  dropOldEarly(tx, now);
  const all = tx.all(tables.early);
  const kept = all.map(({ value }) => value);
  const isKnown = (from: Bytes) => knownKey(tx, from) !== null;
  const isTooMuch = (of: readonly Early[], bytes: number) =>
    [...of, message].reduce((sum, { header, body }) => sum + header.length + body.length, 0) > bytes;
  const ofSender = kept.filter(({ from }) => sameBytes(from, message.from));
  const bound = isKnown(message.from) ? bounds.known : bounds.stranger;
  const isFull =
    ofSender.length >= bound.messages || isTooMuch(ofSender, bound.bytes) || isTooMuch(kept, maxEarlyBytes);
  const strangers = () => kept.filter(({ from }) => !isKnown(from));
  if (isFull || (bound === bounds.stranger && isTooMuch(strangers(), maxStrangersBytes))) return false;
  const numbers = all.map(({ key }) => key.slice(key.indexOf('/') + 1)).sort();
  const next = Number(numbers.at(-1) ?? -1) + 1;
  tx.put(tables.early, `${bytesKey(message.generation)}/${numberKey(next)}`, message);
  return true;
}

/** Takes out what has waited for a generation, in the order in which it came. @param prefix as on the envelopes */
export function takeEarly(tx: Transaction, prefix: Bytes): Early[] {
  const waiting = tx.all(tables.early, `${bytesKey(prefix)}/`);
  for (const { key } of waiting) tx.delete(tables.early, key);
  return waiting.map(({ value }) => value);
}

/**
 * Since when a member of a group has been speaking in a generation that is not known here, which may be the group's next
 * one; null if nobody is. What began before the present generation came has nothing to do with it. Nor has, for a while,
 * what is said in a generation that another one follows here: its sender has not heard of that one yet.
 */
export function unknownSince(reader: Reader, group: GroupRecord): number | null {
  const { id, generation, roster, since } = group;
  const first = new Map<string, number>();
  const spoken: { readonly prefix: string; readonly message: Early }[] = [];
  for (const { key, value } of reader.all(tables.early)) {
    const prefix = key.slice(0, key.indexOf('/'));
    const begun = first.get(prefix) ?? value.receivedAt;
    first.set(prefix, begun);
    const isMember = roster.some(({ hrid }) => sameBytes(hrid, value.from));
    if (isMember && begun >= since) spoken.push({ prefix, message: value });
  }
  if (spoken.length === 0) return null;
  const followed = followedIn(reader, id);
  const isLate = ({ from, receivedAt }: Early) =>
    receivedAt >= since + waitSeconds && !hasSpoken(reader, generation, from);
  const times = spoken
    .filter(({ prefix, message }) => !followed.has(prefix) || isLate(message))
    .map(({ message }) => message.receivedAt);
  return times.length === 0 ? null : Math.min(...times);
}

/** The generations of a group that others follow, as they stand on envelopes. */
function followedIn(reader: Reader, group: Bytes): Set<string> {
  const parents = [...loadLineage(reader, group).values()].flatMap(({ record }) => record.parent ?? []);
  return new Set(parents.map((id) => bytesKey(generationPrefix(id))));
}

/** Whether a message of a member has been opened in a generation. */
function hasSpoken(reader: Reader, generation: Bytes, hrid: Bytes): boolean {
  const members = reader.all(tables.members, `${bytesKey(generation)}/`);
  return members.some(({ value }) => sameBytes(value.hrid, hrid) && value.opened > 0);
}
