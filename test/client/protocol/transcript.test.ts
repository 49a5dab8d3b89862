import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../client/crypto/hash.ts';
import { currentVector } from '../../../client/protocol/ratchet.ts';
import {
  digestAt,
  extendTranscript,
  firstTranscript,
  hashMessageBody,
  memberAt,
  signHeader,
  transcriptAt,
  verifyHeader,
} from '../../../client/protocol/transcript.ts';
import { concatBytes } from '../../../client/wire/bytes.ts';
import { Chat } from '../../support/chat.ts';
import { curves } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';
import { toHex } from '../../support/vectors.ts';

const random = seededRandom('transcript');

describe('transcripts', () => {
  test('members that opened the same messages have the same digest, in whatever order', async () => {
    const chat = await Chat.start(random, 3);
    const sent = [await chat.send(0), await chat.send(1)];
    await chat.deliver(sent[0] ?? (await chat.send(0)));
    await chat.give(2, sent[1] ?? (await chat.send(1)));
    await chat.give(0, sent[1] ?? (await chat.send(1)));
    const digests = chat.ratchets.map((ratchet) => toHex(digestAt(ratchet, currentVector(ratchet))));
    expect(new Set(digests).size).toBe(1);
  });

  test('digestAt() differs at every vector', async () => {
    const chat = await Chat.start(random, 2);
    for (let i = 0; i < 2; i++) await chat.say(0);
    const vectors = [
      [0, 0],
      [1, 0],
      [2, 0],
    ];
    const digests = vectors.map((vector) => toHex(digestAt(chat.ratchet(0), vector)));
    expect(new Set(digests).size).toBe(3);
    expect(digests).toEqual(vectors.map((vector) => toHex(digestAt(chat.ratchet(1), vector))));
  });

  test('digestAt() and memberAt() refuse what is not there', async () => {
    const chat = await Chat.start(random, 2);
    for (const vector of [
      [1, 0],
      [0, 7],
    ])
      expect(() => digestAt(chat.ratchet(0), vector)).toThrow(RangeError);
    for (const position of [2, -1, 0.5]) expect(() => memberAt(chat.ratchet(0), position)).toThrow(RangeError);
  });

  test('transcriptAt() gives undefined for what is deleted or not yet there', async () => {
    const chat = await Chat.start(random, 2);
    for (let i = 0; i < 3; i++) for (const sender of [0, 1]) await chat.say(sender);
    const member = memberAt(chat.ratchet(0), 1);
    expect(transcriptAt(member, 3)).toEqual(member.transcripts.at(-1));
    expect(transcriptAt(member, 4)).toBe(undefined);
    expect(transcriptAt(member, 0)).toBe(undefined);
  });

  test('firstTranscript() binds generation and member', () => {
    const [a, b] = [random.bytes(32), random.bytes(32)];
    const all = [firstTranscript(a, b), firstTranscript(b, a), firstTranscript(a, a)].map(toHex);
    expect(new Set(all).size).toBe(3);
  });

  test('extendTranscript() binds everything of the header, the signature too', async () => {
    const chat = await Chat.start(random, 2);
    const header = {
      vector: [0, 0],
      digest: random.bytes(32),
      bodyHash: random.bytes(32),
      signature: random.bytes(64),
    };
    const before = random.bytes(32);
    const all = [
      extendTranscript(chat.ratchet(0), before, 0, header),
      extendTranscript(chat.ratchet(0), random.bytes(32), 0, header),
      extendTranscript(chat.ratchet(0), before, 1, header),
      extendTranscript(chat.ratchet(0), before, 0, { ...header, vector: [1, 0] }),
      extendTranscript(chat.ratchet(0), before, 0, { ...header, digest: random.bytes(32) }),
      extendTranscript(chat.ratchet(0), before, 0, { ...header, bodyHash: random.bytes(32) }),
      extendTranscript(chat.ratchet(0), before, 0, { ...header, signature: random.bytes(64) }),
    ].map(toHex);
    expect(new Set(all).size).toBe(all.length);
  });

  test('hashMessageBody() is SHA-256 over nonce, outer and inner', () => {
    const [nonce, outer, inner] = [random.bytes(24), random.bytes(80), random.bytes(272)];
    expect(hashMessageBody(nonce, outer, inner)).toEqual(sha256(concatBytes(nonce, outer, inner)));
  });
});

describe('verifyHeader()', () => {
  test('takes what signHeader() signed, and nothing else', async () => {
    const chat = await Chat.start(random, 3);
    const ratchet = chat.ratchet(0);
    const unsigned = { vector: [0, 0, 0], digest: random.bytes(32), bodyHash: random.bytes(32) };
    const signed = { ...unsigned, signature: await signHeader(curves, chat.seedOf(0), ratchet, unsigned) };
    expect(await verifyHeader(curves, chat.ratchet(1), 0, signed)).toBe(true);
    expect(await verifyHeader(curves, chat.ratchet(1), 2, signed)).toBe(false);
    for (const change of [
      { vector: [0, 0, 1] },
      { vector: [0, 0] },
      { digest: random.bytes(32) },
      { bodyHash: random.bytes(32) },
      { signature: random.bytes(64) },
    ]) {
      expect(await verifyHeader(curves, chat.ratchet(1), 0, { ...signed, ...change })).toBe(false);
    }
    for (const other of [{ group: random.bytes(32) }, { generation: random.bytes(32) }]) {
      expect(await verifyHeader(curves, { ...chat.ratchet(1), ...other }, 0, signed)).toBe(false);
    }
  });
});
