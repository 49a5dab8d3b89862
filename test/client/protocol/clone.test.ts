import { describe, expect, test } from 'vitest';
import { isProvenClone } from '../../../client/protocol/clone.ts';
import type { Ratchet } from '../../../client/protocol/ratchet.ts';
import type { CloneReport, Content } from '../../../client/wire/content.ts';
import { at, Chat, openBytes, openedIn, refusal, type Sent } from '../../support/chat.ts';
import { textOf } from '../../support/content.ts';
import { forgeMessage } from '../../support/forge-message.ts';
import { curves } from '../../support/group.ts';
import { seededRandom } from '../../support/random.ts';

/** Two messages of member 0 under one number, from one state. */
async function cloned(seed: string, size = 3): Promise<{ chat: Chat; first: Sent; second: Sent }> {
  const chat = await Chat.start(seededRandom(seed), size);
  for (let sender = 0; sender < size; sender++) await chat.say(sender);
  const second = (await chat.seal(0, 'from the copy')).sent;
  const first = await chat.send(0, 'from the device');
  return { chat, first, second };
}

const reportsOf = ({ reports }: Ratchet): readonly CloneReport[] => reports;

describe('a clone', () => {
  test('is noticed when the second message comes, with evidence that proves it', async () => {
    const { chat, first, second } = await cloned('noticed');
    await chat.give(1, first);
    const { ratchet, outcomes } = await chat.give(1, second);
    expect(outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);
    expect(at(ratchet.members, 0).cloned).toBe(true);
    const [report] = reportsOf(ratchet);
    expect(report && (await isProvenClone(curves, chat.ratchet(2), report))).toBe(true);
  });

  test('is noticed whichever comes first, and also while the first one waits', async () => {
    const { chat, first, second } = await cloned('whichever');
    await chat.give(1, second);
    expect((await chat.give(1, first)).outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);

    // Both cover a message of member 1 that member 2 does not have yet.
    const talk = await Chat.start(seededRandom('waiting'), 3);
    const covered = await talk.send(1);
    await talk.give(0, covered);
    const [one, other] = [(await talk.seal(0, 'one')).sent, (await talk.seal(0, 'other')).sent];
    expect((await talk.give(2, one)).outcomes).toEqual([{ type: 'waiting', sender: 0, number: 0 }]);
    const { ratchet, outcomes } = await talk.give(2, other);
    expect(outcomes).toEqual([{ type: 'clone', position: 0, reporter: 2 }]);
    expect(ratchet.waiting).toEqual([]);
    expect(openedIn(await talk.give(2, covered))).toEqual(['1:0']);
  });

  test('ends what is accepted of the member, and of nobody else', async () => {
    const { chat, first, second } = await cloned('ends');
    const next = await chat.send(0, 'next');
    await chat.give(1, first);
    await chat.give(1, second);
    expect(await chat.refusedBy(1, next)).toBe('message-refused');
    expect(openedIn(await chat.give(1, await chat.send(2)))).toEqual(['2:1']);
  });

  test('is told to the others in the next message, once, and believed by them', async () => {
    const { chat, first, second } = await cloned('told');
    await chat.give(1, first);
    await chat.give(1, second);
    await chat.give(2, first);
    const telling = await chat.send(1, 'look');
    expect(reportsOf(chat.ratchet(1))).toEqual([]);
    const { ratchet, outcomes } = await chat.give(2, telling);
    expect(outcomes.map(({ type }) => type)).toEqual(['opened', 'clone']);
    expect(outcomes[1]).toEqual({ type: 'clone', position: 0, reporter: 1 });
    expect(at(ratchet.members, 0).cloned).toBe(true);
    expect(await chat.refusedBy(2, await chat.send(0))).toBe('message-refused');
    // It is known now: who was told does not tell on.
    expect(reportsOf(ratchet)).toEqual([]);
    expect((await chat.give(2, await chat.send(1))).outcomes.map(({ type }) => type)).toEqual(['opened']);
  });

  test('is noticed long after, then without evidence', async () => {
    const { chat, first, second } = await cloned('long after');
    await chat.give(1, first);
    for (let i = 0; i < 10; i++) await chat.give(1, await chat.send(0));
    const { ratchet, outcomes } = await chat.give(1, second);
    expect(outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);
    expect(at(ratchet.members, 0).cloned).toBe(true);
    expect(reportsOf(ratchet)).toEqual([]);
  });

  test('cannot be made by anybody but the member', async () => {
    const { chat, first } = await cloned('only the member');
    await chat.give(1, first);
    const asVictim = { ...chat.ratchet(2), self: 0 };
    const forged = await forgeMessage(chat.random, asVictim, chat.seedOf(2));
    expect(await refusal(() => openBytes(chat.ratchet(1), 0, at(forged.headers, 1), forged.body))).toBe(
      'message-refused',
    );
    expect(at(chat.ratchet(1).members, 0).cloned).toBe(false);
  });
});

