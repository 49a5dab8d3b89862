// Files that Node, Deno and Bun use in turns, and what becomes of them; a client on Deno that is killed.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Client, encryptedStore } from '../../client/index.ts';
import { sqliteStore } from '../../client/store/sqlite.ts';
import { runKills } from '../kills/kills.ts';
import { Device } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { node, start } from '../support/runtime.ts';
import { codeOf } from '../support/struct.ts';
import { until } from '../support/until.ts';
import { bun } from './bun.ts';
import { deno } from './deno.ts';
import { Remote } from './remote.ts';

const folder = mkdtempSync(join(tmpdir(), 'cliquet-deno-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, runtime] of Object.entries({ node, deno, bun })) {
  describe(`sqliteStore() on ${name}`, () => {
    const script = join(import.meta.dirname, '../support/store-process.ts');
    /** What it says of a file until it ends. */
    function said(path: string, shell = ''): Promise<string> {
      const child = start(runtime, script, [path, '4000'], shell);
      onTestFinished(() => void child.kill('SIGKILL'));
      return text(child.stdout);
    }

    it('says what is wrong with a file', async () => {
      const path = (file: string) => join(folder, `${name}-${file}`);
      const store = sqliteStore(path('whole'));
      await store.commit([{ key: 'a', value: new Uint8Array(100_000) }]);
      expect(await said(path('whole'))).toBe('store-in-use\n');
      await store.close();
      const whole = readFileSync(path('whole'));
      writeFileSync(path('cut'), whole.subarray(0, 8192));
      expect(await said(path('cut'))).toBe('store-damaged\n');
      writeFileSync(path('header'), whole.fill(7, 16, 18)); // its page size
      expect(await said(path('header'))).toBe('store-damaged\n');
      mkdirSync(path('folder'));
      expect(await said(path('folder'))).toBe('store-unwritable\n');
      expect(await said(path('long'.repeat(100)))).toBe('store-unwritable\n');
    });

    it('refuses the commit that does not fit on a full disk, and keeps those before it', async () => {
      const path = join(folder, `${name}-full`);
      // A file size limit of 512 KiB gives what a full disk gives; its signal is ignored, so that the write fails.
      const lines = (await said(path, `trap '' XFSZ; ulimit -f 1024;`)).trim().split('\n');
      expect(lines.at(-1)).toBe('store-unwritable');
      const store = sqliteStore(path);
      expect(await store.list('a/')).toHaveLength(Number(lines.at(-2)));
      await store.close();
    });
  });
}

describe('a client on Deno', () => {
  const passphrase = 'a good passphrase';
  const file = join(folder, 'client.db');
  let relay: TestRelay;
  let ada: Device;
  let dan: Remote;

  beforeAll(async () => {
    relay = await startRelay();
    ada = await Device.register(relay, 'ada');
    dan = new Remote(deno, relay, file, passphrase, 'dan@example.org');
  });
  afterAll(async () => {
    dan.killAll();
    await ada.client.close();
    await relay.stop();
  });

  it('is killed while it sends and receives, and goes on: each message exactly once', async () => {
    const invite = await dan.open();
    await dan.do({ do: 'add', invite: ada.client.invite() });
    const group = await ada.client.createGroup([invite]);
    await dan.heard('joined');

    const [fromAda, fromDan] = [series('ada', 40), series('dan', 40)];
    const say = (said: string) => dan.tell({ do: 'send', text: said, id: messageId(said) });
    for (const said of fromAda.slice(0, 30)) await group.send(said);
    for (const said of fromDan.slice(0, 30)) say(said);
    await until(() => dan.sent.length > 5 && dan.texts.length > 5);
    await dan.kill();
    for (const said of fromAda.slice(30)) await group.send(said);

    // What may have been stored without being told is said again, under the same id.
    await dan.open();
    for (const said of fromDan.slice(dan.sent.length)) say(said);
    await ada.read(40);
    await until(() => dan.texts.length >= 40);
    // Nothing comes twice: what comes next is the next.
    await group.send('ada at last');
    await dan.do({ do: 'send', text: 'dan at last', id: messageId('dan at last') });
    await until(() => dan.texts.includes('ada at last') && ada.texts.includes('dan at last'));
    expect(dan.texts).toEqual([...fromAda, 'ada at last']);
    expect(ada.texts).toEqual([...fromDan, 'dan at last']);
  });

  it('has its file for itself, and ends by itself', async () => {
    expect(codeOf(() => sqliteStore(file))).toBe('store-in-use');
    expect(await dan.end()).toBe(0);
    sqliteStore(file).close();
  });

  it('goes on in Node, and on Deno again', async () => {
    const client = await Client.open({ store: await encryptedStore(sqliteStore(file), passphrase) });
    await expect(dan.open()).rejects.toThrow('store-in-use');
    await client.groups[0]?.send('from Node');
    await client.settled();
    await client.close();
    await ada.read(42);
    await dan.open();
    await dan.do({ do: 'send', text: 'from Deno', id: messageId('from Deno') });
    expect((await ada.read(43)).slice(-2)).toEqual(['from Node', 'from Deno']);
    expect(await dan.end()).toBe(0);
  });

  it('founds a group', async () => {
    await dan.open();
    await dan.do({ do: 'found', invite: ada.client.invite() });
    const { group } = await ada.event('joined', ({ by }) => by !== ada.hrid);
    await group.send('hello');
    await until(() => dan.texts.includes('hello'));
    expect(await dan.end()).toBe(0);
  });
});

it('clients that are killed 12 times, and live on Node and on Deno in turns, lose and double nothing', async () => {
  const seed = process.env.SEED ?? String(Date.now());
  const report = await runKills(12, seed, () => {}, [node, deno]);
  expect({ seed, ...report }).toMatchObject({ seed, lost: 0, doubled: 0, wrong: [] });
  expect(report.messages).toBeGreaterThan(50);
}, 180_000);

const series = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`);
const messageId = (said: string) => createHash('sha256').update(said).digest().subarray(0, 16).toString('base64url');
