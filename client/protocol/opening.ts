// Opening a generation: founding a group, changing who is in it, letting somebody come back, or just new keys. It is all
// the same act: a record, a fresh secret g, and a header that seals g for each of the others.

import { seal } from '../crypto/aead.ts';
import { type Curves, leafPublicKey } from '../crypto/curves.ts';
import { sha256 } from '../crypto/hash.ts';
import { encapsulate, kemEntropyBytes } from '../crypto/kem.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import { signLabeled } from '../crypto/sign.ts';
import { type Bytes, bytesKey, sameBytes } from '../wire/bytes.ts';
import { AgreementHeader, Envelope } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { maxBodyBytes, nonceBytes } from '../wire/limits.ts';
import {
  AgreementBody,
  Details,
  type LeafOrigin,
  type Operation,
  Record,
  type RosterEntry,
  type SignedRecord,
} from '../wire/record.ts';
import { agreementBodyKey, agreementHeaderKey, agreementId, commitAgreementSecret, hashDetails } from './agreement.ts';
import { generationSecret, startRatchet } from './generation.ts';
import type { Self } from './identity.ts';
import type { VerifiedKeyPackage } from './key-package.ts';
import { type Generation, nextGeneration, positionOf } from './lineage.ts';
import type { Ratchet } from './ratchet.ts';
import { applyOperation, type Roster, rosterDigest, withJoined } from './roster.ts';
import { fingerprint } from './step.ts';

/** What g is sealed with for one member. */
export interface Access {
  /** Claimed and verified; null only if none can be had. */
  readonly package: VerifiedKeyPackage | null;
  /** The newest leaf of the member that is known; null for newcomers and for those who come back. */
  readonly leaf: { readonly key: Bytes; readonly origin: Extract<LeafOrigin, { type: 'contribution' }> } | null;
  /** X of the newest generation in which the member was heard; null for newcomers. */
  readonly exportSecret: { readonly generation: Bytes; readonly secret: Bytes } | null;
}

