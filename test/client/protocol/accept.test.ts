// Every check of accept.ts, with an agreement that fails this one check alone.

import { beforeAll, describe, expect, test } from 'vitest';
import { signLabeled } from '../../../client/crypto/sign.ts';
import { agreementId } from '../../../client/protocol/agreement.ts';
import { createIdentity } from '../../../client/protocol/identity.ts';
import { type Bytes, sameBytes } from '../../../client/wire/bytes.ts';
import { AgreementHeader } from '../../../client/wire/envelope.ts';
import type { Details, Operation, SignedRecord } from '../../../client/wire/record.ts';
import { type Forged, type Forgery, forgeAgreement } from '../../support/forge-agreement.ts';
import { accept as acceptAs, createPeople, curves, type Known, type Person } from '../../support/group.ts';
import { keyWithTorsion, lowOrderLeaves, smallOrderPoints } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('accept');
let people: readonly Person[] = [];
let founder: Person;
let own: Person;
let third: Person;
let stranger: Person;

beforeAll(async () => {
  [founder, own, third, stranger] = (await createPeople(random, 4)) as [Person, Person, Person, Person];
  people = [founder, own, third];
});

interface Acceptance extends Known {
  readonly from?: Bytes;
  readonly as?: Person;
  readonly header?: Bytes;
}

function accept(forged: Forged, acceptance: Acceptance = {}) {
  const { from = founder.hrid, as = own, header = forged.headerFor(as) } = acceptance;
  return acceptAs(as, from, header, new Uint8Array(0), { envelope: forged.envelope, ...acceptance });
}

/** How an agreement is refused: `code: detail`. */
async function refusalOf(forgery: Forgery | Forged, acceptance?: Acceptance): Promise<string> {
  const forged = 'envelope' in forgery ? forgery : await forgeAgreement(random, people, forgery);
  const { code, message } = await rejectionOf(accept(forged, acceptance));
  const detail = /\.(?: \(([^()]*)\))?$/.exec(message)?.[1];
  return detail === undefined ? code : `${code}: ${detail}`;
}

const flip = (bytes: Bytes, position = 0): Bytes => {
  const flipped = bytes.slice();
  flipped[position] = (flipped[position] ?? 0) ^ 1;
  return flipped;
};
const earlierLeaf = { type: 'contribution' as const, generation: new Uint8Array(32), from: 0 };
const changeLeaf = (position: number, change: Partial<Details['leaves'][number]>) => (details: Details) => ({
  ...details,
  leaves: details.leaves.map((leaf, i) => (i === position ? { ...leaf, ...change } : leaf)),
});
const changeAdded = (position: number, change: Partial<Operation['added'][number]>) => (operation: Operation) => ({
  ...operation,
  added: operation.added.map((added, i) => (i === position ? { ...added, ...change } : added)),
});

describe('acceptAgreement()', () => {
  test('accepts what the same construction makes when nothing is changed', async () => {
    const forged = await forgeAgreement(random, people, {});
    const accepted = await accept(forged, {
      knownKey: (hrid) => people.find((p) => sameBytes(p.hrid, hrid))?.identity.pk ?? null,
    });
    const { roster, name } = accepted.generation;
    expect(roster.map(({ hrid, role }) => [toHex(hrid), role])).toEqual([
      [toHex(founder.hrid), 'admin'],
      [toHex(own.hrid), 'member'],
      [toHex(third.hrid), 'member'],
    ]);
    expect(roster.every(({ joined }) => joined !== null && sameBytes(joined, forged.envelope.id))).toBe(true);
    expect([accepted.author, accepted.ratchet.self, name]).toEqual([0, 1, 'Forged']);
    expect(accepted.opened.keyPackage).toEqual(own.keyPackage);
    expect([...accepted.lineage.values()]).toEqual([accepted.generation]);
    expect(accepted.ratchet.owesContribution).toBe(true);
  });

  test('a refused copy does not stand in the way of the good one', async () => {
    const forged = await forgeAgreement(random, people, {});
    const sealed = flip(forged.envelope.sealed);
    expect(await refusalOf({ ...forged, envelope: { ...forged.envelope, sealed } })).toBe('agreement-invalid: body');
    expect(await refusalOf(forged, { header: forged.headerFor(third) })).toBe('package-gone');
    expect((await accept(forged)).author).toBe(0);
  });
});