describe('isProvenClone()', () => {
  test('refuses evidence that proves nothing', async () => {
    const { chat, first, second } = await cloned('proof');
    await chat.give(1, first);
    const [report] = reportsOf((await chat.give(1, second)).ratchet);
    if (report === undefined) throw new Error('no report');
    const next = await chat.send(0);
    await chat.give(2, first);
    await chat.give(2, next);
    const [earlier, opened, later] = at(chat.ratchet(2).members, 0).recent;
    if (earlier === undefined || opened === undefined || later === undefined) throw new Error('no headers');
    const proves = (change: Partial<CloneReport>) => isProvenClone(curves, chat.ratchet(2), { ...report, ...change });
    const flipped = { ...report.second, bodyHash: chat.random.bytes(32) };
    expect(await proves({})).toBe(true);
    for (const change of [
      { second: report.first }, // one message
      { second: { ...report.first, signature: report.second.signature } },
      { first: opened, second: later }, // two numbers
      { first: earlier },
      { second: flipped }, // a header that the member did not sign
      { first: { ...report.first, digest: chat.random.bytes(32) } },
      { position: 1 }, // signed by somebody else
      { first: { ...report.first, vector: [1, 1] } },
      { first: { ...report.first, vector: [] }, second: { ...report.second, vector: [] } },
    ]) {
      expect(await proves(change)).toBe(false);
    }
  });

  test('the same message signed twice is no clone', async () => {
    const { chat, first, second } = await cloned('signed twice');
    await chat.give(1, first);
    const [report] = reportsOf((await chat.give(1, second)).ratchet);
    if (report === undefined) throw new Error('no report');
    const again = { ...report.first, signature: chat.random.bytes(64) };
    expect(await isProvenClone(curves, chat.ratchet(2), { ...report, second: again })).toBe(false);
  });
});

describe('reports of other members', () => {
  test('without proof are not believed, and positions that do not exist are passed over', async () => {
    const { chat, first, second } = await cloned('believed');
    await chat.give(1, first);
    const [report] = reportsOf((await chat.give(1, second)).ratchet);
    if (report === undefined) throw new Error('no report');
    const lies: CloneReport[] = [
      { ...report, position: 2 },
      { ...report, position: 255 },
      { ...report, second: report.first },
    ];
    const lying = { ...chat.ratchet(2), reports: lies };
    const { sent } = await chat.seal(2, 'believe me', lying);
    const { ratchet, outcomes } = await openBytes(chat.ratchet(1), 2, at(sent.headers, 1), sent.body);
    expect(outcomes.map(({ type }) => type)).toEqual(['opened']);
    expect(ratchet.members.map((member) => member.cloned)).toEqual([true, false, false]);
  });

  test('in the content that a caller hands over are replaced by those of the state', async () => {
    const { chat, first, second } = await cloned('replaced');
    await chat.give(1, first);
    const [report] = reportsOf((await chat.give(1, second)).ratchet);
    if (report === undefined) throw new Error('no report');
    const content: Content = textOf('x', { reports: [report] });
    const { sent } = await chat.seal(2, content);
    const { outcomes } = await openBytes(chat.ratchet(1), 2, at(sent.headers, 1), sent.body);
    expect(outcomes).toEqual([expect.objectContaining({ content: { ...content, reports: [] } })]);
  });
});
