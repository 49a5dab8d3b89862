// 13a. Who puts whom into a group, and who lets whom in again: agreements that link to nothing that is known, packages of
// requests that are used for something else, answers that are false, and requests and answers without end.

import { describe, expect, test } from 'vitest';
import { createGroup } from '../../client/courier/founding.ts';
import type { Registered } from '../../client/courier/registered.ts';
import { askToRejoin } from '../../client/courier/rejoin.ts';
import { groupOf } from '../../client/group.ts';
import { createKeyPackage, type VerifiedKeyPackage, verifyKeyPackage } from '../../client/protocol/key-package.ts';
import type { Generation, Lineage } from '../../client/protocol/lineage.ts';
import { sealRequest } from '../../client/protocol/request.ts';
import { forgetGroup, loadLineage } from '../../client/state/lineages.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import { Circle } from '../sim/circle.ts';
import { type ForgedNext, forgeNext, type NextForgery } from '../support/forge-next.ts';
import { curves } from '../support/group.ts';

/** Somebody has a group of its own under the id of one that there is, and forgets that one: nobody else hears of it yet. */
async function twin(
  circle: Circle,
  name: string,
  members: string,
  id: Bytes,
): Promise<{ client: Registered; lineage: Lineage; tip: Generation }> {
  const { client } = circle.phone(name);
  let isFirst = true;
  const random = (length: number) => {
    const isId = isFirst && length === id.length;
    if (isId) isFirst = false;
    return isId ? id : client.random(length);
  };
  const invites = [...members].map((each) => decodeInvite(circle.phone(each).invite));
  await client.state.transact((tx) => forgetGroup(tx, id));
  await createGroup({ ...client, random }, invites, 'Twin', { type: 'all' });
  const lineage = loadLineage(client.state, id);
  const [tip] = lineage.values();
  if (tip === undefined) throw new RangeError('the twin has a beginning');
  return { client, lineage, tip };
}

/** A generation that is sealed with packages only, as for somebody who has nothing of the group. */
async function forgeAnew(circle: Circle, of: Awaited<ReturnType<typeof twin>>, name: string, forgery: NextForgery) {
  const packages = forgery.packages ?? (await circle.claim(circle.nameOf(of.client.self.hrid), name));
  const access: NextForgery['access'] = (held, hrid) =>
    circle.nameOf(hrid) === name ? { ...held, leaf: null, exportSecret: null } : held;
  return forgeNext(of.client, of.lineage, of.tip, { ...forgery, packages, access });
}

const entryOf = (circle: Circle, name: string) => {
  const { hrid, identity } = circle.phone(name).client.self;
  return { hrid, pk: identity.pk, role: 'member' as const };
};

/** What somebody is told when a forgery is handed to it. */
async function toldOf(circle: Circle, from: string, to: string, forged: ForgedNext): Promise<string[]> {
  const before = circle.told(to).length;
  circle.spread(from, forged, to);
  await circle.phone(to).takeIn(Number.POSITIVE_INFINITY);
  return circle.told(to).slice(before);
}

