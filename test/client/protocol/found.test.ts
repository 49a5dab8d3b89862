import { beforeAll, describe, expect, test } from 'vitest';
import { foundGroup, type Newcomer } from '../../../client/protocol/found.ts';
import { verifyKeyPackage } from '../../../client/protocol/key-package.ts';
import { type Bytes, sameBytes } from '../../../client/wire/bytes.ts';
import { maxBodyBytes, maxHeaderBytes } from '../../../client/wire/limits.ts';
import {
  accept,
  createPeople,
  curves,
  decodeAgreement,
  deliver,
  openedTexts,
  type Person,
  sealText,
  startOfTime,
} from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('found');
let people: readonly Person[] = [];
let newcomers: readonly Newcomer[] = [];

beforeAll(async () => {
  people = await createPeople(random, 256);
  newcomers = await Promise.all(
    people.slice(1).map(async ({ hrid, identity, uploaded }) => ({
      hrid,
      pk: identity.pk,
      package: await verifyKeyPackage(curves, uploaded, { hrid, pk: identity.pk }, startOfTime),
    })),
  );
});

function found(others: readonly Newcomer[], name = 'Test') {
  const [founder] = people as [Person, ...Person[]];
  return foundGroup(curves, random.bytes, founder.identity, founder.hrid, others, name);
}

function person(position: number): Person {
  const found = people[position];
  if (found === undefined) throw new RangeError('no such person');
  return found;
}

describe('foundGroup()', () => {
  test.each([2, 3, 256])('a group of %i members comes to one key', async (size) => {
    const opened = await found(newcomers.slice(0, size - 1), 'Frühstück');
    expect(opened.headers).toHaveLength(size);
    expect(opened.headers[0]).toHaveLength(0);
    expect(opened.body.length).toBeLessThanOrEqual(maxBodyBytes);
    for (const header of opened.headers) expect(header.length).toBeLessThanOrEqual(maxHeaderBytes);

    const last = size - 1;
    const header = opened.headers[last] ?? new Uint8Array(0);
    const accepted = await accept(person(last), person(0).hrid, header, opened.body);
    expect(accepted.roster).toEqual(opened.roster);
    expect(accepted.secretFingerprint).toEqual(opened.secretFingerprint);
    expect([accepted.author, accepted.ratchet.self, accepted.name]).toEqual([0, last, 'Frühstück']);

    const message = await sealText(random, person(0), opened.ratchet, 'hello');
    const received = await deliver(accepted.ratchet, 0, message.headers[last] ?? new Uint8Array(0), message.body);
    expect(openedTexts(received)).toEqual(['hello']);
  });

  test('the founder owes no contribution, the others do', async () => {
    const opened = await found(newcomers.slice(0, 1));
    const accepted = await accept(person(1), person(0).hrid, opened.headers[1] ?? new Uint8Array(0), opened.body);
    expect([opened.ratchet.owesContribution, accepted.ratchet.owesContribution]).toEqual([false, true]);
    expect(accepted.packageId).toEqual(person(1).keyPackage.id);
  });

  test('every group is another, also with the same members and name', async () => {
    const groups = [await found(newcomers.slice(0, 2)), await found(newcomers.slice(0, 2))];
    const parts = groups.flatMap(({ ratchet, body, secretFingerprint }) => {
      const { id, nonce } = decodeAgreement(body);
      return [ratchet.group, id, nonce, ratchet.headerKey, ratchet.exportSecret, secretFingerprint].map(toHex);
    });
    expect(new Set(parts).size).toBe(12);
  });

  test('nobody is named in the clear', async () => {
    const { body } = await found(newcomers.slice(0, 2));
    const hex = toHex(body);
    for (const { hrid, identity } of people.slice(0, 3)) {
      expect(hex).not.toContain(toHex(hrid));
      expect(hex).not.toContain(toHex(identity.pk));
    }
  });

  test.each([0, 256])('refuses %i newcomers', async (count) => {
    const many = [...newcomers, ...newcomers.slice(0, 1)].slice(0, count);
    expect((await rejectionOf(found(many))).code).toBe('group-size');
  });

  test('refuses a member or a key that stands twice', async () => {
    const [first, second] = newcomers as [Newcomer, Newcomer, ...Newcomer[]];
    const { hrid, identity } = person(0);
    for (const twice of [
      [first, first],
      [first, { ...second, hrid: first.hrid }],
      [first, { ...second, pk: first.pk }],
      [{ ...first, hrid }],
      [{ ...first, pk: identity.pk }],
    ]) {
      expect((await rejectionOf(found(twice))).code).toBe('duplicate-member');
    }
  });

  test('refuses a key package whose kem is no key', async () => {
    const [first] = newcomers as [Newcomer, ...Newcomer[]];
    const kem = first.package.kem.slice().fill(0xff, 0, 3) as Bytes;
    expect(sameBytes(kem, first.package.kem)).toBe(false);
    const { code } = await rejectionOf(found([{ ...first, package: { ...first.package, kem } }]));
    expect(code).toBe('key-package-invalid');
  });

  test('refuses a name of more than 128 characters', async () => {
    expect((await rejectionOf(found(newcomers.slice(0, 1), 'x'.repeat(129)))).code).toBe('malformed');
  });
});
