// A person whose device is gone: from a backup, or from the 24 words alone, a new one is the same person to the same
// people. What was said before stays closed.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client, memoryStore } from '../../client/index.ts';
import { openBackup } from '../../client/state/backup.ts';
import { openBackupFile } from '../../client/state/backup-file.ts';
import { generationPrefix } from '../../client/state/ratchets.ts';
import { tables } from '../../client/state/records.ts';
import { bytesKey, encodeUtf8 } from '../../client/wire/bytes.ts';
import { generationPrefixBytes } from '../../client/wire/limits.ts';
import { roles } from '../../client/wire/record.ts';
import { refusal } from '../support/chat.ts';
import { closeAll, Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { isPartOf, leavesOf } from '../support/leaves.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

const passphrase = 'correct horse battery staple';

let relay: TestRelay;
let open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => closeAll(open.splice(0)));
afterAll(() => relay.stop());

/** Three who have talked in a group, where the first has verified the others and named one of them. */
async function friends(name: string) {
  open = await registerDevices(relay, name, 3, { history: 'all' });
  for (const { client } of open) {
    for (const other of open) if (other.client !== client) await client.addContact(other.client.invite());
  }
  await foundGroupOf(open, 'Before');
  const [a, b, c] = open as [Device, Device, Device];
  await a.client.renameContact(b.hrid, 'Bertha');
  await a.group.verify(b.group.safetyNumber());
  await a.group.send('said by a, before');
  await b.read(1);
  await b.group.send('said by b, before');
  await a.read(1);
  await Promise.all(open.map(({ client }) => client.settled()));
  return [a, b, c] as const;
}

/** The device is gone; its person comes back with a new one. */
async function replace(a: Device, from: Parameters<typeof Device.restore>[1]): Promise<Device> {
  await a.client.close();
  const restored = await Device.restore(relay, from);
  open[0] = restored;
  return restored;
}

/** Founds a group of all three, and lets each of them talk: everybody reads everybody. */
async function talkInNewGroup(founder: Device, all: readonly Device[], name: string): Promise<void> {
  const others = all.filter((device) => device !== founder);
  await founder.client.createGroup(
    others.map(({ client }) => client.invite()),
    { name },
  );
  await Promise.all(all.map((device) => device.event('joined', ({ group }) => group.name === name)));
  const groupOf = (device: Device) => device.client.groups.find((group) => group.name === name);
  const before = all.map(({ texts }) => texts.length);
  for (const device of all) await groupOf(device)?.send(`hello from ${device.hrid} in ${name}`);
  await Promise.all(all.map((device, i) => device.read((before[i] ?? 0) + 2)));
  for (const [i, device] of all.entries()) {
    const expected = all.filter((other) => other !== device).map(({ hrid }) => `hello from ${hrid} in ${name}`);
    expect(device.texts.slice(before[i]).sort()).toEqual(expected.sort());
  }
  expect(new Set(all.map((device) => groupOf(device)?.safetyNumber())).size).toBe(1);
}