describe('an agreement that links to nothing that is known', () => {
  test('puts nobody into a group whose keys it has lost, unless a contact adds it: then its person is asked', async () => {
    const circle = await Circle.found('lost', 'Abc');
    for (const name of 'st') await circle.visit(name);
    await circle.replace('c', await circle.phone('c').restored());
    const { id } = circle.record('c');
    const added = { operation: { added: [entryOf(circle, 'c')] } };
    const byStranger = await twin(circle, 's', 't', id);
    const forged = await forgeAnew(circle, byStranger, 'c', added);
    expect(await toldOf(circle, 's', 'c', forged)).toEqual(['refused agreement-invalid']);
    expect(circle.record('c').status).toBe('lost');

    // A member, and a contact, who only says that it has come back.
    const details: NextForgery['details'] = (made) => ({ ...made, returned: [{ position: 2, held: null }] });
    const returning = await forgeAnew(circle, await twin(circle, 'b', 'ac', id), 'c', { details });
    expect(await toldOf(circle, 'b', 'c', returning)).toEqual(['refused agreement-invalid']);
    expect(circle.record('c').status).toBe('lost');

    // What it asks for itself it gets.
    await circle.pass(900, 6, 'ac');
    await circle.group('a').readmit(circle.phone('c').hrid);
    await circle.pass(300, 3, 'ac');
    expect(circle.agreed('ac')).toBe('Abc');
    expect(circle.record('c').status).toBe('active');

    await circle.replace('c', await circle.phone('c').restored());
    const byContact = await forgeAnew(circle, await twin(circle, 'b', 's', id), 'c', added);
    expect(await toldOf(circle, 'b', 'c', byContact)).toEqual(['invited']);
  });

  test('takes nobody’s invitation away, unless it is by a contact or by somebody whom the invitation names', async () => {
    const circle = await Circle.meet('invited', 'v');
    for (const name of 'mnst') await circle.visit(name);
    const invites = [...'nv'].map((each) => decodeInvite(circle.phone(each).invite));
    await createGroup(circle.phone('m').client, invites, 'True', { type: 'all' });
    await circle.settle();
    const { id } = circle.record('v');
    expect(circle.group('v')).toMatchObject({ status: 'invited', name: 'True' });
    const added = { operation: { added: [entryOf(circle, 'v')] } };
    const byStranger = await forgeAnew(circle, await twin(circle, 's', 't', id), 'v', added);
    expect(await toldOf(circle, 's', 'v', byStranger)).toEqual(['refused agreement-invalid']);
    expect(circle.group('v').name).toBe('True');
    const byMember = await forgeAnew(circle, await twin(circle, 'n', 't', id), 'v', added);
    expect(await toldOf(circle, 'n', 'v', byMember)).toEqual(['invited']);
    expect(circle.group('v').name).toBe('Twin');
  });

  test('brings nobody back who was removed, unless it is by a contact or by somebody who was in the group', async () => {
    const circle = await Circle.found('removed', 'Abc');
    for (const name of 'st') await circle.visit(name);
    await circle.group('a').remove(circle.phone('c').hrid);
    await circle.settle('abc');
    const { id } = circle.record('c');
    const added = { operation: { added: [entryOf(circle, 'c')] } };
    const byStranger = await forgeAnew(circle, await twin(circle, 's', 't', id), 'c', added);
    expect(await toldOf(circle, 's', 'c', byStranger)).toEqual(['refused agreement-invalid']);
    expect(circle.record('c').status).toBe('removed');
    const byMember = await forgeAnew(circle, await twin(circle, 'b', 't', id), 'c', added);
    expect(await toldOf(circle, 'b', 'c', byMember)).toEqual(['invited']);
  });

  test('one that links is held against what is known: who was removed adds nobody again', async () => {
    const circle = await Circle.found('void', 'AZc');
    const { client } = circle.phone('z');
    const [lineage, tip] = [circle.lineage('z'), circle.tip('z')];
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.settle();
    await circle.group('a').remove(circle.phone('c').hrid);
    await circle.settle();
    expect(circle.record('c').status).toBe('removed');
    const removal = await forgeNext(client, lineage, tip, { operation: { removed: [2] } });
    const { generation } = removal;
    const known = new Map(lineage).set(bytesKey(generation.id), generation);
    const packages = await circle.claim('z', 'c');
    const added = { operation: { added: [entryOf(circle, 'c')] }, packages };
    expect(await toldOf(circle, 'z', 'c', await forgeNext(client, known, generation, added))).toEqual([]);
    expect(circle.record('c').status).toBe('removed');
    // Who may, does.
    await circle.group('a').add([circle.phone('c').invite]);
    await circle.settle();
    expect(circle.record('c').status).toBe('invited');
    await circle.group('c').accept();
    await circle.settle();
    expect(circle.agreed('ac')).toBe('Ac');
  });
});

/** Of three, the last one has a store that is older than what was sent from it, and asks the others. */
async function asked(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'Abc');
  await circle.visit('t');
  await circle.group('a').rename('Next');
  await circle.settle();
  for (const name of 'abc') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  const copy = circle.phone('c').copy();
  await circle.say('c', 'before the restore');
  await circle.settle();
  await circle.replace('c', await circle.phone('c').from(copy));
  await circle.phone('c').settle();
  for (const name of 'ab') await circle.phone(name).takeIn(Number.POSITIVE_INFINITY);
  return circle;
}

