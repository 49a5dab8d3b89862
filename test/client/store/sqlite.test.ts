import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { sqliteStore } from '../../../client/store/sqlite.ts';
import { numberKey } from '../../../client/store/store.ts';
import { filesIn, temporaryFolder } from '../../support/folder.ts';
import { node, start } from '../../support/runtime.ts';
import { codeOf } from '../../support/struct.ts';

const value = new Uint8Array([1, 2, 3]);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Another process on a store, and what it says line by line. */
function run(path: string, limits = ''): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = start(node, join(import.meta.dirname, '../../support/store-process.ts'), [path, '4000'], limits);
  children.push(child);
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

/** A closed store with something in it. */
async function written(): Promise<{ folder: string; path: string }> {
  const folder = temporaryFolder();
  const path = join(folder, 'store.db');
  const store = sqliteStore(path);
  await store.commit(Array.from({ length: 200 }, (_, i) => ({ key: `a/${numberKey(i)}`, value: new Uint8Array(400) })));
  await store.close();
  return { folder, path };
}

/** The pages of a write-ahead log, in order. */
function pagesOf(log: Buffer): { number: number; page: Buffer }[] {
  const [headerBytes, frameHeaderBytes, pageBytes] = [32, 24, log.readUInt32BE(8)];
  const frameBytes = frameHeaderBytes + pageBytes;
  return Array.from({ length: Math.floor((log.length - headerBytes) / frameBytes) }, (_, i) => {
    const at = headerBytes + i * frameBytes;
    return { number: log.readUInt32BE(at), page: log.subarray(at + frameHeaderBytes, at + frameBytes) };
  });
}

/** Opening fails with a code and leaves every file as it was. */
function refuses(folder: string, path: string, code: string): void {
  const before = filesIn(folder);
  expect(codeOf(() => sqliteStore(path))).toBe(code);
  expect(filesIn(folder)).toEqual(before);
}

