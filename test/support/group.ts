// Groups without a relay: members as states of the protocol, and the envelopes that they make.

import type { Curves } from '../../client/crypto/curves.ts';
import { selectCurves } from '../../client/crypto/select-curves.ts';
import { acceptAgreement } from '../../client/protocol/accept.ts';
import { foundGroup } from '../../client/protocol/found.ts';
import { createIdentity, deriveHrid, hashVaultId, type Identity } from '../../client/protocol/identity.ts';
import { createKeyPackage, type KeptPackage, verifyKeyPackage } from '../../client/protocol/key-package.ts';
import { openMessage, type Received } from '../../client/protocol/open.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { type SealedMessage, sealMessage } from '../../client/protocol/seal.ts';
import type { Bytes } from '../../client/wire/bytes.ts';
import { sameBytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { type AgreementEnvelope, Envelope } from '../../client/wire/envelope.ts';
import type { UploadedPackage } from '../../client/wire/key-package.ts';
import { readText, textOf } from './content.ts';
import type { SeededRandom } from './random.ts';

export const curves: Curves = await selectCurves();
export const startOfTime = 1_800_000_000;

export interface Person {
  readonly identity: Identity;
  readonly hrid: Bytes;
  readonly uploaded: UploadedPackage;
  readonly keyPackage: KeptPackage;
}

export async function createPerson(random: SeededRandom, name: string): Promise<Person> {
  const identity = createIdentity(random.bytes);
  const hrid = deriveHrid(`${name}@example.org`, identity.pk, hashVaultId(identity.vid));
  const made = await createKeyPackage(curves, random.bytes, identity, hrid, 'one-time', startOfTime);
  return { identity, hrid, uploaded: made.uploaded, keyPackage: made.kept };
}

export function createPeople(random: SeededRandom, size: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: size }, (_, i) => createPerson(random, `member${i}`)));
}

export interface Founding {
  readonly people: readonly Person[];
  readonly body: Bytes;
  readonly headers: readonly Bytes[];
  /** The state of each member, in roster order. */
  readonly ratchets: readonly Ratchet[];
}

/** A group whose members have all accepted. */
export async function foundTestGroup(random: SeededRandom, size: number): Promise<Founding> {
  const people = await createPeople(random, size);
  const [founder, ...others] = people as [Person, ...Person[]];
  const newcomers = await Promise.all(
    others.map(async ({ identity, hrid, uploaded }) => ({
      hrid,
      pk: identity.pk,
      package: await verifyKeyPackage(curves, uploaded, { hrid, pk: identity.pk }, startOfTime),
    })),
  );
  const opened = await foundGroup(curves, random.bytes, founder.identity, founder.hrid, newcomers, 'Test');
  const accepted = await Promise.all(
    others.map((person, i) => accept(person, founder.hrid, opened.headers[i + 1] as Bytes, opened.body)),
  );
  return {
    people,
    body: opened.body,
    headers: opened.headers,
    ratchets: [opened.ratchet, ...accepted.map(({ ratchet }) => ratchet)],
  };
}

export function accept(person: Person, from: Bytes, header: Bytes, body: Bytes, envelope = decodeAgreement(body)) {
  const findPackage = (id: Bytes) => (sameBytes(id, person.keyPackage.id) ? person.keyPackage : null);
  return acceptAgreement(curves, person.identity, person.hrid, from, header, envelope, findPackage, () => null);
}

export function decodeAgreement(body: Bytes): AgreementEnvelope {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'agreement') throw new TypeError('expected an agreement');
  return envelope;
}

export function textContent(random: SeededRandom, text: string): Content {
  return textOf(text, { id: random.bytes(16) });
}

export function sealText(
  random: SeededRandom,
  person: Person,
  ratchet: Ratchet,
  text: string,
  now: number = startOfTime,
): Promise<SealedMessage> {
  return sealMessage(curves, random.bytes, ratchet, person.identity.seed, textContent(random, text), now);
}

/** Hands a sealed message to one recipient. */
export function deliver(
  ratchet: Ratchet,
  sender: number,
  header: Bytes,
  body: Bytes,
  now: number = startOfTime,
): Promise<Received> {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'message') throw new TypeError('expected a message');
  return openMessage(curves, ratchet, sender, header, envelope, now);
}

/** The texts that a delivery opened, in order. */
export function openedTexts({ outcomes }: Received): string[] {
  return outcomes.flatMap((outcome) => (outcome.type === 'opened' ? (readText(outcome.content) ?? []) : []));
}