describe('Client.restore()', () => {
  it.each([
    ['the passphrase', 'pass', (_: string) => ({ passphrase })],
    ['the 24 words', 'words', (phrase: string) => ({ phrase })],
  ])('from a backup with %s brings the person back, and new groups talk', async (_, name, key) => {
    const [a, b, c] = await friends(name);
    const { hrid } = a;
    const [invite, contacts, phrase] = [a.client.invite(), a.client.contacts, await a.client.recoveryPhrase()];
    const members = a.group.members;
    const backup = await a.client.backup({ passphrase });
    const packagesBefore = a.keys('keyPackages');
    const restored = await replace(a, { backup, ...key(phrase) });

    expect(restored.client.isRegistered).toBe(true);
    expect([restored.hrid, restored.client.relay]).toEqual([hrid, relay.url]);
    expect(restored.client.invite()).toBe(invite);
    expect(await restored.client.recoveryPhrase()).toBe(phrase);
    expect(restored.client.contacts).toEqual(contacts);
    expect(restored.client.contacts.find(({ name }) => name === 'Bertha')).toMatchObject({ isVerified: true });

    expect(restored.group).toMatchObject({ name: 'Before', status: 'lost', isVerified: true, historyPolicy: 'all' });
    expect(restored.group.members).toEqual(members);
    expect(await restored.group.history()).toEqual([]);
    expect(() => restored.group.stage()).toThrow(expect.objectContaining({ code: 'group-lost' }));

    // All key packages at the relay are new ones, whose private parts are here.
    await restored.client.settled();
    await until(() => restored.keys('keyPackages').length > 20);
    expect(restored.keys('keyPackages').filter((id) => packagesBefore.includes(id))).toEqual([]);
    await talkInNewGroup(b, [restored, b, c], 'Anew');
    await talkInNewGroup(restored, [restored, b, c], 'Once more');

    // The old group goes on without this device, and troubles it not at all, until somebody there has agreed.
    const old = (device: Device) => device.client.groups.find((group) => group.name === 'Before');
    const waiting = (await old(restored)?.send('said before the keys are back')) ?? '';
    await b.event('asks', ({ member }) => member === hrid);
    await old(b)?.send('said after');
    await c.read(5);
    await talkInNewGroup(c, [restored, b, c], 'At last');
    expect(old(restored)?.status).toBe('lost');
    expect(restored.texts).not.toContain('said after');
    expect(restored.keys('early')).toEqual([]);

    await old(b)?.readmit(hrid);
    for (const device of [restored, b, c]) {
      const back = await device.event('returned', ({ member }) => member === hrid);
      expect(back).toMatchObject({ by: b.hrid, whole: false });
    }
    expect(old(restored)?.status).toBe('active');
    for (const device of [b, c]) await device.event('message', ({ id }) => id === waiting);
    await old(b)?.send('welcome back');
    await until(() => restored.texts.includes('welcome back'));
    for (const text of ['said by b, before', 'said after']) expect(restored.texts).not.toContain(text);
    expect(restored.all('refused')).toEqual([]);
    expect(restored.all('rolled-back')).toEqual([]);
  });

  it('from the words alone brings the identity back: the same address gives the same HRID', async () => {
    const [a, b, c] = await friends('alone');
    const { hrid } = a;
    const invite = a.client.invite();
    const phrase = `  ${(await a.client.recoveryPhrase()).toUpperCase().replaceAll(' ', '\n')} `;
    const restored = await replace(a, { phrase, relay: relay.url });
    expect(restored.client.isRegistered).toBe(false);
    expect([restored.client.contacts, restored.client.groups]).toEqual([[], []]);

    await restored.register('alone0');
    expect(restored.hrid).toBe(hrid);
    expect(restored.client.invite()).toBe(invite);
    for (const { client } of [b, c]) await restored.client.addContact(client.invite());
    await talkInNewGroup(b, [restored, b, c], 'Anew');
    await talkInNewGroup(restored, [restored, b, c], 'Once more');
  });

  it('a backup of a restored client is worth the same', async () => {
    const [a] = await friends('twice');
    const phrase = await a.client.recoveryPhrase();
    const first = await a.client.backup();
    const restored = await replace(a, { backup: first, phrase });
    const second = await restored.client.backup();
    const [before, after] = [await openBackup(first, { phrase }), await openBackup(second, { phrase })];
    expect({ ...after, createdAt: 0 }).toEqual({ ...before, createdAt: 0 });
  });

  it('refuses what does not open, and writes nothing', async () => {
    const [a] = await friends('refused');
    const backup = await a.client.backup({ passphrase });
    const another = 'letter advice cage absurd amount doctor acoustic avoid '.repeat(3).replace(/avoid $/, 'bless');
    const store = memoryStore();
    const damaged = backup.with(1000, (backup[1000] ?? 0) ^ 1);
    for (const [from, code] of [
      [{ backup, passphrase: 'incorrect horse' }, 'wrong-passphrase'],
      [{ backup, phrase: another }, 'wrong-passphrase'],
      [{ backup, phrase: 'twenty-four words' }, 'phrase-invalid'],
      [{ backup: damaged, passphrase }, 'backup-invalid'],
      [{ backup: backup.slice(0, -1), passphrase }, 'backup-invalid'],
      [{ phrase: 'twenty-four words', relay: relay.url }, 'phrase-invalid'],
    ] as const) {
      const copy = memoryStore(store.entries());
      expect(await refusal(() => Device.restore(relay, from, copy))).toBe(code);
      expect(copy.entries().size).toBe(0);
    }
    const entries = a.store.entries();
    const used = memoryStore(entries);
    expect(await refusal(() => Device.restore(relay, { backup, passphrase }, used))).toBe('store-not-empty');
    expect(used.entries()).toEqual(entries);
  });

  it('of a registration that has ended since: the person registers again', async () => {
    const [a, b, c] = await friends('ended');
    const { hrid } = a;
    const phrase = await a.client.recoveryPhrase();
    const backup = await a.client.backup();
    await a.client.unregister();
    const restored = await replace(a, { backup, phrase });
    await until(() => restored.client.problem === 'not-registered');
    await expect(restored.client.settled()).rejects.toMatchObject({ code: 'not-registered' });
    await restored.register('ended0');
    expect(restored.hrid).toBe(hrid);
    await talkInNewGroup(b, [restored, b, c], 'Anew');
  });

  it('is refused where it belongs to another relay, and the store stays empty', async () => {
    const [a] = await friends('elsewhere');
    const phrase = await a.client.recoveryPhrase();
    const store = memoryStore();
    const from = { backup: await a.client.backup(), phrase, store };
    await expect(Client.restore({ ...from, relay: 'https://relay.example' })).rejects.toMatchObject({
      code: 'other-relay',
    });
    expect([...store.entries().keys()].filter((key) => !key.startsWith('schema/'))).toEqual([]);
  });

  it('may be unregistered before it was ever connected', async () => {
    const [a] = await friends('unconnected');
    const phrase = await a.client.recoveryPhrase();
    const restored = await replace(a, { backup: await a.client.backup(), phrase, connect: false });
    await restored.client.unregister();
    expect(restored.client.isRegistered).toBe(false);
    await restored.register('unconnected0');
  });
});

