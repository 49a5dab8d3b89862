// 5, 7, 9. Agreements, notices and requests sent again: to the same member and to others, in another generation, another
// group, by another sender; headers swapped, recipients added and dropped. Refused or dropped, and nothing changes.

import { beforeEach, describe, expect, test } from 'vitest';
import { createGroup } from '../../client/courier/founding.ts';
import { sealContent } from '../../client/courier/outbox.ts';
import { open, seal } from '../../client/crypto/aead.ts';
import { noticeKey } from '../../client/protocol/agreement.ts';
import { createKeyPackage } from '../../client/protocol/key-package.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { sealRequest } from '../../client/protocol/request.ts';
import { sealMessage } from '../../client/protocol/seal.ts';
import { exportSecretOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey, decodeBase64Url } from '../../client/wire/bytes.ts';
import { AgreementHeader, Envelope, RequestHeader } from '../../client/wire/envelope.ts';
import { decodeInvite } from '../../client/wire/invite.ts';
import { Notice } from '../../client/wire/record.ts';
import { Circle, type Letter } from '../sim/circle.ts';
import { forgeNext } from '../support/forge-next.ts';
import { curves, textContent } from '../support/group.ts';

/** All that a phone holds of groups and keys, and how often it was told something; numbers and times aside. */
function heldBy(circle: Circle, name: string): string {
  const { state } = circle.phone(name).client;
  const of = (table: 'groups' | 'lineage' | 'ratchets' | 'members' | 'exports' | 'requests' | 'changes') =>
    state.all<unknown>(tables[table]).map(({ key, value }) => [key, value]);
  const all = [
    of('groups'),
    of('lineage'),
    of('ratchets'),
    of('members'),
    of('exports'),
    of('requests'),
    of('changes'),
  ];
  return JSON.stringify(all, (_, value) => (value instanceof Uint8Array ? bytesKey(value as Bytes) : value));
}

/** What somebody is told when the relay hands it a letter. */
async function toldOf(circle: Circle, letter: Omit<Letter, 'type'>): Promise<string[]> {
  const before = circle.told(letter.to).length;
  circle.hand(letter);
  await circle.phone(letter.to).takeIn(Number.POSITIVE_INFINITY);
  return circle.told(letter.to).slice(before);
}

