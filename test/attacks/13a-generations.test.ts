// 13a. Copies and orders across generations: an agreement that the relay keeps from somebody, one that comes before its
// parent, messages before their agreement, garbage headers, a stolen seed, a store that is older than what was sent from it.

import { describe, expect, test } from 'vitest';
import { unknownSince } from '../../client/courier/early.ts';
import { openAgreement } from '../../client/protocol/accept.ts';
import { holdingsOf, ratchetsOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { AgreementHeader } from '../../client/wire/envelope.ts';
import { Circle, type Letter } from '../sim/circle.ts';
import type { Phone } from '../sim/phone.ts';
import { refusal } from '../support/chat.ts';
import { curves, decodeAgreement } from '../support/group.ts';

/** Three who have talked. */
async function three(seed: string): Promise<Circle> {
  const circle = await Circle.found(seed, 'Abc');
  for (const name of 'abc') await circle.say(name, `hello from ${name}`);
  await circle.settle();
  return circle;
}

const saidTo = (circle: Circle, name: string) => circle.phone(name).shown.filter((text) => !text.startsWith('hello'));
const messagesBy = (circle: Circle, name: string) =>
  circle.letters.filter(({ from, type }) => from === name && type === 'message').length;

/** All that the relay has kept from somebody, in the order in which it was sent. */
const keptFrom = (circle: Circle, before: number, name: string) =>
  circle.letters.slice(before).filter(({ to }) => to === name);

describe('an agreement that the relay keeps from one member', () => {
  async function withheld(seed: string): Promise<{ circle: Circle; agreement: Letter }> {
    const circle = await three(seed);
    circle.withholds = ({ to, type }) => to === 'c' && type === 'agreement';
    await circle.group('a').rename('Next');
    await circle.settle();
    await circle.say('b', 'in the next generation');
    await circle.settle();
    return { circle, agreement: circle.letter('agreement', 'a', 'c') };
  }

  test('it seals no content once it sees that there is a newer one, and says it when the agreement has come', async () => {
    const { circle, agreement } = await withheld('withheld');
    const before = messagesBy(circle, 'c');
    await circle.say('c', 'what I say');
    await circle.pass(300, 3);
    expect(messagesBy(circle, 'c')).toBe(before);
    expect(saidTo(circle, 'c')).toEqual([]);
    circle.withholds = () => false;
    circle.hand(agreement);
    await circle.settle();
    expect(circle.agreed('abc')).toBe('Abc');
    expect(saidTo(circle, 'c')).toEqual(['in the next generation']);
    expect(saidTo(circle, 'a')).toEqual(['in the next generation', 'what I say']);
  });

  test('if it does not come, it asks to be let in, is, and has then all that was said', async () => {
    const { circle } = await withheld('never comes');
    await circle.say('c', 'what I say');
    circle.withholds = () => false;
    await circle.pass(1800, 12);
    expect(circle.letters.some(({ from, type }) => from === 'c' && type === 'request')).toBe(true);
    expect(circle.agreed('abc')).toBe('Abc');
    expect(circle.group('c').name).toBe('Next');
    expect(saidTo(circle, 'c')).toEqual(['in the next generation']);
    expect(saidTo(circle, 'b')).toEqual(['what I say']);
    for (const name of 'ab') expect(circle.told(name)).toContain('returned');
    expect(circle.told('c')).not.toContain('asks');
  });

  test('the agreement of a group that has gone on is of no use to it later: nothing is opened twice', async () => {
    const { circle, agreement } = await withheld('too late');
    circle.withholds = () => false;
    await circle.pass(1800, 12);
    circle.hand(agreement);
    circle.hand(agreement);
    await circle.settle();
    expect(circle.agreed('abc')).toBe('Abc');
    expect(saidTo(circle, 'c')).toEqual(['in the next generation']);
    await circle.say('c', 'still here');
    await circle.settle();
    expect(saidTo(circle, 'a')).toContain('still here');
  });
});

describe('what comes in another order than it was sent', () => {
  test('an agreement before its parent, and messages before both', async () => {
    const circle = await three('reversed');
    const before = circle.letters.length;
    circle.withholds = ({ to }) => to === 'c';
    for (const [who, name] of [
      ['a', 'One'],
      ['b', 'Two'],
      ['a', 'Three'],
    ] as const) {
      await circle.group(who).rename(name);
      await circle.settle('ab');
      await circle.say('b', `in ${name}`);
      await circle.settle('ab');
    }
    circle.withholds = () => false;
    for (const letter of keptFrom(circle, before, 'c').toReversed()) circle.hand(letter);
    await circle.settle();
    expect(circle.agreed('abc')).toBe('Abc');
    expect(circle.group('c').name).toBe('Three');
    expect(saidTo(circle, 'c').sort()).toEqual(['in One', 'in Three', 'in Two']);
    const { state } = circle.phone('c').client;
    expect(state.all(tables.early)).toEqual([]);
    expect(unknownSince(state, circle.record('c'))).toBeNull();
  });
});

describe('a garbage header for one member', () => {
  const garbage: readonly [string, (circle: Circle, header: AgreementHeader) => Partial<AgreementHeader>][] = [
    ['another sealed secret', (circle) => ({ sealed: circle.random.bytes(48) })],
    ['a package that it never had', (circle) => ({ package: circle.random.bytes(32) })],
    ['an export secret of a generation that there is not', (circle) => ({ exportGeneration: circle.random.bytes(32) })],
    ['no export secret', () => ({ exportGeneration: null })],
    [
      'a leaf of a message that it never sent',
      (_, { leaf }) => ({ leaf: leaf?.type === 'contribution' ? { ...leaf, from: 99 } : null }),
    ],
  ];

  test.each(garbage)('in an agreement, %s: the others go on, and it comes back by itself', async (what, change) => {
    const circle = await three(`garbage ${what}`);
    circle.withholds = ({ to, type }) => to === 'c' && type === 'agreement';
    await circle.group('a').rename('Next');
    await circle.phone('a').work();
    const letter = circle.letter('agreement', 'a', 'c');
    const header = AgreementHeader.decode(letter.header);
    circle.withholds = () => false;
    circle.hand({ ...letter, header: AgreementHeader.encode({ ...header, ...change(circle, header) }) });
    await circle.settle();
    await circle.say('b', 'in the next generation');
    await circle.settle();
    expect(saidTo(circle, 'a')).toEqual(['in the next generation']);
    expect(circle.told('c').at(-1)).toMatch(/^refused (agreement-invalid|package-gone|keys-gone)$/);
    await circle.pass(3600, 12);
    expect(circle.agreed('abc')).toBe('Abc');
    expect(saidTo(circle, 'c')).toEqual(['in the next generation']);
  });

  test('in a message: the others open it, and it asks for the message and gets it', async () => {
    const circle = await three('garbage in a message');
    circle.withholds = ({ to, from }) => to === 'c' && from === 'a';
    await circle.say('a', 'hard to hear');
    circle.withholds = () => false;
    circle.hand({ ...circle.letter('message', 'a', 'c'), header: circle.random.bytes(48) });
    await circle.settle();
    expect(saidTo(circle, 'b')).toEqual(['hard to hear']);
    await circle.say('b', 'I have heard it');
    await circle.pass(1800, 6);
    expect(circle.told('c')).toEqual(['refused message-refused']);
    expect(saidTo(circle, 'c').sort()).toEqual(['I have heard it', 'hard to hear']);
    expect(circle.letters.some(({ type }) => type === 'request')).toBe(false);
  });
});

describe('a generation that is opened after members were copied', () => {
  test('opens to a copy until that member has spoken, and to no copy once all of them have', async () => {
    const circle = await three('opened after a copy');
    const copies = await Promise.all([...'bc'].map((name) => circle.phone(name).from(circle.phone(name).copy())));
    const opensTo = async (name: string) => {
      const { header, body } = circle.letter('agreement', 'a', name);
      const { self, state } = (name === 'b' ? copies[0] : copies[1])?.client ?? circle.phone('a').client;
      const holdings = holdingsOf(state, circle.post.now);
      return (await refusal(() => openAgreement(curves, self, header, decodeAgreement(body), holdings))) === 'accepted';
    };
    const next = async () => {
      circle.post.now += 3601; // so that a one-time package is claimed again, of which the copies have the secrets
      await circle.group('a').rename(`Name ${circle.letters.length}`);
      await circle.settle();
      return [await opensTo('b'), await opensTo('c')];
    };
    expect(await next()).toEqual([true, true]);
    for (const copy of copies) await circle.read(copy, [circle.letter('agreement', 'a', copy.name)]);
    await circle.say('c', 'heals c');
    await circle.settle();
    expect(await next()).toEqual([true, false]);
    await circle.read(copies[0] as Phone, [circle.letter('agreement', 'a', 'b')]);
    await circle.say('b', 'heals b');
    await circle.settle();
    expect(await next()).toEqual([false, false]);
    expect(await next()).toEqual([false, false]);
  });
});

describe('a stolen seed without state', () => {
  test('asks to be let in: it gets no key before a person agrees, all are told then, and the true device notices', async () => {
    const circle = await three('stolen seed');
    const thief = await circle.phone('c').restored();
    await thief.connect();
    const trueDevice = circle.phone('c');
    for (let n = 0; n < 12; n++) {
      circle.post.now += 60;
      await thief.work();
      await circle.settle('ab');
    }
    expect(thief.group?.status).toBe('lost');
    expect(circle.told('a').concat(circle.told('b'))).toContain('asks');
    await circle.say('a', 'not for the thief');
    circle.post.now += 24 * 3600;
    await thief.work();
    await circle.settle('ab');
    expect(ratchetsOf(thief.client.state, circle.record('a').id)).toEqual([]);

    const asked = [...'ab'].find((name) => circle.group(name).requests.length > 0) ?? 'a';
    await circle.group(asked).readmit(trueDevice.hrid);
    const before = circle.letters.length;
    await circle.settle('ab');
    const returns = (name: string) => circle.phone(name).events.filter(({ type }) => type === 'returned');
    for (const name of 'ab') expect(returns(name)).toMatchObject([{ whole: false }]);
    await circle.read(thief, keptFrom(circle, before, 'c'));
    expect(thief.group?.status).toBe('active');

    // The true device is told that it cannot open what came for it, asks with all that it has, and takes the place back.
    await circle.pass(4 * 3600, 24, 'abc');
    const told = circle.told('c').filter((type) => type !== 'changed');
    // Whoever has let in the thief has answered the same member before: the other one answers too, at this pace.
    expect(told).toEqual(['refused package-gone', 'rolled-back', 'returned', 'returned']);
    for (const name of 'ab') expect(returns(name)).toMatchObject([{ whole: false }, { whole: true }, { whole: true }]);
    const later = circle.letters.length;
    await circle.say('a', 'for c alone');
    await circle.settle('abc');
    expect(saidTo(circle, 'c')).toContain('for c alone');
    await circle.read(thief, keptFrom(circle, before, 'c'));
    const heard = thief.client.state.all(tables.events).filter(({ value }) => value.type === 'message');
    expect(heard).toEqual([]);
    expect(keptFrom(circle, later, 'c').length).toBeGreaterThan(0);
  });
});

describe('a store that is older than what was sent from it', () => {
  test('with equal counters in two generations: everybody is told, it comes back, and no text is lost or doubled', async () => {
    const circle = await three('rolled back');
    const copy = circle.phone('c').copy();
    await circle.say('c', 'before the restore');
    await circle.group('a').rename('Next');
    await circle.settle();
    await circle.say('c', 'in the next generation');
    await circle.settle();
    await circle.replace('c', await circle.phone('c').from(copy));
    await circle.say('c', 'after the restore');
    await circle.pass(4 * 3600, 16);
    expect(circle.agreed('abc')).toBe('Abc');
    await circle.say('a', 'are you well?');
    await circle.say('c', 'I am');
    await circle.pass(4 * 3600, 8);
    expect(saidTo(circle, 'c')).toContain('are you well?');
    const texts = saidTo(circle, 'b').filter((text) => text !== 'are you well?');
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.sort()).toEqual(['I am', 'after the restore', 'before the restore', 'in the next generation']);
  });

  test('and does not know a member who has come since: that one’s texts come again too', async () => {
    const circle = await Circle.found('since then', 'Abc', 'd');
    for (const name of 'abc') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    const copy = circle.phone('c').copy();
    await circle.group('a').add([circle.phone('d').invite]);
    await circle.settle();
    await circle.say('d', 'hello from d');
    await circle.settle();
    await circle.group('a').rename('Next');
    await circle.settle();
    await circle.replace('c', await circle.phone('c').from(copy));
    await circle.say('a', 'and now?');
    await circle.pass(4 * 3600, 24);
    expect(circle.told('c')).toContain('returned');
    expect(circle.phone('c').shown).toContain('hello from d');
    // Everybody was asked then, and it is quiet.
    await circle.pass(24 * 3600, 24);
    const requests = circle.letters.filter(({ type }) => type === 'request').length;
    await circle.pass(3 * 24 * 3600, 24);
    expect(circle.letters.filter(({ type }) => type === 'request')).toHaveLength(requests);
  });

  test('and in which its client is alone: it asks the contacts who have spoken since, and one lets it in', async () => {
    const circle = await Circle.found('alone', 'Ab', 'cd');
    await circle.group('b').leave();
    await circle.settle();
    expect(circle.roster('a')).toBe('A');
    const copy = circle.phone('a').copy();
    await circle.group('a').add([circle.phone('c').invite]);
    await circle.settle();
    await circle.say('c', 'hello from c');
    await circle.settle();
    await circle.replace('a', await circle.phone('a').from(copy));
    await circle.say('c', 'are you there?');
    await circle.pass(3600, 6);
    const requests = circle.letters.filter(({ type }) => type === 'request');
    expect(new Set(requests.map(({ to }) => to))).toEqual(new Set('c'));
    // It has nothing of the time since: a person is asked.
    await circle.group('c').readmit(circle.phone('a').hrid);
    await circle.settle();
    expect(circle.agreed('ac')).toBe('Ac');
    await circle.say('c', 'welcome back');
    await circle.settle();
    expect(saidTo(circle, 'a')).toEqual(['welcome back']);
  });

  test('and in which nobody is left whom it knows: it asks a contact who has spoken since, which lets it in', async () => {
    const circle = await Circle.found('all are new', 'Abc', 'd');
    const copy = circle.phone('c').copy();
    await circle.group('a').add([circle.phone('d').invite]);
    await circle.settle();
    await circle.group('a').promote(circle.phone('d').hrid);
    await circle.settle();
    for (const name of 'ab') {
      await circle.group(name).leave();
      await circle.settle();
    }
    await circle.replace('c', await circle.phone('c').from(copy));
    await circle.say('d', 'are you there?');
    await circle.pass(8 * 3600, 12);
    const asked = () => circle.letters.filter(({ type }) => type === 'request').map(({ to }) => to);
    expect(new Set(asked())).toEqual(new Set('abd'));
    expect(asked().filter((to) => to === 'a').length).toBeGreaterThan(asked().filter((to) => to === 'd').length);
    await circle.group('d').readmit(circle.phone('c').hrid);
    await circle.settle();
    expect(circle.agreed('cd')).toBe('cD');
    await circle.say('d', 'welcome back');
    await circle.settle();
    expect(saidTo(circle, 'c')).toEqual(['welcome back']);
  });

  test('holds a generation that is not posted: it is posted, or its client would hold on to what nobody else knows', async () => {
    const circle = await three('not posted');
    await circle.group('a').promote(circle.phone('b').hrid);
    const copy = circle.phone('a').copy();
    circle.withholds = ({ from }) => from === 'a';
    await circle.say('a', 'from the newer store');
    circle.withholds = () => false;
    await circle.replace('a', await circle.phone('a').from(copy));
    await circle.pass(2 * 3600, 24);
    expect(circle.agreed('abc')).toBe('ABc');
    for (const name of 'abc') await circle.say(name, `now from ${name}`);
    await circle.settle();
    expect(saidTo(circle, 'a')).toEqual(['now from b', 'now from c']);
    expect(saidTo(circle, 'b')).toEqual(['now from a', 'now from c']);
  });

  test('speaks where everybody, itself too, has said to have gone further: refused, and the queue goes on', async () => {
    const circle = await three('goes back');
    const old = loadRatchet(circle.phone('c').client.state, circle.record('c').generation);
    if (old === undefined) throw new RangeError('c is in the group');
    for (const name of 'ababab') {
      await circle.say(name, `hello again from ${name}`);
      await circle.settle();
    }
    await circle.group('a').rename('Next');
    await circle.settle();
    for (const name of 'abc') await circle.say(name, `hello there from ${name}`);
    await circle.settle();
    // It has not spoken there since, so that the number is new, while what it covers was let go by its own word.
    await circle.saySecretly('c', old, 'from before', 'b');
    await circle.say('a', 'after it');
    await circle.settle();
    expect(circle.told('b').filter((type) => type.startsWith('refused'))).toEqual(['refused message-refused']);
    expect(saidTo(circle, 'b')).toEqual(['after it']);
    await circle.say('b', 'still here');
    await circle.settle();
    expect(saidTo(circle, 'c')).toEqual(['after it', 'still here']);
  });
});
