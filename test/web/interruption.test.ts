// Whatever breaks off in between, nothing that was said is lost, and nothing comes twice.

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

/** Fewer than ten, so that none is the beginning of another. */
const spoken = (name: string, count = 8) => Array.from({ length: count }, (_, i) => `${name} says ${i + 1}`);

async function sayAll(person: Person, texts: readonly string[]): Promise<void> {
  for (const text of texts) await person.say(text);
}

/** Waits until somebody has heard all of that, and looks whether each is there once, and each speaker's in order. */
async function hasOnce(person: Person, ...said: readonly (readonly string[])[]): Promise<void> {
  for (const text of said.flat()) await person.hears(text);
  const shown = await person.conversation.getByRole('listitem').allTextContents();
  for (const texts of said) {
    const places = texts.map((text) => shown.flatMap((line, at) => (line.includes(text) ? [at] : [])));
    expect(places.map(({ length }) => length)).toEqual(texts.map(() => 1));
    expect(places.flat()).toEqual(places.flat().toSorted((a, b) => a - b));
  }
}

/** Three who are in one group. */
async function three(group: string): Promise<[Person, Person, Person]> {
  const people: [Person, Person, Person] = [
    await world.person(`Ada ${group}`),
    await world.person(`Bob ${group}`),
    await world.person(`Cy ${group}`),
  ];
  await foundGroup(group, people);
  return people;
}

test('three talk at the same time', async () => {
  const people = await three('Choir');
  const said = people.map(({ name }) => spoken(name));
  await Promise.all(people.map((person, i) => sayAll(person, said[i] ?? [])));
  for (const person of people) await hasOnce(person, ...said);
  for (const [i, person] of people.entries()) await person.reaches(said[i]?.at(-1) ?? '', 'delivered');
});

test('the network goes and comes back', async () => {
  const [ada, bob] = await three('Train');
  await bob.unplug();
  const [fromAda, fromBob] = [spoken('Ada', 4), spoken('Bob', 4)];
  await sayAll(ada, fromAda);
  await sayAll(bob, fromBob);
  await bob.page.getByText(en.line.offline).waitFor();
  await bob.reaches('Bob says 4', 'unsent');
  expect(await bob.saying('Ada says 1').count()).toBe(0);
  await bob.plug();
  await hasOnce(bob, fromAda, fromBob);
  await hasOnce(ada, fromAda, fromBob);
  await bob.reaches('Bob says 4', 'delivered');
  await bob.page.getByText(en.line.offline).waitFor({ state: 'hidden' });
});

test('the line breaks without the browser noticing, as after a sleep: it is made again by itself', async () => {
  const [ada, bob] = await three('Sleep');
  ada.cable.pull();
  await ada.say('into the dark');
  await ada.page.getByText(en.line.offline).waitFor();
  await bob.say('meanwhile');
  ada.cable.plug();
  await hasOnce(ada, ['into the dark'], ['meanwhile']);
  await hasOnce(bob, ['into the dark'], ['meanwhile']);
  await ada.page.getByText(en.line.offline).waitFor({ state: 'hidden' });
});

test('the relay is killed and started again in the middle', async () => {
  const people = await three('Storm');
  const said = people.map(({ name }) => spoken(name));
  const talking = Promise.all(people.map((person, i) => sayAll(person, said[i] ?? [])));
  await people[0].hears(said[1]?.[2] ?? '');
  await world.relay.crash();
  await talking;
  for (const person of people) await hasOnce(person, ...said);
});

test('a page is loaded again in the middle of sending', async () => {
  const [ada, bob] = await three('Reload');
  const said = spoken('Ada', 6);
  for (const texts of [said.slice(0, 3), said.slice(3)]) {
    await sayAll(ada, texts);
    await ada.page.reload();
    await ada.unlock();
    await ada.openGroup('Reload');
  }
  await hasOnce(bob, said);
  await hasOnce(ada, said);
  await ada.reaches('Ada says 6', 'delivered');
});

test('the pages open without a network, and what is written there goes out when there is one', async () => {
  const [ada, bob] = await three('Cellar');
  await bob.say('before');
  await ada.hears('before');
  await ada.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await ada.unplug();
  await ada.page.reload();
  await ada.unlock();
  await ada.openGroup('Cellar');
  await ada.hears('before');
  await ada.say('from the cellar');
  await ada.reaches('from the cellar', 'unsent');
  await ada.plug();
  await bob.hears('from the cellar');
  await ada.reaches('from the cellar', 'delivered');
});

test('one tab works at a time; another one says so, and can take over', async () => {
  const [ada, bob] = await three('Tabs');
  const first = ada.page;
  await ada.say('from the first tab');
  const second = await ada.open();
  await ada.heading(en.elsewhere.title).waitFor();
  await ada.press(en.elsewhere.go);
  await ada.unlock();
  await ada.openGroup('Tabs');
  await ada.say('from the second tab');
  ada.lookAt(first);
  await ada.heading(en.elsewhere.title).waitFor();
  await bob.say('to whichever tab');
  ada.lookAt(second);
  await ada.hears('to whichever tab');
  ada.lookAt(first);
  await ada.press(en.elsewhere.go);
  await ada.unlock();
  await ada.openGroup('Tabs');
  await hasOnce(ada, ['from the first tab', 'from the second tab'], ['to whichever tab']);
  await hasOnce(bob, ['from the first tab', 'from the second tab'], ['to whichever tab']);
  await second.close();
});

test('the browser has no room: that is said, and goes on when there is', async () => {
  const ada = await world.visitor('Ada Full');
  const session = await ada.context.newCDPSession(ada.page);
  const { origin } = new URL(world.relay.url);
  // Before anything is written: Chromium remembers for a while how much room there was.
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_500_000 });
  await ada.register();
  const bob = await world.person('Bob Full');
  await foundGroup('Attic', [ada, bob]);
  const attach = async (name: string) => {
    const [chooser] = await Promise.all([bob.page.waitForEvent('filechooser'), bob.press(en.talk.attach)]);
    await chooser.setFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(64 * 1024) });
    await bob.conversation.getByRole('link', { name: new RegExp(name) }).waitFor();
  };
  const full = ada.page.getByText(en.line.full);
  for (let i = 10; !(await full.isVisible()) && i < 60; i++) await attach(`box ${i}`);
  await full.waitFor();
  // What cannot be sent stands where it was written, and so does what was written meanwhile.
  await ada.openGroup('Attic');
  const [long, short] = ['x'.repeat(60_000), 'and then'];
  await ada.field(en.talk.write).evaluate(
    (element, texts) => {
      const box = element as HTMLTextAreaElement;
      const write = (text: string) => {
        box.value = text;
        box.dispatchEvent(new InputEvent('input', { bubbles: true }));
      };
      write(texts[0] ?? '');
      box.form?.requestSubmit();
      write(texts[1] ?? '');
    },
    [long, short],
  );
  await ada.page.getByRole('alert').getByText(en.errors['store-unwritable']).waitFor();
  const written = async () => (await ada.field(en.talk.write).inputValue()).replace(long, 'long');
  await expect.poll(written).toBe(`long\n${short}`);
  await ada.field(en.talk.write).fill('');
  await bob.say('is there room?');
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await ada.hears('is there room?');
  await full.waitFor({ state: 'hidden' });
});
