// The store in IndexedDB, in a real Chromium.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Browser,
  type BrowserContext,
  launchChromium,
  type Page,
  startKeepingChromium,
} from '../../runtimes/chromium.ts';
import { until } from '../../support/until.ts';

let server: Server;
let browser: Browser;
let url = '';

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'indexeddb-page.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2024',
  });
  const script = outputFiles[0]?.text ?? '';
  server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/javascript');
    response.end(request.url === '/' ? '<!doctype html><title>store</title><script src="/page.js"></script>' : script);
  });
  await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
  url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  server.close();
});

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const open = (page: Page, takeOver = false) =>
  page.evaluate((taking) => window.storePage.open('one', taking), takeOver);
const write = (page: Page, bytes = 1) => page.evaluate((length) => window.storePage.write('key', length), bytes);
const read = (page: Page) => page.evaluate(() => window.storePage.read('key'));
const lost = (page: Page) => page.evaluate(() => window.storePage.lost);

describe('indexedDbStore()', () => {
  /** Two tabs of one browser. */
  async function twoTabs(): Promise<[Page, Page]> {
    const context = await browser.newContext();
    return [await openPage(context), await openPage(context)];
  }

  it('gives the store to one page at a time, and to the next when that one closes it or goes', async () => {
    const [one, other] = await twoTabs();
    expect(await open(one)).toBe('opened');
    expect(await open(other)).toBe('store-in-use');
    expect(await write(one)).toBe('written');
    await one.evaluate(() => window.storePage.closeStore());
    expect(await open(other)).toBe('opened');
    expect(await read(other)).toBe(1);
    await other.close();
    expect(await open(one)).toBe('opened');
    await one.context().close();
  });

  it('is there for a page that is loaded again', async () => {
    const page = await openPage(await browser.newContext());
    for (let times = 0; times < 5; times++) {
      expect(await open(page)).toBe('opened');
      expect(await write(page)).toBe('written');
      await page.reload();
    }
    await page.context().close();
  });

  it('can be taken over: the other page hears of it, and reads and writes nothing from then on', async () => {
    const [one, other] = await twoTabs();
    expect(await open(one)).toBe('opened');
    for (let times = 1; times <= 3; times++) {
      const [from, to] = times % 2 === 1 ? [one, other] : [other, one];
      expect(await write(from, times)).toBe('written');
      expect(await open(to, true)).toBe('opened');
      await until(async () => (await lost(from)).length === Math.ceil(times / 2));
      expect(await write(from)).toBe('store-in-use');
      expect(await read(from)).toBe('store-in-use');
      expect(await read(to)).toBe(times);
    }
    expect(await lost(one)).toEqual(['store-in-use', 'store-in-use']);
    expect(await lost(other)).toEqual(['store-in-use']);
    await one.context().close();
  });

  it('can be taken over in the middle of commits: what came last is whole, and what was reported is there', async () => {
    const [one, other] = await twoTabs();
    expect(await open(one)).toBe('opened');
    let reported = 0;
    await one.exposeFunction('say', (n: number) => {
      reported = n;
    });
    await one.evaluate(() => window.storePage.writeOn(1000, (window as unknown as { say(n: number): void }).say));
    await until(() => reported > 20);
    expect(await open(other, true)).toBe('opened');
    const counts = await other.evaluate(() => window.storePage.counts());
    await until(async () => (await lost(one)).length === 1);
    expect(new Set(counts).size).toBe(1);
    expect(await other.evaluate(() => window.storePage.counts())).toEqual(counts);
    expect(counts[0]).toBeGreaterThanOrEqual(reported);
    await one.context().close();
  });

  it('says that the browser has no room, changes nothing, and goes on when there is', async () => {
    const page = await openPage(await browser.newContext());
    const session = await page.context().newCDPSession(page);
    const { origin } = new URL(url);
    // Before anything is written: Chromium remembers for a while how much room there was.
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
    expect(await open(page)).toBe('opened');
    expect(await write(page, 10)).toBe('written');
    expect(await write(page, 5_000_000)).toBe('store-unwritable (QuotaExceededError)');
    expect(await read(page)).toBe(10);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    expect(await write(page, 5_000_000)).toBe('written');
    expect(await read(page)).toBe(5_000_000);
    await page.context().close();
  });

  it('says so when the browser has ended it', async () => {
    const page = await openPage(await browser.newContext());
    expect(await open(page)).toBe('opened');
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'indexeddb' });
    await until(async () => (await lost(page)).length === 1);
    expect(await write(page)).toBe((await lost(page))[0]);
    await page.context().close();
  });

  it('refuses a database of a newer form, and leaves it as it is', async () => {
    const page = await openPage(await browser.newContext());
    const version = await page.evaluate(async () => {
      const opening = indexedDB.open('one', 7);
      opening.onupgradeneeded = () => opening.result.createObjectStore('entries-2');
      await new Promise((opened) => opening.addEventListener('success', opened));
      opening.result.close();
      return opening.result.version;
    });
    expect(await open(page)).toBe('store-too-new');
    const [database] = await page.evaluate(() => indexedDB.databases());
    expect(database).toEqual({ name: 'one', version });
    await page.context().close();
  });

  it('has all of a commit or nothing when the browser is killed, and all that it has reported', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cliquet-chromium-'));
    let before = 0;
    for (let life = 0; life < 4; life++) {
      const { context, kill } = await startKeepingChromium(folder);
      const page = await openPage(context);
      expect(await open(page)).toBe('opened');
      const counts = await page.evaluate(() => window.storePage.counts());
      expect(counts).toEqual([counts[0], counts[0], counts[0]]);
      expect(counts[0]).toBeGreaterThanOrEqual(before);
      let reported = 0;
      await page.exposeFunction('say', (n: number) => {
        reported = n;
      });
      await page.evaluate(
        (bytes) => window.storePage.writeOn(bytes, (window as unknown as { say(n: number): void }).say),
        20_000 * life + 100,
      );
      await until(() => reported > before + 3 + 5 * life);
      await kill();
      before = reported;
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
});
