// A device that was copied, and one that was set back: said in words, with what can be done.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { foundGroup, type Person } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

/** The relay says it at once, but a browser tells of it only when the connection itself has ended. */
const hearsOfIt = ({ page }: Person) => page.getByText(en.line.replaced).waitFor({ timeout: 60_000 });

test('two devices with one store: the first hears of the other, and can take the line back', async () => {
  const [ada, bob] = [await world.person('Ada Copied'), await world.person('Bob Copied')];
  await foundGroup('Mirror', [ada, bob]);
  await ada.say('before');
  await ada.reaches('before', 'delivered');
  const storageState = await ada.context.storageState({ indexedDB: true });
  const copy = await world.visitor('Copy', { storageState });
  await copy.unlock();
  await copy.openGroup('Mirror');
  await copy.hears('before');
  await hearsOfIt(ada);
  await ada.press(en.line.takeBack);
  await ada.page.getByText(en.line.replaced).waitFor({ state: 'hidden' });
  await hearsOfIt(copy);
});

test('a device that was set back says so, and sends nothing under keys that were used', async () => {
  const [ada, bob] = [await world.person('Ada Older'), await world.person('Bob Older')];
  await foundGroup('Clock', [ada, bob]);
  await ada.say('one');
  await ada.reaches('one', 'delivered');
  const older = await ada.context.storageState({ indexedDB: true });
  await ada.say('two');
  await ada.reaches('two', 'delivered');
  await bob.hears('two');
  await ada.context.close();

  const again = await world.visitor('Ada Set Back', { storageState: older });
  await again.unlock();
  await again.openGroup('Clock');
  await again.reads(en.story.rolledBack);
  await again.say('three');
  await again.reaches('three', 'unsent');
  expect(await bob.saying('three').count()).toBe(0);
});
