// Who is in a group, and who says so: members come and go, strangers ask, and the conversation tells it.

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { foundGroup, type Person } from './person.ts';
import { World } from './world.ts';

const { members: texts, story } = en;
// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

/** Opens what can be done with a member, and does it. */
async function doTo(person: Person, name: string, deed: string): Promise<void> {
  const row = person.page.getByRole('listitem').filter({ has: person.button(texts.actions(name)) });
  await person.button(texts.actions(name), row).click();
  await person.button(deed, row).click();
}

const you = { name: '', isYou: true };
const isolated = (name: string) => `\u2068${name}\u2069`;

test('members are added, made admins, removed, and leave; everybody reads it in plain words', async () => {
  const [ada, bob, cy] = [await world.person('Ada'), await world.person('Bob'), await world.person('Cy')];
  await foundGroup('Club', [ada, bob]);
  await ada.say('before Cy');
  await ada.keep(await cy.inviteLink(), 'Cy');
  await cy.keep(await ada.inviteLink(), 'Ada');

  await ada.openGroup('Club');
  await ada.openPane(texts.title);
  await ada.page.getByRole('checkbox', { name: 'Cy' }).check();
  await ada.press(texts.addGo);
  await ada.reads(story.added(you, isolated('Cy')));
  await cy.openGroup('Club');
  await cy.reads(story.joined({ name: 'Ada', isYou: false }, 3));
  await ada.say('welcome');
  await cy.hears('welcome');
  expect(await cy.saying('before Cy').count()).toBe(0);
  await cy.say('thank you');
  await bob.hears('thank you');

  await doTo(ada, 'Bob', texts.promote);
  await bob.reads(story.promoted({ name: 'Ada', isYou: false }, isolated(en.common.you)));
  await bob.openPane(texts.title);
  // Cy is nobody whom Bob knows.
  await bob.page.getByText(texts.stranger).waitFor();

  await doTo(ada, 'Cy', texts.remove);
  await ada.agree(texts.remove);
  await cy.page.getByText(en.group.removed).first().waitFor();
  expect(await cy.field(en.talk.write).count()).toBe(0);
  await ada.say('without Cy');
  await bob.hears('without Cy');
  expect(await cy.saying('without Cy').count()).toBe(0);

  await bob.press(texts.leave);
  await bob.agree(texts.leave);
  await ada.reads(story.left({ name: 'Bob', isYou: false }));
  await bob.page.getByText(en.group.left).first().waitFor();
  await ada.page.getByText(en.group.alone).waitFor();
});

test('a stranger’s group asks first: it is accepted or declined, and nothing is told before', async () => {
  const [ada, bob] = [await world.person('Ada Stranger'), await world.person('Bob Stranger')];
  const link = await bob.inviteLink();
  for (const [name, answer] of [
    ['Yes', en.group.accept],
    ['No', en.group.decline],
  ] as const) {
    await ada.goHome();
    if (name === 'Yes') await ada.keep(link, 'Bob');
    await ada.createGroup(name, ['Bob']);
    await ada.say('hello?');
    await bob.goHome();
    await bob.navigation.getByRole('listitem').filter({ hasText: en.home.invited }).getByRole('link').click();
    await bob.page.getByText(en.group.invitedStranger).waitFor();
    await bob.press(answer);
    if (answer === en.group.accept) {
      await bob.hears('hello?');
      await bob.say('yes');
      await ada.hears('yes');
    } else {
      await bob.agree(answer);
      await bob.navigation.getByRole('listitem').filter({ hasText: name }).waitFor({ state: 'detached' });
    }
  }
});

test('the group gets another name, for everybody', async () => {
  const [ada, bob] = [await world.person('Ada Name'), await world.person('Bob Name')];
  await foundGroup('Old', [ada, bob]);
  await bob.openPane(en.group.about);
  await bob.field(en.about.name).fill('New');
  await bob.press(en.about.rename);
  await ada.heading('New').waitFor();
  await ada.reads(story.renamed({ name: 'Bob Name', isYou: false }, 'New'));
});
