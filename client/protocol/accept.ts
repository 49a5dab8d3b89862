// Accepting an agreement: everything that a generation's newcomer checks before it believes anything.

import { open } from '../crypto/aead.ts';
import { type Curves, isLeaf } from '../crypto/curves.ts';
import { decapsulate } from '../crypto/kem.ts';
import { verifyLabeled } from '../crypto/sign.ts';
import { type Bytes, sameBytes } from '../wire/bytes.ts';
import { type AgreementEnvelope, AgreementHeader } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { AgreementBody, Details, Record } from '../wire/record.ts';
import { agreementBodyKey, agreementHeaderKey, agreementId, commitAgreementSecret, hashDetails } from './agreement.ts';
import { generationSecret, startRatchet } from './generation.ts';
import type { Identity } from './identity.ts';
import type { KeptPackage } from './key-package.ts';
import type { Ratchet } from './ratchet.ts';
import { applyOperation, type Roster, rosterDigest, withJoined } from './roster.ts';
import { fingerprint } from './step.ts';

export interface AcceptedAgreement {
  readonly roster: Roster;
  readonly name: string;
  /** Position of who opened the generation. */
  readonly author: number;
  readonly ratchet: Ratchet;
  /** The key package that was used; a one-time one is to be deleted now. */
  readonly packageId: Bytes;
  /** Fingerprint of IKabc, to show. */
  readonly secretFingerprint: Bytes;
}

/**
 * Opens the founding agreement of a group. A refused copy leaves no trace, so it cannot stand in the way of a good one.
 * @param own          this client's HRID
 * @param from         who sent it, as the relay says
 * @param header       what this client alone got beside the body
 * @param findPackage  the secrets of a key package by its id, or null if they are gone
 * @param knownKey     the PK under which a client is known from a contact, or null
 * @throws CliquetError `package-gone`, `identity-conflict`, `agreement-invalid`, `malformed`
 */
export async function acceptAgreement(
  curves: Curves,
  identity: Identity,
  own: Bytes,
  from: Bytes,
  header: Bytes,
  envelope: AgreementEnvelope,
  findPackage: (id: Bytes) => KeptPackage | null,
  knownKey: (hrid: Bytes) => Bytes | null,
): Promise<AcceptedAgreement> {
  const { id, nonce, sealed } = envelope;
  const { keyPackage, g } = openHeader(identity, own, id, nonce, AgreementHeader.decode(header), findPackage);

  const secret = generationSecret(g, id);
  const body = open(agreementBodyKey(secret, id), nonce, sealed);
  if (body === null) throw refused('body');
  const { signed, details: detailsBytes } = AgreementBody.decode(body);
  const record = Record.decode(signed.record);
  const details = Details.decode(detailsBytes);
  if (!sameBytes(agreementId(signed.record), id)) throw refused('id');
  if (!sameBytes(commitAgreementSecret(g), record.secretCommitment)) throw refused('secret');
  if (!sameBytes(hashDetails(detailsBytes), record.detailsHash)) throw refused('details');

  const added = foundingRoster(record, details);
  const author = added.findIndex(({ hrid }) => sameBytes(hrid, record.author));
  const authorEntry = added[author];
  if (authorEntry === undefined || authorEntry.role !== 'admin' || !sameBytes(record.author, from))
    throw refused('author');
  if (!(await verifyLabeled(curves, authorEntry.pk, 'agreement', signed.record, signed.signature))) {
    throw refused('signature');
  }
  const self = added.findIndex(({ hrid, pk }) => sameBytes(hrid, own) && sameBytes(pk, identity.pk));
  if (self < 0 || self === author) throw refused('own entry');
  for (const { hrid, pk } of added) {
    const known = knownKey(hrid);
    if (known !== null && !sameBytes(known, pk)) throw new CliquetError('identity-conflict');
  }
  await checkLeaves(curves, details, author, self, keyPackage);

  const roster = withJoined(added, id);
  return {
    roster,
    name: details.name,
    author,
    ratchet: startRatchet({
      group: record.group,
      agreementId: id,
      secret,
      roster,
      leaves: details.leaves.map(({ leaf }) => leaf),
      self,
      leafSecret: keyPackage.leafSecret,
      owesContribution: true,
    }),
    packageId: keyPackage.id,
    secretFingerprint: fingerprint(secret),
  };
}

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}

/** g, from this client's own header. */
function openHeader(
  identity: Identity,
  own: Bytes,
  id: Bytes,
  nonce: Bytes,
  header: AgreementHeader,
  findPackage: (id: Bytes) => KeptPackage | null,
): { keyPackage: KeptPackage; g: Bytes } {
  const { package: packageId, kemCiphertext, leaf, exportGeneration } = header;
  if (packageId === null || kemCiphertext === null) throw refused('header');
  if (leaf !== null || exportGeneration !== null) throw refused('header');
  const keyPackage = findPackage(packageId);
  if (keyPackage === null) throw new CliquetError('package-gone');
  const kem = decapsulate(keyPackage.kemSeed, kemCiphertext);
  if (kem === null) throw refused('header');
  const key = agreementHeaderKey({ kem, leaf: null, exportSecret: null }, id, { hrid: own, pk: identity.pk }, header);
  const g = open(key, nonce, header.sealed);
  if (g === null) throw refused('header');
  return { keyPackage, g };
}

/** The roster that a founding record makes, if it is one. */
function foundingRoster(record: Record, details: Details): Roster {
  if (record.parent !== null || record.number !== 0 || record.because.length > 0) throw refused('parent');
  if (details.purpose !== 'found' || details.parentVector !== null || details.parentTranscript !== null) {
    throw refused('details');
  }
  if (details.history.length > 0) throw refused('history');
  const roster = applyOperation([], record.operation);
  if (!sameBytes(rosterDigest(roster), record.rosterDigest)) throw refused('roster');
  if (details.leaves.length !== roster.length) throw refused('leaves');
  return roster;
}

/** Each leaf is usable and says where it comes from; this client knows where its own does. */
async function checkLeaves(
  curves: Curves,
  details: Details,
  author: number,
  self: number,
  keyPackage: KeptPackage,
): Promise<void> {
  const origins = details.leaves.every(
    ({ origin }, position) => origin.type === (position === author ? 'author' : 'package'),
  );
  if (!origins) throw refused('leaf origin');
  const own = details.leaves[self];
  if (
    own?.origin.type !== 'package' ||
    !sameBytes(own.origin.id, keyPackage.id) ||
    !sameBytes(own.leaf, keyPackage.leaf)
  ) {
    throw refused('own leaf');
  }
  const usable = await Promise.all(details.leaves.map(({ leaf }) => isLeaf(curves, leaf)));
  if (!usable.every(Boolean)) throw refused('leaf');
}
