// axe finds nothing wrong with any page, in either theme, on a desktop and on a phone.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { violations } from './axe.ts';
import { walk } from './gallery.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

const phone = { width: 390, height: 844 };

test('violations() finds what is wrong with a page', async () => {
  const page = await world.browser.newPage();
  await page.setContent('<main><img src="data:,"><p style="color: #bbb; background: #fff">pale</p></main>');
  const found = (await violations(page)).join();
  for (const rule of ['image-alt', 'color-contrast', 'document-title']) expect(found).toContain(rule);
  await page.close();
});

test('every page', async () => {
  const found: Record<string, string[]> = {};
  await walk(world, async (name, { page }) => {
    const desktop = page.viewportSize();
    const wrong = await violations(page);
    await page.setViewportSize(phone);
    wrong.push(...(await violations(page)).map((each) => `phone, ${each}`));
    if (desktop !== null) await page.setViewportSize(desktop);
    if (wrong.length > 0) found[name] = wrong;
  });
  expect(found).toEqual({});
}, 300_000);
