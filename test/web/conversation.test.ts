// Talking: what can be done with a message, what becomes of it, and what is kept of it.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { Device } from '../support/device.ts';
import { foundGroup, type Person } from './person.ts';
import { World } from './world.ts';

const { talk } = en;
// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

async function pair(group: string): Promise<void> {
  ada = await world.person(`Ada ${group}`);
  bob = await world.person(`Bob ${group}`);
  await foundGroup(group, [ada, bob]);
}

test('a message goes from waiting to confirmed, and is answered, changed and taken back', async () => {
  await pair('Kitchen');
  await ada.say('who cooks?');
  await ada.reaches('who cooks?', 'delivered');
  await bob.hears('who cooks?');
  await bob.act('who cooks?', talk.reply);
  await bob.page.getByText(talk.replying(ada.name)).waitFor();
  await bob.say('me');
  await ada.reaches('who cooks?', 'confirmed');
  await ada
    .saying('me')
    .getByRole('button', { name: /who cooks\?/ })
    .waitFor();

  await bob.act('me', talk.edit);
  await bob.field(talk.write).fill('all of us');
  await bob.field(talk.write).press('Enter');
  await ada.hears('all of us');
  await ada.saying('all of us').getByText(talk.edited).waitFor();
  expect(await ada.saying('me').count()).toBe(0);

  await bob.act('all of us', talk.delete);
  await bob.agree(talk.deleteGo);
  await ada.hears(talk.deleted);
  expect(await ada.saying('all of us').count()).toBe(0);
});

test('a message that stands far back is quoted as it is now, in answers and where one writes', async () => {
  ada = await world.person('Ada Quote');
  const writer = await Device.register(world.relay, 'quote');
  await ada.keep(`${world.relay.url}/#${writer.client.invite()}`, 'Writer');
  await ada.createGroup('Quote', ['Writer']);
  const { group } = await writer.event('invited');
  await group.accept();
  const id = await group.send('the first');
  await ada.hears('the first');
  await ada.act('the first', talk.reply);
  for (let i = 0; i < 130; i++) await group.send(`more ${i}`);
  await group.send('an answer', { reply: id });
  await ada.hears('an answer');
  expect(await ada.saying('the first').count()).toBe(1);
  const quote = ada.saying('an answer').getByRole('button', { name: /the first/ });
  await quote.waitFor();
  const note = ada.page.getByText(talk.replying('Writer'));
  await note.waitFor();
  await group.edit(id, 'the very first');
  await ada
    .saying('an answer')
    .getByRole('button', { name: /the very first/ })
    .waitFor();
  await group.delete(id);
  await ada
    .saying('an answer')
    .getByRole('button', { name: new RegExp(en.story.deletedMessage) })
    .waitFor();
  expect(await ada.page.getByText('the very first').count()).toBe(0);
  await note.waitFor();
  await ada.say('an answer of mine');
  await ada
    .saying('an answer of mine')
    .getByRole('button', { name: new RegExp(en.story.deletedMessage) })
    .waitFor();
  await writer.client.close();
});

test('what is typed while a message is sent goes out after it', async () => {
  await pair('Haste');
  const texts = Array.from({ length: 30 }, (_, i) => `line ${String(i).padStart(2, '0')}`);
  for (const text of texts) {
    await bob.field(talk.write).fill(text);
    await bob.field(talk.write).press('Enter');
  }
  await ada.hears(texts.at(-1) ?? '');
  const shown = await ada.conversation.getByRole('listitem').allTextContents();
  expect(texts.map((text) => shown.filter((line) => line.includes(text)).length)).toEqual(texts.map(() => 1));
});

