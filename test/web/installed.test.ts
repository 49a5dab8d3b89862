// The pages as an app of their own: they can be installed, are kept, and give way to newer ones when their person says so.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { bundleWeb } from '../../client/web/build.ts';
import { en } from '../../client/web/messages/en.ts';
import { passphrase } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

const ready = () => navigator.serviceWorker.ready.then(() => undefined);

test('a browser would install them', async () => {
  const ada = await world.visitor('Ada Install');
  await ada.page.evaluate(ready);
  const session = await ada.context.newCDPSession(ada.page);
  const { errors, data = '' } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  expect(JSON.parse(data)).toMatchObject({ id: '/', start_url: '/', display: 'standalone' });
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // A profile that forgets everything installs nothing.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((error) => error !== 'in-incognito')).toEqual([]);
});

test('what is kept is what was built, and nothing that the relay has said', async () => {
  const ada = await world.person('Ada Kept');
  await ada.page.evaluate(ready);
  const kept = await ada.page.evaluate(async () => {
    const paths: string[] = [];
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      paths.push(...requests.map(({ url }) => new URL(url).pathname));
    }
    return paths.sort();
  });
  const { files } = await bundleWeb();
  const built = [...files.keys()].filter((path) => path !== '/service-worker.js');
  expect(kept).toEqual(built.map((path) => (path === '/index.html' ? '/' : path)).sort());
});

test('newer pages of which not all have come, or not as they were built, put nothing in the place of these', async () => {
  const ada = await world.person('Ada Half');
  await ada.page.evaluate(ready);
  const kept = () => ada.page.evaluate(() => caches.keys());
  const before = await kept();
  const asBuilt = await bundleWeb();
  const assets = [...asBuilt.files.keys()].filter((path) => path.startsWith('/assets/') && path.endsWith('.js'));
  for (const [i, path] of ['/', assets[0] ?? '', assets.at(-1) ?? ''].entries()) {
    ada.cable.changes.clear();
    ada.cable.changes.set('/service-worker.js', (script) => script.replace(/"[0-9a-f]{16}"/, `"${`${i}`.repeat(16)}"`));
    ada.cable.changes.set(path, (text) => `${text}\n`);
    const outcome = await ada.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const ended = new Promise<string>((resolve) =>
        registration.addEventListener(
          'updatefound',
          () => {
            const worker = registration.installing;
            const look = () => (worker?.state === 'installing' ? undefined : resolve(worker?.state ?? 'none'));
            worker?.addEventListener('statechange', look);
          },
          { once: true },
        ),
      );
      await registration.update();
      return ended;
    });
    expect({ path, outcome, kept: await kept() }).toEqual({ path, outcome: 'redundant', kept: before });
  }
  await ada.unplug();
  await ada.page.reload();
  await ada.unlock();
});

test('newer pages are told of, and taken when the person says so', async () => {
  const ada = await world.person('Ada Update');
  await ada.page.evaluate(ready);
  await ada.page.reload();
  await ada.unlock();
  expect(await ada.page.getByText(en.line.update).count()).toBe(0);
  ada.cable.changes.set('/service-worker.js', (script) => `${script}\n// newer`);
  await ada.page.reload();
  await ada.unlock();
  await ada.page.getByText(en.line.update).waitFor();
  const loaded = ada.page.waitForEvent('load');
  await ada.press(en.line.updateGo);
  await loaded;
  await ada.unlock();
  expect(await ada.page.getByText(en.line.update).count()).toBe(0);
});

test('a part of the pages that the relay has no more: one is told to load them again, and that helps', async () => {
  const ada = await world.visitor('Ada Older Pages', { serviceWorkers: 'block' });
  const part = [...(await bundleWeb()).files.keys()].find((path) => path.includes('/later-pages-')) ?? '';
  await ada.context.route(`**${part}`, (route) => route.abort());
  await ada.page.reload();
  await ada.press(en.welcome.begin);
  await ada.giveAddress();
  for (const label of [en.welcome.passphrase, en.welcome.passphraseAgain]) {
    await ada.page.getByLabel(label, { exact: true }).fill(passphrase);
  }
  await ada.press(en.welcome.finish);
  await ada.page.getByRole('alert').getByText(en.common.notLoaded).waitFor();
  await ada.context.unroute(`**${part}`);
  await ada.page.reload();
  await ada.unlock();
  await ada.inviteLink();
});

test('a part of the library that does not come: who opens what is kept is told so, each time, and loads the pages again', async () => {
  const ada = await world.person('Ada Part', { serviceWorkers: 'block' });
  const part = [...(await bundleWeb()).files.keys()].find((path) => path.includes('/online-')) ?? '';
  await ada.context.route(`**${part}`, (route) => route.abort());
  await ada.page.reload();
  await ada.page.getByLabel(en.unlock.passphrase, { exact: true }).fill(passphrase);
  const told = ada.page.getByRole('alert').getByText(en.errors['not-loaded']);
  await ada.press(en.unlock.go);
  await told.waitFor();
  // The store was closed, and is opened again; Chromium asks for the part only when the page is loaded again.
  await ada.context.unroute(`**${part}`);
  await ada.press(en.unlock.go);
  await told.waitFor({ state: 'hidden' });
  await told.waitFor();
  await ada.page.reload();
  await ada.unlock();
  await ada.inviteLink();
});
