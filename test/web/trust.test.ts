// Safety numbers, and coming back after a device is lost.

import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { foundGroup, type Person } from './person.ts';
import { World } from './world.ts';

const { verify, backup, restore } = en;
// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

/** Scans a picture on the page of the safety number. */
async function scan(person: Person, picture: Buffer): Promise<void> {
  await person.press(verify.scan);
  await person.readPicture(picture);
}

/** The person's 24 words, on the page where the backup is. */
async function writeDownWords(person: Person): Promise<string[]> {
  const main = person.page.getByRole('main');
  await person.goTo(en.home.settings);
  await person.link(en.settings.backup, main).click();
  await person.press(backup.reveal);
  await person.button(backup.written).waitFor();
  const words = await main.getByRole('list').getByRole('listitem').allTextContents();
  expect(words).toHaveLength(24);
  return words;
}

test('safety numbers are compared by scanning, and the marks last until they are taken back', async () => {
  const [ada, bob] = [await world.person('Ada'), await world.person('Bob')];
  await foundGroup('Secrets', [ada, bob]);
  for (const person of [ada, bob]) await person.openPane(/^Safety number/);
  await ada.page.getByText(en.group.notVerified).last().waitFor();
  const [adas, bobs] = await Promise.all([ada.picture(verify.qr), bob.picture(verify.qr)]);
  await scan(ada, bobs);
  await ada.page.getByRole('alert').getByText(verify.done).waitFor();
  await ada.link(`${en.group.verify}: ${en.group.verified}`).waitFor();
  await bob.link(`${en.group.verify}: ${en.group.notVerified}`).waitFor();
  await scan(bob, adas);
  await bob.page.getByRole('alert').getByText(verify.done).waitFor();
  await ada.press(verify.undo);
  await ada.link(`${en.group.verify}: ${en.group.notVerified}`).waitFor();

  // A code that is none, and a number of another group.
  const cy = await world.person('Cy');
  await cy.inviteLink();
  await scan(ada, await cy.picture(en.meet.qr));
  await ada.page.getByRole('alert').getByText(verify.notNumber).waitFor();
  await cy.keep(await bob.inviteLink(), 'Bob');
  await cy.createGroup('Others', ['Bob']);
  await cy.openPane(/^Safety number/);
  await scan(ada, await cy.picture(verify.qr));
  await ada.page.getByRole('alert').getByText(verify.differs).waitFor();
});

test('what was said of one number is not said of another', async () => {
  const [ada, bob, cy] = [
    await world.person('Ada Page'),
    await world.person('Bob Page'),
    await world.person('Cy Page'),
  ];
  await foundGroup('Page', [bob, ada]);
  await bob.keep(await cy.inviteLink(), 'Cy');
  await ada.openPane(/^Safety number/);
  await ada.press(verify.same);
  await ada.page.getByRole('alert').getByText(verify.done).waitFor();
  await bob.openGroup('Page');
  await bob.openPane(en.members.title);
  await bob.page.getByRole('checkbox', { name: 'Cy' }).check();
  await bob.press(en.members.addGo);
  await ada.page.getByText(en.group.count(3)).first().waitFor();
  await ada.link(`${en.group.verify}: ${en.group.notVerified}`).waitFor();
  await ada.page.getByText(verify.done).waitFor({ state: 'hidden' });
});

test('a new device comes back with the words and a file, and the group lets it in when a person agrees', async () => {
  const [ada, bob] = [await world.person('Ada Lost'), await world.person('Bob Lost')];
  await foundGroup('Family', [ada, bob]);
  await ada.say('before the loss');
  await bob.hears('before the loss');
  await bob.say('heard');
  await ada.hears('heard');
  const words = await writeDownWords(ada);
  const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.press(backup.save)]);
  const file = { name: 'cliquet.backup', mimeType: '', buffer: readFileSync(await download.path()) };
  await ada.press(backup.written);
  await ada.context.close();

  const again = await world.visitor('Ada Again', { address: ada.address });
  await again.press(en.welcome.restore);
  await again.field(restore.phrase).fill('abandon '.repeat(24));
  await again.press(restore.go);
  await again.page.getByRole('alert').getByText(en.errors['phrase-invalid']).waitFor();
  await again.field(restore.phrase).fill(words.join('\n').toUpperCase());
  await again.page.getByLabel(restore.file).setInputFiles(file);
  await again.press(restore.go);
  await again.choosePassphrase();
  await again.openGroup('Family');
  await again.page.getByText(en.group.lost).first().waitFor();
  await again.say('it is me');
  await bob.page.getByText(en.members.asks(ada.name)).first().waitFor();
  await bob.press(en.members.readmit);
  await bob.agree(en.members.readmit);
  await again.page.getByText(en.group.lost).first().waitFor({ state: 'hidden' });
  await bob.hears('it is me');
  await bob.say('welcome back');
  await again.hears('welcome back');
  expect(await again.saying('before the loss').count()).toBe(0);
});

test('the words alone bring back who one is', async () => {
  const ada = await world.person('Ada Words');
  const invite = (await ada.inviteLink()).replace(/^.*cliquet:/, '');
  const words = await writeDownWords(ada);
  await ada.context.close();
  const again = await world.visitor('Ada Anew', { address: ada.address });
  await again.press(en.welcome.restore);
  await again.field(restore.phrase).fill(words.join(' '));
  await again.press(restore.go);
  await again.giveAddress(restore.address);
  await again.choosePassphrase();
  expect((await again.inviteLink()).replace(/^.*cliquet:/, '')).toBe(invite);
});