test('files and pictures go along; what is too large is told', async () => {
  await pair('Album');
  const attach = async (name: string, mimeType: string, buffer: Buffer) => {
    const [chooser] = await Promise.all([ada.page.waitForEvent('filechooser'), ada.press(talk.attach)]);
    await chooser.setFiles({ name, mimeType, buffer });
  };
  await attach('note.txt', 'text/plain', Buffer.from('hello from a file'));
  const link = bob.conversation.getByRole('link', { name: /note\.txt/ });
  const [download] = await Promise.all([bob.page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('note.txt');
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('hello from a file');

  await attach('dot.png', 'image/png', await ada.page.screenshot({ clip: { x: 0, y: 0, width: 20, height: 20 } }));
  const picture = bob.conversation.getByRole('img', { name: talk.picture('dot.png') });
  await picture.waitFor();
  await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(20);

  await attach('large.bin', 'application/octet-stream', Buffer.alloc(65_537));
  await ada.page.getByRole('alert').getByText(talk.tooLarge).waitFor();
});

test('what is unread is counted, and a draft is kept when the store is locked', async () => {
  await pair('Post');
  await ada.goHome();
  for (const text of ['one', 'two', 'three']) await bob.say(text);
  const row = ada.navigation.getByRole('listitem').filter({ hasText: 'Post' });
  await row.getByText(en.home.unread(3)).waitFor();
  expect(await row.textContent()).toContain('three');
  await expect.poll(() => ada.page.title()).toBe('(3) Cliquet');
  await ada.openGroup('Post');
  await ada.hears('three');
  await row.getByText(en.home.unread(3)).waitFor({ state: 'hidden' });
  await expect.poll(() => ada.page.title()).toBe('Cliquet');
  await ada.field(talk.write).fill('not yet said');
  await ada.goHome();
  await ada.openGroup('Post');
  await expect.poll(() => ada.field(talk.write).inputValue()).toBe('not yet said');
  await ada.goTo(en.home.settings);
  await ada.press(en.settings.lock);
  await ada.unlock();
  await ada.openGroup('Post');
  await expect.poll(() => ada.field(talk.write).inputValue()).toBe('not yet said');
});

test('messages disappear after the time that was set, for everybody', async () => {
  await pair('Sand');
  await ada.openPane(en.group.about);
  await ada.page.getByLabel(en.about.timer, { exact: true }).selectOption(String(60));
  await bob.page.getByText(talk.timerOn('1 minute'), { exact: true }).waitFor();
  await bob.say('gone soon');
  await ada
    .saying('gone soon')
    .getByRole('img', { name: /^disappears at/ })
    .waitFor();
});

test('a long history is open at its end, however it came there, and its beginning is fetched when one goes there', async () => {
  ada = await world.person('Ada Archive');
  const writer = await Device.register(world.relay, 'archive');
  await ada.keep(`${world.relay.url}/#${writer.client.invite()}`, 'Writer');
  await ada.createGroup('Archive', ['Writer']);
  const { group } = await writer.event('invited');
  await group.accept();
  const texts = Array.from({ length: 150 }, (_, i) => `entry ${String(i).padStart(3, '0')}`);
  const rows = ada.conversation.getByRole('listitem');
  const last = ada.saying(texts.at(-1) ?? '');
  const isAtItsEnd = async () => {
    await last.waitFor();
    await expect.poll(() => last.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    expect(await rows.count()).toBeLessThan(texts.length);
  };
  const hasItsBeginning = async () => {
    await expect
      .poll(async () => {
        await ada.conversation.evaluate((region) => region.scrollTo({ top: 0 }));
        return ada.saying(texts[0] ?? '').count();
      })
      .toBe(1);
    const shown = await rows.allTextContents();
    expect(texts.map((text) => shown.filter((line) => line.includes(text)).length)).toEqual(texts.map(() => 1));
  };
  for (const text of texts) await group.send(text);
  await isAtItsEnd();
  await hasItsBeginning();
  await ada.page.reload();
  await ada.unlock();
  await ada.openGroup('Archive');
  await isAtItsEnd();
  await hasItsBeginning();
  await writer.client.close();
});

test('what happens without end fills neither the page nor the way back to what was said', async () => {
  ada = await world.person('Ada Storm');
  const mallory = await Device.register(world.relay, 'storm');
  await ada.keep(`${world.relay.url}/#${mallory.client.invite()}`, 'Mallory');
  await ada.createGroup('Storm', ['Mallory']);
  const { group } = await mallory.event('invited');
  await group.accept();
  await group.send('before the storm');
  await ada.hears('before the storm');
  const count = 500;
  for (let i = 1; i <= count; i++) await group.setTimer(i);
  await ada.page.getByText(talk.timerOn(`${count} seconds`), { exact: true }).waitFor();
  for (const open of [async () => undefined, () => ada.page.reload().then(() => ada.unlock())]) {
    await open();
    await ada.openGroup('Storm');
    await ada.reads(en.story.timer({ name: 'Mallory', isYou: false }, `${count} seconds`));
    expect(await ada.conversation.getByRole('listitem').count()).toBeLessThan(count - 100);
  }
  await expect
    .poll(async () => {
      await ada.conversation.evaluate((region) => region.scrollTo({ top: 0 }));
      return ada.saying('before the storm').count();
    })
    .toBe(1);
  expect(await ada.conversation.getByRole('listitem').count()).toBeGreaterThan(count);
  await mallory.client.close();
});
