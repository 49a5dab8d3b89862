import { describe, expect, test } from 'vitest';
import { createKeyPackage } from '../../../client/protocol/key-package.ts';
import { type Asked, isRequestOf, openRequest, sealRequest } from '../../../client/protocol/request.ts';
import { type Bytes, sameBytes } from '../../../client/wire/bytes.ts';
import { Envelope, type RequestEnvelope, RequestHeader } from '../../../client/wire/envelope.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { createPeople, curves, newcomerAccess, type Person, startOfTime } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('rejoin requests');
const [asker, ...members] = (await createPeople(random, 4)) as [Person, Person, Person, Person];
const group = random.bytes(32);
const held = [{ generation: random.bytes(32), vector: [3, 1, 4, 1] }];

const { uploaded } = await createKeyPackage(curves, random.bytes, asker.identity, asker.hrid, 'one-time', startOfTime);
const request = { group, askedAt: startOfTime, held, package: uploaded };

async function askedOf(person: Person): Promise<Asked> {
  const { package: verified } = await newcomerAccess(person);
  if (verified === null) throw new TypeError('everybody has a package');
  return { hrid: person.hrid, package: verified };
}
const asked = await Promise.all(members.map(askedOf));
const sealed = await sealRequest(curves, random.bytes, asker, request, asked);

function decoded(body: Bytes): RequestEnvelope {
  const envelope = Envelope.decode(body);
  if (envelope.type !== 'request') throw new TypeError('a request expected');
  return envelope;
}

const headerOf = (position: number) => sealed.headers[position] ?? new Uint8Array(0);
const openAs = (person: Person, header: Bytes, body = sealed.body, own = person.hrid) =>
  openRequest(own, header, decoded(body), (id) => (sameBytes(id, person.keyPackage.id) ? person.keyPackage : null));
const codeOf = (open: () => unknown) => {
  try {
    return open();
  } catch (error) {
    return error instanceof CliquetError ? error.code : error;
  }
};

describe('sealRequest()', () => {
  test('everybody who is asked reads it, through the own package', async () => {
    for (const [i, person] of members.entries()) {
      const opened = openAs(person, headerOf(i));
      expect(opened.request).toEqual(request);
      expect(opened.keyPackage).toBe(person.keyPackage);
      expect(await isRequestOf(curves, asker.identity.pk, opened.signed)).toBe(true);
    }
  });

  test('shows nobody else which group it is about, who asks, and what the asker holds', () => {
    const bytes = [sealed.body, ...members.map((_, i) => headerOf(i))].map(toHex).join();
    const secrets = [group, asker.hrid, asker.identity.pk, ...held.map(({ generation }) => generation), uploaded.kem];
    for (const each of [...secrets, ...members.map(({ hrid }) => hrid)]) expect(bytes).not.toContain(toHex(each));
  });

  test('goes to the others all the same if the package of one is no key', async () => {
    const [first, ...others] = asked as [Asked, Asked, Asked];
    const broken = { ...first, package: { ...first.package, kem: new Uint8Array(1216).fill(255) } };
    const { body, headers } = await sealRequest(curves, random.bytes, asker, request, [broken, ...others]);
    expect(headers[0]).toBeNull();
    expect(openAs(members[1] as Person, headers[1] as Bytes, body).request).toEqual(request);
  });

  test('two of them share no secret, even with a broken random generator', async () => {
    const zeros = (length: number) => new Uint8Array(length);
    const later = { ...request, askedAt: startOfTime + 1 };
    const one = await sealRequest(curves, zeros, asker, request, asked);
    const two = await sealRequest(curves, zeros, asker, later, asked);
    const parts = [one, two].map(({ headers }) => RequestHeader.decode(headers[0] as Bytes));
    expect(toHex(parts[0]?.kemCiphertext ?? zeros(0))).not.toBe(toHex(parts[1]?.kemCiphertext ?? zeros(0)));
    expect(() => openAs(members[0] as Person, one.headers[0] as Bytes, two.body)).toThrow();
  });
});

describe('openRequest()', () => {
  const [first, second] = members as [Person, Person, Person];

  test('says when the package is gone', () => {
    const gone = () => openRequest(first.hrid, headerOf(0), decoded(sealed.body), () => null);
    expect(codeOf(gone)).toBe('package-gone');
    expect(codeOf(() => openAs(second, headerOf(0)))).toBe('package-gone');
  });

  test('refuses what was sealed for another HRID, under another nonce, or has a bit changed', () => {
    const { nonce, sealed: body } = decoded(sealed.body);
    const header = RequestHeader.decode(headerOf(0));
    const flipped = (bytes: Bytes, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1);
    const wrong = [
      () => openAs(first, headerOf(0), sealed.body, second.hrid),
      () => openAs(first, headerOf(0), Envelope.encode({ type: 'request', nonce: flipped(nonce, 3), sealed: body })),
      () => openAs(first, headerOf(0), Envelope.encode({ type: 'request', nonce, sealed: flipped(body, 100) })),
      () => openAs(first, RequestHeader.encode({ ...header, sealed: flipped(header.sealed, 0) })),
      () => openAs(first, RequestHeader.encode({ ...header, kemCiphertext: flipped(header.kemCiphertext, 0) })),
    ];
    for (const open of wrong) expect(codeOf(open)).toBe('message-refused');
  });

  test('isRequestOf() nobody but who has signed it, nor of what was changed since', async () => {
    const { signed } = openAs(first, headerOf(0));
    expect(await isRequestOf(curves, second.identity.pk, signed)).toBe(false);
    const changed = { ...signed, request: signed.request.with(10, (signed.request[10] ?? 0) ^ 1) };
    expect(await isRequestOf(curves, asker.identity.pk, changed)).toBe(false);
  });
});
