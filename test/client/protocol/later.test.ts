import { describe, expect, test } from 'vitest';
import { differsLater, hasNews, hearLater, isComplete, tellLater } from '../../../client/protocol/later.ts';
import { confirmedBy, type Ratchet } from '../../../client/protocol/ratchet.ts';
import { digestAt } from '../../../client/protocol/transcript.ts';
import type { Earlier } from '../../../client/wire/content.ts';
import { at, Chat } from '../../support/chat.ts';
import { emptyOf } from '../../support/content.ts';
import { seededRandom } from '../../support/random.ts';

/** Three who have talked: one content of each of the first two, and an empty message of the third. */
async function talked(seed: string): Promise<Chat> {
  const chat = await Chat.start(seededRandom(`later ${seed}`), 3);
  await chat.say(0);
  await chat.say(1);
  await chat.say(2, emptyOf());
  return chat;
}

function heard(ratchet: Ratchet, position: number, word: Earlier): Ratchet {
  const after = hearLater(ratchet, position, word);
  if (after === null || after === 'rolled-back') throw new Error('a true word was refused');
  return after;
}

/** What a member says now of the generation of a chat. */
const wordOf = (chat: Chat, position: number): Earlier => tellLater(chat.ratchet(position)).earlier;

describe('tellLater()', () => {
  test('says how far this client has come, by the same digest that it would sign, and how much it has said', async () => {
    const chat = await talked('word');
    await chat.say(0);
    const { ratchet, earlier } = tellLater(chat.ratchet(0));
    expect(earlier).toEqual({
      generation: ratchet.generation,
      vector: [2, 1, 1],
      digest: digestAt(chat.ratchet(1), [2, 1, 1]),
      contents: 2,
    });
    expect(wordOf(chat, 2)).toMatchObject({ vector: [2, 1, 1], contents: 0 });
  });

  test('is told once, and again when more has come', async () => {
    const chat = await talked('once');
    expect(hasNews(chat.ratchet(0))).toBe(true);
    chat.ratchets[0] = tellLater(chat.ratchet(0)).ratchet;
    expect(hasNews(chat.ratchet(0))).toBe(false);
    await chat.say(1);
    expect(hasNews(chat.ratchet(0))).toBe(true);
  });
});

describe('hearLater()', () => {
  test('confirms what it covers, without a message in the generation itself', async () => {
    const chat = await talked('confirms');
    await chat.say(0);
    const before = chat.ratchet(0);
    expect(confirmedBy(before, 0)).toBe(1);
    const after = heard(heard(before, 1, wordOf(chat, 1)), 2, wordOf(chat, 2));
    expect(confirmedBy(after, 0)).toBe(2);
    expect(confirmedBy(heard(before, 1, wordOf(chat, 1)), 0)).toBe(1);
  });

  test('takes no word of this client’s own position, of another length, or that goes back', async () => {
    const chat = await talked('refused');
    const ratchet = chat.ratchet(0);
    const word = wordOf(chat, 1);
    expect(hearLater(ratchet, 0, wordOf(chat, 0))).toBeNull();
    expect(hearLater(ratchet, 1, { ...word, vector: [1, 1] })).toBeNull();
    expect(hearLater(ratchet, 1, { ...word, vector: [1, 1, 1, 0] })).toBeNull();
    // Less than what its own messages have said already.
    expect(hearLater(ratchet, 1, { ...word, vector: [0, 1, 1] })).toBeNull();
    expect(hearLater(ratchet, 1, { ...word, vector: [1, 0, 1] })).toBeNull();
    const after = heard(ratchet, 1, word);
    expect(hearLater(after, 1, { ...word, vector: word.vector.with(2, 0) })).toBeNull();
    expect(heard(after, 1, word).members).toEqual(after.members);
  });

  test('takes no word of more contents than messages', async () => {
    const chat = await talked('contents');
    const word = wordOf(chat, 1);
    expect(hearLater(chat.ratchet(0), 1, { ...word, contents: 2 })).toBeNull();
    expect(hearLater(chat.ratchet(0), 1, { ...word, contents: 1 })).not.toBeNull();
  });

  test('says that this client was rolled back if others have seen more of it than it has sent', async () => {
    const chat = await talked('rolled back');
    const old = chat.ratchet(0);
    await chat.say(0);
    expect(hearLater(old, 1, wordOf(chat, 1))).toBe('rolled-back');
    expect(hearLater(chat.ratchet(0), 1, wordOf(chat, 1))).not.toBe('rolled-back');
  });

  test('lets go what nobody can name any more once all that a member has sent is open, and not before', async () => {
    const chat = await talked('prunes');
    const late = await chat.send(1);
    await chat.deliver(late, [2]);
    for (const sender of [0, 2, 0, 2]) await chat.say(sender);
    // What the next messages of 1 may still name is kept, although it has said how far it is: one is on its way.
    const words = [1, 2].map((position) => [position, wordOf(chat, position)] as const);
    const told = words.reduce((ratchet, [position, word]) => heard(ratchet, position, word), chat.ratchet(0));
    const kept = (ratchet: Ratchet) => at(ratchet.members, 0).contributions.length;
    expect(isComplete(at(told.members, 1), 1)).toBe(false);
    chat.ratchets[0] = told;
    await chat.give(0, late);
    const complete = chat.ratchet(0);
    expect(isComplete(at(complete.members, 1), 1)).toBe(true);
    const own = tellLater(complete).ratchet;
    expect(kept(own)).toBeLessThan(kept(told));
    expect(kept(own)).toBe(1);
  });
});

describe('differsLater()', () => {
  test('tells a member that has opened other messages under the same numbers', async () => {
    const chat = await talked('differs');
    const twin = (await chat.seal(0, 'one thing')).sent;
    const other = await chat.send(0, 'another thing');
    await chat.give(1, twin);
    await chat.give(2, other);
    const toldBy = (position: number) => heard(chat.ratchet(0), position, wordOf(chat, position));
    expect(differsLater(toldBy(1), 1)).toBe(true);
    expect(differsLater(toldBy(2), 2)).toBe(false);
  });

  test('tells nothing while a word covers what has not come, or nobody has said anything', async () => {
    const chat = await talked('unknown');
    expect(differsLater(chat.ratchet(0), 1)).toBe(false);
    const ahead = await chat.send(1);
    await chat.deliver(ahead, [2]);
    const word = { ...wordOf(chat, 2), digest: new Uint8Array(32) };
    const told = heard(chat.ratchet(0), 2, word);
    expect(differsLater(told, 2)).toBe(false);
    chat.ratchets[0] = told;
    await chat.give(0, ahead);
    expect(differsLater(chat.ratchet(0), 2)).toBe(true);
  });
});

describe('isComplete()', () => {
  test('is false of whom nothing was heard, and of whom something is still to come', async () => {
    const chat = await talked('complete');
    expect(isComplete(at(chat.ratchet(0).members, 1), 1)).toBe(false);
    const sent = await chat.send(1);
    const told = heard(chat.ratchet(0), 1, wordOf(chat, 1));
    expect(isComplete(at(told.members, 1), 1)).toBe(false);
    chat.ratchets[0] = told;
    await chat.give(0, sent);
    expect(isComplete(at(chat.ratchet(0).members, 1), 1)).toBe(true);
  });
});
