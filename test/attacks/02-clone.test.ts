// 2. Two devices run from one state. It is reported to everyone, in the next message with evidence that everyone can
// verify; evidence that does not verify is not believed; nothing more of the copied member is accepted.

import { describe, expect, test } from 'vitest';
import type { Ratchet } from '../../client/protocol/ratchet.ts';
import { ratchetsOf } from '../../client/state/generations.ts';
import { loadRatchet } from '../../client/state/ratchets.ts';
import type { CloneReport, SignedHeader } from '../../client/wire/content.ts';
import { Circle } from '../sim/circle.ts';
import { flipped } from '../sim/corruption.ts';
import {
  at,
  Chat,
  createMembers,
  nameOf,
  openedIn,
  refusal,
  restored,
  type Sent,
  startRatchets,
} from '../support/chat.ts';
import { seededRandom } from '../support/random.ts';

const isCloned = (ratchet: Ratchet, position: number) => at(ratchet.members, position).cloned;

/** Member 0 runs twice; both devices send at the same time. */
async function twoDevices(size: number) {
  const chat = await Chat.start(seededRandom(`clone ${size}`), size);
  for (const sender of [0, 1, 2]) await chat.say(sender);
  const copied = restored(chat.ratchet(0));
  const { sent: first, ratchet: firstDevice } = await chat.seal(0, 'from the first');
  const { sent: second, ratchet: secondDevice } = await chat.seal(0, 'from the second', copied);
  return { chat, first, second, firstDevice, secondDevice };
}

describe('two devices from one state', () => {
  test('everyone who gets both reports it, in whatever order they come', async () => {
    const { chat, first, second } = await twoDevices(3);
    for (const [recipient, order] of [
      [1, [first, second]],
      [2, [second, first]],
    ] as const) {
      expect(openedIn(await chat.give(recipient, order[0]))).toEqual([nameOf(first)]);
      expect((await chat.give(recipient, order[1])).outcomes).toEqual([
        { type: 'clone', position: 0, reporter: recipient },
      ]);
      expect(chat.ratchet(recipient).reports).toHaveLength(1);
    }
  });

  test('two messages that wait are found to be clones before either opens', async () => {
    const { chat } = await twoDevices(3);
    const withheld = await chat.send(0);
    const copied = restored(chat.ratchet(0));
    const first = await chat.send(0);
    const second = await chat.sealAs(0, copied, 'from the second');
    expect((await chat.give(1, first)).outcomes).toMatchObject([{ type: 'waiting' }]);
    expect((await chat.give(1, second)).outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);
    expect(chat.ratchet(1).waiting).toEqual([]);
    expect(await chat.refusedBy(1, withheld)).toBe('message-refused');
  });

  test('the next message tells those who got one of the two, with evidence that they verify', async () => {
    const { chat, first, second } = await twoDevices(4);
    await chat.deliver(first, [1, 2, 3]);
    await chat.give(1, second);
    const report = await chat.send(1);
    expect(chat.ratchet(1).reports).toEqual([]);
    for (const recipient of [2, 3]) {
      const { outcomes } = await chat.give(recipient, report);
      expect(outcomes.at(-1)).toEqual({ type: 'clone', position: 0, reporter: 1 });
      expect(isCloned(chat.ratchet(recipient), 0)).toBe(true);
    }
  });

  test('nothing more of either device is accepted, and what waited is dropped', async () => {
    const { chat, first, second, firstDevice, secondDevice } = await twoDevices(3);
    await chat.give(1, first);
    const { sent: withheld, ratchet } = await chat.seal(0, 'withheld', firstDevice);
    await chat.give(1, await chat.sealAs(0, ratchet, 'waits'));
    expect(chat.ratchet(1).waiting).toHaveLength(1);
    await chat.give(1, second);
    expect(chat.ratchet(1).waiting).toEqual([]);
    expect(await chat.refusedBy(1, withheld)).toBe('message-refused');
    expect(await chat.refusedBy(1, await chat.sealAs(0, secondDevice, 'more'))).toBe('message-refused');
    expect(isCloned(restored(chat.ratchet(1)), 0)).toBe(true);
  });

  test('a member known to be copied cannot make others stop by what it claims to have seen of them', async () => {
    const { chat, first, second } = await twoDevices(3);
    await chat.give(1, first);
    await chat.give(1, second);
    const claim = await chat.forge(0, { vector: chat.vector(0).with(1, 9) });
    expect(await chat.refusedBy(1, claim)).toBe('message-refused');
    expect((await chat.give(2, claim)).outcomes).toMatchObject([{ type: 'waiting' }]);
    expect((await chat.send(1)).number).toBe(1);
  });

  test('it is still noticed when the evidence is no longer kept, and a replay is not taken for it', async () => {
    const { chat, first, second } = await twoDevices(3);
    await chat.deliver(first, [1, 2]);
    chat.ratchets[0] = (await twoDevices(3)).firstDevice;
    for (let n = 0; n < 9; n++) await chat.deliver(await chat.send(0), [1, 2]);
    expect(at(chat.ratchet(1).members, 0).recent.every(({ vector }) => vector[0] !== first.number)).toBe(true);
    expect(await chat.refusedBy(1, first)).toBe('duplicate');
    expect((await chat.give(1, second)).outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);
    expect(chat.ratchet(1).reports).toEqual([]);
  });

  test('members who opened different ones see a fork, and do not open on a wrong key', async () => {
    const { chat, first, second } = await twoDevices(3);
    await chat.give(1, first);
    await chat.give(2, second);
    expect((await chat.give(2, await chat.send(1))).outcomes).toEqual([{ type: 'fork', sender: 1 }]);
    expect(chat.ratchet(2).forked).toBe(true);
  });

  test('a device that hears of its own clone sends nothing more, if it was the one that fell behind', async () => {
    const { chat, first } = await twoDevices(3);
    await chat.deliver(first, [1, 2]);
    const answer = await chat.send(1);
    expect((await chat.give(0, answer)).outcomes).toEqual([{ type: 'rolled-back' }]);
    expect(await refusal(() => chat.send(0))).toBe('rolled-back');
  });
});

