// Agreements that come from the queue: a group that this client is put into, or another generation of one that it is in.

import { type AcceptedAgreement, acceptAgreement, type OpenedAgreement, openAgreement } from '../protocol/accept.ts';
import { agreementId } from '../protocol/agreement.ts';
import { entryKey, type Lineage, positionOf } from '../protocol/lineage.ts';
import { Rule } from '../protocol/rule.ts';
import { keysFor } from '../state/contacts.ts';
import { emit } from '../state/events.ts';
import { deleteKeys, exportSecretOf, holdingsOf, isSharedIn, knownLeavesIn } from '../state/generations.ts';
import { askingWith, healingOf, retirePackages } from '../state/healing.ts';
import { startConversation } from '../state/history.ts';
import { deleteLineage, loadLineage } from '../state/lineages.ts';
import { saveRatchet } from '../state/ratchets.ts';
import { type GroupRecord, tables } from '../state/records.ts';
import type { Reader, Transaction } from '../state/state.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type AgreementEnvelope, AgreementHeader } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import type { KeyPackage } from '../wire/key-package.ts';
import type { RosterEntry } from '../wire/record.ts';
import { assertInvitable } from './invitations.ts';
import { assertRoom, settleGroup } from './membership.ts';
import { tellRemovalFor } from './notices.ts';
import type { Registered } from './registered.ts';
import { welcomeBack } from './returning.ts';

type Receiver = Pick<Registered, 'curves' | 'self' | 'random' | 'now'>;

/**
 * @param from    who sent it, as the relay says
 * @param header  what this client alone got beside the body
 * @param now     seconds since 1970
 * @returns the kind of key package that it has used, if any
 * @throws CliquetError why it is refused; nothing was changed then
 */
export async function receiveAgreement(
  tx: Transaction,
  client: Receiver,
  from: Bytes,
  header: Bytes,
  envelope: AgreementEnvelope,
  now: number,
): Promise<KeyPackage['kind'] | null> {
  const { curves, self } = client;
  if (exportSecretOf(tx, envelope.id) !== null || isOfEndedGroup(tx, envelope.id, header)) return null;
  const opened = await openAgreement(curves, self, header, envelope, holdingsOf(tx, now));
  const { record, details } = opened;
  const { exportGeneration } = opened.header;
  if (exportGeneration !== null && !isSharedIn(tx, exportGeneration, record.group)) throw refused('another group');
  const asking = opened.keyPackage && askingWith(tx, opened.keyPackage.id);
  if (asking !== null && !sameBytes(asking, record.group)) throw refused('the package of a request');
  const known = tx.get(tables.groups, bytesKey(record.group));
  const before: Lineage = known === undefined ? new Map() : loadLineage(tx, known.id);
  // Who is added gets a package's key only, also if it knows the group from another branch, or from before it was removed.
  const isAdded = record.operation.added.some(({ hrid }) => sameBytes(hrid, self.hrid));
  const isContact = tx.get(tables.contacts, bytesKey(from)) !== undefined;
  // Whoever stands in the group shares a secret of it with the others, or has asked to be let in without: by a member whom
  // it knows, or by a contact, as all whom it knows may have gone.
  const isMember = known !== undefined && positionOf(known.roster, from) >= 0;
  const isAnswer = known !== undefined && asking !== null && (isMember || isContact);
  if (before.size > 0 && exportGeneration === null && !isAnswer && !isAdded)
    throw refused('not sealed with a key of the group');
  const isLinked = before.size > 0 && linksTo(before, opened);
  if (known !== undefined && details.base === null) throw refused('group');
  if (known !== undefined && !isLinked) {
    // Where this client is a member, it only follows what it knows; or, if that is too long ago, who lets it in as it has
    // asked. And what it was asked, or was in, nobody whom it does not know puts something else in the place of.
    const mayBegin = {
      active: isAnswer && before.size > 0 && healingOf(tx, known.id).since !== null,
      lost: isAnswer || (isAdded && isContact),
      invited: isContact || isMember,
      removed: isContact || isMember,
      declined: true,
      left: true,
    }[known.status];
    if (!mayBegin) throw refused('history');
  }

  const lineage: Lineage = isLinked ? before : new Map();
  const accepted = await acceptAgreement(
    curves,
    self,
    from,
    opened,
    lineage,
    knownLeavesIn(tx),
    keysFor(tx, record.group),
    now,
  );
  const { ratchet, generation, secretFingerprint } = accepted;
  assertRoom(accepted.lineage, generation);

  const isJoined = (isAnswer && known.status === 'lost') || (isContact && known === undefined);
  const goesOn = isLinked && known !== undefined && !isAddedAgain(known, self.hrid, accepted.lineage);
  const status = goesOn ? known.status : isJoined ? 'active' : 'invited';
  if (known?.status === 'declined' && !isContact) return null;
  if (status === 'invited' && !isContact && known?.status !== 'invited') assertInvitable(tx);

  // What a request has sent stays: several members may answer, and which answer counts shows later.
  const used = asking === null ? dropUsedPackage(tx, opened) : null;
  if (goesOn) {
    saveRatchet(tx, undefined, ratchet);
    const group = await settleGroup(tx, self.hrid, known, before, accepted.lineage, now);
    const isPresent = sameBytes(group.generation, generation.id);
    if (isPresent) await welcomeBack(tx, self.hrid, known.roster, group, details.returned, from, now);
    tellRemovalFor(tx, client, from, opened.header, now);
    return used;
  }
  const group = await startGroup(tx, self.hrid, accepted, status, now);
  const { id } = group;
  if (isAnswer) retirePackages(tx, id, now);
  const hasReturned = known?.status === 'lost' && status === 'active';
  if (hasReturned) await welcomeBack(tx, self.hrid, known.roster, group, details.returned, from, now);
  else
    emit(tx, {
      type: status === 'active' ? 'joined' : 'invited',
      group: id,
      by: from,
      generationKey: secretFingerprint,
    });
  return used;
}

