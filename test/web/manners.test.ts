// By the keyboard, by ear, on a phone, and in another language.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { fr } from '../../client/web/messages/fr.ts';
import { routes } from '../../client/wire/routes.ts';
import { foundGroup } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

test('by the keyboard: editing with an arrow, and a question that is put away gives the focus back', async () => {
  const [ada, bob] = [await world.person('Ada Keys'), await world.person('Bob Keys')];
  await foundGroup('Keys', [ada, bob]);
  const { keyboard } = ada.page;
  const focused = () => ada.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  await ada.say('a typpo');
  await ada.field(en.talk.write).focus();
  await keyboard.press('ArrowUp');
  await ada.page.getByText(en.talk.editing).waitFor();
  await keyboard.press('Escape');
  await ada.page.getByText(en.talk.editing).waitFor({ state: 'hidden' });
  await keyboard.press('ArrowUp');
  await ada.field(en.talk.write).fill('a typo');
  await keyboard.press('Enter');
  await bob.hears('a typo');
  // A line of its own, without sending.
  await ada.field(en.talk.write).fill('first');
  await keyboard.press('Shift+Enter');
  await keyboard.insertText('second');
  expect(await ada.field(en.talk.write).inputValue()).toBe('first\nsecond');
  await ada.field(en.talk.write).fill('');

  await ada.link(en.members.title).focus();
  await keyboard.press('Enter');
  await ada.heading(en.members.title).waitFor();
  await expect.poll(focused).toBe(en.members.title);
  await ada.button(en.members.leave).focus();
  await keyboard.press('Enter');
  const dialog = ada.page.getByRole('dialog', { name: en.members.leaveTitle });
  await dialog.waitFor();
  for (let i = 0; i < 5; i++) {
    await keyboard.press('Tab');
    // What has the focus is in the question, or the browser itself.
    expect(await ada.page.evaluate(() => document.activeElement?.closest('dialog, body')?.tagName)).not.toBe(undefined);
  }
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await expect.poll(focused).toBe(en.members.leave);
});

test('what is dropped beside a field does not take the place of the page', async () => {
  const ada = await world.person('Ada Drops');
  await ada.goTo(en.home.meet);
  const isTaken = (selector: string) =>
    ada.page.evaluate((at) => {
      const events = ['dragover', 'drop'].map((type) => new DragEvent(type, { bubbles: true, cancelable: true }));
      return events.map((event) => !document.querySelector(at)?.dispatchEvent(event));
    }, selector);
  for (const selector of ['body', 'main', 'h1']) expect(await isTaken(selector)).toEqual([true, true]);
  // There it is what one wants.
  expect(await isTaken('input:not([readonly])')).toEqual([false, false]);
});

test('by ear: what comes is said, and only that', async () => {
  const [ada, bob] = [await world.person('Ada Ear'), await world.person('Bob Ear')];
  await foundGroup('Radio', [ada, bob]);
  await bob.say('can you hear me?');
  await ada.page.getByRole('log').getByText('can you hear me?').waitFor();
  await ada.say('yes');
  await bob.page.getByRole('log').getByText('yes').waitFor();
  expect(await ada.page.getByRole('log').textContent()).not.toContain('yes');
});

test('on a phone: one page at a time, and the way back', async () => {
  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
  const [ada, bob] = [await world.person('Ada Phone', phone), await world.person('Bob Desk')];
  await foundGroup('Pocket', [ada, bob]);
  await ada.say('from my pocket');
  await bob.hears('from my pocket');
  expect(await ada.navigation.isVisible()).toBe(false);
  await ada.openPane(en.members.title);
  await ada.heading(en.members.title).waitFor();
  expect(await ada.field(en.talk.write).isVisible()).toBe(false);
  await ada.press(en.common.back);
  await ada.field(en.talk.write).waitFor();
  await ada.press(en.common.back);
  await ada.navigation.waitFor();
  expect(await ada.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});

test('in French, up to the conversation', async () => {
  const [eve, bob] = [await world.visitor('Eve', { locale: 'fr-FR' }), await world.person('Bob French')];
  await eve.press(fr.welcome.begin);
  await eve.field(fr.welcome.address).fill(eve.address);
  const asked = eve.page.waitForRequest((request) => request.url().endsWith(routes.registrations));
  await eve.press(fr.welcome.sendCode);
  // The letter is in French too, and a phone offers to fill its code in.
  expect((await asked).postDataJSON()).toMatchObject({ language: 'fr' });
  await expect.poll(() => eve.field(fr.welcome.code).getAttribute('autocomplete')).toBe('one-time-code');
  expect(await eve.field(fr.welcome.code).getAttribute('inputmode')).toBe('numeric');
  await eve.field(fr.welcome.code).fill(await world.relay.inbox(eve.address));
  await eve.press(fr.welcome.confirm);
  for (const label of [fr.welcome.passphrase, fr.welcome.passphraseAgain]) {
    await eve.page.getByLabel(label, { exact: true }).fill('quatre mots à moi');
  }
  await eve.press(fr.welcome.finish);
  await eve.follow(await bob.inviteLink('Bob'));
  await eve.press(fr.meet.talk);
  await eve.field(fr.talk.write).fill('bonjour');
  await eve.field(fr.talk.write).press('Enter');
  await bob.goHome();
  await bob.navigation.getByText(en.home.invited).click();
  await bob.press(en.group.accept);
  await bob.hears('bonjour');
  await bob.say('hello');
  await eve.page.getByRole('region', { name: fr.talk.conversation }).getByText('hello', { exact: true }).waitFor();
});
