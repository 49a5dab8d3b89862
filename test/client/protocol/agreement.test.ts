import { describe, expect, test } from 'vitest';
import {
  agreementBodyKey,
  agreementHeaderKey,
  agreementId,
  commitAgreementSecret,
  type HeaderSecrets,
  hashDetails,
  noticeKey,
} from '../../../client/protocol/agreement.ts';
import { generationSecret, startRatchet } from '../../../client/protocol/generation.ts';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('agreement');
const [kem, leaf, exportSecret, id, hrid, pk, other] = Array.from({ length: 7 }, () => random.bytes(32)) as [
  Bytes,
  Bytes,
  Bytes,
  Bytes,
  Bytes,
  Bytes,
  Bytes,
];
const source = { package: null, leaf: null, exportGeneration: null };

describe('agreementHeaderKey()', () => {
  const key = (
    secrets: Partial<HeaderSecrets>,
    of = { hrid, pk },
    from: Parameters<typeof agreementHeaderKey>[3] = source,
    agreement = id,
  ) => toHex(agreementHeaderKey({ kem: null, leaf: null, exportSecret: null, ...secrets }, agreement, of, from));

  test('differs with every secret, with which there are, and with all that it is bound to', () => {
    const origin = { type: 'contribution' as const, generation: other, from: 3 };
    const keys = [
      key({ kem }),
      key({ kem: other }),
      key({ kem, leaf }),
      key({ kem, exportSecret }),
      key({ kem, leaf, exportSecret }),
      key({ leaf, exportSecret }),
      key({ leaf: other, exportSecret }),
      key({ leaf, exportSecret: other }),
      key({ kem }, { hrid: other, pk }),
      key({ kem }, { hrid, pk: other }),
      key({ kem }, { hrid, pk }, { ...source, package: other }),
      key({ kem }, { hrid, pk }, { ...source, leaf: origin }),
      key({ kem }, { hrid, pk }, { ...source, leaf: { ...origin, from: 4 } }),
      key({ kem }, { hrid, pk }, { ...source, exportGeneration: other }),
      key({ kem }, { hrid, pk }, source, other),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the same secret means another thing from another source', () => {
    const fromKem = key({ kem }, { hrid, pk }, { ...source, package: other });
    const fromLeaf = key({ leaf: kem }, { hrid, pk }, { ...source, leaf: { type: 'package', id: other } });
    expect(fromKem).not.toBe(fromLeaf);
  });

  test('needs a key package or a leaf', () => {
    expect(() => key({})).toThrow(RangeError);
    expect(() => key({ exportSecret })).toThrow(RangeError);
  });
});

test('hashes and keys of one input are different things', () => {
  const values = [
    agreementId(id),
    commitAgreementSecret(id),
    hashDetails(id),
    agreementBodyKey(id, id),
    generationSecret(id, id),
    noticeKey(id),
  ];
  expect(new Set(values.map(toHex)).size).toBe(6);
});

describe('startRatchet()', () => {
  const roster = [0, 1, 2].map(() => ({
    hrid: random.bytes(32),
    pk: random.bytes(32),
    joined: id,
    role: 'member' as const,
  }));
  const leaves = roster.map(() => ({ leaf: random.bytes(32), origin: { type: 'author' as const } }));
  const start = {
    group: other,
    agreementId: id,
    number: 7,
    now: 1_800_000_000,
    secret: kem,
    roster,
    leaves,
    author: 0,
    self: 1,
    leafSecret: leaf,
    owesContribution: true,
  };

  test('gives each member keys of its own, and all members the same', () => {
    const ratchet = startRatchet(start);
    const secrets = [
      ratchet.headerKey,
      ratchet.exportSecret,
      ...ratchet.members.flatMap(({ chainKey, contributions }) => [
        chainKey,
        ...contributions.map(({ secret }) => secret),
      ]),
    ];
    expect(new Set(secrets.map(toHex)).size).toBe(8);
    const another = startRatchet({ ...start, self: 2 });
    expect(another.members.map(({ chainKey }) => chainKey)).toEqual(ratchet.members.map(({ chainKey }) => chainKey));
    expect(another.headerKey).toEqual(ratchet.headerKey);
  });

  test('every secret depends on IKabc and on the agreement', () => {
    const all = [start, { ...start, secret: other }, { ...start, agreementId: other }].map(startRatchet);
    const secrets = all.flatMap(({ headerKey, exportSecret: x, members }) => [
      headerKey,
      x,
      ...members.map(({ chainKey }) => chainKey),
    ]);
    expect(new Set(secrets.map(toHex)).size).toBe(15);
  });

  test('keeps IKabc nowhere', () => {
    const bytes = JSON.stringify(startRatchet(start), (_, value) =>
      value instanceof Uint8Array ? toHex(value) : value,
    );
    expect(bytes).toContain(toHex(leaf));
    expect(bytes).not.toContain(toHex(kem));
  });

  test('keeps where the first leaves come from, and begins with nothing said or heard', () => {
    const origins = [
      { type: 'author' as const },
      { type: 'package' as const, id: other },
      { type: 'contribution' as const, generation: other, from: 3 },
    ];
    const ratchet = startRatchet({
      ...start,
      leaves: leaves.map((each, i) => ({ ...each, origin: origins[i] ?? { type: 'author' } })),
    });
    expect(ratchet.members.map(({ firstLeaf }) => firstLeaf)).toEqual(origins);
    expect(ratchet.members.map(({ opened, contents, later }) => [opened, contents, later])).toEqual([
      [0, 0, null],
      [0, 0, null],
      [0, 0, null],
    ]);
    expect([ratchet.number, ratchet.since, ratchet.self, ratchet.author]).toEqual([7, 1_800_000_000, 1, 0]);
    expect(startRatchet({ ...start, author: null }).author).toBeNull();
  });

  test('refuses another number of leaves', () => {
    expect(() => startRatchet({ ...start, leaves: leaves.slice(1) })).toThrow(RangeError);
  });
});