describe('acceptAgreement() header', () => {
  test.each([
    ['no package', { package: null }],
    ['no ciphertext', { kemCiphertext: null }],
    ['a leaf, which a newcomer has not', { leaf: { type: 'author' as const } }],
    ['neither a package nor a leaf', { package: null, kemCiphertext: null }],
    ['an earlier leaf, with no key to agree with', { leaf: earlierLeaf }],
    ['a package’s leaf for an earlier one', { leaf: { type: 'package' as const, id: new Uint8Array(32) } }],
    ['another sealed secret', { sealed: new Uint8Array(48) }],
    ['another ciphertext', { kemCiphertext: new Uint8Array(1120).fill(1) }],
    ['a ciphertext with a low-order point', { kemCiphertext: new Uint8Array(1120) }],
  ])('refuses %s', async (_, change) => {
    const forged = await forgeAgreement(random, people, {});
    expect(await refusalOf(forged, { header: forged.headerFor(own, change) })).toBe('agreement-invalid: header');
  });

  test('refuses a secret sealed for another identity or HRID that has the same package', async () => {
    const forged = await forgeAgreement(random, people, {});
    const otherIdentity = { ...own, identity: createIdentity(random.bytes) };
    expect(await refusalOf(forged, { header: forged.headerFor(otherIdentity) })).toBe('agreement-invalid: header');
    const otherHrid = { ...own, hrid: random.bytes(32) };
    expect(await refusalOf(forged, { header: forged.headerFor(otherHrid) })).toBe('agreement-invalid: header');
  });

  test('refuses the header of another agreement', async () => {
    const [forged, other] = [await forgeAgreement(random, people, {}), await forgeAgreement(random, people, {})];
    expect(await refusalOf(forged, { header: other.headerFor(own) })).toBe('agreement-invalid: header');
    const mixed = { ...forged, envelope: { ...other.envelope, sealed: forged.envelope.sealed } };
    expect(await refusalOf(mixed, { header: other.headerFor(own) })).toBe('agreement-invalid: body');
  });

  test('refuses another nonce on the envelope', async () => {
    const forged = await forgeAgreement(random, people, {});
    const envelope = { ...forged.envelope, nonce: flip(forged.envelope.nonce) };
    expect(await refusalOf({ ...forged, envelope })).toBe('agreement-invalid: header');
  });

  test('says when the keys are gone with which a member would open it', async () => {
    const forged = await forgeAgreement(random, people, {});
    const ephemeral = third.keyPackage.leaf;
    const withLeaf = { ...forged, envelope: { ...forged.envelope, ephemeral } };
    expect(await refusalOf(forged, { header: forged.headerFor(own, { exportGeneration: random.bytes(32) }) })).toBe(
      'keys-gone',
    );
    expect(await refusalOf(withLeaf, { header: forged.headerFor(own, { leaf: earlierLeaf }) })).toBe('keys-gone');
  });

  test('says when the package is gone', async () => {
    expect(await refusalOf({}, { holdings: { package: () => null } })).toBe('package-gone');
    const forged = await forgeAgreement(random, people, {});
    expect(await refusalOf(forged, { header: forged.headerFor(own, { package: random.bytes(32) }) })).toBe(
      'package-gone',
    );
  });

  test('refuses the header of another member, and bytes that are no header', async () => {
    const forged = await forgeAgreement(random, people, {});
    expect(await refusalOf(forged, { header: forged.headerFor(third) })).toBe('package-gone');
    const relabeled = AgreementHeader.decode(forged.headerFor(third));
    const header = AgreementHeader.encode({ ...relabeled, package: own.keyPackage.id });
    expect(await refusalOf(forged, { header })).toBe('agreement-invalid: header');
    for (const bytes of [new Uint8Array(0), random.bytes(1300), forged.headerFor(own).slice(0, -1)]) {
      expect(await refusalOf(forged, { header: bytes })).toMatch(/^malformed/);
    }
  });
});

