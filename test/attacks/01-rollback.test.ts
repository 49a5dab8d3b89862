// 1. A client restored from an older store sends again. No content key and no nonce is used twice, peers report a clone,
// and the restored client stops as soon as it sees that others know more of it than it does.

import { describe, expect, test } from 'vitest';
import { open } from '../../client/crypto/aead.ts';
import { decapsulate } from '../../client/crypto/kem.ts';
import { agreementHeaderKey } from '../../client/protocol/agreement.ts';
import { bytesKey } from '../../client/wire/bytes.ts';
import { AgreementHeader } from '../../client/wire/envelope.ts';
import { attack, type Broken } from '../support/attacker.ts';
import { at, Chat, nameOf, openedIn, refusal, restored, type Sent } from '../support/chat.ts';
import { readText, textOf } from '../support/content.ts';
import { createPerson, decodeAgreement, found } from '../support/group.ts';
import { seededRandom } from '../support/random.ts';

/** A group that has talked, the state of member 0 as backed up, and what member 0 sent after the backup. */
async function restoredGroup(size = 3) {
  const chat = await Chat.start(seededRandom(`rollback ${size}`), size);
  for (const sender of [0, 1, 2, 0]) await chat.say(sender);
  const backup = restored(chat.ratchet(0));
  const witness = chat.ratchet(1);
  return { chat, backup, witness };
}

describe('a member restored from an older store sends again', () => {
  const opensOne = async (chat: Chat, sent: Sent): Promise<Broken> =>
    at([...(await attack([chat.ratchet(1)], [...chat.sent, sent])).values()], -1);

  test.each([
    ['other content', 'after the backup', 'something else'],
    ['the same content', 'after the backup', 'after the backup'],
  ])('%s: no content key and no nonce twice', async (_, first, second) => {
    const { chat, backup } = await restoredGroup();
    const before = await opensOne(chat, await chat.sealAs(0, backup, first));
    const again = await opensOne(chat, await chat.sealAs(0, restored(backup), second));
    expect(again.key).not.toBe(before.key);
    expect(again.nonce).not.toBe(before.nonce);
  });

  test.each([
    ['a full message', 3],
    ['a light message', 17],
  ])('%s: no content key and no nonce twice even if the random generator was restored too', async (_, size) => {
    const { chat } = await restoredGroup(size);
    await chat.say(0);
    const backup = restored(chat.ratchet(0));
    const replayed = () => seededRandom('a generator that repeats itself');
    const { sent: first } = await chat.seal(0, textOf('yes'), backup, replayed());
    const { sent: second } = await chat.seal(0, textOf('no'), backup, replayed());
    expect([first.full, second.full]).toEqual([size < 17, size < 17]);
    const [before, again] = [await opensOne(chat, first), await opensOne(chat, second)];
    expect([before.content, again.content].map(readText)).toEqual(['yes', 'no']);
    expect(again.key).not.toBe(before.key);
    expect(again.nonce).not.toBe(before.nonce);
  });

  test('peers report a clone, take nothing more of it, and go on among themselves', async () => {
    const { chat, backup } = await restoredGroup();
    await chat.say(0, 'after the backup');
    const other = await chat.seal(0, 'after the restore', backup);
    expect((await chat.give(1, other.sent)).outcomes).toEqual([{ type: 'clone', position: 0, reporter: 1 }]);

    const report = await chat.send(1);
    const told = await chat.give(2, report);
    expect(told.outcomes.map(({ type }) => type)).toEqual(['opened', 'clone']);
    expect(told.outcomes[1]).toEqual({ type: 'clone', position: 0, reporter: 1 });

    const more = await chat.sealAs(0, other.ratchet, 'still here');
    expect(await chat.refusedBy(1, more)).toBe('message-refused');
    expect(await chat.refusedBy(2, more)).toBe('message-refused');
    const between = await chat.send(2);
    expect(openedIn(await chat.give(1, between))).toEqual([nameOf(between)]);
  });

  test('it sees its own entry ahead in a signed header, says so and sends nothing more', async () => {
    const { chat, backup } = await restoredGroup();
    await chat.say(0, 'after the backup');
    const answer = await chat.say(1);
    chat.ratchets[0] = backup;
    expect((await chat.give(0, answer)).outcomes).toEqual([{ type: 'rolled-back' }]);
    const stored = restored(chat.ratchet(0));
    expect(stored.rolledBack).toBe(true);
    expect(await refusal(() => chat.seal(0, 'more', stored))).toBe('rolled-back');
  });

  test('it learns so however much it has sent since the backup', async () => {
    const { chat, backup } = await restoredGroup();
    const answer = await chat.forge(1, { vector: chat.vector(1).with(0, 5000) });
    chat.ratchets[0] = backup;
    expect((await chat.give(0, answer)).outcomes).toEqual([{ type: 'rolled-back' }]);
  });

  test('two groups that it founds before and after share no secret, even with the same random generator', async () => {
    const random = seededRandom('founders');
    const founder = await createPerson(random, 'founder');
    const secrets: string[] = [];
    for (const name of ['one', 'other']) {
      const newcomer = await createPerson(random, name);
      const { identity, hrid, keyPackage } = newcomer;
      const opened = await found(seededRandom('a generator that repeats itself'), [founder, newcomer]);
      const header = AgreementHeader.decode(at(opened.headers, 1));
      const kem = decapsulate(keyPackage.kemSeed, header.kemCiphertext ?? new Uint8Array(0));
      const { id, nonce } = decodeAgreement(opened.body);
      const key = agreementHeaderKey({ kem, leaf: null, exportSecret: null }, id, { hrid, pk: identity.pk }, header);
      const g = open(key, nonce, header.sealed);
      secrets.push(bytesKey(g ?? new Uint8Array(0)));
    }
    expect(secrets[0]).toMatch(/^.{43}$/);
    expect(secrets[1]).not.toBe(secrets[0]);
  });

  test('somebody who cannot sign for a member cannot make it stop', async () => {
    const { chat, backup } = await restoredGroup();
    await chat.say(0, 'after the backup');
    const answer = await chat.say(1);
    chat.ratchets[0] = backup;
    expect(await chat.refusedBy(0, { ...answer, sender: 2 })).toBe('message-refused');
    expect((await chat.send(0)).number).toBe(2);
  });
});
