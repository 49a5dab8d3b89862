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

test('what is kept in the browser says nothing without the passphrase', async () => {
  const [ada, bob] = [await world.person('Ada Keeps'), await world.person('Bob Keeps')];
  await foundGroup('Hidden group', [ada, bob]);
  await ada.say('hidden words');
  await bob.hears('hidden words');
  await bob.say('hidden answer');
  await ada.hears('hidden answer');
  await ada.field(en.talk.write).fill('hidden draft');
  await ada.goTo(en.home.settings);
  const hrid = await ada.page.getByRole('definition').nth(1).textContent();
  await ada.press(settings.lock);
  await ada.heading(unlock.title).waitFor();
  // What was told last goes a moment after the page.
  await expect.poll(() => ada.page.locator('.toast').count()).toBe(0);
  const kept = await ada.page.evaluate(async () => {
    const done = (request: IDBRequest) => new Promise((resolve) => request.addEventListener('success', resolve));
    const texts = [
      document.title,
      JSON.stringify({ ...localStorage, ...sessionStorage }),
      document.body.textContent ?? '',
    ];
    let count = 0;
    const add = (value: unknown) => {
      count++;
      if (!(value instanceof Uint8Array)) return texts.push(String(value));
      return texts.push(
        new TextDecoder().decode(value),
        new TextDecoder('utf-16le').decode(value.slice(0, value.length & ~1)),
      );
    };
    for (const { name = '' } of await indexedDB.databases()) {
      const opening = indexedDB.open(name);
      await done(opening);
      for (const store of opening.result.objectStoreNames) {
        const from = opening.result.transaction(store).objectStore(store);
        const [keys, values] = [from.getAllKeys(), from.getAll()];
        await done(values);
        for (const entry of [...keys.result, ...values.result]) add(entry);
      }
      opening.result.close();
    }
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) texts.push(url);
    }
    return { count, text: texts.join('\n') };
  });
  expect(kept.count).toBeGreaterThan(40);
  expect(hrid?.length).toBe(43);
  // Long enough not to come up by chance in what is encrypted.
  for (const secret of ['hidden', 'Hidden', bob.name, ada.address, hrid ?? '', passphrase, '/v1/']) {
    expect({ secret, isKept: kept.text.includes(secret) }).toEqual({ secret, isKept: false });
  }
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

test('who cannot reach the relay, or is not answered by it, can leave the device all the same', async () => {
  const [ada, bob] = [await world.person('Ada Offline'), await world.person('Bob Guest')];
  await ada.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  // An invite that waits is nothing to leave behind either.
  await ada.follow(await bob.inviteLink());
  await ada.field(en.meet.call).waitFor();
  await ada.unplug();
  await ada.goTo(en.home.settings);
  await ada.press(settings.forgetGo);
  await ada.agree(settings.forgetGo);
  await ada.page.getByRole('dialog').getByText(settings.forgetUntold).waitFor();
  await ada.agree(settings.forgetGo);
  await ada.heading(en.welcome.title).waitFor();
  expect(await ada.page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
});

test('nothing of what was open stays in sight when the store is locked or taken over', async () => {
  const [ada, bob] = [await world.person('Ada Sight'), await world.person('Bob Sight')];
  await foundGroup('Secret plans', [bob, ada]);
  await ada.page.evaluate(() => {
    // A browser without a window lets nobody notify: this takes the place of the system.
    const shown = new Set<{ readonly title: string; close(): void }>();
    Object.defineProperty(Notification, 'permission', { value: 'granted' });
    Object.assign(ServiceWorkerRegistration.prototype, {
      getNotifications: async () => [...shown],
      showNotification: async (title: string) => {
        const made = { title, close: () => void shown.delete(made) };
        shown.add(made);
      },
    });
    // As if another window were in front.
    Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
  });
  const notified = () =>
    ada.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title }) => title);
    });
  await ada.goHome();
  await bob.say('psst');
  await expect.poll(notified).toEqual(['Secret plans']);
  await expect.poll(() => ada.page.title()).toBe('(1) Cliquet');
  await ada.goTo(en.home.contacts);
  await ada.page.getByRole('button', { name: new RegExp(`^${en.contacts.rename}`) }).click();
  await ada.press(en.contacts.remove);
  await ada.page.getByRole('dialog').getByText(bob.name).waitFor();
  const first = ada.page;
  await ada.open();
  await ada.press(en.elsewhere.go);
  await ada.heading(en.unlock.title).waitFor();
  ada.lookAt(first);
  await ada.heading(en.elsewhere.title).waitFor();
  await ada.page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(await ada.page.locator('body').textContent()).not.toMatch(/Bob|Secret/);
  expect(await ada.page.title()).toBe('Cliquet');
  await expect.poll(notified).toEqual([]);
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

test('who has the right passphrase, and older pages, is not told to erase anything', async () => {
  const ada = await world.person('Ada Newer');
  await ada.page.reload();
  await ada.heading(unlock.title).waitFor();
  await ada.page.evaluate(async () => {
    const done = (request: IDBRequest) => new Promise((resolve) => request.addEventListener('success', resolve));
    const opening = indexedDB.open('cliquet');
    await done(opening);
    const store = opening.result.transaction('entries', 'readwrite').objectStore('entries');
    const reading = store.get('store');
    await done(reading);
    const header: Uint8Array = reading.result;
    await done(store.put(header.with(0, 9), 'store'));
    opening.result.close();
  });
  await ada.page.getByLabel(unlock.passphrase, { exact: true }).fill(passphrase);
  await ada.press(unlock.go);
  await ada.page.getByRole('alert').getByText(en.errors['store-too-new']).waitFor();
  expect(await ada.button(unlock.erase).count()).toBe(0);
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