describe('acceptAgreement() record and details', () => {
  test.each<[string, string, Forgery]>([
    ['another id on the envelope', 'id', { id: (id) => flip(id) }],
    ['a body sealed again under another g', 'secret', { sealedSecret: (g) => flip(g) }],
    ['other details than the record says', 'details', { sentDetails: (details) => flip(details, 5) }],
    ['a parent that is not known', 'history', { record: (record) => ({ ...record, parent: new Uint8Array(32) }) }],
    ['a number', 'parent', { record: (record) => ({ ...record, number: 1 }) }],
    ['a reason', 'parent', { record: (record) => ({ ...record, because: [new Uint8Array(32)] }) }],
    ['a group without a name', 'parent', { operation: (operation) => ({ ...operation, name: null }) }],
    [
      'somebody who comes back',
      'returned',
      { details: (details) => ({ ...details, returned: [{ position: 2, held: null }] }) },
    ],
    [
      'another roster digest',
      'roster',
      { record: (record) => ({ ...record, rosterDigest: flip(record.rosterDigest) }) },
    ],
    ['a leaf too few', 'leaves', { details: (details) => ({ ...details, leaves: details.leaves.slice(0, 2) }) }],
    [
      'a leaf too many',
      'leaves',
      { details: (details) => ({ ...details, leaves: [...details.leaves, ...details.leaves].slice(0, 4) }) },
    ],
  ])('refuses %s (%s)', async (_, detail, forgery) => {
    expect(await refusalOf(forgery)).toBe(`agreement-invalid: ${detail}`);
  });

  test('refuses a founding that tells of something before it', async () => {
    let earlier: SignedRecord = { record: new Uint8Array(0), signature: new Uint8Array(64) };
    await forgeAgreement(random, people, {
      sentRecord: (record) => {
        earlier = { ...earlier, record };
        return record;
      },
    });
    const signature = await signLabeled(curves, founder.identity.seed, 'agreement', earlier.record);
    const history = [{ ...earlier, signature }];
    expect(await refusalOf({ details: (details) => ({ ...details, history }) })).toBe('agreement-invalid: group');
    const broken = [{ ...earlier, record: new Uint8Array(9) }];
    expect(await refusalOf({ details: (details) => ({ ...details, history: broken }) })).toMatch(/^malformed/);
  });

  test('refuses a record that was changed after it was signed', async () => {
    // The last 32 bytes are the hash of the details, those before the commitment: change the group, near the start.
    expect(await refusalOf({ sentRecord: (record) => flip(record, 10) })).toBe('agreement-invalid: signature');
    const forged = await forgeAgreement(random, people, {
      sentRecord: (record) => flip(record, 10),
      id: (id) => flip(id),
    });
    expect(await refusalOf(forged)).toBe('agreement-invalid: id');
  });

  test('the id is the hash of the record as it is sent', async () => {
    let sent: Bytes = new Uint8Array(0);
    const forged = await forgeAgreement(random, people, {
      sentRecord: (record) => {
        sent = record;
        return record;
      },
    });
    expect(forged.envelope.id).toEqual(agreementId(sent));
  });

  test.each<[string, Forgery]>([
    ['a body', { body: (body) => body.slice(0, -1) }],
    ['an empty body', { body: () => new Uint8Array(0) }],
    ['a record', { sentRecord: (record) => record.slice(0, -1) }],
    ['details', { encodedDetails: (details) => details.slice(0, -1) }],
  ])('refuses what is not %s', async (_, forgery) => {
    expect(await refusalOf(forgery)).toMatch(/^malformed: expected/);
  });
});

