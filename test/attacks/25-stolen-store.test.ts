// Attack 25: the store read by somebody else is useless without the passphrase. After a real run its files are searched
// for everything that the client knows: texts, names, the address, ids, keys.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client, encryptedStore } from '../../client/index.ts';
import { encryptedStore as encrypted } from '../../client/store/encrypted.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { closeAll, type Device, registerDevices } from '../support/device.ts';
import { filesIn, temporaryFolder } from '../support/folder.ts';
import { leavesOf } from '../support/leaves.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let others: Device[] = [];
beforeAll(async () => {
  relay = await startRelay();
  others = await registerDevices(relay, 'friend', 2);
});
afterAll(async () => {
  await closeAll(others);
  await relay.stop();
});

const passphrase = 'correct horse battery staple';
const parameters = { memoryKib: 1024, passes: 1 };

/** All the ways in which somebody might write these bytes down. */
function spellings(bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const written = [buffer.toString('hex'), buffer.toString('base64').replace(/=+$/, ''), buffer.toString('base64url')];
  return [buffer, Buffer.from(text, 'utf16le'), ...written.map((each) => Buffer.from(each))];
}

const contains = (files: ReadonlyMap<string, Buffer>, bytes: Uint8Array) =>
  [...files.values()].some((file) => spellings(bytes).some((spelling) => file.includes(spelling)));

it('shows no text, name, address, id or key to whoever reads its files', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'store.db');
  const open = () => encryptedStore(sqliteStore(path), passphrase, { parameters });
  const client = await Client.open({ relay: relay.url, store: await open(), history: 'all' });
  await client.register('stolen@example.org', () => relay.inbox('stolen@example.org'));
  for (const [i, other] of others.entries()) {
    await client.addContact(other.client.invite(), { name: `petname number ${i}` });
    await other.client.addContact(client.invite());
  }
  const group = await client.createGroup(
    others.map((other) => other.client.invite()),
    { name: 'a very telling name' },
  );
  await group.send('a very telling text');
  await until(() => others.every((other) => other.texts.length === 1));
  await others[0]?.client.groups[0]?.send('an answer that tells as much');
  for await (const event of client.events()) if (event.type === 'message') break;
  await group.send({
    mediaType: 'text/x-telling',
    name: 'telling.txt',
    data: new TextEncoder().encode('telling data'),
  });
  // In the middle of things, with the log that SQLite writes ahead, and after it was closed.
  const during = filesIn(folder);
  await client.close();
  const after = filesIn(folder);

  const store = await open();
  const entries = await store.list('');
  const isRunningNumber = (leaf: Uint8Array) => /^\d{16}$/.test(Buffer.from(leaf).toString());
  const known = entries
    .flatMap(({ value }) => leavesOf(value))
    .filter((leaf) => leaf.length >= 8 && !isRunningNumber(leaf));
  const keys = entries.flatMap(({ key }) => key.split('/')).filter((part) => part.length > 16);
  await store.close();
  const told = ['a very telling text', 'stolen@example.org', 'petname number', 'telling', relay.url, passphrase];
  expect(known.length).toBeGreaterThan(100);
  for (const files of [during, after]) {
    expect(known.filter((leaf) => contains(files, leaf))).toEqual([]);
    expect([...keys, ...told].filter((text) => contains(files, new TextEncoder().encode(text)))).toEqual([]);
  }
  // The search finds what is there.
  expect(contains(new Map([['x', Buffer.from('…a very telling text…', 'utf16le')]]), Buffer.from('telling'))).toBe(
    true,
  );
});

it('gives no more to somebody who changes it: nothing opens but what was written', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const key = new Uint8Array(32).fill(5);
  const store = await encrypted(sqliteStore(path), key);
  const value = (n: number) => new Uint8Array([n]);
  await store.commit([1, 2].map((n) => ({ key: `t/${n}`, value: value(n) })));
  await store.close();
  const raw = sqliteStore(path);
  const [first, second] = (await raw.list('')).filter(({ key: name }) => name !== 'store');
  if (!first || !second) throw new Error('two entries expected');
  // One in the other's place. (An older value of the same key, put back, opens: as an older copy of the whole store
  // does, which is attack 1.)
  await raw.commit([{ key: first.key, value: second.value }]);
  await raw.close();
  const again = await encrypted(sqliteStore(path), key);
  await expect(again.list('t/')).rejects.toMatchObject({ code: 'store-damaged' });
  await again.close();
});