export interface Opening extends Pick<Details, 'base' | 'history' | 'returned'> {
  readonly group: Bytes;
  /** Null founds the group. */
  readonly parent: Generation | null;
  readonly operation: Operation;
  /** The removals that this one carries out, if it is a carry. */
  readonly because: readonly Generation[];
  /** The author's chain key in the parent: hedges what is fresh here. */
  readonly chainKey: Bytes | null;
  /** By `bytesKey` of the HRID, for all others in the new roster. */
  readonly accesses: ReadonlyMap<string, Access>;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface OpenedGeneration {
  readonly generation: Generation;
  /** Null if the author has left with this generation. */
  readonly ratchet: Ratchet | null;
  /** The envelope, the same for all. */
  readonly body: Bytes;
  /** What each member alone gets, in roster order; empty for this client itself. */
  readonly headers: readonly Bytes[];
  /** Fingerprint of IKabc, to show. */
  readonly secretFingerprint: Bytes;
}

/**
 * @throws CliquetError `agreement-invalid` for what the author may not do and for keys that are none;
 *   `key-package-invalid`; `group-size` if it does not fit into one message
 */
export async function openGeneration(
  curves: Curves,
  random: RandomSource,
  { identity, hrid: own }: Self,
  opening: Opening,
): Promise<OpenedGeneration> {
  const { group, parent, operation, because, accesses, now } = opening;
  const added = applyOperation(parent?.roster ?? [], operation);
  const self = positionOf(added, own);
  const { seed } = identity;
  const secrets = opening.chainKey === null ? [seed] : [seed, opening.chainKey];

  const reached = added.map((entry, position) => (position === self ? null : accessOf(accesses, entry)));
  const packages = reached.map((access) => access?.package?.id ?? new Uint8Array(0));
  const basis = [parent?.id ?? group, sha256(...packages)];
  const leafSecret = hedgedSecret(random, secrets, 'hedge leaf', basis);
  const authorLeaf = await leafPublicKey(curves, leafSecret);
  const leaves = reached.map((access) => firstLeaf(access, authorLeaf));
  const { base, history, returned } = opening;
  const details = Details.encode({ base, history, leaves, returned });

  // With the details too: two generations opened with one state of the random generator must not share g.
  const g = hedgedSecret(random, [...secrets, sha256(details)], 'hedge agreement secret', basis);
  const record: Record = {
    group,
    parent: parent?.id ?? null,
    number: parent === null ? 0 : parent.record.number + 1,
    author: own,
    rosterDigest: rosterDigest(added),
    operation,
    because: because.map(({ id }) => id),
    secretCommitment: commitAgreementSecret(g),
    detailsHash: hashDetails(details),
  };
  const encoded = Record.encode(record);
  const id = agreementId(encoded);
  const signed = { record: encoded, signature: await signLabeled(curves, seed, 'agreement', encoded) };
  const generation = placed(parent, id, signed, record, withJoined(added, id), because);
  const secret = generationSecret(g, id);
  const nonce = random(nonceBytes);
  const sealed = seal(agreementBodyKey(secret, id), nonce, AgreementBody.encode({ signed, details }));

  const ephemeralSecret = hedgedSecret(random, [seed, g], 'hedge leaf', [id]);
  const isLeafKnown = reached.some((access) => access?.leaf != null);
  const ephemeral = isLeafKnown ? await leafPublicKey(curves, ephemeralSecret) : null;
  const body = Envelope.encode({ type: 'agreement', id, nonce, ephemeral, sealed });
  if (body.length > maxBodyBytes) throw new CliquetError('group-size');
  const headers = await Promise.all(
    generation.roster.map(async (entry, position) => {
      const access = reached[position];
      if (!access) return new Uint8Array(0);
      const dh = access.leaf && (await curves.agree(ephemeralSecret, access.leaf.key));
      return sealHeader(random, seed, id, nonce, g, entry, access, dh);
    }),
  );
  return {
    generation,
    ratchet:
      self < 0
        ? null
        : startRatchet({
            group,
            agreementId: id,
            number: record.number,
            now,
            secret,
            roster: generation.roster,
            leaves,
            self,
            author: self,
            leafSecret,
            owesContribution: false,
          }),
    body,
    headers,
    secretFingerprint: fingerprint(secret),
  };
}

function accessOf(accesses: ReadonlyMap<string, Access>, { hrid }: RosterEntry): Access {
  const access = accesses.get(bytesKey(hrid));
  if (access === undefined) throw new RangeError('"accesses" expected one for everybody in the roster');
  return access;
}

/** What a member starts with: what is known of it, or the package through which it comes. */
function firstLeaf(access: Access | null, authorLeaf: Bytes): Details['leaves'][number] {
  if (access === null) return { leaf: authorLeaf, origin: { type: 'author' } };
  if (access.leaf !== null) return { leaf: access.leaf.key, origin: access.leaf.origin };
  if (access.package === null) throw new CliquetError('no-key-package');
  return { leaf: access.package.leaf, origin: { type: 'package', id: access.package.id } };
}

/** The generation in its place, held to the same rules as those of others. */
function placed(
  parent: Generation | null,
  id: Bytes,
  signed: SignedRecord,
  record: Record,
  roster: Roster,
  because: readonly Generation[],
): Generation {
  if (parent === null) return { id, parent, signed, record, roster, name: record.operation.name ?? '', changes: 0 };
  return nextGeneration(parent, id, signed, record, (wanted) => because.find((other) => sameBytes(other.id, wanted)));
}

function sealHeader(
  random: RandomSource,
  seed: Bytes,
  id: Bytes,
  nonce: Bytes,
  g: Bytes,
  recipient: RosterEntry,
  access: Access,
  dh: Bytes | null,
): Bytes {
  if (access.leaf !== null && dh === null) throw new RangeError('leaves are checked before they are kept');
  const { package: claimed, exportSecret } = access;
  let kem: { ciphertext: Bytes; secret: Bytes } | null = null;
  if (claimed !== null) {
    const entropy = hedgedSecret(random, [seed, g], 'hedge kem', [id, claimed.id], kemEntropyBytes);
    kem = encapsulate(claimed.kem, entropy);
    if (kem === null) throw new CliquetError('key-package-invalid', 'kem');
  }
  const source = {
    package: claimed?.id ?? null,
    leaf: access.leaf?.origin ?? null,
    exportGeneration: exportSecret?.generation ?? null,
  };
  const secrets = { kem: kem?.secret ?? null, leaf: dh, exportSecret: exportSecret?.secret ?? null };
  const key = agreementHeaderKey(secrets, id, recipient, source);
  return AgreementHeader.encode({ ...source, kemCiphertext: kem?.ciphertext ?? null, sealed: seal(key, nonce, g) });
}
