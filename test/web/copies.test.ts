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

test('a device that was set back says so, sends nothing under keys that were used, and is let in again by itself', async () => {
  const [ada, bob] = [await world.person('Ada Older'), await world.person('Bob Older')];
  // The founder’s turn to let somebody in is the first.
  await foundGroup('Clock', [bob, ada]);
  await ada.say('one');
  await ada.reaches('one', 'delivered');
  const older = await ada.context.storageState({ indexedDB: true });
  await ada.say('two');
  await bob.hears('two');
  await bob.say('heard two');
  await ada.hears('heard two');
  await ada.context.close();
  await bob.unplug();

  const again = await world.visitor('Ada Set Back', { storageState: older });
  await again.unlock();
  await again.openGroup('Clock');
  await again.reads(en.story.rolledBack);
  const waits = again.page.getByText(/^This device has been unable to follow the group/);
  await waits.waitFor();
  await again.say('three');
  await again.saying('three').getByRole('img', { name: en.talk.states.unsent, exact: true }).waitFor();

  await bob.plug();
  await again.reads(en.story.returnedYou({ name: bob.name, isYou: false }, true), { timeout: 90_000 });
  await waits.waitFor({ state: 'hidden' });
  await again.hears('heard two');
  await bob.hears('three');
  await bob.reads(en.story.returnedWhole(ada.name, { name: '', isYou: true }));
  await bob.say('four');
  await again.hears('four');
  await again.say('five');
  await bob.hears('five');
  for (const text of ['one', 'two', 'three', 'five']) expect(await bob.saying(text).count()).toBe(1);
  await again.reaches('five', 'delivered');
}, 180_000);