/** A group that this client has not been in, or begins anew in: nothing of its keys is there before. */
async function startGroup(
  tx: Transaction,
  own: Bytes,
  { generation, lineage, ratchet }: AcceptedAgreement,
  status: GroupRecord['status'],
  now: number,
): Promise<GroupRecord> {
  const { group: id } = generation.record;
  deleteKeys(tx, id);
  deleteLineage(tx, id);
  saveRatchet(tx, undefined, ratchet);
  const invitedFrom = startConversation(tx, id);
  const { name, roster } = generation;
  const group = { id, name, status, generation: generation.id, roster, since: now, pending: false, invitedFrom };
  tx.put(tables.groups, bytesKey(id), group);
  return settleGroup(tx, own, group, new Map(), lineage, now);
}

/** Whether who was removed is another member of the group now: somebody has added it again, and it is asked again. */
function isAddedAgain({ status, roster }: GroupRecord, own: Bytes, lineage: Lineage): boolean {
  const isOwn = ({ hrid }: RosterEntry) => sameBytes(hrid, own);
  const present = new Rule(lineage).tip().roster.find(isOwn);
  const before = roster.find(isOwn);
  return status === 'removed' && present !== undefined && (!before || entryKey(before) !== entryKey(present));
}

/** Whether the parent, or some record of the history, is known. */
function linksTo(lineage: Lineage, { record, details }: OpenedAgreement): boolean {
  if (record.parent !== null && lineage.has(bytesKey(record.parent))) return true;
  return details.history.some((signed) => lineage.has(bytesKey(agreementId(signed.record))));
}

/** The generation that is not here and that an agreement to this client is sealed with, or null. */
export function missingGeneration(reader: Reader, header: Bytes): Bytes | null {
  const { exportGeneration, leaf } = AgreementHeader.decode(header);
  if (exportGeneration !== null && exportSecretOf(reader, exportGeneration) === null) return exportGeneration;
  const isContribution = leaf?.type === 'contribution' && holdingsOf(reader, 0).leaf(leaf) === null;
  return isContribution ? leaf.generation : null;
}

/** Nobody wants to read it, or nobody can: the others do not know that. */
function isOfEndedGroup(reader: Reader, id: Bytes, header: Bytes): boolean {
  const { exportGeneration, leaf } = AgreementHeader.decode(header);
  const named = exportGeneration ?? (leaf?.type === 'contribution' ? leaf.generation : id);
  const isIt = (generation: Bytes) => sameBytes(generation, named) || sameBytes(generation, id);
  return reader.all(tables.groups).some(({ value }) => isEnded(value) && isIt(value.generation));
}

const isEnded = ({ status }: GroupRecord) => status === 'declined' || status === 'left';

/** @returns the kind, if any was used */
function dropUsedPackage(tx: Transaction, { keyPackage }: OpenedAgreement): KeyPackage['kind'] | null {
  if (keyPackage?.kind === 'one-time') tx.delete(tables.keyPackages, bytesKey(keyPackage.id));
  return keyPackage?.kind ?? null;
}

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}