/** What a member has of somebody who asks: the package in the request, as if it had been claimed. */
async function requested(
  circle: Circle,
  member: string,
  asker: string,
): Promise<ReadonlyMap<string, VerifiedKeyPackage>> {
  const { state } = circle.phone(member).client;
  const { self } = circle.phone(asker).client;
  const found = state.all(tables.requests).find(({ key }) => key.endsWith(`/${bytesKey(self.hrid)}`));
  if (found === undefined) throw new RangeError(`${asker} has not asked ${member}`);
  const owner = { hrid: self.hrid, pk: self.identity.pk };
  const verified = await verifyKeyPackage(curves, found.value.package, owner, circle.post.now);
  return new Map([[bytesKey(self.hrid), verified]]);
}

const isBack = (position: number): NonNullable<NextForgery['details']> => {
  return (made) => ({ ...made, returned: [{ position, held: null }] });
};

describe('the package of a request', () => {
  test('serves nobody once its client is back, and is gone two hours later', async () => {
    const circle = await asked('back');
    const packages = await requested(circle, 'b', 'c');
    await circle.pass(300, 5);
    expect(circle.told('c').at(-1)).toBe('returned');
    const of = await twin(circle, 'b', 'ac', circle.record('c').id);
    const forgery = { packages, details: isBack(2) };
    expect(await toldOf(circle, 'b', 'c', await forgeAnew(circle, of, 'c', forgery))).toEqual([
      'refused agreement-invalid',
    ]);
    expect(circle.record('c').status).toBe('active');
    circle.post.now += 2 * 3600;
    expect(await toldOf(circle, 'b', 'c', await forgeAnew(circle, of, 'c', forgery))).toEqual(['refused package-gone']);
  });

  test('serves nobody once its client has stopped doubting', async () => {
    const circle = await Circle.found('doubt', 'Abc');
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    const { bytes } = circle.random;
    const parts = { header: bytes(200), outer: bytes(80), inner: bytes(272) };
    const body = Envelope.encode({ type: 'message', generation: bytes(16), nonce: bytes(24), ...parts });
    circle.hand({ from: 'b', to: 'c', header: bytes(48), body });
    circle.withholds = ({ type, to }) => type === 'request' && to === 'a';
    await circle.pass(1200, 2, 'c');
    await circle.phone('b').takeIn(Number.POSITIVE_INFINITY);
    const packages = await requested(circle, 'b', 'c');
    await circle.pass(12 * 3600, 12, 'ac');
    const of = await twin(circle, 'b', 'ac', circle.record('c').id);
    const forged = await forgeAnew(circle, of, 'c', { packages, details: isBack(2) });
    expect(await toldOf(circle, 'b', 'c', forged)).toEqual(['refused agreement-invalid']);
    expect(circle.record('c').status).toBe('active');
  });

  test('serves nothing but answers, and is there for the one that counts whatever else it was used for', async () => {
    const circle = await asked('burnt');
    const packages = await requested(circle, 'b', 'c');
    const { id } = circle.record('c');
    const { client } = circle.phone('b');
    // An answer that makes no tip, long before the one that does.
    const [founding] = circle.lineage('b').values();
    const old = await forgeNext(client, circle.lineage('b'), founding as Generation, {
      packages,
      access: (held, each) => (circle.nameOf(each) === 'c' ? { ...held, leaf: null } : held),
      details: isBack(2),
    });
    expect(await toldOf(circle, 'b', 'c', old)).toEqual([]);
    // Another group, and a request, of somebody who has it.
    const other = await twin(circle, 'b', 't', circle.random.bytes(32));
    const added = { operation: { added: [entryOf(circle, 'c')] }, packages };
    const invitation = await forgeAnew(circle, other, 'c', added);
    expect(await toldOf(circle, 'b', 'c', invitation)).toEqual(['refused agreement-invalid']);
    const { random, self } = client;
    const made = await createKeyPackage(curves, random, self.identity, self.hrid, 'one-time', circle.post.now);
    const request = { group: id, askedAt: circle.post.now, held: [], package: made.uploaded };
    const { hrid } = circle.phone('c').client.self;
    const verified = packages.get(bytesKey(hrid)) as VerifiedKeyPackage;
    const sealed = await sealRequest(curves, random, self, request, [{ hrid, package: verified }]);
    circle.hand({ from: 'b', to: 'c', header: sealed.headers[0] as Bytes, body: sealed.body });
    await circle.phone('c').takeIn(1);
    expect(circle.told('c').at(-1)).toBe('refused message-refused');

    circle.post.now += 3 * 3600;
    await circle.settle('a');
    await circle.pass(300, 5, 'ac');
    expect(circle.told('c').at(-1)).toBe('returned');
    expect(circle.agreed('ac')).toBe('Abc');
    await circle.say('c', 'back again');
    await circle.settle('ac');
    expect(circle.phone('a').shown).toContain('back again');
  });
});