describe('a clone that is found as the group moves on', () => {
  test('is told to all where it spoke, but not to who is removed, and that generation closes', async () => {
    const circle = await Circle.found('clone and next', 'ABcd');
    for (const name of 'abcd') await circle.say(name, `hello from ${name}`);
    await circle.settle();
    const ratchet = loadRatchet(circle.phone('d').client.state, circle.record('d').generation);
    if (ratchet === undefined) throw new RangeError('d is in the group');
    await circle.say('d', 'from the first');
    await circle.settle();
    await circle.saySecretly('d', ratchet, 'from the second', 'a');
    await circle.group('b').remove(circle.phone('d').hrid);
    const before = circle.letters.length;
    await circle.settle();
    for (const name of 'abc') expect(circle.told(name), name).toContain('clone');
    expect(circle.letters.slice(before).filter(({ to, type }) => to === 'd' && type === 'message')).toEqual([]);
    for (const name of 'abcabc') {
      await circle.say(name, `later, from ${name}`);
      await circle.settle();
    }
    await circle.pass(3600, 12);
    for (const name of 'abc') {
      expect(circle.told(name).filter((type) => !['clone', 'changed'].includes(type))).toEqual([]);
      expect(ratchetsOf(circle.phone(name).client.state, circle.record(name).id)).toHaveLength(1);
    }
  });
});

describe('reports with evidence that does not hold are not believed', () => {
  const recent = (ratchet: Ratchet, member: number, index: number): SignedHeader =>
    at(at(ratchet.members, member).recent, index);

  async function reported(make: (chat: Chat, clones: readonly [Sent, Sent]) => CloneReport | Promise<CloneReport>) {
    const { chat, first, second } = await twoDevices(4);
    await chat.deliver(first, [1, 2, 3]);
    const report = await make(chat, [first, second]);
    const lie = await chat.sealAs(1, { ...chat.ratchet(1), reports: [report] }, 'look');
    const { outcomes, ratchet } = await chat.give(2, lie);
    return { types: outcomes.map(({ type }) => type), cloned: ratchet.members.some(({ cloned }) => cloned) };
  }

  /** What a client that noticed the clone reports. */
  async function truth(chat: Chat, [, second]: readonly [Sent, Sent]): Promise<CloneReport> {
    const noticed = restored(chat.ratchet(1));
    await chat.give(1, second);
    const report = at(chat.ratchet(1).reports, 0);
    chat.ratchets[1] = noticed;
    return report;
  }

  test('true evidence is believed', async () => {
    expect(await reported(truth)).toEqual({ types: ['opened', 'clone'], cloned: true });
  });

  test.each<[string, (chat: Chat, clones: readonly [Sent, Sent]) => CloneReport | Promise<CloneReport>]>([
    [
      'one message twice',
      (chat) => ({ position: 0, first: recent(chat.ratchet(1), 0, 0), second: recent(chat.ratchet(1), 0, 0) }),
    ],
    [
      'two numbers',
      (chat) => ({ position: 0, first: recent(chat.ratchet(1), 0, 0), second: recent(chat.ratchet(1), 0, 1) }),
    ],
    [
      'two members',
      (chat) => ({ position: 0, first: recent(chat.ratchet(1), 0, 0), second: recent(chat.ratchet(1), 2, 0) }),
    ],
    ['another member', async (chat, clones) => ({ ...(await truth(chat, clones)), position: 2 })],
    ['a member that does not exist', async (chat, clones) => ({ ...(await truth(chat, clones)), position: 200 })],
    [
      'a changed body with the old signature',
      (chat) => {
        const first = recent(chat.ratchet(1), 0, -1);
        return { position: 0, first, second: { ...first, bodyHash: flipped(first.bodyHash, 0) } };
      },
    ],
    [
      'the same message under a damaged signature',
      (chat) => {
        const first = recent(chat.ratchet(1), 0, -1);
        return { position: 0, first, second: { ...first, signature: flipped(first.signature, 300) } };
      },
    ],
    [
      'a vector for more members',
      async (chat, clones) => {
        const report = await truth(chat, clones);
        return { ...report, second: { ...report.second, vector: [...report.second.vector, 0] } };
      },
    ],
    [
      'a true clone in another group',
      async () => {
        const random = seededRandom('clone 4');
        const elsewhere = new Chat(random, await createMembers(random, 4), []);
        elsewhere.ratchets.push(...(await startRatchets(random, elsewhere.members, { group: new Uint8Array(32) })));
        const first = await elsewhere.sealAs(0, elsewhere.ratchet(0), 'one');
        const second = await elsewhere.sealAs(0, elsewhere.ratchet(0), 'two');
        await elsewhere.give(1, first);
        return truth(elsewhere, [first, second]);
      },
    ],
  ])('%s', async (_, make) => {
    expect(await reported(make)).toEqual({ types: ['opened'], cloned: false });
  });
});
