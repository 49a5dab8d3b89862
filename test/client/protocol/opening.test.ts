import { beforeAll, describe, expect, test } from 'vitest';
import { bytesKey } from '../../../client/wire/bytes.ts';
import { maxBodyBytes, maxHeaderBytes } from '../../../client/wire/limits.ts';
import { at } from '../../support/chat.ts';
import {
  accept,
  createPeople,
  decodeAgreement,
  deliver,
  type Founding,
  found,
  newcomerAccess,
  openedTexts,
  ownerOf,
  type Person,
  sealText,
} from '../../support/group.ts';
import {
  fourWhoTalked,
  keyedWith,
  leafOf,
  type NextPlan,
  nextTestGroup,
  openNext,
  talkInTestGroup,
} from '../../support/next-group.ts';
import { seededRandom } from '../../support/random.ts';
import { rejectionOf } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('found');
let people: readonly Person[] = [];

beforeAll(async () => {
  people = await createPeople(random, 256);
});

function person(position: number): Person {
  const found = people[position];
  if (found === undefined) throw new RangeError('no such person');
  return found;
}

const foundBy = (size: number, name?: string) => found(random, people.slice(0, size), name);

describe('openGeneration() of a new group', () => {
  test.each([2, 3, 256])('a group of %i members comes to one key', async (size) => {
    const opened = await foundBy(size, 'Frühstück');
    expect(opened.headers).toHaveLength(size);
    expect(opened.headers[0]).toHaveLength(0);
    expect(opened.body.length).toBeLessThanOrEqual(maxBodyBytes);
    for (const header of opened.headers) expect(header.length).toBeLessThanOrEqual(maxHeaderBytes);

    const last = size - 1;
    const header = opened.headers[last] ?? new Uint8Array(0);
    const accepted = await accept(person(last), person(0).hrid, header, opened.body);
    expect(accepted.generation).toEqual(opened.generation);
    expect(accepted.secretFingerprint).toEqual(opened.secretFingerprint);
    expect([accepted.author, accepted.ratchet.self, accepted.generation.name]).toEqual([0, last, 'Frühstück']);
    expect([accepted.ratchet.number, accepted.ratchet.author, opened.ratchet?.author]).toEqual([0, 0, 0]);

    if (opened.ratchet === null) throw new TypeError('the founder is in the group');
    const message = await sealText(random, person(0), opened.ratchet, 'hello');
    const received = await deliver(accepted.ratchet, 0, message.headers[last] ?? new Uint8Array(0), message.body);
    expect(openedTexts(received)).toEqual(['hello']);
  });

  test('the founder owes no contribution, the others do', async () => {
    const opened = await foundBy(2);
    const accepted = await accept(person(1), person(0).hrid, opened.headers[1] ?? new Uint8Array(0), opened.body);
    expect([opened.ratchet?.owesContribution, accepted.ratchet.owesContribution]).toEqual([false, true]);
    expect(accepted.opened.keyPackage?.id).toEqual(person(1).keyPackage.id);
  });

  test('every group is another, also with the same members and name', async () => {
    const groups = [await foundBy(3), await foundBy(3)];
    const parts = groups.flatMap(({ ratchet, body, secretFingerprint }) => {
      if (ratchet === null) throw new TypeError('the founder is in the group');
      const { id, nonce } = decodeAgreement(body);
      return [ratchet.group, id, nonce, ratchet.headerKey, ratchet.exportSecret, secretFingerprint].map(toHex);
    });
    expect(new Set(parts).size).toBe(12);
  });

  test('nobody is named in the clear', async () => {
    const { body } = await foundBy(3);
    const hex = toHex(body);
    for (const { hrid, identity } of people.slice(0, 3)) {
      expect(hex).not.toContain(toHex(hrid));
      expect(hex).not.toContain(toHex(identity.pk));
    }
  });

  test('refuses more than 256 members', async () => {
    const [another] = (await createPeople(random, 1)) as [Person];
    expect(await rejectionOf(found(random, [...people, another]))).toMatchObject({
      code: 'agreement-invalid',
      message: expect.stringContaining('group size'),
    });
  });

  test('refuses a member or a key that stands twice', async () => {
    const [founder, first, second] = [person(0), person(1), person(2)];
    const access = await newcomerAccess(first);
    const withKeyOf = (other: Person, of: Person): Person => ({
      ...other,
      identity: { ...other.identity, pk: of.identity.pk },
    });
    for (const twice of [
      [founder, first, first],
      [founder, first, founder],
      [founder, first, withKeyOf(second, first)],
      [founder, withKeyOf(first, founder)],
    ]) {
      expect(await rejectionOf(found(random, twice, '', async () => access))).toMatchObject({
        code: 'agreement-invalid',
        message: expect.stringContaining('member twice'),
      });
    }
  });

  test('refuses a key package whose kem is no key', async () => {
    const access = await newcomerAccess(person(1));
    const kem = person(1).uploaded.kem.slice().fill(0xff, 0, 3);
    expect(kem).not.toEqual(access.package?.kem);
    const bad = { ...access, package: access.package && { ...access.package, kem } };
    const { code } = await rejectionOf(found(random, people.slice(0, 2), '', async () => bad));
    expect(code).toBe('key-package-invalid');
  });

  test('refuses a name of more than 128 characters', async () => {
    expect((await rejectionOf(foundBy(2, 'x'.repeat(129)))).code).toBe('malformed');
  });
});

