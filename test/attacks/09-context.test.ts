// 9. Unknown key share, cross-group and cross-protocol use of a key, a signature or a message. Everything is bound to
// its group, generation, sender and purpose: outside of them it is refused.

import { describe, expect, test } from 'vitest';
import type { SignatureLabel } from '../../client/crypto/labels.ts';
import { signLabeled, verifyLabeled } from '../../client/crypto/sign.ts';
import { verifyKeyPackage } from '../../client/protocol/key-package.ts';
import { applyOperation } from '../../client/protocol/roster.ts';
import { type Bytes, encodeUtf8 } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { at, Chat, createMembers, type Member, openedIn, refusal, startRatchets } from '../support/chat.ts';
import {
  accept,
  createPeople,
  curves,
  decodeAgreement,
  foundTestGroup,
  nothing,
  startOfTime,
} from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

const bytes = (fill: number): Bytes => new Uint8Array(32).fill(fill);
const context = { group: bytes(1), agreementId: bytes(2), secret: bytes(3) };

/** Two worlds whose members hold the very same keys, but for what is said. */
async function world(members: readonly Member[], change: Partial<typeof context> = {}): Promise<Chat> {
  const random = seededRandom('the same leaves');
  return new Chat(random, members, await startRatchets(random, members, { ...context, ...change }));
}

describe('a message taken into a group that differs in one thing only', () => {
  const members = createMembers(seededRandom('context'), 3);

  test('in nothing: it opens', async () => {
    const sent = await (await world(await members)).send(0);
    expect(openedIn(await (await world(await members)).give(1, sent))).toEqual(['0:0']);
  });

  test.each([
    ['the group', { group: bytes(9) }],
    ['the generation', { agreementId: bytes(9) }],
    ['IKabc', { secret: bytes(9) }],
  ])('in %s: it is refused', async (_, change) => {
    const sent = await (await world(await members)).send(0);
    const other = await world(await members, change);
    const envelope = Envelope.decode(sent.body);
    if (envelope.type !== 'message') throw new TypeError('expected a message');
    const generation = other.ratchet(1).generation.slice(0, 16);
    const moved = { ...sent, body: Envelope.encode({ ...envelope, generation }) };
    expect(await other.refusedBy(1, moved)).toBe('message-refused');
  });

  test('in the name under which the same key stands in the roster: it is refused (unknown key share)', async () => {
    const sent = await (await world(await members)).send(0);
    const [first, ...rest] = await members;
    if (first === undefined) throw new RangeError('members expected');
    const other = await world([{ ...first, hrid: bytes(9) }, ...rest]);
    expect(await other.refusedBy(1, sent)).toBe('message-refused');
  });

  test('in the order of the roster: it is a fork', async () => {
    const sent = await (await world(await members)).send(0);
    const [first, second, third] = await members;
    if (!first || !second || !third) throw new RangeError('members expected');
    const other = await world([second, first, third]);
    expect((await other.give(2, { ...sent, sender: 1 })).outcomes).toEqual([{ type: 'fork', sender: 1 }]);
  });
});

describe('a signature made for one purpose', () => {
  const labels: readonly SignatureLabel[] = ['agreement', 'key package', 'message', 'request'];
  const seed = bytes(4);
  const message = bytes(5);

  test.each(labels)('%s: holds for that and nothing else', async (label) => {
    const [member] = await createMembers(seededRandom('labels'), 1);
    if (member === undefined) throw new RangeError('a member expected');
    const { pk } = member.identity;
    const signature = await signLabeled(curves, member.identity.seed, label, message);
    for (const other of labels) {
      expect(await verifyLabeled(curves, pk, other, message, signature)).toBe(other === label);
    }
    expect(await curves.verify(pk, message, signature)).toBe(false);
    const unlabeled = await curves.sign(seed, message);
    for (const other of labels) expect(await verifyLabeled(curves, pk, other, message, unlabeled)).toBe(false);
  });

  test('no label is the beginning of another, so that no message can continue a label', () => {
    for (const label of labels) {
      expect(labels.filter((other) => other.startsWith(label))).toEqual([label]);
      expect(encodeUtf8(label).length).toBe(label.length);
    }
  });
});

describe('an agreement or a key package under another name', () => {
  test('a package is not taken from another owner, nor under another key', async () => {
    const [first, second] = await createPeople(seededRandom('owners'), 2);
    if (first === undefined || second === undefined) throw new RangeError('two people expected');
    const own = { hrid: first.hrid, pk: first.identity.pk };
    const verify = (owner: typeof own) => () => verifyKeyPackage(curves, first.uploaded, owner, startOfTime);
    expect(await refusal(verify(own))).toBe('accepted');
    expect(await refusal(verify({ ...own, hrid: second.hrid }))).toBe('key-package-invalid');
    expect(await refusal(verify({ ...own, pk: second.identity.pk }))).toBe('key-package-invalid');
    expect(await refusal(verify({ hrid: second.hrid, pk: second.identity.pk }))).toBe('key-package-invalid');
    const otherKem = { ...first.uploaded, kem: second.uploaded.kem };
    expect(await refusal(() => verifyKeyPackage(curves, otherKem, own, startOfTime))).toBe('key-package-invalid');
  });

  test('a key that stands twice in a roster, under two names, is refused', () => {
    const [pk, other] = [bytes(0x58), bytes(0x59)];
    const added = [
      { hrid: bytes(1), pk, role: 'admin' as const },
      { hrid: bytes(2), pk, role: 'member' as const },
      { hrid: bytes(3), pk: other, role: 'member' as const },
    ];
    expect(() => applyOperation([], { ...nothing, added })).toThrow(/twice/);
  });

  test('the envelope of an agreement under another id, or another sender, is refused', async () => {
    const group = await foundTestGroup(seededRandom('agreement context'), 3);
    const [founder, second, third] = group.people;
    if (!founder || !second || !third) throw new RangeError('three people expected');
    const header = at(group.headers, 1);
    const envelope = decodeAgreement(group.body);
    const moved = { ...envelope, id: bytes(9) };
    expect(await refusal(() => accept(second, founder.hrid, header, group.body, { envelope: moved }))).toBe(
      'agreement-invalid',
    );
    expect(await refusal(() => accept(second, third.hrid, header, group.body))).toBe('agreement-invalid');
    const stranger = { ...second, hrid: bytes(9) };
    expect(await refusal(() => accept(stranger, founder.hrid, header, group.body))).toBe('agreement-invalid');
    const otherKey = { ...second, identity: { ...second.identity, pk: third.identity.pk } };
    expect(await refusal(() => accept(otherKey, founder.hrid, header, group.body))).toBe('agreement-invalid');
    expect(await refusal(() => accept(second, founder.hrid, header, group.body))).toBe('accepted');
  });
});