describe('agreements and notices', () => {
  let circle: Circle;

  beforeEach(async () => {
    circle = await Circle.found('replays', 'ABcd');
    for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    await circle.group('b').rename('Second');
    await circle.settle();
    await circle.group('a').remove(circle.phone('d').hrid);
    await circle.settle();
  });

  test('each agreement again, to its recipient, from its sender and from another, many times: nothing changes', async () => {
    const before = heldBy(circle, 'c');
    const agreements = circle.letters.filter(({ to, type }) => to === 'c' && type === 'agreement');
    expect(agreements.length).toBeGreaterThanOrEqual(4);
    for (const letter of [...agreements, ...agreements.toReversed()]) {
      expect(await toldOf(circle, letter)).toEqual([]);
      expect(await toldOf(circle, { ...letter, from: letter.from === 'a' ? 'b' : 'a' })).toEqual([]);
    }
    expect(heldBy(circle, 'c')).toBe(before);
  });

  test('each agreement to others, with each header: who is in it drops it, who is out of it opens nothing', async () => {
    const agreements = circle.letters.filter(({ type }) => type === 'agreement');
    const stranger = await circle.visit('s');
    for (const to of ['b', 'd', 's']) {
      const before = heldBy(circle, to);
      for (const letter of agreements) {
        for (const each of await toldOf(circle, { ...letter, to }))
          expect(each).toMatch(/^refused (package-gone|keys-gone|agreement-invalid)$/);
      }
      expect(heldBy(circle, to)).toBe(before);
    }
    expect(stranger.group).toBeUndefined();
  });

  test('an agreement with the header of another member, or of another agreement: refused, and then the true one is taken', async () => {
    circle.withholds = ({ type }) => type === 'agreement';
    await circle.group('b').rename('Third');
    await circle.phone('b').work();
    await circle.group('a').rename('Fourth');
    await circle.phone('a').work();
    circle.withholds = () => false;
    const [byB, byA] = [circle.letter('agreement', 'b', 'c'), circle.letter('agreement', 'a', 'c')];
    const before = heldBy(circle, 'c');
    const swapped = [
      { ...byB, header: circle.letter('agreement', 'b', 'a').header },
      { ...byB, header: byA.header },
      { ...byA, header: byB.header },
      { ...byB, body: byA.body },
      { ...byB, from: 'a' },
      { ...byA, from: 'b' },
    ];
    for (const letter of swapped) {
      expect((await toldOf(circle, letter)).join()).toMatch(/^refused (package-gone|keys-gone|agreement-invalid)$/);
      expect(heldBy(circle, 'c')).toBe(before);
    }
    for (const letter of [byB, byA]) expect(await toldOf(circle, letter)).not.toContain('refused agreement-invalid');
    circle.hand(circle.letter('agreement', 'a', 'b'));
    circle.hand(circle.letter('agreement', 'b', 'a'));
    await circle.pass(60, 3);
    expect(circle.agreed('abc')).toBe('ABc');
  });

  test('a recipient whom the relay drops asks to come back; one whom it adds learns nothing', async () => {
    await circle.visit('s');
    circle.withholds = ({ type, to }) => type === 'agreement' && to === 'c';
    await circle.group('a').rename('Third');
    await circle.settle();
    await circle.say('b', 'in the third');
    circle.withholds = () => false;
    for (const each of circle.letters.filter(({ to }) => to === 'a')) circle.hand({ ...each, to: 's' });
    for (const each of circle.letters.filter(({ to }) => to === 'a')) circle.hand({ ...each, to: 'd' });
    await circle.pass(3600, 12);
    expect(circle.agreed('abc')).toBe('ABc');
    expect(circle.phone('c').shown).toContain('in the third');
    expect(circle.phone('s').shown).toEqual([]);
    expect(circle.phone('s').group).toBeUndefined();
    expect(circle.phone('d').shown).not.toContain('in the third');
    expect(circle.letters.filter(({ from }) => from === 's')).toEqual([]);
  });

  test('the notice again, to the removed and to those who are in it: nothing changes', async () => {
    const notice = circle.letter('notice', 'a', 'd');
    for (const to of 'dabc') {
      const before = heldBy(circle, to);
      for (const from of 'abc') if (from !== to) expect(await toldOf(circle, { ...notice, from, to })).toEqual([]);
      expect(heldBy(circle, to)).toBe(before);
    }
    await circle.say('c', 'all is well');
    await circle.settle();
    expect(circle.phone('a').shown).toContain('all is well');
  });
});

