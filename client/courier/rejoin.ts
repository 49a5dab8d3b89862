// Coming back: a client whose keys are lost, or who cannot read what the others say, asks the members to let it in again.
// The first of them who is there opens a generation for it; if it has nothing of before, only after a person has agreed.

import { createKeyPackage, verifyKeyPackage } from '../protocol/key-package.ts';
import { type Generation, positionOf } from '../protocol/lineage.ts';
import { currentVector } from '../protocol/ratchet.ts';
import { isRequestOf, openRequest, sealRequest } from '../protocol/request.ts';
import { emit } from '../state/events.ts';
import { holdingsOf, ratchetsOf } from '../state/generations.ts';
import { askingWith, clockAllowanceSeconds, healingOf, maxWaitSeconds, putHealing } from '../state/healing.ts';
import { loadRatchet } from '../state/ratchets.ts';
import { type GroupRecord, maxAsked, type RequestRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, decodeBase64Url, sameBytes } from '../wire/bytes.ts';
import type { RequestEnvelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { KeyPackage } from '../wire/key-package.ts';
import { maxMembers, messageTtlSeconds } from '../wire/limits.ts';
import type { HeldGeneration } from '../wire/record.ts';
import { maxHeldGenerations } from '../wire/request.ts';
import { tellRemoval } from './notices.ts';
import { type Claimed, claim, nothing, type OpenOptions, openNext, type Plan } from './opener.ts';
import { putOutgoing } from './outbox.ts';
import type { Registered } from './registered.ts';
import { firstWaitSeconds, requestKey, sharedIn, sharedWith } from './returning.ts';

/** Whoever was let in is not let in again before, so that two who mean it ill do not make the others say everything all the time. */
const minRequestSeconds = 1800;

/** Asks the members of a group to let this client in again. */
export async function askToRejoin(client: Registered, groupId: Bytes): Promise<void> {
  const { state, curves, random, self, now: clock } = client;
  const now = clock();
  const others = membersToAsk(state, groupId, self.hrid);
  if (others.length === 0) return;
  const claimed = new Map<string, Claimed>();
  await claim(client, others, claimed);
  const { uploaded, kept } = await createKeyPackage(curves, random, self.identity, self.hrid, 'one-time', now);
  await state.transact(async (tx) => {
    const healing = healingOf(tx, groupId);
    // After an hour, then after two, and so on up to a day.
    const wait = Math.min(maxWaitSeconds, firstWaitSeconds * 2 ** Math.min(healing.requests, 5));
    const packages = [...healing.packages, kept.id].slice(-maxAsked);
    putHealing(tx, groupId, {
      ...healing,
      requests: healing.requests + 1,
      askedAt: now,
      askAt: now + wait,
      packages,
    });
    const asked = others.flatMap(({ hrid }) => {
      const found = claimed.get(bytesKey(hrid))?.package;
      return found ? [{ hrid, package: found }] : [];
    });
    const request = { group: groupId, askedAt: now, held: heldIn(tx, groupId), package: uploaded };
    const { body, headers } = await sealRequest(curves, random, self, request, asked);
    const to = asked.flatMap(({ hrid }, i) => {
      const header = headers[i];
      return header ? [{ hrid, header }] : [];
    });
    if (to.length === 0) return;
    tx.put(tables.keyPackages, bytesKey(kept.id), kept);
    const part = `request/${bytesKey(kept.id)}`;
    putOutgoing(tx, { group: groupId, generation: groupId, part, message: null, to, body }, now);
  });
}

/**
 * The other members; and where there is none, as in an older store, or none of them has answered before, the contacts who
 * have spoken since in generations that this client does not know: they may be the members by now.
 */
function membersToAsk(reader: Reader, group: Bytes, own: Bytes): { readonly hrid: Bytes; readonly pk: Bytes }[] {
  const roster = reader.get(tables.groups, bytesKey(group))?.roster ?? [];
  const others = roster.filter(({ hrid }) => !sameBytes(hrid, own));
  if (others.length > 0 && healingOf(reader, group).requests === 0) return others;
  const known = new Set(roster.map(({ hrid }) => bytesKey(hrid)));
  const senders = new Set(reader.all(tables.early).map(({ value }) => bytesKey(value.from)));
  const contacts = [...senders].flatMap((key) => (known.has(key) ? [] : (reader.get(tables.contacts, key) ?? [])));
  return [...others, ...contacts].slice(0, maxMembers);
}

/** What this client still has of a group, the newest first. */
function heldIn(reader: Reader, group: Bytes): HeldGeneration[] {
  const ratchets = ratchetsOf(reader, group)
    .flatMap((generation) => loadRatchet(reader, generation) ?? [])
    .sort((a, b) => b.number - a.number)
    .map((ratchet) => ({ generation: ratchet.generation, vector: currentVector(ratchet) }));
  const exports = reader
    .all(tables.exports)
    .filter(({ value }) => sameBytes(value.group, group))
    .sort((a, b) => b.value.since - a.value.since)
    .map(({ key }) => ({ generation: decodeBase64Url(key), vector: null }));
  return [...ratchets, ...exports].slice(0, maxHeldGenerations);
}

/**
 * Takes in a request of a member.
 * @returns the kind of key package that it has used, if any
 * @throws CliquetError why it is refused
 */
export async function receiveRequest(
  tx: Transaction,
  client: Pick<Registered, 'curves' | 'self' | 'random' | 'now'>,
  from: Bytes,
  header: Bytes,
  envelope: RequestEnvelope,
  now: number,
): Promise<KeyPackage['kind'] | null> {
  const { signed, request, keyPackage } = openRequest(client.self.hrid, header, envelope, holdingsOf(tx, now).package);
  const { askedAt, held } = request;
  if (askingWith(tx, keyPackage.id) !== null) throw new CliquetError('message-refused');
  if (keyPackage.kind === 'one-time') tx.delete(tables.keyPackages, bytesKey(keyPackage.id));
  const group = tx.get(tables.groups, bytesKey(request.group));
  const entry = group?.roster.find(({ hrid }) => sameBytes(hrid, from));
  if (group?.status !== 'active') return keyPackage.kind;
  if (entry === undefined) {
    const shared = sharedIn(tx, group.id, held);
    if (shared !== null) tellRemoval(tx, client, group, from, [shared.generation], now);
    return keyPackage.kind;
  }
  if (!(await isRequestOf(client.curves, entry.pk, signed))) throw new CliquetError('message-refused');
  await verifyKeyPackage(client.curves, request.package, entry, now);
  const key = requestKey(group.id, from);
  const before = tx.get(tables.requests, key);
  // Requests from the future, by a clock that is wrong, must not shut out those that follow.
  const isOld = askedAt + messageTtlSeconds < now || askedAt > now + clockAllowanceSeconds;
  if (before?.done && before.receivedAt + minRequestSeconds > now) return keyPackage.kind;
  if (isOld || (before !== undefined && before.askedAt >= askedAt)) return keyPackage.kind;
  const record: RequestRecord = {
    group: group.id,
    askedAt,
    receivedAt: now,
    held,
    package: request.package,
    told: before?.told === true && !before.done,
    agreed: false,
    done: false,
    answered: before?.answered ?? null,
  };
  tx.put(tables.requests, key, record);
  return keyPackage.kind;
}

/** Tells the person that a member asks who can only be let in again if a person agrees. */
export function tellRequest(tx: Transaction, group: Bytes, hrid: Bytes): void {
  const record = tx.get(tables.requests, requestKey(group, hrid));
  if (record === undefined || record.told || record.done) return;
  tx.put(tables.requests, requestKey(group, hrid), { ...record, told: true });
  emit(tx, { type: 'asks', group, member: hrid });
}

/** A member that asks to be let in again, by HRID. */
export interface OpenRequest {
  readonly hrid: Bytes;
  readonly record: RequestRecord;
}

/** The requests in a group that are not answered yet. */
export function openRequests(reader: Reader, group: GroupRecord): OpenRequest[] {
  const prefix = `${bytesKey(group.id)}/`;
  return reader
    .all(tables.requests, prefix)
    .map(({ key, value }) => ({ hrid: decodeBase64Url(key.slice(prefix.length)), record: value }))
    .filter(({ hrid, record }) => !record.done && positionOf(group.roster, hrid) >= 0)
    .filter(({ hrid, record }) => !isHeardSince(reader, group, hrid, record));
}

/** Whether a member has spoken since it was let in: whoever has let it in has done so. */
function isHeardSince(
  reader: Reader,
  group: GroupRecord,
  hrid: Bytes,
  { answered, receivedAt }: RequestRecord,
): boolean {
  if (answered === null || answered.at < receivedAt) return false;
  const ratchet = loadRatchet(reader, group.generation);
  const member = ratchet?.members.find((each) => sameBytes(each.hrid, hrid));
  return ratchet !== undefined && ratchet.since >= answered.at && (member?.opened ?? 0) > 0;
}

/** The person agrees that a member is let in again without any key of before. @throws CliquetError `member-unknown` */
export function agreeToReturn(tx: Transaction, group: Bytes, member: Bytes): void {
  const record = tx.get(tables.requests, requestKey(group, member));
  if (record === undefined || record.done) throw new CliquetError('member-unknown');
  tx.put(tables.requests, requestKey(group, member), { ...record, agreed: true });
}

/** Opens a generation for those who may come back. @param members whose turn it is to be let in, by HRID */
export async function letIn(
  client: Registered,
  group: Bytes,
  members: readonly Bytes[],
  options: OpenOptions,
): Promise<void> {
  const { curves, now } = client;
  const plan = async (tx: Transaction, record: GroupRecord, tip: Generation): Promise<Plan | null> => {
    const wanted = openRequests(tx, record).filter(({ hrid }) => members.some((each) => sameBytes(each, hrid)));
    const returned: Plan['returned'][number][] = [];
    for (const { hrid, record: request } of wanted) {
      const entry = tip.roster.find((each) => sameBytes(each.hrid, hrid));
      const held = sharedWith(tx, request);
      if (entry === undefined || (held === null && !request.agreed)) continue;
      returned.push({ hrid, held, package: await verifyKeyPackage(curves, request.package, entry, now()) });
    }
    return returned.length === 0 ? null : { operation: nothing, because: [], returned };
  };
  await openNext(client, group, plan, options);
}
