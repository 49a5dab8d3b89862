// 8. What is said after somebody has gone is not theirs to read: who was removed and kept all that it had, who left and kept
// the secret of the generation that it opened, who was invited and did not come.

import { describe, expect, test } from 'vitest';
import { open } from '../../client/crypto/aead.ts';
import { openAgreement } from '../../client/protocol/accept.ts';
import { noticeKey } from '../../client/protocol/agreement.ts';
import { generationSecret, startRatchet } from '../../client/protocol/generation.ts';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { exportSecretOf, holdingsOf, ratchetsOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { type Bytes, bytesKey, sameBytes } from '../../client/wire/bytes.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { Notice, Record } from '../../client/wire/record.ts';
import { Circle, type Letter } from '../sim/circle.ts';
import { attack, type Recorded } from '../support/attacker.ts';
import { refusal } from '../support/chat.ts';
import { forgeNext } from '../support/forge-next.ts';
import { curves } from '../support/group.ts';

const notToZ: Circle['withholds'] = ({ type, to }) => to === 'z' && type === 'notice';

describe('who was removed, and has kept its state as it was', () => {
  test('opens no agreement and no message of what follows; its notice says who has removed it, and nothing after that', async () => {
    const circle = await Circle.found('kept state', 'ABcz', 'f');
    for (const name of 'abcz') await circle.say(name, `before, by ${name}`);
    await circle.settle();
    circle.withholds = notToZ;
    const before = circle.letters.length;
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.settle('abc');
    await circle.group('b').add([circle.phone('f').invite]);
    for (const name of 'abc') await circle.say(name, `after, by ${name}`);
    await circle.settle('abcf');
    await circle.say('z', 'am I still heard?');
    await circle.settle('abcf');

    const { state, self } = circle.phone('z').client;
    const ratchets = ratchetsOf(state, circle.record('z').id).flatMap((id) => loadRatchet(state, id) ?? []);
    expect(ratchets.length).toBeGreaterThan(0);
    const after = circle.letters.slice(before).filter(({ from }) => from !== 'z');
    const tried = { agreement: 0, message: 0, notice: 0, request: 0 };
    for (const { header, body } of after) {
      const envelope = Envelope.decode(body);
      tried[envelope.type]++;
      if (envelope.type === 'agreement') {
        const code = await refusal(() =>
          openAgreement(curves, self, header, envelope, holdingsOf(state, circle.post.now)),
        );
        expect(code).toMatch(/^(keys-gone|package-gone|agreement-invalid)$/);
      }
      if (envelope.type === 'message') {
        for (const { headerKey } of ratchets) expect(open(headerKey, envelope.nonce, envelope.header)).toBeNull();
      }
      if (envelope.type === 'notice') {
        const opened = ratchets.flatMap(
          ({ exportSecret }) => open(noticeKey(exportSecret), envelope.nonce, envelope.sealed) ?? [],
        );
        const told = Notice.decode(opened[0] as Bytes).history.map(({ record }) => Record.decode(record));
        expect(circle.nameOf(told.at(-1)?.author as Bytes)).toBe('a');
        expect(told.at(-1)?.operation.removed).toEqual([3]);
        expect(JSON.stringify(told)).not.toContain(JSON.stringify(circle.phone('f').client.self.hrid));
      }
    }
    expect(tried).toMatchObject({ agreement: 5, notice: 4 });
    expect(tried.message).toBeGreaterThan(6);
    expect(circle.phone('z').shown).toEqual(['before, by a', 'before, by b', 'before, by c']);
  });

  test('nobody seals content while its removal is not carried out, and the carry is not for it', async () => {
    const circle = await Circle.found('pending', 'ABcz', 'fg');
    await circle.settle();
    await circle.group('a').remove(circle.phone('z').hrid);
    await circle.group('b').add([circle.phone('f').invite]);
    await circle.group('b').add([circle.phone('g').invite]);
    await circle.phone('a').work();
    await circle.phone('b').takeIn(Number.POSITIVE_INFINITY);
    await circle.phone('b').work();
    const messages = () => circle.letters.filter(({ type }) => type === 'message').length;
    for (const name of 'abc') await circle.phone(name).takeIn(Number.POSITIVE_INFINITY);
    for (const name of 'abc') expect(circle.record(name)).toMatchObject({ pending: true });
    expect(circle.agreed('abc')).toBe('ABczfg');
    const before = messages();
    for (const name of 'abc') await circle.say(name, `after, by ${name}`);
    expect(messages()).toBe(before);

    await circle.pass(30, 6, 'abcfgz');
    expect(circle.agreed('abcfg')).toBe('ABcfg');
    expect(circle.tip('a').record.because).toHaveLength(1);
    expect(circle.letters.filter(({ type, to, from }) => type === 'message' && to === 'z' && from !== 'z')).toEqual([]);
    for (const name of 'fg') expect(circle.phone(name).shown).toHaveLength(3);
    expect(circle.phone('z').shown).toEqual([]);
    expect(circle.record('z').status).toBe('removed');
  });
});

describe('who has come since', () => {
  test('reads nothing that is said again for others, who are told what they miss', async () => {
    const circle = await Circle.found('newcomer', 'ABcz', 'n');
    for (const name of 'abcz') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    // c hears nothing of all this.
    circle.withholds = ({ to }) => to === 'c';
    await circle.group('b').remove(circle.phone('z').hrid);
    await circle.settle('abz');
    await circle.say('a', 'while z is out');
    await circle.settle('abz');
    await circle.group('b').add([circle.phone('n').invite, circle.phone('z').invite]);
    await circle.settle('abzn');
    for (const name of 'nz') if (circle.record(name).status === 'invited') await circle.group(name).accept();
    await circle.say('a', 'once they are in');
    await circle.settle('abzn');
    circle.withholds = () => false;
    await circle.say('b', 'what shows c that it is behind');
    await circle.pass(1800, 12);

    expect(circle.agreed('abczn')).toBe('ABcnz');
    const said = (name: string) => circle.phone(name).shown.filter((text) => !text.startsWith('hello'));
    expect(said('b')).toEqual(['while z is out', 'once they are in']);
    for (const name of 'nz') expect(said(name).sort()).toEqual(['once they are in', 'what shows c that it is behind']);
    expect(said('c').sort()).toEqual(['once they are in', 'what shows c that it is behind']);
    const missed = circle.phone('c').events.flatMap((event) => (event.type === 'missed' ? [event] : []));
    expect(missed.map(({ sender, count }) => [circle.nameOf(sender), count])).toEqual([['a', 1]]);
    for (const name of 'abnz') expect(circle.told(name)).not.toContain('missed');
  });
});

describe('who has left, and kept g of the generation that it opened', () => {
  /** What went over the relay in a generation, as an attacker wants it. */
  function trafficOf(circle: Circle, ratchet: Ratchet): Recorded[] {
    const sent = new Map<string, Letter[]>();
    for (const letter of circle.letters) {
      const envelope = Envelope.decode(letter.body);
      if (envelope.type !== 'message' || !sameBytes(envelope.generation, ratchet.generation.slice(0, 16))) continue;
      const key = bytesKey(letter.body);
      sent.set(key, [...(sent.get(key) ?? []), letter]);
    }
    const position = (name: string) => ratchet.members.findIndex(({ hrid }) => circle.nameOf(hrid) === name);
    return [...sent.values()].map((letters) => {
      const [{ from, body }] = letters as [Letter];
      const headerFor = (name: string) => letters.find(({ to }) => to === name)?.header ?? new Uint8Array(0);
      const headers = ratchet.members.map(({ hrid }) => headerFor(circle.nameOf(hrid)));
      return { sender: position(from), body, headers };
    });
  }

  test.each([3, 18])('reads no content, in a group of %s', async (size) => {
    const names = 'abcdefghijklmnopqrstuvwxy'.slice(0, size - 1);
    const circle = await Circle.found(`leaver ${size}`, `A${names.slice(1)}z`);
    const { client } = circle.phone('z');
    const parent = circle.tip('z');
    const forged = await forgeNext(client, circle.lineage('z'), parent, { operation: { removed: [size - 1] } });
    circle.spread('z', forged, names);
    await circle.settle(names);
    for (const name of names) expect(circle.record(name).generation).toEqual(forged.generation.id);
    const secretOfB = loadRatchet(circle.phone('b').client.state, forged.generation.id)?.members[1]?.contributions[0]
      ?.leafSecret;
    for (const name of 'abaaa') {
      await circle.say(name, 'now that z is gone');
      await circle.settle(names);
    }

    const { id, roster, record } = forged.generation;
    const known = loadRatchet(circle.phone('a').client.state, id);
    if (known === undefined) throw new RangeError('a is in it');
    const secret = generationSecret(forged.g, id);
    const start = { group: record.group, agreementId: id, number: record.number, now: 0, secret, roster, author: null };
    const leaves = known.members.map(({ contributions, firstLeaf }) => ({
      leaf: (contributions[0] ?? { leaf: new Uint8Array(32) }).leaf,
      origin: firstLeaf,
    }));
    const stateWith = (leafSecret: Bytes) =>
      startRatchet({ ...start, leaves, self: 1, leafSecret, owesContribution: false });
    const traffic = trafficOf(circle, known);
    expect(traffic.length).toBeGreaterThanOrEqual(5);
    expect(known.exportSecret).toEqual(stateWith(new Uint8Array(32)).exportSecret);
    // It has all leaf secrets that are its own.
    const own = loadRatchet(client.state, parent.id)?.members[size - 1]?.contributions.flatMap(
      ({ leafSecret }) => leafSecret ?? [],
    );
    for (const leafSecret of own ?? [])
      expect([...(await attack([stateWith(leafSecret)], traffic)).keys()]).toEqual([]);
    expect(own).not.toEqual([]);
    // With the one secret that it lacks it would read.
    expect((await attack([stateWith(secretOfB as Bytes)], traffic)).size).toBeGreaterThan(0);
  });
});

describe('who was invited by somebody it does not know', () => {
  async function invited(seed: string): Promise<Circle> {
    const circle = await Circle.found(seed, 'Abc');
    await circle.visit('e');
    await circle.group('a').add([circle.phone('e').invite]);
    await circle.settle();
    expect(circle.record('e').status).toBe('invited');
    return circle;
  }

  const sentBy = (circle: Circle, name: string) => circle.letters.filter(({ from }) => from === name);

  test('and declines: nothing of the keys stays, what follows is dropped, and nothing was ever sent', async () => {
    const circle = await invited('declined');
    await circle.say('a', 'before the answer');
    await circle.settle();
    await circle.group('e').decline();
    const told = circle.phone('e').events.length;
    await circle.say('b', 'after the answer');
    await circle.group('a').rename('Another');
    await circle.pass(7200, 6);
    await circle.say('a', 'in the next generation');
    await circle.pass(10 * 24 * 3600, 10);

    const { state } = circle.phone('e').client;
    const { id } = circle.record('e');
    expect(circle.record('e')).toMatchObject({ status: 'declined', name: '' });
    expect(ratchetsOf(state, id)).toEqual([]);
    for (const table of ['exports', 'lineage', 'members', 'contributions', 'held', 'waiting'] as const) {
      expect(state.all<unknown>(tables[table])).toEqual([]);
    }
    expect(circle.phone('e').events.slice(told)).toEqual([]);
    expect(circle.phone('e').shown).toEqual([]);
    expect(sentBy(circle, 'e')).toEqual([]);
    expect(exportSecretOf(state, circle.tip('a').id)).toBeNull();
  });

  test('and never answers: it is shown nothing and sends nothing, through new generations and whoever comes back', async () => {
    const circle = await invited('unanswered');
    await circle.say('a', 'one');
    await circle.settle();
    await circle.group('a').rename('Another');
    await circle.settle();
    await circle.replace('c', await circle.phone('c').restored());
    for (let round = 0; round < 20; round++) {
      await circle.say('b', `round ${round}`);
      await circle.pass(24 * 3600, 2);
      for (const hrid of circle.group('b').requests) await circle.group('b').readmit(hrid);
    }
    expect(circle.record('e').status).toBe('invited');
    expect(circle.phone('e').events.map(({ type }) => type)).toEqual(['invited']);
    expect(sentBy(circle, 'e')).toEqual([]);
    expect(circle.phone('c').shown).toContain('round 19');
  });
});