describe('two groups of the same people', () => {
  /** The second one, in which `b` is an admin too, as everybody knows it. */
  async function two(seed: string) {
    const circle = await Circle.found(seed, 'ABcd');
    const invites = [...'acd'].map((name) => decodeInvite(circle.phone(name).invite));
    const second = await createGroup(circle.phone('b').client, invites, 'Second', { type: 'all' });
    await circle.settle();
    // The circle's own calls are about the first one in the store.
    const [one, other] = circle
      .phone('c')
      .client.state.all(tables.groups)
      .map(({ value }) => value);
    if (one === undefined || other === undefined) throw new RangeError('c is in both');
    const founder = bytesKey(one.id) === bytesKey(second) ? 'b' : 'a';
    return { circle, one, other, founder };
  }

  test('a notice of one, sealed for the other: refused, and nobody is out of anything', async () => {
    const { circle, one, other, founder } = await two('notice of the other');
    const xOf = (generation: Bytes) => exportSecretOf(circle.phone('c').client.state, generation) as Bytes;
    const removal = await circle.apart({ [founder]: (group) => group.remove(circle.phone('d').hrid) });
    const sent = Envelope.decode(removal.find(({ type }) => type === 'notice')?.body as Bytes);
    if (sent.type !== 'notice') throw new TypeError('a notice expected');
    const plaintext = open(noticeKey(xOf(one.generation)), sent.nonce, sent.sealed) as Bytes;
    expect(Notice.decode(plaintext).history.length).toBeGreaterThan(1);
    const generation = other.generation.slice(0, 16);
    const sealed = seal(noticeKey(xOf(other.generation)), sent.nonce, plaintext);
    const notice = { from: 'b', header: new Uint8Array(0) };
    for (const to of 'cd') {
      const before = heldBy(circle, to);
      const moved = { ...notice, to, body: Envelope.encode({ ...sent, generation }) };
      expect(await toldOf(circle, moved)).toEqual(['refused agreement-invalid']);
      const sealedAgain = { ...notice, to, body: Envelope.encode({ ...sent, generation, sealed }) };
      expect(await toldOf(circle, sealedAgain)).toEqual(['refused agreement-invalid']);
      expect(heldBy(circle, to)).toBe(before);
    }
    // Where it belongs it counts.
    expect(await toldOf(circle, { ...notice, to: 'd', body: Envelope.encode(sent) })).toEqual(['removed']);
  });

  test('an agreement sealed with X of the other group: refused, though all else is as it should be', async () => {
    const { circle, one, other } = await two('X of the other');
    const { client } = circle.phone('b');
    const secret = exportSecretOf(client.state, other.generation) as Bytes;
    const lineage = circle.lineage('b');
    const tip = circle.tip('b');
    const exportSecret = { generation: other.generation, secret };
    const forged = await forgeNext(client, lineage, tip, {
      operation: { name: 'Moved' },
      access: (access) => ({ ...access, exportSecret }),
    });
    const good = await forgeNext(client, lineage, tip, { operation: { name: 'Moved' } });
    const header = ({ headers }: typeof good) => headers.get(circle.phone('c').hrid) as Bytes;
    const before = heldBy(circle, 'c');
    const letter = { from: 'b', to: 'c', header: header(forged), body: forged.body };
    expect(await toldOf(circle, letter)).toEqual(['refused agreement-invalid']);
    expect(heldBy(circle, 'c')).toBe(before);
    // A header that names the right one, though it was sealed with the other.
    const renamed = { ...AgreementHeader.decode(header(forged)), exportGeneration: one.generation };
    expect(await toldOf(circle, { ...letter, header: AgreementHeader.encode(renamed) })).toEqual([
      'refused agreement-invalid',
    ]);
    expect(await toldOf(circle, { ...letter, header: header(good), body: good.body })).toEqual(['changed']);
  });
});

describe('requests to be let in again', () => {
  async function asked(seed: string) {
    const circle = await Circle.found(seed, 'Abc');
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    // So that the relay hands out last-resort packages, whose secrets stay: others are gone when a request comes again.
    await circle.claim('c', 'ab');
    await circle.replace('c', await circle.phone('c').restored());
    await circle.pass(900, 6);
    expect(circle.told('b')).toContain('asks');
    return { circle, request: circle.letter('request', 'c', 'b') };
  }

  test('the same again, before and after the answer: nobody is asked twice, and nothing new is opened', async () => {
    const { circle, request } = await asked('request again');
    for (let n = 0; n < 3; n++) await toldOf(circle, request);
    expect(circle.told('b').filter((type) => type === 'asks')).toHaveLength(1);
    await circle.group('b').readmit(circle.phone('c').hrid);
    await circle.pass(300, 3);
    expect(circle.agreed('abc')).toBe('Abc');
    const agreements = () => circle.letters.filter(({ type }) => type === 'agreement').length;
    const before = agreements();
    for (let n = 0; n < 3; n++) await toldOf(circle, request);
    circle.post.now += 8 * 3600;
    await circle.settle();
    expect(agreements()).toBe(before);
    expect(circle.group('b').requests).toEqual([]);
  });

  test('by another sender, to another member, with another header, or changed: refused or passed over', async () => {
    const { circle, request } = await asked('request changed');
    const before = heldBy(circle, 'a');
    const envelope = Envelope.decode(request.body);
    if (envelope.type !== 'request') throw new TypeError('a request expected');
    const header = RequestHeader.decode(request.header);
    const letters = [
      { ...request, to: 'a' },
      { ...request, to: 'a', from: 'b' },
      { ...request, to: 'a', header: RequestHeader.encode({ ...header, sealed: circle.random.bytes(48) }) },
      {
        ...request,
        to: 'a',
        body: Envelope.encode({ ...envelope, sealed: circle.random.bytes(envelope.sealed.length) }),
      },
    ];
    for (const letter of letters)
      expect((await toldOf(circle, letter)).join()).toMatch(/^refused (package-gone|message-refused)$/);
    expect(heldBy(circle, 'a')).toBe(before);
  });

  test('made by a member in another’s name: refused, and the package is still there for a true one', async () => {
    const circle = await Circle.found('request forged', 'Abc');
    const [byC, ofA] = [...(await circle.claim('b', 'ca')).values()];
    const { client } = circle.phone('b');
    if (byC === undefined || ofA === undefined) throw new RangeError('two packages expected');
    const { uploaded } = await createKeyPackage(
      curves,
      circle.random.bytes,
      client.self.identity,
      client.self.hrid,
      'one-time',
      circle.post.now,
    );
    const request = { group: circle.record('b').id, askedAt: circle.post.now, held: [], package: uploaded };
    const asked = [{ hrid: circle.phone('a').client.self.hrid, package: ofA }];
    const sealed = await sealRequest(curves, circle.random.bytes, client.self, request, asked);
    const letter = { to: 'a', header: sealed.headers[0] as Bytes, body: sealed.body };
    expect(await toldOf(circle, { ...letter, from: 'c' })).toEqual(['refused message-refused']);
    expect(circle.phone('a').client.state.all(tables.requests)).toEqual([]);
    const again = await sealRequest(curves, circle.random.bytes, client.self, request, asked);
    expect(await toldOf(circle, { from: 'b', to: 'a', header: again.headers[0] as Bytes, body: again.body })).toEqual(
      [],
    );
    expect(circle.phone('a').client.state.all(tables.requests)).toHaveLength(1);
  });
});

