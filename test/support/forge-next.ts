// Later generations as a member could open them that does not keep to the rules, out of what its phone really holds: on
// any parent, of any operation, sealed with the leaf and the export secret that it has of each, and a package if it has one.

import type { Registered } from '../../client/courier/registered.ts';
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
import { generationSecret, startRatchet } from '../../client/protocol/generation.ts';
import { tellHistory } from '../../client/protocol/history.ts';
import type { VerifiedKeyPackage } from '../../client/protocol/key-package.ts';
import { followingGeneration, type Generation, type Lineage, positionOf } from '../../client/protocol/lineage.ts';
import type { Access } from '../../client/protocol/opening.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { changedRoster, rosterDigest } from '../../client/protocol/roster.ts';
import { accessTo, heldPath } from '../../client/state/generations.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import { AgreementHeader, Envelope } from '../../client/wire/envelope.ts';
import { AgreementBody, Details, type Operation, Record } from '../../client/wire/record.ts';
import { nothing } from './group.ts';

export interface NextForgery {
  readonly operation?: Partial<Operation>;
  readonly because?: readonly Generation[];
  /** By `bytesKey` of the HRID: what else g is sealed with. */
  readonly packages?: ReadonlyMap<string, VerifiedKeyPackage>;
  readonly record?: (record: Record) => Record;
  readonly details?: (details: Details) => Details;
  /** In their encoding, before the record commits to them. */
  readonly encodedDetails?: (details: Bytes) => Bytes;
  readonly access?: (access: Access, hrid: Bytes) => Access;
  readonly g?: Bytes;
}

export interface ForgedNext {
  readonly generation: Generation;
  readonly g: Bytes;
  readonly body: Bytes;
  /** By `bytesKey` of the HRID; nobody is left out but those for whom there is no key. */
  readonly headers: ReadonlyMap<string, Bytes>;
  /** The author's own, if it is in it. */
  readonly ratchet: Ratchet | null;
}

export async function forgeNext(
  { curves, random, self, state, now }: Registered,
  lineage: Lineage,
  parent: Generation,
  forgery: NextForgery = {},
): Promise<ForgedNext> {
  const { because = [], packages = new Map(), record: changeRecord = same, details: changeDetails = same } = forgery;
  const { access: changeAccess = same, encodedDetails = same, g = random(32) } = forgery;
  const operation: Operation = { ...nothing, ...forgery.operation };
  const roster = changedRoster(parent.roster, operation);
  const position = positionOf(roster, self.hrid);
  const path = heldPath(state, parent);
  const accesses = roster.map(({ hrid }): Access | null => {
    if (sameBytes(hrid, self.hrid)) return null;
    const isNew = positionOf(parent.roster, hrid) < 0;
    const held = isNew ? { leaf: null, exportSecret: null } : accessTo(state, path, [], hrid);
    return changeAccess({ package: packages.get(bytesKey(hrid)) ?? null, ...held }, hrid);
  });

  const leafSecret = random(32);
  const ownLeaf = await leafPublicKey(curves, leafSecret);
  const leaves = accesses.map((access): Details['leaves'][number] => {
    if (access?.leaf) return { leaf: access.leaf.key, origin: access.leaf.origin };
    if (access?.package) return { leaf: access.package.leaf, origin: { type: 'package', id: access.package.id } };
    return { leaf: ownLeaf, origin: { type: 'author' } };
  });
  const told = tellHistory(lineage, parent, because, () => true);
  const details = encodedDetails(Details.encode(changeDetails({ ...told, leaves, returned: [] })));
  const record = changeRecord({
    group: parent.record.group,
    parent: parent.id,
    number: parent.record.number + 1,
    author: self.hrid,
    rosterDigest: rosterDigest(roster),
    operation,
    because: because.map(({ id }) => id),
    secretCommitment: commitAgreementSecret(g),
    detailsHash: hashDetails(details),
  });
  const encoded = Record.encode(record);
  const signed = { record: encoded, signature: await signLabeled(curves, self.identity.seed, 'agreement', encoded) };
  const id = agreementId(encoded);
  const generation = followingGeneration(parent, id, signed, record);
  const secret = generationSecret(g, id);
  const nonce = random(24);
  const ephemeralSecret = random(32);
  const body = Envelope.encode({
    type: 'agreement',
    id,
    nonce,
    ephemeral: await leafPublicKey(curves, ephemeralSecret),
    sealed: seal(agreementBodyKey(secret, id), nonce, AgreementBody.encode({ signed, details })),
  });

  const headers = new Map<string, Bytes>();
  for (const [at, { hrid, pk }] of roster.entries()) {
    const access = accesses[at];
    if (!access || (access.leaf === null && access.package === null)) continue;
    const kem = access.package && encapsulate(access.package.kem, random(64));
    const leaf = access.leaf && (await curves.agree(ephemeralSecret, access.leaf.key));
    const source = {
      package: access.package?.id ?? null,
      leaf: access.leaf?.origin ?? null,
      exportGeneration: access.exportSecret?.generation ?? null,
    };
    const secrets = { kem: kem?.secret ?? null, leaf, exportSecret: access.exportSecret?.secret ?? null };
    const key = agreementHeaderKey(secrets, id, { hrid, pk }, source);
    const sealed = seal(key, nonce, g);
    headers.set(bytesKey(hrid), AgreementHeader.encode({ ...source, kemCiphertext: kem?.ciphertext ?? null, sealed }));
  }
  const start = { group: record.group, agreementId: id, number: record.number, now: now(), secret, leaves, leafSecret };
  const isIn = position >= 0;
  const author = { self: position, author: position, owesContribution: false };
  const ratchet = isIn ? startRatchet({ ...start, roster: generation.roster, ...author }) : null;
  return { generation, g, body, headers, ratchet };
}

const same = <T>(value: T): T => value;
