// Attack 23: two programs on one store. One works, the other says so. (Two tabs of a browser come with its store.)

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client, encryptedStore } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { Person } from '../support/command.ts';
import { closeAll, registerDevices } from '../support/device.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { codeOf } from '../support/struct.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

it('within one process: the second is refused, and the first goes on', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const key = new Uint8Array(32).fill(1);
  const client = await Client.open({ relay: relay.url, store: await encryptedStore(sqliteStore(path), key) });
  expect(codeOf(() => sqliteStore(path))).toBe('store-in-use');
  await client.register('one@example.org', () => relay.inbox('one@example.org'));
  await client.settled();
  await client.close();
  const again = await Client.open({ store: await encryptedStore(sqliteStore(path), key) });
  expect(again.isRegistered).toBe(true);
  await again.close();
});

it('as two processes: the second is told at once, and gets the store when the first was killed', async () => {
  const [other] = await registerDevices(relay, 'other', 1);
  const eve = new Person('eve', relay);
  try {
    await eve.register(relay);
    await eve.do('contacts', 'add', other?.client.invite() ?? '', '--name', 'Other');
    const invite = (await eve.do('invite', '--text')).trim();
    const listening = eve.start('listen', '--json');
    await until(() => existsSync(`${eve.env.CLIQUET_STORE}-wal`));
    expect((await eve.run(['status'])).stderr).toContain('using this store');
    const { status, stderr } = await eve.run(['send', 'x', 'y']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('using this store')]);
    // The first one has not been disturbed: it hears what happens.
    await other?.client.createGroup([invite]);
    await listening.line('joined');
    await listening.stop('SIGKILL');
    expect(await eve.do('group', 'list')).not.toBe('');
  } finally {
    eve.end();
    await closeAll(other ? [other] : []);
  }
});
