// Pictures of every page, as on a phone and on a desktop, light and dark, into .build/screenshots: `npm run screenshots`.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { walk } from './gallery.ts';
import { World } from './world.ts';

const folder = join(import.meta.dirname, '../../.build/screenshots');
const devices = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const world = await World.start();
let count = 0;
try {
  await walk(world, async (name, { page }) => {
    const before = page.viewportSize();
    const number = String(++count).padStart(2, '0');
    for (const [device, size] of Object.entries(devices)) {
      await page.setViewportSize(size);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.screenshot({
          path: join(folder, `${number}-${name}-${device}-${colorScheme}.png`),
          animations: 'disabled',
        });
      }
    }
    await page.emulateMedia({ colorScheme: null, reducedMotion: null });
    if (before !== null) await page.setViewportSize(before);
  });
  console.log(`${count} pages, ${count * 4} pictures in .build/screenshots`);
} finally {
  for (const trouble of await world.leave()) console.error(trouble);
  await world.stop();
}