describe('acceptAgreement() author and roster', () => {
  test('refuses an author outside the roster, without the role, or other than the sender', async () => {
    expect(
      await refusalOf({ record: (record) => ({ ...record, author: stranger.hrid }) }, { from: stranger.hrid }),
    ).toBe('agreement-invalid: author');
    expect(await refusalOf({ operation: changeAdded(0, { role: 'member' }) })).toBe('agreement-invalid: author');
    expect(await refusalOf({}, { from: third.hrid })).toBe('agreement-invalid: author');
    expect(await refusalOf({ record: (record) => ({ ...record, author: third.hrid }) })).toBe(
      'agreement-invalid: author',
    );
  });

  test('refuses the signature of anybody else', async () => {
    for (const signer of [own, third, stranger]) {
      expect(await refusalOf({ signerSeed: signer.identity.seed })).toBe('agreement-invalid: signature');
    }
  });

  test('refuses a roster in which this client does not stand, or with another key, or as the author', async () => {
    const without = await forgeAgreement(random, [founder, third], {});
    expect(await refusalOf(without)).toBe('agreement-invalid: own entry');
    const { pk } = createIdentity(random.bytes);
    expect(await refusalOf({ operation: changeAdded(1, { pk }) })).toBe('agreement-invalid: own entry');
    expect(await refusalOf({}, { as: founder })).toBe('agreement-invalid: own entry');
  });

  test('refuses a known HRID with another key', async () => {
    const { pk } = createIdentity(random.bytes);
    const knows = (person: Person, key: Bytes) => (hrid: Bytes) => (sameBytes(hrid, person.hrid) ? key : null);
    for (const person of [founder, third]) {
      expect(await refusalOf({}, { knownKey: knows(person, pk) })).toBe('identity-conflict');
    }
  });

  test.each<[string, string, (operation: Operation) => Operation]>([
    [
      'a member twice',
      'member twice',
      (operation) => changeAdded(2, { hrid: operation.added[1]?.hrid ?? new Uint8Array(32) })(operation),
    ],
    [
      'a key twice',
      'member twice',
      (operation) => changeAdded(2, { pk: operation.added[1]?.pk ?? new Uint8Array(32) })(operation),
    ],
    ['one member', 'author', (operation) => ({ ...operation, added: operation.added.slice(0, 1) })],
    ['a removal from nothing', 'operation', (operation) => ({ ...operation, removed: [0] })],
    ['a key of small order', 'key', changeAdded(2, { pk: smallOrderPoints[3] ?? new Uint8Array(32) })],
    [
      'a key with a torsion part',
      'key',
      (operation) =>
        changeAdded(0, { pk: keyWithTorsion(founder.identity.pk, smallOrderPoints[1] ?? new Uint8Array(32)) })(
          operation,
        ),
    ],
  ])('refuses %s (%s)', async (_, detail, operation) => {
    expect(await refusalOf({ operation })).toBe(`agreement-invalid: ${detail}`);
  });
});

describe('acceptAgreement() leaves', () => {
  const origin = { type: 'package' as const, id: new Uint8Array(32) };

  test.each<[string, Forgery]>([
    ['the author with a package', { details: changeLeaf(0, { origin }) }],
    [
      'the author with an earlier leaf',
      { details: changeLeaf(0, { origin: { type: 'contribution', generation: origin.id, from: 0 } }) },
    ],
    ['another member with a leaf of the author’s', { details: changeLeaf(2, { origin: { type: 'author' } }) }],
    [
      'a newcomer with an earlier leaf',
      { details: changeLeaf(2, { origin: { type: 'contribution', generation: origin.id, from: 0 } }) },
    ],
    ['this client with a leaf of the author’s', { details: changeLeaf(1, { origin: { type: 'author' } }) }],
  ])('refuses %s as the origin', async (_, forgery) => {
    expect(await refusalOf(forgery)).toBe('agreement-invalid: leaf origin');
  });

  test('refuses another leaf or package for this client', async () => {
    expect(await refusalOf({ details: changeLeaf(1, { leaf: third.keyPackage.leaf }) })).toBe(
      'agreement-invalid: own leaf',
    );
    expect(await refusalOf({ details: changeLeaf(1, { origin }) })).toBe('agreement-invalid: own leaf');
  });

  test.each(lowOrderLeaves.map((leaf) => [toHex(leaf), leaf] as const))(
    'refuses the leaf %s of anybody',
    async (_, leaf) => {
      expect(await refusalOf({ details: changeLeaf(2, { leaf }) })).toBe('agreement-invalid: leaf');
      expect(await refusalOf({ details: changeLeaf(0, { leaf }) })).toBe('agreement-invalid: leaf');
    },
  );
});