/** What somebody is about to say again. */
const saysAgain = (circle: Circle, name: string) => circle.phone(name).client.state.all(tables.unsent).length;
const requestsOf = (circle: Circle, name: string) =>
  new Set(circle.letters.filter(({ from, type }) => from === name && type === 'request').map(({ body }) => body)).size;

describe('answers that are false', () => {
  test('do not keep the others from answering: whoever has answered before is not believed again', async () => {
    const circle = await asked('false answers');
    const { client } = circle.phone('b');
    for (let round = 0; round < 3; round++) {
      const packages = await requested(circle, 'b', 'c');
      const secret = circle.random.bytes(32);
      const forged = await forgeNext(client, circle.lineage('a'), circle.tip('a'), {
        packages,
        access: (held, hrid) => {
          const isAsker = circle.nameOf(hrid) === 'c';
          return isAsker ? { ...held, leaf: null, exportSecret: { generation: circle.tip('b').id, secret } } : held;
        },
        details: isBack(2),
      });
      circle.spread('b', forged, 'a');
      await circle.pass(1200, 10, 'ac');
      if (circle.told('c').includes('returned')) break;
      circle.post.now += 4 * 3600;
      await circle.settle('c');
      for (const name of 'ab') await circle.phone(name).takeIn(Number.POSITIVE_INFINITY);
    }
    expect(circle.told('c')).toContain('returned');
    expect(circle.agreed('ac')).toBe('Abc');
    expect(requestsOf(circle, 'c')).toBe(2);
  });
});

describe('a member who says that others are back', () => {
  /** A generation by `b` in which somebody is back who may not have asked. */
  async function forgeReturn(circle: Circle, name: string, packages?: ReadonlyMap<string, VerifiedKeyPackage>) {
    const { client } = circle.phone('b');
    const tip = circle.tip('a');
    const position = 'abc'.indexOf(name);
    return forgeNext(client, circle.lineage('a'), tip, {
      packages: packages ?? (name === 'b' ? new Map() : await circle.claim('b', name)),
      access: (held, hrid) => (circle.nameOf(hrid) === name ? { ...held, leaf: null } : held),
      details: (made) => {
        const first = circle.lineage('b').keys().next().value;
        const { id: generation } = circle.lineage('b').get(first ?? '') ?? tip;
        return { ...made, returned: [{ position, held: { generation, vector: [0, 0, 0] } }] };
      },
    });
  }

  test('makes nobody say anything again, as long as nobody has asked', async () => {
    const circle = await Circle.found('claimed', 'Abc');
    await circle.say('a', 'nobody has confirmed this');
    await circle.say('c', 'nor this');
    await circle.settle();
    for (let n = 0; n < 3; n++) {
      const forged = await forgeReturn(circle, 'c');
      expect(await toldOf(circle, 'b', 'a', forged)).toEqual(['changed', 'returned']);
      expect(await toldOf(circle, 'b', 'c', forged)).toEqual(['changed', 'returned']);
      expect([saysAgain(circle, 'a'), saysAgain(circle, 'c')]).toEqual([0, 0]);
    }
  });

  test('is not back itself', async () => {
    const circle = await Circle.found('back itself', 'Abc');
    expect(await toldOf(circle, 'b', 'a', await forgeReturn(circle, 'b'))).toEqual(['refused agreement-invalid']);
  });

  test('makes the others say once again for each request what the asker misses, by what that one says itself', async () => {
    const circle = await asked('says what is missed');
    await circle.say('a', 'nobody has confirmed this');
    for (const name of 'bc') await circle.phone(name).takeIn(Number.POSITIVE_INFINITY);
    const packages = await requested(circle, 'b', 'c');
    // By the request it lacks the last one only; by the agreement, all.
    const forged = await forgeReturn(circle, 'c', packages);
    expect(await toldOf(circle, 'b', 'a', forged)).toEqual(['changed', 'returned']);
    expect(saysAgain(circle, 'a')).toBe(1);
    await circle.phone('a').work();
    expect(saysAgain(circle, 'a')).toBe(0);
    await toldOf(circle, 'b', 'a', await forgeReturn(circle, 'c', packages));
    expect(saysAgain(circle, 'a')).toBe(0);
  });
});