describe('the id of another member’s message', () => {
  test.each(['before', 'after'])(
    'in a text of one’s own, %s it: both are shown once, and each author changes its own',
    async (when) => {
      const circle = await Circle.found(`copied id ${when}`, 'Abcd');
      for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
      await circle.settle();
      const { client } = circle.phone('c');
      const early = loadRatchet(client.state, circle.record('c').generation) as Ratchet;
      const letters = await circle.apart({
        a: async (group) => void (await group.send('true', { asksReceipt: true })),
      });
      const [entry] = await circle.group('a').history({ limit: 1 });
      const id = decodeBase64Url(entry?.id ?? '');
      const copied = { ...textContent(circle.random, 'copied'), id, asksReceipt: true };
      const { seed } = client.self.identity;
      const { headers, body } = await sealMessage(curves, client.random, early, seed, copied, circle.post.now);
      const header = headers[early.members.findIndex(({ hrid }) => bytesKey(hrid) === circle.phone('b').hrid)] as Bytes;
      const copy = { from: 'c', to: 'b', header, body };
      if (when === 'before') circle.hand(copy);
      for (const letter of letters) circle.hand(letter);
      if (when === 'after') circle.hand(copy);
      await circle.settle();
      const { shown } = circle.phone('b');
      expect(shown.slice(-2)).toEqual(when === 'before' ? ['copied', 'true'] : ['true', 'copied']);

      // Both are sealed again in another generation.
      await circle.group('a').rename('Second');
      await circle.settle();
      const again = circle.record('b').generation;
      for (const [name, text] of Object.entries({ a: 'true', c: 'copied' })) {
        const { client } = circle.phone(name);
        const content = { ...textContent(circle.random, text), id, again };
        await client.state.transact((tx) => sealContent(tx, client, circle.record(name), content));
        await circle.phone(name).work();
      }
      await circle.settle();
      expect(shown.filter((text) => text === 'true' || text === 'copied')).toHaveLength(2);

      await circle.group('a').edit(bytesKey(id), 'true, and edited');
      await circle.phone('a').work();
      await circle.settle();
      const texts = async () => {
        const entries = await circle.group('b').history({ limit: 10 });
        const ofId = entries.filter((entry) => entry.id === bytesKey(id));
        return ofId.map(
          ({ sender, content }) => `${circle.nameOf(sender)} ${content?.type === 'text' && content.text}`,
        );
      };
      expect((await texts()).sort()).toEqual(['a true, and edited', 'c copied']);
      await circle.group('b').markRead([bytesKey(id)]);
      await circle.phone('b').work();
      await circle.settle();
      expect((await circle.group('a').message(bytesKey(id)))?.readBy).toEqual([circle.phone('b').hrid]);
    },
  );
});
