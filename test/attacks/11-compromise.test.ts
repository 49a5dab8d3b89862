// 11. The full state of one or several members is copied. Nothing they had opened or sent before opens; nothing opens
// that carries or covers a contribution of each of them made since. The attacker holds all recorded traffic.

import { describe, expect, test } from 'vitest';
import type { KeptContribution, Ratchet } from '../../client/protocol/ratchet.ts';
import { Network } from '../sim/network.ts';
import { attack } from '../support/attacker.ts';
import { at, Chat, nameOf, type Sent } from '../support/chat.ts';
import { textOf } from '../support/content.ts';
import { closure, contentAtom } from '../support/model.ts';
import { type Copy, judge, type Promised } from '../support/promises.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import { forEachSeed, seedsFor, slow } from '../support/seeds.ts';

const opens = async (copies: readonly Ratchet[], traffic: readonly Sent[]) => [
  ...(await attack(copies, traffic)).keys(),
];

async function talk(chat: Chat, speakers: readonly number[]): Promise<string[]> {
  const names: string[] = [];
  for (const speaker of speakers) names.push(nameOf(await chat.say(speaker)));
  return names;
}

describe('a copied state against recorded traffic', () => {
  test('one victim: what follows the copy opens until its next message, and nothing else ever', async () => {
    const chat = await Chat.start(seededRandom('one victim'), 3);
    await talk(chat, [0, 1, 2, 1, 0]);
    const copy = chat.ratchet(1);
    const exposed = await talk(chat, [0, 2, 2, 0, 2]);
    await talk(chat, [1, 0, 2, 1, 0]);
    expect((await opens([copy], chat.sent)).sort()).toEqual(exposed.sort());
  });

  test('several victims: a message is closed once it covers a new contribution of each', async () => {
    const chat = await Chat.start(seededRandom('two victims'), 4);
    await talk(chat, [0, 1, 2, 3]);
    const copies = [chat.ratchet(0), chat.ratchet(1)];
    const exposed = await talk(chat, [2, 0, 3, 0]);
    await talk(chat, [1, 2, 0, 3]);
    expect((await opens(copies, chat.sent)).sort()).toEqual(exposed.sort());
  });

  test('victims who heal at the same time: each of the two messages opens, none that covers both', async () => {
    const chat = await Chat.start(seededRandom('concurrent'), 3);
    await talk(chat, [0, 1, 2]);
    const copies = [chat.ratchet(0), chat.ratchet(1)];
    const both = [await chat.send(0), await chat.send(1)];
    for (const sent of both) await chat.deliver(sent);
    await talk(chat, [2, 0]);
    expect((await opens(copies, chat.sent)).sort()).toEqual(both.map(nameOf).sort());
  });

  test('a copy of a member that was away opens what it had not opened yet', async () => {
    const chat = await Chat.start(seededRandom('away'), 3);
    for (const speaker of [0, 1, 0, 1]) await chat.deliver(await chat.send(speaker), [0, 1]);
    expect(await opens([chat.ratchet(2)], chat.sent)).toEqual(chat.sent.map(nameOf));
    expect(await opens([chat.ratchet(0), chat.ratchet(1)], chat.sent)).toEqual([]);
  });
});

describe('the attacker is strong enough to mean something', () => {
  test('it opens everything from a state that has forgotten nothing', async () => {
    const chat = await Chat.start(seededRandom('hoarder'), 3);
    const start = chat.ratchet(1);
    const hoard = start.members.map(({ contributions }) => [...contributions]);
    for (const speaker of [0, 1, 2, 2, 1, 0, 1, 2]) {
      await chat.say(speaker);
      const newest = (member: number): KeptContribution => at(at(chat.ratchet(1).members, member).contributions, -1);
      hoard[speaker]?.push(newest(speaker));
    }
    const members = start.members.map((member, position) => ({ ...member, contributions: at(hoard, position) }));
    expect(await opens([{ ...start, members }], chat.sent)).toEqual(chat.sent.map(nameOf));
    const chains = chat.ratchet(1).members.map(({ chainKey, opened }) => ({ chainKey, opened }));
    const advanced = members.map((member, position) => ({ ...member, ...at(chains, position) }));
    expect(await opens([{ ...start, members: advanced }], chat.sent)).toEqual([]);
  });

  test('it uses the headers of members whose state it does not hold anew', async () => {
    const chat = await Chat.start(seededRandom('headers'), 3);
    await talk(chat, [0, 1, 2]);
    const copies = [chat.ratchet(0), chat.ratchet(1)];
    await talk(chat, [0, 2]);
    expect(await opens(copies, chat.sent)).toEqual(['0:1', '2:1']);
    const withoutOthers = chat.sent.map((sent) => ({
      ...sent,
      headers: sent.headers.with(1, sent.headers[2] ?? sent.body),
    }));
    expect(await opens(copies, withoutOthers)).toEqual([]);
  });

  test('it takes r from any header once it holds the secret of the new leaf', async () => {
    const chat = await Chat.start(seededRandom('sender'), 3);
    const before = chat.ratchet(0);
    await chat.say(0);
    const newest = at(at(chat.ratchet(0).members, 0).contributions, -1);
    const [own, ...others] = before.members;
    if (own === undefined) throw new RangeError('no members');
    const withLeaf = { ...own, contributions: [...own.contributions, { ...newest, secret: new Uint8Array(32) }] };
    expect(await opens([before], chat.sent)).toEqual([]);
    expect(await opens([{ ...before, members: [withLeaf, ...others] }], chat.sent)).toEqual(['0:0']);
  });
});