describe('openGeneration() of a later generation', () => {
  let group: Founding;
  let newcomer: Person;

  beforeAll(async () => {
    const own = seededRandom('later');
    group = await fourWhoTalked(own);
    [newcomer] = (await createPeople(own, 1)) as [Person];
  });

  /** Everybody in it can talk to everybody else. */
  async function expectTalk(next: Founding) {
    const { ratchets } = await talkInTestGroup(random, next);
    for (const { members } of ratchets) expect(members.map(({ opened }) => opened)).toEqual(ratchets.map(() => 1));
    expect(new Set(ratchets.map(({ exportSecret }) => toHex(exportSecret))).size).toBe(1);
    expect(toHex(at(ratchets, 0).exportSecret)).not.toBe(toHex(at(group.ratchets, 0).exportSecret));
  }
  const names = (next: Founding) => next.people.map((each) => (each === newcomer ? 'n' : group.people.indexOf(each)));

  test.each<[string, number, () => NextPlan, (number | string)[], string[]]>([
    ['new keys, by anybody', 3, () => ({}), [0, 1, 2, 3], ['package leaf X', 'package leaf X', 'package leaf X', '']],
    [
      'a newcomer, who has a package only',
      1,
      () => ({ operation: { added: [{ ...ownerOf(newcomer), role: 'member' }] }, newcomers: [newcomer] }),
      [0, 1, 2, 3, 'n'],
      ['package leaf X', '', 'package leaf X', 'package leaf X', 'package'],
    ],
    ['a removal', 0, () => ({ operation: { removed: [2] } }), [0, 1, 3], ['', 'package leaf X', 'package leaf X']],
    [
      'somebody promoted, somebody demoted, and another name',
      0,
      () => ({
        operation: {
          roles: [
            { position: 3, role: 'admin' },
            { position: 1, role: 'member' },
          ],
          name: 'Other',
        },
      }),
      [0, 1, 2, 3],
      ['', 'package leaf X', 'package leaf X', 'package leaf X'],
    ],
  ])('%s', async (_, author, plan, roster, keys) => {
    const next = await nextTestGroup(random, group, author, plan());
    expect(names(next)).toEqual(roster);
    expect(next.headers.map(keyedWith)).toEqual(keys);
    expect(next.generation.record).toMatchObject({ number: 2, parent: group.generation.id });
    expect(next.ratchets.map(({ self, author: by, number }) => [self, by, number])).toEqual(
      next.people.map((__, position) => [position, next.people.indexOf(at(group.people, author)), 2]),
    );
    for (const header of next.headers) expect(header.length).toBeLessThanOrEqual(maxHeaderBytes);
    await expectTalk(next);
  });

  test('the roster and the name are what the operation makes of those of the parent', async () => {
    const next = await nextTestGroup(random, group, 0, {
      operation: { roles: [{ position: 2, role: 'admin' }], removed: [3], name: 'Other' },
    });
    const { roster, name } = next.generation;
    expect([name, roster.map(({ role }) => role)]).toEqual(['Other', ['admin', 'admin', 'admin']]);
    expect(roster.map(({ joined }) => joined)).toEqual(group.generation.roster.slice(0, 3).map(({ joined }) => joined));
    for (const known of next.lineage.values()) expect(known.roster.length).toBe(known === next.generation ? 3 : 4);
  });

  test('who leaves opens a generation for the others, and keeps nothing of it', async () => {
    for (const author of [0, 2]) {
      const opened = await openNext(random, group, author, { operation: { removed: [author] } });
      expect(opened.ratchet).toBeNull();
      expect(opened.headers.map(keyedWith)).toEqual(Array(3).fill('package leaf X'));
      const next = await nextTestGroup(random, group, author, { operation: { removed: [author] } });
      expect(next.ratchets.map(({ author: by }) => by)).toEqual([null, null, null]);
      await expectTalk(next);
    }
  });

  test('a carry takes out whom a removal elsewhere has removed, whoever opens it', async () => {
    const removal = await openNext(random, group, 0, { operation: { removed: [3] } });
    const known = new Map(group.lineage).set(bytesKey(removal.generation.id), removal.generation);
    const other = { ...(await nextTestGroup(random, group, 2)), lineage: known };
    const lineage = new Map(known).set(bytesKey(other.generation.id), other.generation);
    const plan = { operation: { removed: [3] }, because: [removal.generation], lineage };
    const next = await nextTestGroup(random, { ...other, lineage }, 1, plan);
    expect(names(next)).toEqual([0, 1, 2]);
    expect(next.generation.record.because).toEqual([removal.generation.id]);
    await expectTalk(next);
    const unknown = openNext(random, { ...other, lineage }, 2, { operation: { removed: [3] } });
    expect(await rejectionOf(unknown)).toMatchObject({ message: expect.stringContaining('permission') });
  });

  test('holds its author to the rules, as it would others', async () => {
    for (const [author, operation, detail] of [
      [2, { removed: [3] }, 'permission'],
      [1, { removed: [0] }, 'permission'],
      [2, { roles: [{ position: 2, role: 'admin' as const }] }, 'permission'],
      [0, { removed: [7] }, 'operation'],
    ] as const) {
      const { code, message } = await rejectionOf(openNext(random, group, author, { operation }));
      expect([code, message]).toEqual(['agreement-invalid', expect.stringContaining(detail)]);
    }
  });

  test('the first leaves are the newest that are known, so a new generation undoes no healing', async () => {
    const next = await nextTestGroup(random, group, 0);
    const { members } = at(next.ratchets, 1);
    for (const position of [1, 2, 3]) {
      expect(at(members, position).contributions[0]?.leaf).toEqual(leafOf(at(group.ratchets, 0), position).key);
      expect(at(members, position).firstLeaf).toEqual({
        type: 'contribution',
        generation: group.generation.id,
        from: 1,
      });
    }
    expect(at(members, 0).firstLeaf).toEqual({ type: 'author' });
    // Nobody has said anything here: the origins go on to name where the leaves were made.
    const after = await nextTestGroup(random, next, 3);
    expect(at(at(after.ratchets, 0).members, 1).firstLeaf).toEqual(at(members, 1).firstLeaf);
    expect(at(at(after.ratchets, 1).members, 0).firstLeaf).toEqual({
      type: 'contribution',
      generation: next.generation.id,
      from: 0,
    });
    await expectTalk(after);
  });
});