describe('sqliteStore()', () => {
  it('makes the file for its owner only, and its folder', () => {
    const path = join(temporaryFolder(), 'deep', 'er', 'store.db');
    const store = sqliteStore(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    return store.close();
  });

  it('leaves one file when it is closed', async () => {
    const { folder } = await written();
    expect([...filesIn(folder).keys()]).toEqual(['store.db']);
  });

  it('refuses what is no store, what another program made, and what a newer version wrote', async () => {
    const folder = temporaryFolder();
    const path = (name: string) => join(folder, name);
    writeFileSync(path('text'), 'hello, I am a letter'.repeat(100));
    refuses(folder, path('text'), 'store-damaged');
    writeFileSync(path('short'), 'SQLite format 3\0');
    refuses(folder, path('short'), 'store-damaged');
    const other = new DatabaseSync(path('other'));
    other.exec('CREATE TABLE entries (key TEXT, value BLOB); PRAGMA user_version = 1;');
    other.close();
    refuses(folder, path('other'), 'store-damaged');
    mkdirSync(path('folder'));
    expect(codeOf(() => sqliteStore(path('folder')))).toBe('store-unwritable');
  });

  it('refuses what a newer version wrote', async () => {
    const { folder, path } = await written();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    refuses(folder, path, 'store-too-new');
  });

  it('refuses a file that was cut off or overwritten in the middle', async () => {
    const { folder, path } = await written();
    const whole = filesIn(folder).get('store.db') ?? Buffer.alloc(0);
    for (const length of [50, 4096, 8192, whole.length - 4096]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(codeOf(() => sqliteStore(path))).toBe('store-damaged');
    }
    const page = Buffer.from(whole);
    page.fill(0xff, 4096, 5000);
    writeFileSync(path, page);
    expect(codeOf(() => sqliteStore(path))).toBe('store-damaged');
  });

  it('finishes what a process had begun that was killed while it made the file', async () => {
    const path = join(temporaryFolder(), 'store.db');
    writeFileSync(path, '');
    const store = sqliteStore(path);
    await store.commit([{ key: 'a', value }]);
    expect(await store.get('a')).toEqual(value);
    await store.close();
  });

  it.skipIf(process.getuid?.() === 0)('says so where it must not write', async () => {
    const { path } = await written();
    chmodSync(path, 0o400);
    expect(codeOf(() => sqliteStore(path))).toBe('store-unwritable');
  });
});

describe('a store that is in use', () => {
  it('is refused to a second process at once, and within one process', async () => {
    const path = join(temporaryFolder(), 'store.db');
    const store = sqliteStore(path);
    expect((await run(path).lines.next()).value).toBe('store-in-use');
    expect(codeOf(() => sqliteStore(path))).toBe('store-in-use');
    // The attempt within this process has not given up its lock.
    expect((await run(path).lines.next()).value).toBe('store-in-use');
    await store.commit([{ key: 'a', value }]);
    expect(await store.get('a')).toEqual(value);
    await store.close();
    expect((await run(path).lines.next()).value).toBe('opened');
  });

  it('opens when its process was killed while it moved commits from the log into the file', async () => {
    const { path } = await written();
    const store = sqliteStore(path);
    const added = Array.from({ length: 200 }, (_, i) => ({ key: `b/${numberKey(i)}`, value: new Uint8Array(400) }));
    await store.commit(added);
    const copy = join(temporaryFolder(), 'store.db');
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    const file = readFileSync(path);
    await store.close();
    // The first page is moved, and says how many there are; the others are not there yet (sqlite.org/fileformat2.html, §4.1).
    const first = pagesOf(readFileSync(`${copy}-wal`)).findLast(({ number }) => number === 1);
    first?.page.copy(file);
    expect(file.readUInt32BE(28) * 4096).toBeGreaterThan(file.length);
    writeFileSync(copy, file);
    const opened = sqliteStore(copy);
    expect(await opened.list('')).toHaveLength(400);
    await opened.close();
  });

  it('is refused with a log beside it too, and loses nothing of that', async () => {
    const [path, copy] = [join(temporaryFolder(), 'store.db'), join(temporaryFolder(), 'store.db')];
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA journal_mode = WAL; CREATE TABLE later (value); PRAGMA user_version = 99;');
    newer.exec(`PRAGMA application_id = ${0x636c7174}; INSERT INTO later VALUES ('kept');`);
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    newer.close();
    expect(codeOf(() => sqliteStore(copy))).toBe('store-too-new');
    const again = new DatabaseSync(copy);
    expect(again.prepare('SELECT value FROM later').all()).toEqual([{ value: 'kept' }]);
    again.close();
  });

  it('is free when its process was killed, with all commits that were reported, whole', async () => {
    const path = join(temporaryFolder(), 'store.db');
    for (let life = 0; life < 5; life++) {
      const { child, lines } = run(path);
      expect((await lines.next()).value).toBe('opened');
      let reported = 0;
      for (let i = 0; i < 5 + life * 7; i++) reported = Number((await lines.next()).value);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = sqliteStore(path);
      const count = Number(new TextDecoder().decode((await store.get('count')) ?? new Uint8Array(0)));
      expect(count).toBeGreaterThanOrEqual(reported);
      for (const prefix of ['a/', 'b/']) {
        const keys = (await store.list(prefix)).map(({ key }) => Number(key.slice(2)));
        expect(keys).toEqual(Array.from({ length: keys.length }, (_, i) => i + 1));
        expect(keys.length).toBeGreaterThanOrEqual(count);
      }
      await store.close();
    }
  });
});

describe('a full disk', () => {
  it('refuses the commit that does not fit, and keeps those before it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'store.db');
    // A file size limit of 512 KiB gives what a full disk gives; its signal is ignored, so that the write fails.
    const { child, lines } = run(path, `trap '' XFSZ; ulimit -f 1024;`);
    expect((await lines.next()).value).toBe('opened');
    let last = '0';
    for (;;) {
      const { value: said } = await lines.next();
      if (!/^\d+$/.test(said)) {
        expect(said).toBe('store-unwritable');
        break;
      }
      last = said;
    }
    if (child.exitCode === null) await once(child, 'exit');
    expect(Number(last)).toBeGreaterThan(10);
    // There is room again: everything is there, and it goes on.
    const store = sqliteStore(path);
    expect(new TextDecoder().decode((await store.get('count')) ?? undefined)).toBe(last);
    expect(await store.list('a/')).toHaveLength(Number(last));
    await store.commit([{ key: 'more', value: new Uint8Array(100_000) }]);
    expect((await store.get('more'))?.length).toBe(100_000);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });
});