describe('Client.backup()', () => {
  it('holds no secret of the store but the seed', async () => {
    const [a, b] = await friends('secrets');
    const phrase = await a.client.recoveryPhrase();
    // Something of every kind: sealed and not, told and not, waiting for confirmation.
    await a.group.send('said by a, at last');
    await b.event('message', ({ content }) => content.type === 'text' && content.text === 'said by a, at last');
    const file = await a.client.backup();
    const content = await openBackupFile(file, { phrase });
    const { seed, groups } = await openBackup(file, { phrase });
    expect(isPartOf(seed, content)).toBe(true);

    const known = new Set(
      groups.flatMap(({ id, name, generation, roster }) => [
        ...[name, ...roles].map((text) => bytesKey(encodeUtf8(text))),
        bytesKey(id),
        bytesKey(generation),
        bytesKey(generationPrefix(generation)), // in the clear on every envelope
        bytesKey(generation.slice(0, generationPrefixBytes)),
        ...roster.flatMap(({ hrid, pk }) => [bytesKey(hrid), bytesKey(pk)]),
      ]),
    );
    const backedUp = [tables.identity, tables.contacts, tables.verified, tables.groups, tables.conversations];
    const others = [...a.store.entries()].filter(([key]) => !backedUp.some(({ name }) => key.startsWith(`${name}/`)));
    const leaves = others.flatMap(([, value]) => leavesOf(value)).filter((leaf) => !known.has(bytesKey(leaf)));
    expect(leaves.length).toBeGreaterThan(100);
    expect(leaves.filter((leaf) => isPartOf(leaf, content))).toEqual([]);
    for (const text of ['said by a', 'said by b']) expect(Buffer.from(content).includes(text)).toBe(false);
  });
});
