import { beforeAll, describe, expect, test } from 'vitest';
import { leafPublicKey } from '../../../client/crypto/curves.ts';
import { sha256 } from '../../../client/crypto/hash.ts';
import { decapsulate, encapsulate } from '../../../client/crypto/kem.ts';
import { signLabeled } from '../../../client/crypto/sign.ts';
import { createIdentity } from '../../../client/protocol/identity.ts';
import { createKeyPackage, keyPackageId, verifyKeyPackage } from '../../../client/protocol/key-package.ts';
import { KeyPackage, SignedKeyPackage, type UploadedPackage } from '../../../client/wire/key-package.ts';
import { keyPackageLifetimeSeconds } from '../../../client/wire/limits.ts';
import { curves, startOfTime } from '../../support/group.ts';
import { keyWithTorsion, lowOrderLeaves, smallOrderPoints } from '../../support/points.ts';
import { seededRandom } from '../../support/random.ts';
import { samples } from '../../support/samples.ts';
import { describeStruct, rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

describeStruct('KeptPackage', samples.KeptPackage);

const random = seededRandom('key package');
const identity = createIdentity(random.bytes);
const hrid = random.bytes(32);
const owner = { hrid, pk: identity.pk };
let made: Awaited<ReturnType<typeof createKeyPackage>>;
let fields: KeyPackage;

const verify = (uploaded: UploadedPackage, now = startOfTime, of = owner) =>
  verifyKeyPackage(curves, uploaded, of, now);

async function refusalOf(...args: Parameters<typeof verify>): Promise<string> {
  const { code, message } = await rejectionOf(verify(...args));
  return `${code}: ${/\(([^()]*)\)$/.exec(message)?.[1] ?? ''}`;
}

/** The package with other fields, signed by its owner. */
async function forge(change: Partial<KeyPackage>, kem = made.uploaded.kem): Promise<UploadedPackage> {
  const keyPackage = KeyPackage.encode({ ...fields, ...change });
  const signature = await signLabeled(curves, identity.seed, 'key package', keyPackage);
  return { signed: SignedKeyPackage.encode({ keyPackage, signature }), kem };
}

beforeAll(async () => {
  made = await createKeyPackage(curves, random.bytes, identity, hrid, 'one-time', startOfTime);
  fields = KeyPackage.decode(SignedKeyPackage.decode(made.uploaded.signed).keyPackage);
});

describe('createKeyPackage()', () => {
  test('makes a package that verifies, and keeps what it takes to use it', async () => {
    const { kept, uploaded } = made;
    expect(await verify(uploaded)).toEqual({ id: kept.id, leaf: kept.leaf, kem: uploaded.kem, kind: 'one-time' });
    expect(await leafPublicKey(curves, kept.leafSecret)).toEqual(kept.leaf);
    const encapsulated = encapsulate(uploaded.kem, random.bytes(64));
    expect(decapsulate(kept.kemSeed, encapsulated?.ciphertext ?? hrid)).toEqual(encapsulated?.secret);
  });

  test('is valid from an hour before it is made, for 90 days', async () => {
    expect(fields.notBefore).toBe(startOfTime - 3600);
    expect(fields.expires - fields.notBefore).toBe(keyPackageLifetimeSeconds);
    expect(made.kept.expires).toBe(fields.expires);
    expect((await verify(made.uploaded, fields.notBefore)).kind).toBe('one-time');
    expect((await verify(made.uploaded, fields.expires - 1)).kind).toBe('one-time');
  });

  test('makes another one every time, of either kind', async () => {
    const packages = [made];
    for (const kind of ['one-time', 'last-resort', 'last-resort'] as const) {
      const another = await createKeyPackage(curves, random.bytes, identity, hrid, kind, startOfTime);
      expect((await verify(another.uploaded)).kind).toBe(kind);
      packages.push(another);
    }
    const secrets = packages.flatMap(({ kept }) => [kept.id, kept.leafSecret, kept.kemSeed, kept.leaf].map(toHex));
    expect(new Set(secrets).size).toBe(16);
  });

  test('its id is the hash of the signed part', () => {
    expect(made.kept.id).toEqual(keyPackageId(SignedKeyPackage.decode(made.uploaded.signed).keyPackage));
  });
});

describe('verifyKeyPackage()', () => {
  test('refuses another signature, key or signed text', async () => {
    const { keyPackage, signature } = SignedKeyPackage.decode(made.uploaded.signed);
    const sign = (part: Partial<SignedKeyPackage>) => ({
      ...made.uploaded,
      signed: SignedKeyPackage.encode({ keyPackage, signature, ...part }),
    });
    const otherLabel = await signLabeled(curves, identity.seed, 'message', keyPackage);
    for (const broken of [
      sign({ signature: signature.with(0, (signature[0] ?? 0) ^ 1) as typeof signature }),
      sign({ signature: otherLabel }),
      sign({ keyPackage: KeyPackage.encode({ ...fields, expires: fields.expires - 1 }) }),
    ]) {
      expect(await refusalOf(broken)).toBe('key-package-invalid: signature');
    }
    const other = createIdentity(random.bytes);
    expect(await refusalOf(made.uploaded, startOfTime, { hrid, pk: other.pk })).toBe('key-package-invalid: signature');
  });

  test('refuses the package of another HRID', async () => {
    expect(await refusalOf(await forge({ hrid: random.bytes(32) }))).toBe('key-package-invalid: owner');
    expect(await refusalOf(made.uploaded, startOfTime, { ...owner, hrid: random.bytes(32) })).toBe(
      'key-package-invalid: owner',
    );
  });

  test('refuses a package that is not yet or no longer valid, or for too long', async () => {
    expect(await refusalOf(made.uploaded, fields.notBefore - 1)).toBe('key-package-invalid: dates');
    expect(await refusalOf(made.uploaded, fields.expires)).toBe('key-package-invalid: dates');
    expect(await refusalOf(await forge({ expires: fields.expires + 1 }))).toBe('key-package-invalid: dates');
    expect(await refusalOf(await forge({ notBefore: fields.expires, expires: fields.notBefore }))).toBe(
      'key-package-invalid: dates',
    );
  });

  test('refuses another kem', async () => {
    const other = await createKeyPackage(curves, random.bytes, identity, hrid, 'one-time', startOfTime);
    expect(await refusalOf({ ...made.uploaded, kem: other.uploaded.kem })).toBe('key-package-invalid: kem');
    expect(await refusalOf(await forge({ kemHash: sha256(other.uploaded.kem) }))).toBe('key-package-invalid: kem');
  });

  test.each(lowOrderLeaves.map((leaf) => [toHex(leaf), leaf] as const))('refuses the leaf %s', async (_, leaf) => {
    expect(await refusalOf(await forge({ leaf }))).toBe('key-package-invalid: leaf');
  });

  test('refuses an owner whose key is none, whatever the provider says of its signatures', async () => {
    // With a key of small order, R = 0 and S = 0 verify for any text on a lenient provider.
    const keyPackage = KeyPackage.encode(fields);
    const signature = new Uint8Array(64).fill(1, 0, 1);
    const signed = SignedKeyPackage.encode({ keyPackage, signature });
    for (const point of smallOrderPoints) {
      expect(await refusalOf({ ...made.uploaded, signed }, startOfTime, { hrid, pk: point })).toBe(
        'key-package-invalid: owner key',
      );
      if (point === smallOrderPoints[0]) continue;
      const mixed = keyWithTorsion(identity.pk, point);
      expect(await refusalOf(made.uploaded, startOfTime, { hrid, pk: mixed })).toBe('key-package-invalid: owner key');
    }
  });

  test('refuses bytes that are no package', async () => {
    const { signature } = SignedKeyPackage.decode(made.uploaded.signed);
    const empty = SignedKeyPackage.encode({ keyPackage: new Uint8Array(0), signature });
    for (const signed of [new Uint8Array(0), random.bytes(200), made.uploaded.signed.slice(0, -1), empty]) {
      expect(await refusalOf({ ...made.uploaded, signed })).toBe('key-package-invalid: encoding');
    }
  });
});
