// Founding agreements as a founder could make them that does not keep to the protocol: every part can be changed where
// it is made, and all that follows from it is made to fit.

import { seal } from '../../client/crypto/aead.ts';
import { leafPublicKey } from '../../client/crypto/curves.ts';
import { encapsulate } from '../../client/crypto/kem.ts';
import { signLabeled } from '../../client/crypto/sign.ts';
import {
  agreementBodyKey,
  agreementHeaderKey,
  agreementId,
  commitAgreementSecret,
  hashDetails,
} from '../../client/protocol/agreement.ts';
import { generationSecret } from '../../client/protocol/generation.ts';
import { applyOperation, rosterDigest } from '../../client/protocol/roster.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { type AgreementEnvelope, AgreementHeader } from '../../client/wire/envelope.ts';
import { AgreementBody, Details, type Operation, Record } from '../../client/wire/record.ts';
import { curves, type Person } from './group.ts';
import type { SeededRandom } from './random.ts';

export interface Forgery {
  readonly operation?: (operation: Operation) => Operation;
  readonly details?: (details: Details) => Details;
  /** Before the details are hashed into the record, and after: what is sent in their place. */
  readonly encodedDetails?: (details: Bytes) => Bytes;
  readonly sentDetails?: (details: Bytes) => Bytes;
  /** Before the record is signed, and after: what is sent in its place. */
  readonly record?: (record: Record) => Record;
  readonly sentRecord?: (record: Bytes) => Bytes;
  /** The id on the envelope, to which everything is bound. */
  readonly id?: (id: Bytes) => Bytes;
  /** g as it is sealed, in place of the one that the record commits to. */
  readonly sealedSecret?: (g: Bytes) => Bytes;
  readonly signerSeed?: Bytes;
  readonly body?: (body: Bytes) => Bytes;
}

export interface Forged {
  readonly envelope: AgreementEnvelope;
  /** A header for any person, member or not, with its package. */
  headerFor(person: Person, change?: Partial<AgreementHeader>): Bytes;
}

/** An agreement by the first of `people` that founds a group of all of them. */
export async function forgeAgreement(
  random: SeededRandom,
  people: readonly Person[],
  forgery: Forgery,
): Promise<Forged> {
  const same = <T>(value: T) => value;
  const { operation = same, details: changeDetails = same, record: changeRecord = same, id: changeId = same } = forgery;
  const {
    encodedDetails = same,
    sentDetails = same,
    sentRecord = same,
    sealedSecret = same,
    body: changeBody = same,
  } = forgery;
  const [founder] = people as [Person, ...Person[]];
  const added = people.map(({ hrid, identity }, position) => ({
    hrid,
    pk: identity.pk,
    role: position === 0 ? ('admin' as const) : ('member' as const),
  }));
  const founding = operation({ removed: [], roles: [], added, name: 'Forged' });

  const authorLeaf = await leafPublicKey(curves, random.bytes(32));
  const detailsBytes = encodedDetails(
    Details.encode(
      changeDetails({
        base: null,
        history: [],
        leaves: people.map(({ keyPackage }, position) =>
          position === 0
            ? { leaf: authorLeaf, origin: { type: 'author' } }
            : { leaf: keyPackage.leaf, origin: { type: 'package', id: keyPackage.id } },
        ),
        returned: [],
      }),
    ),
  );
  const g = random.bytes(32);
  const recordBytes = Record.encode(
    changeRecord({
      group: random.bytes(32),
      parent: null,
      number: 0,
      author: founder.hrid,
      rosterDigest: digestOf(founding),
      operation: founding,
      because: [],
      secretCommitment: commitAgreementSecret(g),
      detailsHash: hashDetails(detailsBytes),
    }),
  );
  const signature = await signLabeled(curves, forgery.signerSeed ?? founder.identity.seed, 'agreement', recordBytes);
  const sent = sentRecord(recordBytes);
  const id = changeId(agreementId(sent));
  const nonce = random.bytes(24);
  const used = sealedSecret(g);
  const body = AgreementBody.encode({ signed: { record: sent, signature }, details: sentDetails(detailsBytes) });
  const sealed = seal(agreementBodyKey(generationSecret(used, id), id), nonce, changeBody(body));

  return {
    envelope: { type: 'agreement', id, nonce, ephemeral: null, sealed },
    headerFor: ({ hrid, identity, uploaded, keyPackage }, change = {}) => {
      const encapsulated = encapsulate(uploaded.kem, random.bytes(64));
      if (encapsulated === null) throw new RangeError('test packages are valid');
      const { leaf = null, exportGeneration = null } = change;
      const source = { package: keyPackage.id, leaf, exportGeneration };
      const secrets = { kem: encapsulated.secret, leaf: null, exportSecret: null };
      const key = agreementHeaderKey(secrets, id, { hrid, pk: identity.pk }, source);
      const header = { ...source, kemCiphertext: encapsulated.ciphertext, sealed: seal(key, nonce, used) };
      return AgreementHeader.encode({ ...header, ...change });
    },
  };
}

/** The digest of what the operation makes, or any digest if it makes nothing. */
function digestOf(operation: Operation): Bytes {
  try {
    return rosterDigest(applyOperation([], operation));
  } catch {
    return new Uint8Array(32);
  }
}
