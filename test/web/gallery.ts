// Every page of the web client, one after the other, as somebody who uses all of it sees them.

import { en } from '../../client/web/messages/en.ts';
import { foundGroup, type Person } from './person.ts';
import type { World } from './world.ts';

/** What is done at each page: `name` tells it from the others. */
export type Look = (name: string, person: Person) => Promise<void>;

/** @throws if a page cannot be reached */
export async function walk(world: World, look: Look): Promise<void> {
  const { welcome, unlock, settings, talk } = en;
  const ada = await world.visitor('Ada');
  await ada.button(welcome.begin).waitFor();
  await look('welcome', ada);
  await ada.press(welcome.restore);
  await ada.field(en.restore.phrase).waitFor();
  await look('restore', ada);
  await ada.press(en.common.back);
  await ada.press(welcome.begin);
  await ada.field(welcome.address).fill('nobody');
  await ada.press(welcome.sendCode);
  await ada.page.getByRole('alert').getByText(en.errors['address-invalid']).waitFor();
  await look('address', ada);
  await ada.field(welcome.address).fill(ada.address);
  await ada.press(welcome.sendCode);
  await ada.link(welcome.inbox).waitFor();
  await look('code', ada);
  await ada.answerCode();
  await ada.page.getByLabel(welcome.passphrase, { exact: true }).waitFor();
  await look('passphrase', ada);
  await ada.choosePassphrase();

  const [bob, cy, dora] = [await world.person('Bob'), await world.person('Cy'), await world.person('Dora')];
  await ada.goHome();
  await look('home-empty', ada);
  await ada.inviteLink();
  await look('meet', ada);
  await foundGroup('Holidays', [ada, bob, cy]);
  await ada.keep(await dora.inviteLink(), 'Dora');
  await ada.goTo(en.home.newGroup);
  await look('new-group', ada);
  await ada.goTo(en.home.contacts);
  await look('contacts', ada);

  await ada.openGroup('Holidays');
  await ada.page.locator('.toast').first().waitFor({ state: 'hidden' });
  await ada.say('Where do we go this summer?');
  await bob.hears('Where do we go this summer?');
  await bob.act('Where do we go this summer?', talk.reply);
  await bob.say('To the lake, as always. There is a new path along the shore: https://example.org/lake');
  await bob.say('Or somewhere else?');
  await cy.openGroup('Holidays');
  await cy.hears('Or somewhere else?');
  await cy.say('The lake is fine. I bring the tent.');
  await ada.hears('The lake is fine. I bring the tent.');
  await ada.say('The lake!');
  await ada.reaches('The lake!', 'delivered');
  await look('conversation', ada);
  await ada
    .saying('The lake!')
    .getByRole('button', { name: /^Actions for/ })
    .click();
  await look('conversation-actions', ada);
  await ada.button(talk.edit, ada.saying('The lake!')).click();
  await look('conversation-editing', ada);
  await ada.press(talk.stopEdit);
  for (const [name, pane] of [
    ['members', en.members.title],
    ['verify', /^Safety number/],
    ['inside', en.group.inside],
    ['about', en.group.about],
  ] as const) {
    await ada.openGroup('Holidays');
    await ada.openPane(pane);
    await ada.heading(en[name].title).waitFor();
    if (name === 'inside') {
      await bob.say('I ask about the boat.');
      await ada.say('And I about the train.');
      await cy.hears('And I about the train.');
      await bob.hears('And I about the train.');
    }
    await look(name, ada);
  }
  await ada.openGroup('Holidays');
  await ada.openPane(en.members.title);
  await ada.press(en.members.leave);
  await ada.page.getByRole('dialog').waitFor();
  await look('dialog', ada);
  await ada.agree(en.common.cancel);

  await ada.createGroup('Surprise', ['Dora']);
  await dora.goHome();
  await dora.navigation.getByText(en.home.invited).click();
  await dora.button(en.group.accept).waitFor();
  await look('invitation', dora);
  await ada.goHome();
  await look('home', ada);
  await ada.goTo(en.home.settings);
  await ada.heading(settings.title).waitFor();
  await look('settings', ada);
  await ada.link(settings.backup, ada.page.getByRole('main')).click();
  await ada.press(en.backup.reveal);
  await ada.button(en.backup.written).waitFor();
  await look('backup', ada);
  await ada.unplug();
  await ada.openGroup('Holidays');
  await ada.say('We are in the tunnel.');
  await ada.page.getByText(en.line.offline).waitFor();
  await look('offline', ada);
  await ada.plug();
  const first = ada.page;
  await ada.open();
  await ada.heading(en.elsewhere.title).waitFor();
  await look('elsewhere', ada);
  await ada.page.close();
  ada.lookAt(first);
  await ada.page.reload();
  await ada.heading(unlock.title).waitFor();
  await ada.page.getByLabel(unlock.passphrase, { exact: true }).fill('wrong');
  await ada.press(unlock.go);
  await ada.button(unlock.erase).waitFor();
  await look('unlock', ada);
}
