// Accepting an agreement: everything that a member, or a newcomer, checks before it believes anything. A refused copy
// leaves no trace, so it cannot stand in the way of a good one.

import { open } from '../crypto/aead.ts';
import { type Curves, isLeaf } from '../crypto/curves.ts';
import { decapsulate } from '../crypto/kem.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { type AgreementEnvelope, AgreementHeader } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { AgreementBody, Details, type LeafOrigin, Record, type SignedRecord } from '../wire/record.ts';
import { agreementBodyKey, agreementHeaderKey, agreementId, commitAgreementSecret, hashDetails } from './agreement.ts';
import { generationSecret, startRatchet } from './generation.ts';
import { extendLineage, placeRecord } from './history.ts';
import type { Self } from './identity.ts';
import type { KeptPackage } from './kept-package.ts';
import { type Generation, type Lineage, positionOf } from './lineage.ts';
import type { Ratchet } from './ratchet.ts';
import { fingerprint } from './step.ts';

type ContributionOrigin = Extract<LeafOrigin, { type: 'contribution' }>;

/** What a client holds that an agreement may be sealed to; null for what is not here. */
export interface Holdings {
  /** The secrets of a key package by its id. */
  package(id: Bytes): KeptPackage | null;
  /** An own leaf of an earlier generation. */
  leaf(origin: ContributionOrigin): { readonly key: Bytes; readonly secret: Bytes } | null;
  exportSecret(generation: Bytes): Bytes | null;
}

/** What was sealed to this client: whole and consistent, but by whom, and whether they may, is still to be checked. */
export interface OpenedAgreement {
  readonly id: Bytes;
  readonly signed: SignedRecord;
  readonly record: Record;
  readonly details: Details;
  readonly header: AgreementHeader;
  readonly keyPackage: KeptPackage | null;
  /** This client's first leaf. */
  readonly leaf: { readonly key: Bytes; readonly secret: Bytes };
  /** IKabc. */
  readonly secret: Bytes;
}

/**
 * @param header  what this client alone got beside the body
 * @throws CliquetError `package-gone`, `keys-gone`, `agreement-invalid`, `malformed`
 */
export async function openAgreement(
  curves: Curves,
  { identity, hrid }: Self,
  header: Bytes,
  { id, nonce, ephemeral, sealed }: AgreementEnvelope,
  holdings: Holdings,
): Promise<OpenedAgreement> {
  const decoded = AgreementHeader.decode(header);
  const { package: packageId, kemCiphertext, leaf: origin, exportGeneration } = decoded;
  if ((packageId === null) !== (kemCiphertext === null) || (packageId === null && origin === null))
    throw refused('header');
  if (origin !== null && (origin.type !== 'contribution' || ephemeral === null)) throw refused('header');

  const exportSecret = exportGeneration && holdings.exportSecret(exportGeneration);
  const known = origin?.type === 'contribution' ? holdings.leaf(origin) : null;
  if ((exportGeneration !== null && exportSecret === null) || (origin !== null && known === null)) {
    throw new CliquetError('keys-gone');
  }
  const keyPackage = packageId && holdings.package(packageId);
  if (packageId !== null && keyPackage === null) throw new CliquetError('package-gone');
  const kem = keyPackage && kemCiphertext && decapsulate(keyPackage.kemSeed, kemCiphertext);
  const dh = known && ephemeral && (await curves.agree(known.secret, ephemeral));
  if ((keyPackage !== null && kem === null) || (known !== null && dh === null)) throw refused('header');

  const key = agreementHeaderKey({ kem, leaf: dh, exportSecret }, id, { hrid, pk: identity.pk }, decoded);
  const g = open(key, nonce, decoded.sealed);
  if (g === null) throw refused('header');
  const secret = generationSecret(g, id);
  const body = open(agreementBodyKey(secret, id), nonce, sealed);
  if (body === null) throw refused('body');
  const { signed, details: detailsBytes } = AgreementBody.decode(body);
  const record = Record.decode(signed.record);
  if (!sameBytes(agreementId(signed.record), id)) throw refused('id');
  if (!sameBytes(commitAgreementSecret(g), record.secretCommitment)) throw refused('secret');
  if (!sameBytes(hashDetails(detailsBytes), record.detailsHash)) throw refused('details');
  const leaf = known ?? (keyPackage && { key: keyPackage.leaf, secret: keyPackage.leafSecret });
  if (leaf === null) throw refused('header');
  return { id, signed, record, details: Details.decode(detailsBytes), header: decoded, keyPackage, leaf, secret };
}

/** What is known to whom a leaf is attributed; null if that is not known here. */
export type KnownLeaf = (hrid: Bytes, origin: ContributionOrigin) => Bytes | null;

