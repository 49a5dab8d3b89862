// Groups without a relay: members as states of the protocol, and the envelopes that they make.

import type { Curves } from '../../client/crypto/curves.ts';
import { selectCurves } from '../../client/crypto/select-curves.ts';
import { acceptAgreement, type Holdings, type KnownLeaf, openAgreement } from '../../client/protocol/accept.ts';
import { createIdentity, deriveHrid, hashVaultId, type Identity } from '../../client/protocol/identity.ts';
import type { KeptPackage } from '../../client/protocol/kept-package.ts';
import { createKeyPackage, verifyKeyPackage } from '../../client/protocol/key-package.ts';
import type { Generation, Lineage } from '../../client/protocol/lineage.ts';
import { openMessage, type Received } from '../../client/protocol/open.ts';
import { type Access, type OpenedGeneration, openGeneration } from '../../client/protocol/opening.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { type SealedMessage, sealMessage } from '../../client/protocol/seal.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import type { Content } from '../../client/wire/content.ts';
import { type AgreementEnvelope, Envelope } from '../../client/wire/envelope.ts';
import type { UploadedPackage } from '../../client/wire/key-package.ts';
import type { Operation } from '../../client/wire/record.ts';
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
  /** In roster order. */
  readonly people: readonly Person[];
  readonly body: Bytes;
  readonly headers: readonly Bytes[];
  /** The state of each member, in roster order. */
  readonly ratchets: readonly Ratchet[];
  readonly generation: Generation;
  /** What every member knows of the group. */
  readonly lineage: Lineage;
}

/** A group whose members have all accepted. */
export async function foundTestGroup(random: SeededRandom, size: number): Promise<Founding> {
  const people = await createPeople(random, size);
  return acceptedByAll(people, people, 0, await found(random, people), []);
}

/** The first of the people founds a group with the others. */
export async function found(
  random: SeededRandom,
  people: readonly Person[],
  name = 'Test',
  accessTo: (person: Person) => Promise<Access> = newcomerAccess,
): Promise<OpenedGeneration> {
  const [founder, ...others] = people as [Person, ...Person[]];
  const added = people.map((person, i) => ({
    ...ownerOf(person),
    role: i === 0 ? ('admin' as const) : ('member' as const),
  }));
  const accesses = others.map(async (person) => [bytesKey(person.hrid), await accessTo(person)] as const);
  return openGeneration(curves, random.bytes, founder, {
    group: random.bytes(32),
    parent: null,
    operation: { ...nothing, added, name },
    because: [],
    base: null,
    history: [],
    returned: [],
    chainKey: null,
    accesses: new Map(await Promise.all(accesses)),
    now: startOfTime,
  });
}

export const nothing: Operation = { removed: [], roles: [], added: [], name: null };

export const ownerOf = ({ hrid, identity }: Person) => ({ hrid, pk: identity.pk });

export async function newcomerAccess(person: Person): Promise<Access> {
  const verified = await verifyKeyPackage(curves, person.uploaded, ownerOf(person), startOfTime);
  return { package: verified, leaf: null, exportSecret: null };
}

/** What an agreement makes of a group when everybody in it has accepted. @param before  in whose order the author stands */
export async function acceptedByAll(
  people: readonly Person[],
  before: readonly Person[],
  author: number,
  opened: OpenedGeneration,
  ratchets: readonly Ratchet[],
  lineage: Lineage = new Map(),
): Promise<Founding> {
  const from = (before[author] as Person).hrid;
  const states = people.map(async (person, position) => {
    if (sameBytes(person.hrid, from)) return opened.ratchet as Ratchet;
    const held = ratchets[before.indexOf(person)];
    const known = held === undefined ? {} : { ratchets: [held], lineage };
    return (await accept(person, from, opened.headers[position] as Bytes, opened.body, known)).ratchet;
  });
  const { generation, body, headers } = opened;
  return {
    people,
    body,
    headers,
    ratchets: await Promise.all(states),
    generation,
    lineage: new Map(lineage).set(bytesKey(generation.id), generation),
  };
}

/** What somebody has when an agreement comes; the package that was uploaded, in any case. */
export interface Known {
  /** Its states of the group, the oldest first. */
  readonly ratchets?: readonly Ratchet[];
  readonly lineage?: Lineage;
  readonly holdings?: Partial<Holdings>;
  readonly knownLeaf?: KnownLeaf;
  readonly knownKey?: (hrid: Bytes) => Bytes | null;
  /** In place of the one that the body is. */
  readonly envelope?: AgreementEnvelope;
}

export async function accept(person: Person, from: Bytes, header: Bytes, body: Bytes, known: Known = {}) {
  const { ratchets = [], lineage = new Map(), knownKey = () => null, envelope = decodeAgreement(body) } = known;
  const { knownLeaf = knownLeavesOf(ratchets) } = known;
  const holdings = { ...holdingsOf(person, ratchets), ...known.holdings };
  const opened = await openAgreement(curves, person, header, envelope, holdings);
  const accepted = await acceptAgreement(curves, person, from, opened, lineage, knownLeaf, knownKey, startOfTime);
  return { opened, ...accepted };
}

function holdingsOf({ keyPackage }: Person, ratchets: readonly Ratchet[]): Holdings {
  return {
    package: (id) => (sameBytes(id, keyPackage.id) ? keyPackage : null),
    leaf: (origin) => {
      for (const ratchet of ratchets) {
        const kept = keptContribution(ratchet, ratchet.self, origin);
        if (kept?.leafSecret) return { key: kept.leaf, secret: kept.leafSecret };
      }
      return null;
    },
    exportSecret: (wanted) => ratchets.find(({ generation }) => sameBytes(generation, wanted))?.exportSecret ?? null,
  };
}

function knownLeavesOf(ratchets: readonly Ratchet[]): KnownLeaf {
  return (hrid, origin) => {
    for (const ratchet of ratchets) {
      const position = ratchet.members.findIndex((member) => sameBytes(member.hrid, hrid));
      const kept = keptContribution(ratchet, position, origin);
      if (kept !== undefined) return kept.leaf;
    }
    return null;
  };
}

/** A member's contribution in a generation, or as what that generation has begun with. */
function keptContribution(
  ratchet: Ratchet,
  position: number,
  { generation, from }: NonNullable<Access['leaf']>['origin'],
) {
  const member = ratchet.members[position];
  const first = member?.firstLeaf;
  const isHere = sameBytes(ratchet.generation, generation);
  const isInherited = first?.type === 'contribution' && first.from === from && sameBytes(first.generation, generation);
  const number = isHere ? from : isInherited ? 0 : null;
  return member?.contributions.find((kept) => kept.from === number);
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
