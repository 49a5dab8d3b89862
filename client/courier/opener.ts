// Opens generations in the store: key packages are claimed for everybody, and the agreement is made on the generation that
// counts then, under its number, in one commit.

import { tellHistory } from '../protocol/history.ts';
import { type VerifiedKeyPackage, verifyKeyPackage } from '../protocol/key-package.ts';
import { type Generation, type Lineage, positionOf, removedBy } from '../protocol/lineage.ts';
import { type Access, type OpenedGeneration, openGeneration } from '../protocol/opening.ts';
import { changedRoster, type Roster } from '../protocol/roster.ts';
import { accessTo, exportSecretOf, heldBranches, heldPath, wasHeardIn } from '../state/generations.ts';
import { loadLineage } from '../state/lineages.ts';
import { saveRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { CliquetError, type ErrorCode } from '../wire/errors.ts';
import { messageIdBytes } from '../wire/limits.ts';
import type { HeldGeneration, Operation, RosterEntry } from '../wire/record.ts';
import { soundRatchet } from './condition.ts';
import { settleGroup } from './membership.ts';
import { sendNotice } from './notices.ts';
import { putOutgoing, recipientsOf } from './outbox.ts';
import type { Registered } from './registered.ts';
import { welcomeBack } from './returning.ts';

/** What the next generation of a group is to be. */
export interface Plan {
  readonly operation: Operation;
  readonly because: readonly Generation[];
  /** Members who had lost their state, each with the package that it has sent. */
  readonly returned: readonly {
    readonly hrid: Bytes;
    readonly package: VerifiedKeyPackage;
    readonly held: HeldGeneration | null;
  }[];
}

export const nothing: Operation = { removed: [], roles: [], added: [], name: null };

export interface OpenOptions {
  /** What is stored together with the generation. */
  readonly after?: (tx: Transaction, opened: OpenedGeneration) => void;
  /** This client may be behind: nobody else has done it. */
  readonly isLastResort?: boolean;
}

/**
 * Opens the next generation of a group.
 * @param plan  what it is to be, on top of the generation that counts; null if there is nothing to do any more. It may be
 *   asked again, if another generation has come meanwhile
 * @returns the generation, or null if there was nothing to do
 * @throws CliquetError `no-key-package`, `unregistered`, `rate-limited` or `key-package-invalid` for a newcomer;
 *   `not-member`; `group-fixed`; `group-lost`; `behind` if this client is not where the others are; what the relay refuses
 */
export async function openNext(
  client: Registered,
  groupId: Bytes,
  plan: (tx: Transaction, group: GroupRecord, tip: Generation, lineage: Lineage) => Plan | null | Promise<Plan | null>,
  { after = () => {}, isLastResort = false }: OpenOptions = {},
): Promise<Generation | null> {
  const { state, self } = client;
  const claimed = new Map<string, Claimed>();
  for (;;) {
    const result = await state.transact(async (tx) => {
      const { group, lineage, tip } = present(tx, groupId, isLastResort);
      const planned = await plan(tx, group, tip, lineage);
      if (planned === null) return null;
      const roster = changedRoster(tip.roster, planned.operation);
      const wanted = roster.filter(({ hrid }) => !sameBytes(hrid, self.hrid) && needsClaim(planned, claimed, hrid));
      if (wanted.length > 0) return { wanted };
      return open(tx, client, group, tip, lineage, planned, roster, claimed, after);
    });
    if (result === null) return null;
    if (!('wanted' in result)) return result;
    await claim(client, result.wanted, claimed);
  }
}

function needsClaim({ returned }: Plan, claimed: ReadonlyMap<string, Claimed>, hrid: Bytes): boolean {
  return !claimed.has(bytesKey(hrid)) && !returned.some((each) => sameBytes(each.hrid, hrid));
}

function present(
  tx: Transaction,
  groupId: Bytes,
  isLastResort: boolean,
): { group: GroupRecord; lineage: Lineage; tip: Generation } {
  const group = tx.get(tables.groups, bytesKey(groupId));
  if (group === undefined) throw new CliquetError('group-unknown');
  if (group.status !== 'active') throw new CliquetError(group.status === 'lost' ? 'group-lost' : 'not-member');
  const lineage = loadLineage(tx, groupId);
  if (lineage.size === 0) throw new CliquetError('group-fixed');
  const tip = lineage.get(bytesKey(group.generation));
  const isSound = isLastResort || soundRatchet(tx, group) !== undefined;
  if (tip === undefined || !isSound) throw new CliquetError('behind');
  return { group, lineage, tip };
}

/** A package, or why there is none. */
export type Claimed = { readonly package: VerifiedKeyPackage } | { readonly package: null; readonly code: ErrorCode };

/** @param members  whom to claim for: their HRID and PK */
export async function claim(
  { relay, as, curves, random, now }: Registered,
  members: readonly Pick<RosterEntry, 'hrid' | 'pk'>[],
  claimed: Map<string, Claimed>,
): Promise<void> {
  const hrids = members.map(({ hrid }) => hrid);
  const { results } = await relay.claimKeyPackages(as, { id: random(messageIdBytes), hrids });
  if (results.length !== members.length) throw new CliquetError('relay-misbehaved');
  const found = await Promise.all(
    members.map(async (member, i): Promise<[string, Claimed]> => {
      const key = bytesKey(member.hrid);
      const { package: uploaded = null, code = null } = results[i] ?? {};
      const verified = uploaded && (await verifyKeyPackage(curves, uploaded, member, now()).catch(onlyInvalid));
      if (verified) return [key, { package: verified }];
      return [key, { package: null, code: uploaded ? 'key-package-invalid' : (code ?? 'no-key-package') }];
    }),
  );
  for (const [key, value] of found) claimed.set(key, value);
}

function onlyInvalid(error: unknown): null {
  if (error instanceof CliquetError && error.code === 'key-package-invalid') return null;
  throw error;
}

async function open(
  tx: Transaction,
  client: Registered,
  group: GroupRecord,
  tip: Generation,
  lineage: Lineage,
  plan: Plan,
  roster: Roster,
  claimed: ReadonlyMap<string, Claimed>,
  after: (tx: Transaction, opened: OpenedGeneration) => void,
): Promise<Generation> {
  const { curves, random, self, now: clock } = client;
  const now = clock();
  const path = heldPath(tx, tip);
  const branches = heldBranches(tx, lineage, path);
  const others = tip.roster.filter(({ hrid }) => !sameBytes(hrid, self.hrid));
  const isEverybodyHeardSince = (since: Generation) => {
    const later = path.slice(0, path.findIndex(({ generation }) => generation === since) + 1);
    return others.every(({ hrid }) => later.some((held) => wasHeardIn(tx, held, hrid)));
  };
  const { base, history } = tellHistory(lineage, tip, plan.because, isEverybodyHeardSince);
  const ratchet = path[0]?.ratchet;
  const own = ratchet?.members[ratchet.self];

  const accesses = new Map<string, Access>();
  for (const { hrid } of roster) {
    if (sameBytes(hrid, self.hrid)) continue;
    const back = plan.returned.find((each) => sameBytes(each.hrid, hrid));
    const isNew = positionOf(tip.roster, hrid) < 0;
    const found = claimed.get(bytesKey(hrid));
    if (back !== undefined) {
      const secret = back.held && exportSecretOf(tx, back.held.generation);
      const exportSecret = back.held && secret && { generation: back.held.generation, secret };
      accesses.set(bytesKey(hrid), { package: back.package, leaf: null, exportSecret });
    } else if (isNew) {
      // Nobody is added without a package; of those who are in, nobody is waited for.
      if (!found?.package) throw new CliquetError(found?.code ?? 'no-key-package');
      accesses.set(bytesKey(hrid), { package: found.package, leaf: null, exportSecret: null });
    } else accesses.set(bytesKey(hrid), { package: found?.package ?? null, ...accessTo(tx, path, branches, hrid) });
  }
  const returned = plan.returned.map(({ hrid, held }) => ({ position: positionOf(roster, hrid), held }));
  const opened = await openGeneration(curves, random, self, {
    group: group.id,
    parent: tip,
    operation: plan.operation,
    because: plan.because,
    base,
    history,
    returned,
    chainKey: own?.chainKey ?? null,
    accesses,
    now,
  });
  const { generation } = opened;
  if (opened.ratchet !== null) saveRatchet(tx, undefined, opened.ratchet);
  const to = recipientsOf(generation.roster, positionOf(generation.roster, self.hrid), opened.headers);
  const post = { group: group.id, generation: generation.id, message: null };
  // What was on its way in the group ends with the membership, and this must not.
  const settled = await settleGroup(
    tx,
    self.hrid,
    group,
    lineage,
    new Map(lineage).set(bytesKey(generation.id), generation),
    now,
  );
  if (to.length > 0) putOutgoing(tx, { ...post, part: 'agreement', to, body: opened.body }, now);
  const notified = removedBy(generation).filter(({ hrid }) => !sameBytes(hrid, self.hrid));
  if (ratchet !== undefined) {
    sendNotice(
      tx,
      client,
      generation,
      tip.id,
      notified.map(({ hrid }) => hrid),
    );
  }
  if (settled.status === 'active') {
    if (sameBytes(settled.generation, generation.id))
      await welcomeBack(tx, self.hrid, group.roster, settled, returned, self.hrid, now);
    after(tx, opened);
  }
  return generation;
}
