// Founding a group: opening its first generation, in which everybody else is a newcomer.

import { seal } from '../crypto/aead.ts';
import { type Curves, leafPublicKey } from '../crypto/curves.ts';
import { sha256 } from '../crypto/hash.ts';
import { encapsulate, kemEntropyBytes } from '../crypto/kem.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import { signLabeled } from '../crypto/sign.ts';
import type { Bytes } from '../wire/bytes.ts';
import { AgreementHeader, Envelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxBodyBytes, maxMembers, nonceBytes } from '../wire/limits.ts';
import { AgreementBody, Details, Record } from '../wire/record.ts';
import { agreementBodyKey, agreementHeaderKey, agreementId, commitAgreementSecret, hashDetails } from './agreement.ts';
import { generationSecret, startRatchet } from './generation.ts';
import type { Identity } from './identity.ts';
import type { VerifiedKeyPackage } from './key-package.ts';
import type { Ratchet } from './ratchet.ts';
import { applyOperation, hasTwice, type Roster, rosterDigest, withJoined } from './roster.ts';
import { fingerprint } from './step.ts';

/** A newcomer: its contact, and the key package that was claimed and verified for it. */
export interface Newcomer {
  readonly hrid: Bytes;
  readonly pk: Bytes;
  readonly package: VerifiedKeyPackage;
}

export interface OpenedGeneration {
  readonly roster: Roster;
  readonly ratchet: Ratchet;
  /** The envelope, the same for all. */
  readonly body: Bytes;
  /** What each member alone gets, in roster order; empty for this client itself. */
  readonly headers: readonly Bytes[];
  /** Fingerprint of IKabc, to show. */
  readonly secretFingerprint: Bytes;
}

/**
 * @param own   this client's HRID
 * @param name  the group's name, up to 128 characters
 * @throws CliquetError `group-size`, `duplicate-member`, `key-package-invalid`; `agreement-invalid` for a PK that is
 *   none; `malformed` for a longer name
 */
export async function foundGroup(
  curves: Curves,
  random: RandomSource,
  identity: Identity,
  own: Bytes,
  newcomers: readonly Newcomer[],
  name: string,
): Promise<OpenedGeneration> {
  if (newcomers.length < 1 || newcomers.length >= maxMembers) throw new CliquetError('group-size');
  const operation = {
    removed: [],
    roles: [],
    added: [
      { hrid: own, pk: identity.pk, role: 'admin' as const },
      ...newcomers.map(({ hrid, pk }) => ({ hrid, pk, role: 'member' as const })),
    ],
  };
  if (hasTwice(operation.added.map(({ hrid }) => hrid)) || hasTwice(operation.added.map(({ pk }) => pk))) {
    throw new CliquetError('duplicate-member');
  }
  const added = applyOperation([], operation);

  const packageIds = newcomers.map((newcomer) => newcomer.package.id);
  const leafSecret = hedgedSecret(random, [identity.seed, sha256(...packageIds)], 'hedge leaf', ['found']);
  const leaves = [await leafPublicKey(curves, leafSecret), ...newcomers.map((newcomer) => newcomer.package.leaf)];
  const details = Details.encode({
    name,
    purpose: 'found',
    leaves: leaves.map((leaf, position) => {
      const newcomer = newcomers[position - 1];
      return { leaf, origin: newcomer ? { type: 'package', id: newcomer.package.id } : { type: 'author' } };
    }),
    parentVector: null,
    parentTranscript: null,
    history: [],
  });
  // With the details too: two groups founded with one state of the random generator must not share g.
  const g = hedgedSecret(random, [identity.seed, sha256(details)], 'hedge agreement secret', ['found']);
  const record = Record.encode({
    group: random(32),
    parent: null,
    number: 0,
    author: own,
    rosterDigest: rosterDigest(added),
    operation,
    because: [],
    secretCommitment: commitAgreementSecret(g),
    detailsHash: hashDetails(details),
  });
  const id = agreementId(record);
  const secret = generationSecret(g, id);
  const signature = await signLabeled(curves, identity.seed, 'agreement', record);
  const nonce = random(nonceBytes);
  const sealed = seal(
    agreementBodyKey(secret, id),
    nonce,
    AgreementBody.encode({ signed: { record, signature }, details }),
  );
  const body = Envelope.encode({ type: 'agreement', id, nonce, ephemeral: null, sealed });
  if (body.length > maxBodyBytes) throw new CliquetError('group-size');

  const headers = newcomers.map((newcomer) => sealForNewcomer(random, identity.seed, id, nonce, g, newcomer));
  const roster = withJoined(added, id);
  return {
    roster,
    ratchet: startRatchet({
      group: Record.decode(record).group,
      agreementId: id,
      secret,
      roster,
      leaves,
      self: 0,
      leafSecret,
      owesContribution: false,
    }),
    body,
    headers: [new Uint8Array(0), ...headers],
    secretFingerprint: fingerprint(secret),
  };
}

function sealForNewcomer(
  random: RandomSource,
  seed: Bytes,
  id: Bytes,
  nonce: Bytes,
  g: Bytes,
  newcomer: Newcomer,
): Bytes {
  const entropy = hedgedSecret(random, [seed, g], 'hedge kem', [id, newcomer.package.id], kemEntropyBytes);
  const encapsulated = encapsulate(newcomer.package.kem, entropy);
  if (encapsulated === null) throw new CliquetError('key-package-invalid', 'kem');
  const source = { package: newcomer.package.id, leaf: null, exportGeneration: null };
  const secrets = { kem: encapsulated.secret, leaf: null, exportSecret: null };
  const key = agreementHeaderKey(secrets, id, newcomer, source);
  return AgreementHeader.encode({ ...source, kemCiphertext: encapsulated.ciphertext, sealed: seal(key, nonce, g) });
}