describe('requests', () => {
  test('of a member who was let in are passed over until half an hour after the last one', async () => {
    const circle = await asked('again and again');
    await circle.pass(300, 5);
    const { client } = circle.phone('c');
    const ask = async () => {
      const before = circle.phone('a').client.state.all(tables.requests)[0]?.value.askedAt;
      await askToRejoin(client, circle.record('c').id);
      await circle.phone('c').work();
      await circle.phone('a').takeIn(Number.POSITIVE_INFINITY);
      return circle.phone('a').client.state.all(tables.requests)[0]?.value.askedAt !== before;
    };
    expect(await ask()).toBe(false);
    circle.post.now += 1000;
    expect(await ask()).toBe(false);
    circle.post.now += 600;
    expect(await ask()).toBe(true);
  });

  test('come an hour after the last one if there is new trouble, however often it took before', async () => {
    const circle = await asked('new trouble');
    circle.withholds = ({ type }) => type === 'request';
    for (const name of 'ab')
      await circle.phone(name).client.state.transact((tx) => {
        for (const { key } of tx.all(tables.requests)) tx.delete(tables.requests, key);
      });
    await circle.pass(20 * 3600, 40, 'c');
    circle.withholds = () => false;
    await circle.pass(24 * 3600, 48);
    expect(circle.told('c').at(-1)).toBe('returned');
    const [healing] = circle.phone('c').client.state.all(tables.healing);
    expect((healing?.value.askAt ?? 0) - circle.post.now).toBeLessThanOrEqual(3600);
    const copy = circle.phone('c').copy();
    await circle.say('c', 'before the second restore');
    await circle.settle();
    await circle.replace('c', await circle.phone('c').from(copy));
    const before = requestsOf(circle, 'c');
    await circle.pass(2 * 3600, 8);
    expect(requestsOf(circle, 'c')).toBeGreaterThan(before);
    expect(circle.told('c').at(-1)).toBe('returned');
  });
});

describe('a member who gives somebody else a key that is not theirs', () => {
  test('shuts that one out of no other group, and is shut out itself once they were heard', async () => {
    const circle = await Circle.found('wrong key', 'Zv');
    for (const name of 'nt') await circle.visit(name);
    const { client } = circle.phone('z');
    const { hrid } = circle.phone('n').client.self;
    const pk = circle.phone('t').client.self.identity.pk;
    const added = { operation: { added: [{ hrid, pk, role: 'member' as const }] } };
    const lie = await forgeNext(client, circle.lineage('z'), circle.tip('z'), {
      ...added,
      packages: await circle.claim('z', 'n'),
    });
    expect(await toldOf(circle, 'z', 'v', lie)).toEqual(['changed']);
    const invite = decodeInvite(circle.phone('v').invite);
    const id = await createGroup(circle.phone('n').client, [invite], 'True', { type: 'all' });
    await circle.phone('n').work();
    await circle.phone('v').takeIn(Number.POSITIVE_INFINITY);
    expect(circle.told('v').at(-1)).toBe('invited');
    const { host } = circle.phone('v');
    await groupOf(host, bytesKey(id)).accept();
    await circle.group('n').send('it is me');
    await circle.settle('nv');
    expect(circle.phone('v').shown).toEqual(['it is me']);
    const known = new Map(circle.lineage('z')).set(bytesKey(lie.generation.id), lie.generation);
    const next = await forgeNext(client, known, lie.generation, { operation: { name: 'Next' } });
    expect(await toldOf(circle, 'z', 'v', next)).toEqual(['refused identity-conflict']);
    await circle.group('n').rename('True still');
    await circle.settle('nv');
    expect(groupOf(host, bytesKey(id)).name).toBe('True still');
  });
});