export interface AcceptedAgreement {
  readonly generation: Generation;
  /** The lineage with what the agreement tells of it, itself included. */
  readonly lineage: Lineage;
  /** Null if who opened it has left with it. */
  readonly author: number | null;
  readonly ratchet: Ratchet;
  /** Fingerprint of IKabc, to show. */
  readonly secretFingerprint: Bytes;
}

/**
 * @param from      who sent it, as the relay says
 * @param lineage   what is known of the group, if it links to that; else an empty one, for a newcomer
 * @param knownKey  the PK under which a client is known from elsewhere, or null
 * @param now       seconds since 1970
 * @throws CliquetError `agreement-invalid`, `identity-conflict`, `malformed`
 */
export async function acceptAgreement(
  curves: Curves,
  { identity, hrid: own }: Self,
  from: Bytes,
  opened: OpenedAgreement,
  lineage: Lineage,
  knownLeaf: KnownLeaf,
  knownKey: (hrid: Bytes) => Bytes | null,
  now: number,
): Promise<AcceptedAgreement> {
  const { id, signed, record, details, header, keyPackage, leaf, secret } = opened;
  if (!sameBytes(record.author, from)) throw refused('author');
  const extended = await extendLineage(curves, lineage, details.history, details.base, record.group);
  // Known already, perhaps, from the history of a later one: it stays the parent of that.
  const generation = extended.get(bytesKey(id)) ?? (await placeRecord(curves, extended, signed));
  const { roster } = generation;
  const self = positionOf(roster, own);
  const author = positionOf(roster, from);
  if (self < 0 || self === author || !sameBytes(roster[self]?.pk ?? from, identity.pk)) throw refused('own entry');
  for (const { hrid, pk } of roster) {
    const known = knownKey(hrid);
    if (known !== null && !sameBytes(known, pk)) throw new CliquetError('identity-conflict');
  }
  checkReturned(details, record, roster.length, author);
  await checkLeaves(curves, opened, generation, self, author, knownLeaf);
  return {
    generation,
    lineage: new Map(extended).set(bytesKey(id), generation),
    author: author < 0 ? null : author,
    ratchet: startRatchet({
      group: record.group,
      agreementId: id,
      number: record.number,
      now,
      secret,
      roster,
      leaves: details.leaves,
      self,
      author: author < 0 ? null : author,
      leafSecret: leaf.secret,
      owesContribution: header.leaf === null || keyPackage === null || keyPackage.kind === 'last-resort',
    }),
    secretFingerprint: fingerprint(secret),
  };
}

function refused(detail: string): CliquetError {
  return new CliquetError('agreement-invalid', detail);
}

/** Somebody comes back in a generation of another, which changes nothing else. */
function checkReturned({ returned }: Details, { operation, parent }: Record, size: number, author: number): void {
  if (returned.length === 0) return;
  const { removed, roles, added, name } = operation;
  const isPure = parent !== null && removed.length + roles.length + added.length === 0 && name === null;
  const positions = new Set(returned.map(({ position }) => position).filter((position) => position < size));
  if (!isPure || positions.size !== returned.length || positions.has(author)) throw refused('returned');
}

/**
 * Each leaf is usable and comes from where it may: newcomers and those who come back start with a package, the author
 * with a fresh one, everybody else with the newest that is known of them, or a new generation would undo healing.
 */
async function checkLeaves(
  curves: Curves,
  { id, details, header, leaf }: OpenedAgreement,
  { roster }: Generation,
  self: number,
  author: number,
  knownLeaf: KnownLeaf,
): Promise<void> {
  const { leaves, returned } = details;
  if (leaves.length !== roster.length) throw refused('leaves');
  for (const [position, { hrid, joined }] of roster.entries()) {
    const first = leaves[position];
    if (first === undefined) throw refused('leaves');
    const isNew = joined !== null && sameBytes(joined, id);
    const comesBack = returned.some((each) => each.position === position);
    const expected = position === author ? 'author' : isNew || comesBack ? 'package' : 'contribution';
    if (first.origin.type !== expected) throw refused('leaf origin');
    const known = first.origin.type === 'contribution' ? knownLeaf(hrid, first.origin) : null;
    if (known !== null && !sameBytes(known, first.leaf)) throw refused('leaf');
  }
  const own = leaves[self];
  if (own === undefined || !sameBytes(own.leaf, leaf.key)) throw refused('own leaf');
  const isOwnOrigin =
    own.origin.type === 'package'
      ? header.leaf === null && header.package !== null && sameBytes(own.origin.id, header.package)
      : header.leaf?.type === 'contribution' &&
        own.origin.type === 'contribution' &&
        sameBytes(own.origin.generation, header.leaf.generation) &&
        own.origin.from === header.leaf.from;
  if (!isOwnOrigin) throw refused('own leaf');
  const usable = await Promise.all(leaves.map((each) => isLeaf(curves, each.leaf)));
  if (!usable.every(Boolean)) throw refused('leaf');
}
