// The largest group: created, talked in, changed, with what the client really does, within what one send may carry. All but
// four of its members are away: they have a mailbox and key packages, and that is all that the others need.

import { describe, expect, test } from 'vitest';
import { createGroup } from '../../client/courier/founding.ts';
import { createIdentity, deriveHrid, hashVaultId } from '../../client/protocol/identity.ts';
import { createKeyPackage } from '../../client/protocol/key-package.ts';
import { putContact } from '../../client/state/contacts.ts';
import { Envelope } from '../../client/wire/envelope.ts';
import { decodeInvite, type Invite } from '../../client/wire/invite.ts';
import { maxBodyBytes, maxHeaderBytes, maxMembers, maxSendBytes } from '../../client/wire/limits.ts';
import { Send } from '../../client/wire/send.ts';
import { curves, startOfTime } from '../support/group.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import { Phone } from './phone.ts';
import { Post } from './post.ts';

/** Somebody who is away. */
async function leaveMailbox(post: Post, random: SeededRandom, name: string): Promise<Invite> {
  const identity = createIdentity(random.bytes);
  const hrid = deriveHrid(`${name}@example.org`, identity.pk, hashVaultId(identity.vid));
  const create = async (kind: 'one-time' | 'last-resort') =>
    (await createKeyPackage(curves, random.bytes, identity, hrid, kind, post.now)).uploaded;
  post.register(hrid, random.bytes(16));
  const upload = { replace: true, oneTime: [await create('one-time')], lastResort: await create('last-resort') };
  const relay = post.relay();
  await relay.uploadKeyPackages({ hrid, sign: (message) => curves.sign(identity.seed, message) }, upload);
  return { relay: relay.url, hrid, pk: identity.pk };
}

async function meet(phone: Phone, other: Phone): Promise<void> {
  await phone.client.state.transact((tx) => putContact(tx, phone.client.relay.url, decodeInvite(other.invite)));
}

describe(`a group of ${maxMembers}`, () => {
  test('is created, talks, loses a member and gets another, each in one send within the limits', async () => {
    const random = seededRandom('large group');
    const post = new Post(startOfTime, () => 'arrives');
    const people: Phone[] = [];
    for (const name of ['founder', 'reader', 'removed', 'added']) people.push(await Phone.register(name, post, random));
    const [founder, reader, removed, added] = people as [Phone, Phone, Phone, Phone];
    for (const phone of people) await meet(phone, founder);
    const away: Invite[] = [];
    for (let n = people.length - 1; n < maxMembers; n++) away.push(await leaveMailbox(post, random, `away ${n}`));

    /** Past vitest, which keeps to itself what a test that passes has to say. */
    const print = (line: string) => process.stdout.write(`a group of ${maxMembers}: ${line}\n`);
    /** What a client does, and what it has sent with that. */
    const measure = async (what: string, act: () => Promise<unknown>) => {
      const first = post.recorded.length;
      const started = performance.now();
      await act();
      const ms = Math.round(performance.now() - started);
      print(`${what}, ${ms} ms`);
      for (const { send } of post.recorded.slice(first)) {
        const { type } = Envelope.decode(send.body);
        const body = send.body.length;
        const header = Math.max(...send.to.map(({ header: { length } }) => length));
        const all = Send.encode(send).length;
        print(`  ${type}: body ${body} bytes, largest header ${header}, send ${all}`);
        expect(body).toBeLessThanOrEqual(maxBodyBytes);
        expect(header).toBeLessThanOrEqual(maxHeaderBytes);
        expect(all).toBeLessThanOrEqual(maxSendBytes);
      }
    };
    const say = (phone: Phone, text: string) =>
      measure(`${phone.name} says`, async () => {
        await phone.group?.send(text);
        await phone.work();
      });
    const settle = (phone: Phone) => measure(`${phone.name} takes in`, () => phone.settle());

    const invites = [...[reader, removed].map(({ invite }) => decodeInvite(invite)), ...away];
    await measure('create', async () => {
      await createGroup(founder.client, invites.slice(0, maxMembers - 1), 'The largest', { type: 'all' });
      await founder.work();
    });
    await settle(reader);
    await settle(removed);
    await say(founder, 'welcome');
    await settle(reader);
    await say(reader, 'thank you');
    await settle(founder);
    expect([reader.shown, founder.shown]).toEqual([['welcome'], ['thank you']]);

    post.now += 7200;
    await settle(removed);
    await settle(founder);
    await measure('remove', async () => {
      await founder.group?.remove(removed.hrid);
      await founder.work();
    });
    await settle(removed);
    await settle(reader);
    expect(removed.group?.status).toBe('removed');
    await settle(founder);
    await measure('add', async () => {
      await founder.group?.add([added.invite]);
      await founder.work();
    });
    await settle(reader);
    await settle(added);
    await settle(founder);
    expect(founder.group?.members.length).toBe(maxMembers);
    await say(added, 'hello');
    for (const phone of [founder, reader, removed]) await settle(phone);
    expect([founder.shown.at(-1), reader.shown.at(-1), removed.shown.at(-1)]).toEqual(['hello', 'hello', 'thank you']);
    expect(founder.group?.safetyNumber()).toBe(added.group?.safetyNumber());
    for (const phone of people) phone.delays.stop();
  }, 300_000);
});