interface Tally {
  readonly messages: Record<Promised, number>;
  readonly opened: Record<Promised, number>;
}

const none = (): Record<Promised, number> => ({ past: 0, healed: 0, exposed: 0 });

interface Schedule {
  readonly size: number;
  readonly messages: number;
  readonly victims: number;
  readonly silent: readonly number[];
}

async function copyInRandomSchedule(random: SeededRandom, schedule: Schedule, tally: Tally): Promise<void> {
  const { size, messages, victims, silent } = schedule;
  const content = (r: SeededRandom) => textOf('x', { id: r.bytes(16) });
  const network = await Network.start(random, { size, silent, content });
  const { chat, model } = network;
  const chosen = new Set<number>();
  while (chosen.size < victims) chosen.add(random.below(size));
  const due = [...chosen, ...(random.chance(0.3) ? [random.pick([...chosen])] : [])].map((member) => ({
    member,
    after: 2 + random.below(messages - 6),
  }));
  const copies: Copy[] = [];
  const sending = random.pick([0.2, 0.35, 0.6]);
  while (chat.sent.length < messages) {
    await network.step(sending);
    for (const each of due.filter(({ after }) => after <= chat.sent.length)) {
      due.splice(due.indexOf(each), 1);
      const { member } = each;
      const opened = new Set(at(network.opened, member).map(nameOf));
      copies.push({ member, ratchet: chat.ratchet(member), secrets: model.secrets(member), opened });
    }
  }
  await network.drain();
  network.checkConverged();

  const stolen = copies.map(({ ratchet }) => ratchet);
  const opened = await attack(stolen, chat.sent);
  for (const sent of chat.sent) {
    const found = opened.get(nameOf(sent));
    if (found !== undefined) expect(found.content).toEqual(sent.content);
  }
  const known = closure(
    size,
    chat.sent,
    copies.flatMap(({ secrets }) => secrets),
  );
  const predicted = chat.sent.filter(({ sender, number }) => known.has(contentAtom(sender, number)));
  expect([...opened.keys()].sort()).toEqual(predicted.map(nameOf).sort());
  for (const [name, promised] of judge(size, chat.sent, copies)) {
    tally.messages[promised]++;
    if (!opened.has(name)) continue;
    tally.opened[promised]++;
    if (promised !== 'exposed') throw new Error(`message ${name} is ${promised}, and opens`);
  }
}

describe('copies at random times in random schedules', () => {
  test.each([
    ['one victim', 1, false, 20, 400],
    ['one victim, one silent member', 1, true, 15, 400],
    ['two victims', 2, false, 15, 400],
    ['two victims, one silent member', 2, true, 10, 400],
    ['three victims', 3, false, 15, 400],
  ])(
    '%s: what opens is what the rules say, and nothing that is promised closed',
    async (_, victims, hasSilent, few, many) => {
      const tally: Tally = { messages: none(), opened: none() };
      const seeds = seedsFor(few, many);
      await forEachSeed(seeds, async (random) => {
        const size = Math.max(3, victims) + random.below(3);
        const silent = hasSilent ? [random.below(size)] : [];
        await copyInRandomSchedule(random, { size, silent, victims, messages: 18 }, tally);
      });
      if (slow) console.log(JSON.stringify({ victims, hasSilent, ...tally }));
      expect(tally.opened).toMatchObject({ past: 0, healed: 0 });
      if (seeds.length === 1) return;
      expect(tally.opened.exposed).toBeGreaterThan(0);
      expect(tally.messages.past).toBeGreaterThan(0);
      expect(tally.messages.healed).toBeGreaterThan(0);
    },
    600_000,
  );

  test('with light messages', async () => {
    const tally: Tally = { messages: none(), opened: none() };
    const seeds = seedsFor(2, 20);
    await forEachSeed(seeds, async (random) => {
      await copyInRandomSchedule(random, { size: 17, silent: range(4, 17), victims: 2, messages: 24 }, tally);
    });
    if (seeds.length > 1) expect(tally.opened.exposed).toBeGreaterThan(0);
  }, 600_000);
});

const range = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);
