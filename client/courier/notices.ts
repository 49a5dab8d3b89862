// The word that somebody was removed, for those who were: the records that say so, under a key that they still have.

import { open, seal } from '../crypto/aead.ts';
import { noticeKey } from '../protocol/agreement.ts';
import { canCarry, extendLineage, tellHistory } from '../protocol/history.ts';
import { type Generation, type Lineage, pathTo, positionOf } from '../protocol/lineage.ts';
import { exportSecretOf, findClosed, findOpen } from '../state/generations.ts';
import { mayNudge } from '../state/healing.ts';
import { loadLineage } from '../state/lineages.ts';
import { generationPrefix } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type AgreementHeader, Envelope, type NoticeEnvelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { nonceBytes } from '../wire/limits.ts';
import { Notice } from '../wire/record.ts';
import { settleGroup, strikeOf } from './membership.ts';
import { putOutgoing, recipientsOf } from './outbox.ts';
import type { Registered } from './registered.ts';

/** Notices that are sent where one would do, if it is not known which one opens. */
const maxGuesses = 16;

/**
 * Tells somebody that they were removed, and nothing that came after that.
 * @param removal  what removes them, as it is known here
 * @param under    a generation of which they have the export secret
 */
export function sendNotice(
  tx: Transaction,
  { random, now }: Pick<Registered, 'random' | 'now'>,
  { id, record: { group } }: Generation,
  under: Bytes,
  to: readonly Bytes[],
): void {
  const secret = exportSecretOf(tx, under);
  const lineage = loadLineage(tx, group);
  const removal = lineage.get(bytesKey(id));
  if (secret === null || removal === undefined || to.length === 0) return;
  const named = removal.record.because.flatMap((id) => lineage.get(bytesKey(id)) ?? []);
  const because = removal.parent !== null && canCarry(lineage, removal.parent, named) ? named : [];
  const { history } = tellHistory(reasonsFor(lineage, removal), removal, because, () => true);
  const nonce = random(nonceBytes);
  const sealed = seal(noticeKey(secret), nonce, Notice.encode({ history }));
  const body = Envelope.encode({ type: 'notice', generation: generationPrefix(under), nonce, sealed });
  const recipients = recipientsOf(
    to.map((hrid) => ({ hrid })),
    -1,
    [],
  );
  const part = `notice/${bytesKey(nonce)}`;
  const post = { group, generation: id, part, message: null, to: recipients, body };
  putOutgoing(tx, post, now());
}

/** The path to a generation, and to what is carried out on it: other branches may know more than a removed member may. */
function reasonsFor(lineage: Lineage, generation: Generation): Lineage {
  const reasons = new Map<string, Generation>();
  for (const todo = [generation]; todo.length > 0; ) {
    for (const each of pathTo(todo.pop() as Generation)) {
      if (reasons.has(bytesKey(each.id))) continue;
      reasons.set(bytesKey(each.id), each);
      todo.push(...each.record.because.flatMap((id) => lineage.get(bytesKey(id)) ?? []));
    }
  }
  return reasons;
}

/**
 * Who is not in the group and does not know it is told, now and then: by what has removed it; or, if it was only ever in
 * a branch that does not count, by what counts.
 * @param under  generations of which it may have the export secret
 */
export function tellRemoval(
  tx: Transaction,
  client: Pick<Registered, 'random' | 'now'>,
  group: GroupRecord,
  hrid: Bytes,
  under: readonly Bytes[],
  now: number,
): void {
  const tip = loadLineage(tx, group.id).get(bytesKey(group.generation));
  if (tip === undefined || under.length === 0 || !mayNudge(tx, group.id, now)) return;
  // It may have been removed before, and added again: what counts is what strikes it where it thinks it is.
  for (const generation of under) {
    sendNotice(tx, client, strikeOf(tx, group, generation, hrid) ?? tip, generation, [hrid]);
  }
}

/** The same of somebody who has sent an agreement. @param header what it has sealed it with */
export function tellRemovalFor(
  tx: Transaction,
  client: Pick<Registered, 'random' | 'now'>,
  hrid: Bytes,
  { exportGeneration, leaf }: AgreementHeader,
  now: number,
): void {
  const named = [exportGeneration, leaf?.type === 'contribution' ? leaf.generation : null].flatMap(
    (each) => each ?? [],
  );
  for (const { value: group } of tx.all(tables.groups)) {
    if (group.status !== 'active' || positionOf(group.roster, hrid) >= 0) continue;
    const lineage = loadLineage(tx, group.id);
    const isKnown = named.some((id) => lineage.has(bytesKey(id)));
    const isShared = ({ id, roster }: Generation) => positionOf(roster, hrid) >= 0 && exportSecretOf(tx, id) !== null;
    const shared = [...lineage.values()].filter(isShared).map(({ id }) => id);
    // A leaf may be known without the keys of where it was made: which of them it has is not known here then.
    const certain = shared.filter((id) => exportGeneration !== null && sameBytes(id, exportGeneration));
    if (isKnown) tellRemoval(tx, client, group, hrid, certain.length > 0 ? certain : shared.slice(-maxGuesses), now);
  }
}

/** @throws CliquetError `agreement-invalid`, `malformed` */
export async function receiveNotice(
  tx: Transaction,
  { curves, self }: Pick<Registered, 'curves' | 'self'>,
  { generation, nonce, sealed }: NoticeEnvelope,
  now: number,
): Promise<void> {
  const of = findOpen(tx, generation) ?? findClosed(tx, generation);
  const group = of && tx.get(tables.groups, bytesKey(of.group));
  if (of === undefined || group === undefined || !['active', 'invited', 'removed'].includes(group.status)) return;
  const notice = open(noticeKey(of.exportSecret), nonce, sealed);
  if (notice === null) throw new CliquetError('agreement-invalid', 'notice');
  const { history } = Notice.decode(notice);
  const before = loadLineage(tx, group.id);
  // Where nothing is known, anybody could make up a founding.
  if (before.size === 0) return;
  const lineage = await extendLineage(curves, before, history, null, group.id);
  if (lineage.size > before.size) await settleGroup(tx, self.hrid, group, before, lineage, now);
}
