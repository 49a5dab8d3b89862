import { beforeAll, describe, expect, test } from 'vitest';
import {
  confirmedBy,
  contentKey,
  currentVector,
  groupKey,
  messageKey,
  namedContribution,
  nextChainKey,
  outerKey,
  prune,
  type Ratchet,
  wrapKey,
} from '../../../client/protocol/ratchet.ts';
import { at, Chat } from '../../support/chat.ts';
import { seededRandom } from '../../support/random.ts';
import { samples } from '../../support/samples.ts';
import { describeStruct } from '../../support/struct.ts';
import { toHex } from '../../support/vectors.ts';

for (const name of ['KeptContribution', 'MemberCore', 'WaitingMessage', 'RatchetCore'] as const) {
  describeStruct(name, samples[name]);
}

const random = seededRandom('ratchet');
let chat: Chat;

beforeAll(async () => {
  chat = await Chat.start(random, 3);
});

describe('keys', () => {
  const [key, other, nonce] = [random.bytes(32), random.bytes(32), random.bytes(24)];

  test('every purpose, sender, number and recipient has a key of its own', () => {
    const keys = [
      messageKey(key, other, 0, 0),
      messageKey(other, key, 0, 0),
      messageKey(key, other, 1, 0),
      messageKey(key, other, 0, 1),
      outerKey(key),
      contentKey(key, other, nonce),
      contentKey(key, null, nonce),
      contentKey(key, other, random.bytes(24)),
      wrapKey(other, key, 0),
      wrapKey(other, key, 1),
      nextChainKey(key),
    ];
    expect(new Set(keys.map(toHex)).size).toBe(keys.length);
  });

  test('groupKey() differs with the vector, the digest and every secret that the vector names', () => {
    const ratchet = chat.ratchet(0);
    const digest = random.bytes(32);
    const changed = ratchet.members.map((member, position) => ({
      ...ratchet,
      members: ratchet.members.with(position, {
        ...member,
        contributions: member.contributions.map((contribution) => ({ ...contribution, secret: random.bytes(32) })),
      }),
    }));
    const keys = [
      groupKey(ratchet, [0, 0, 0], digest),
      groupKey(ratchet, [0, 0, 1], digest),
      groupKey(ratchet, [0, 0, 0], random.bytes(32)),
      groupKey({ ...ratchet, group: random.bytes(32) }, [0, 0, 0], digest),
      groupKey({ ...ratchet, generation: random.bytes(32) }, [0, 0, 0], digest),
      ...changed.map((other) => groupKey(other, [0, 0, 0], digest)),
    ];
    expect(new Set(keys.map(toHex)).size).toBe(keys.length);
  });

  test('all members start with the same keys, and each with its own leaf secret only', () => {
    const starts = chat.ratchets.map((ratchet) => groupKey(ratchet, [0, 0, 0], random.bytes(0)));
    expect(new Set(starts.map(toHex)).size).toBe(1);
    for (const { members, self } of chat.ratchets) {
      const held = members.map(({ contributions }) => contributions.map(({ leafSecret }) => leafSecret !== null));
      expect(held).toEqual(members.map((_, position) => [position === self]));
    }
  });
});

describe('namedContribution()', () => {
  test('is the last one among so many messages', async () => {
    const member = at(chat.ratchet(0).members, 1);
    const first = at(member.contributions, 0);
    const later = { ...first, from: 5 };
    const kept = { ...member, contributions: [first, later] };
    for (const [count, named] of [
      [0, first],
      [4, first],
      [5, later],
      [9, later],
    ] as const) {
      expect(namedContribution(kept, count)).toBe(named);
    }
    expect(() => namedContribution({ ...member, contributions: [later] }, 4)).toThrow(RangeError);
  });
});

describe('prune()', () => {
  test('keeps what somebody may still name, and nothing older', async () => {
    const talk = await Chat.start(seededRandom('prune'), 3);
    const kept = (ratchet: Ratchet) => ratchet.members.map(({ contributions }) => contributions.length);
    const transcripts = (ratchet: Ratchet) => ratchet.members.map((member) => member.transcripts.length);
    // Member 0 talks alone: the others could still name its first contribution.
    for (let i = 0; i < 4; i++) await talk.say(0);
    for (const ratchet of talk.ratchets) {
      expect(currentVector(ratchet)).toEqual([4, 0, 0]);
      expect(kept(ratchet)).toEqual([5, 1, 1]);
      expect(transcripts(ratchet)).toEqual([5, 1, 1]);
    }
    // Once each of them has spoken, nobody can.
    await talk.say(1);
    expect(kept(talk.ratchet(2))).toEqual([5, 2, 1]);
    await talk.say(2);
    await talk.say(0);
    for (const ratchet of talk.ratchets) expect(kept(ratchet)[0]).toBe(2);
    for (const ratchet of talk.ratchets) {
      for (const position of ratchet.members.keys()) expect(prune(ratchet, position)).toEqual(ratchet);
    }
  });

  test('whoever talks when, leaves nothing below what all members can name, and everything from there on', async () => {
    const random = seededRandom('prune at random');
    const talk = await Chat.start(random, 4);
    let dropped = 0;
    for (let i = 0; i < 40; i++) {
      await talk.say(random.below(4));
      for (const { members } of talk.ratchets) {
        for (const [position, { opened, contributions, transcripts }] of members.entries()) {
          const floor = Math.min(...members.map(({ vector }) => vector[position] as number));
          expect(opened + 1 - transcripts.length).toBe(floor);
          expect(contributions[0]?.from).toBeLessThanOrEqual(floor);
          expect(contributions[1]?.from ?? floor + 1).toBeGreaterThan(floor);
          dropped = Math.max(dropped, floor);
        }
      }
    }
    expect(dropped).toBeGreaterThan(4);
  });

  test('what is deleted is gone from the whole state', async () => {
    const talk = await Chat.start(seededRandom('gone'), 2);
    const before = talk.ratchet(1);
    const chainKey = at(before.members, 0).chainKey;
    const ownLeaf = at(at(before.members, 1).contributions, 0).leafSecret;
    for (let i = 0; i < 3; i++) for (const sender of [0, 1]) await talk.say(sender);
    const bytes = JSON.stringify(talk.ratchet(1), (_, value) => (value instanceof Uint8Array ? toHex(value) : value));
    expect(bytes).toContain(toHex(at(talk.ratchet(1).members, 0).chainKey));
    expect(bytes).not.toContain(toHex(chainKey));
    expect(bytes).not.toContain(toHex(ownLeaf ?? chainKey));
  });
});

describe('confirmedBy()', () => {
  test('counts the messages that all others have covered by one of their own', async () => {
    const talk = await Chat.start(seededRandom('confirmed'), 3);
    for (let i = 0; i < 2; i++) await talk.say(0);
    expect(confirmedBy(talk.ratchet(0), 0)).toBe(0);
    await talk.say(1);
    expect(confirmedBy(talk.ratchet(0), 0)).toBe(0);
    await talk.say(0);
    await talk.say(2);
    expect(confirmedBy(talk.ratchet(0), 0)).toBe(2);
    expect(confirmedBy(talk.ratchet(2), 0)).toBe(2);
    expect(confirmedBy(talk.ratchet(0), 1)).toBe(1);
  });
});
