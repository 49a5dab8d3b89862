// A person's own: the passphrase, locking, leaving a device; and the page that shows what goes on inside.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { foundGroup, passphrase } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

const { settings, unlock, inside } = en;

test('the passphrase is changed: the new one opens, the old one does not', async () => {
  const ada = await world.person('Ada Passphrase');
  await ada.goTo(en.home.settings);
  const change = async (old: string, next: string) => {
    await ada.page.getByLabel(settings.oldPassphrase, { exact: true }).fill(old);
    await ada.page.getByLabel(settings.newPassphrase, { exact: true }).fill(next);
    await ada.press(settings.change);
  };
  await change('not the old one', 'another passphrase');
  await ada.page.getByRole('alert').getByText(en.errors['wrong-passphrase']).waitFor();
  await change(passphrase, 'another passphrase');
  await ada.page.getByRole('status').getByText(settings.changed).waitFor();
  await ada.press(settings.lock);
  const open = async (secret: string) => {
    await ada.page.getByLabel(unlock.passphrase, { exact: true }).fill(secret);
    await ada.press(unlock.go);
  };
  await open(passphrase);
  await ada.page.getByRole('alert').getByText(en.errors['wrong-passphrase']).waitFor();
  await open('another passphrase');
  await ada.isHome();
});

test('who leaves the device leaves nothing there', async () => {
  const [ada, bob] = [await world.person('Ada Leaves'), await world.person('Bob Stays')];
  await foundGroup('Farewell', [ada, bob]);
  await ada.say('a secret of ours');
  await bob.hears('a secret of ours');
  await ada.goTo(en.home.settings);
  await ada.press(settings.forgetGo);
  await ada.agree(settings.forgetGo);
  await ada.heading(en.welcome.title).waitFor();
  const kept = await ada.page.evaluate(async () => {
    const counts: number[] = [];
    for (const { name = '' } of await indexedDB.databases()) {
      const opening = indexedDB.open(name);
      await new Promise((opened) => opening.addEventListener('success', opened));
      for (const store of opening.result.objectStoreNames) {
        const counting = opening.result.transaction(store).objectStore(store).count();
        await new Promise((counted) => counting.addEventListener('success', counted));
        counts.push(counting.result);
      }
      opening.result.close();
    }
    return { counts, local: Object.keys(localStorage), session: Object.keys(sessionStorage) };
  });
  expect(kept.counts.filter((count) => count > 0)).toEqual([]);
  expect(kept.session).toEqual([]);
  // Somebody else may begin on this device.
  await ada.register();
});

test('who has forgotten the passphrase can erase what is there, and begin anew', async () => {
  const ada = await world.person('Ada Forgets');
  await ada.page.reload();
  await ada.page.getByLabel(unlock.passphrase, { exact: true }).fill('what was it?');
  await ada.press(unlock.go);
  await ada.press(unlock.erase);
  await ada.agree(unlock.eraseGo);
  await ada.heading(en.welcome.title).waitFor();
  await ada.register();
});

test('the page inside shows each step as it happens, and what the relay sees of it', async () => {
  const [ada, bob] = [await world.person('Ada Inside'), await world.person('Bob Inside')];
  await foundGroup('Glass', [ada, bob]);
  await ada.say('one');
  await bob.hears('one');
  await ada.openPane(en.group.inside);
  const key = ada.page.getByRole('definition').first();
  const before = await key.textContent();
  await bob.say('two');
  await expect.poll(() => key.textContent()).not.toBe(before);
  await bob.openPane(en.group.inside);
  // Both stand at the same key.
  await expect.poll(() => bob.page.getByRole('definition').first().textContent()).toBe(await key.textContent());
  const picture = ada.page.getByRole('img', { name: inside.diagram });
  await expect.poll(() => picture.textContent()).toContain('S');
  await ada.button(inside.relay).click();
  await ada.page.getByText(inside.relayKnows).waitFor();
  const seen = await ada.page.getByRole('region', { name: inside.diagram }).textContent();
  expect(seen).toMatch(/\d\s?(kB|KB|byte)/);
  for (const secret of ['Glass', 'one', 'two', 'Bob', before ?? '']) expect(seen).not.toContain(secret);
});

test('the newest steps inside stand there whole, however large the window is', async () => {
  const [ada, bob] = [await world.person('Ada Rows'), await world.person('Bob Rows')];
  await foundGroup('Rows', [ada, bob]);
  await ada.openPane(en.group.inside);
  const picture = ada.page.getByRole('region', { name: inside.diagram });
  for (let i = 1; i <= 10; i++) await bob.say(`step ${i}`);
  await expect.poll(() => picture.textContent()).toContain('S10');
  // Where the columns end, and each step begins and ends, once the newest one stands above the lower edge.
  const stepsBelow = () =>
    picture.evaluate((region) => {
      const end = region.querySelector('ul')?.getBoundingClientRect().bottom ?? 0;
      const rows = [...region.querySelectorAll('g')].map((step) => step.getBoundingClientRect());
      const isAtEnd = (rows.at(-1)?.bottom ?? 0) < region.getBoundingClientRect().bottom;
      return isAtEnd ? rows.filter(({ bottom }) => bottom > end).map(({ top }) => top >= end) : [];
    });
  for (const height of [720, 735, 750, 765]) {
    await ada.page.setViewportSize({ width: 1280, height });
    await expect.poll(stepsBelow).toSatisfy((are) => are.length > 0 && !are.includes(false));
  }
});
