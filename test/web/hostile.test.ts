// Names, messages, files and invites by somebody who means harm: shown as what they are, on a phone and on a desktop.

import { crc32, deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { systemRandom } from '../../client/crypto/random.ts';
import { en } from '../../client/web/messages/en.ts';
import { Device } from '../support/device.ts';
import type { Person } from './person.ts';
import { World } from './world.ts';

// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(() => world.stop());

const sizes = [
  { width: 320, height: 568 },
  { width: 1280, height: 800 },
];

const markup = '<img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>';
const endless = 'W'.repeat(4000);
/** Turns what follows around, and piles marks upon a letter. */
const turned = '\u202e\u2067 desrever \u0041';
const piled = `a${'\u0300'.repeat(200)}`;

/** Nothing stands outside of the window, and what one needs is there. */
async function staysInShape(person: Person): Promise<void> {
  for (const size of sizes) {
    await person.page.setViewportSize(size);
    const wide = await person.page.evaluate(() => {
      const isOut = (element: Element) => element.getBoundingClientRect().right > innerWidth + 1;
      const clips = (element: Element | null): boolean =>
        element !== null && (getComputedStyle(element).overflowX !== 'visible' || clips(element.parentElement));
      const elements = [...document.querySelectorAll('body *')];
      return elements
        .filter((element) => isOut(element) && !clips(element))
        .map(({ outerHTML }) => outerHTML.slice(0, 120));
    });
    expect({ size, wide }).toEqual({ size, wide: [] });
    const scrolls = await person.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect({ size, scrolls }).toEqual({ size, scrolls: false });
  }
}

/** Only what the pages are made of; nothing of what somebody has sent has become a part of them. */
async function hasOnlyOwnElements(person: Person): Promise<void> {
  const foreign = await person.page.evaluate(() => [
    ...[...document.querySelectorAll('script, iframe, object, embed, base, style')].map(({ outerHTML }) => outerHTML),
    ...[...document.querySelectorAll('img')].filter(({ src }) => !src.startsWith('blob:')).map(({ src }) => src),
    ...[...document.querySelectorAll('*')]
      .filter((e) => [...e.attributes].some(({ name }) => name.startsWith('on')))
      .map((e) => e.outerHTML),
    ...[...document.querySelectorAll<HTMLAnchorElement>('a[href]')]
      .map(({ href }) => href)
      .filter((href) => !/^(https?|blob):/.test(href)),
  ]);
  expect(
    foreign.filter((html) => !/^<script type="module" src="\/assets\/main-\w+\.js"><\/script>$/.test(html)),
  ).toEqual([]);
  const links = person.page.locator('a[target]');
  for (const link of await links.all()) expect(await link.getAttribute('rel')).toContain('noopener');
}

test('an invite whose name is no name', async () => {
  const mallory = await Device.register(world.relay, 'mallory.invite');
  const ada = await world.person('Ada Invite');
  for (const name of [markup, endless, turned, piled, '%', '\u0000', '   ']) {
    await ada.follow(
      `${world.relay.url}/#n=${name === '%' ? name : encodeURIComponent(name)}&${mallory.client.invite()}`,
    );
    await ada.field(en.meet.call).waitFor();
    await hasOnlyOwnElements(ada);
    await staysInShape(ada);
    await ada.press(en.meet.drop);
  }
  // A name that another one has here, or that looks like it, would be taken for that one.
  const bob = await Device.register(world.relay, 'bob.invite');
  await ada.keep(`${world.relay.url}/#${bob.client.invite()}`, 'Bob');
  for (const name of ['Bob', ' bo\u200db', '\uff22\uff4f\uff42', 'you', 'YOU']) {
    await ada.follow(`${world.relay.url}/#n=${encodeURIComponent(name)}&${mallory.client.invite()}`);
    await ada.page.getByRole('alert').getByText(en.contacts.taken).waitFor();
    expect(await ada.button(en.meet.talk).isDisabled()).toBe(true);
    expect(await ada.button(en.meet.add).isDisabled()).toBe(true);
    await ada.press(en.meet.drop);
  }
  await bob.client.close();
  for (const link of ['cliquet:', 'cliquet:AAAA', `cliquet:${'A'.repeat(5000)}`, 'javascript:alert(1)//cliquet:x']) {
    await ada.field(en.meet.paste).fill(link);
    await ada.field(en.meet.call).fill('Nobody');
    await ada.press(en.meet.add);
    await ada.page.getByRole('alert').getByText(en.errors['invite-invalid']).waitFor();
    await ada.press(en.meet.drop);
  }
  await mallory.client.close();
});

test('a group, its messages and its files', async () => {
  const mallory = await Device.register(world.relay, 'mallory.group');
  const ada = await world.person('Ada Group');
  await ada.keep(`${world.relay.url}/#${mallory.client.invite()}`, markup.slice(0, 64));
  const invite = (await ada.inviteLink()).replace(/^.*(?=cliquet:)/, '');
  const name = `${markup}${turned}`.slice(0, 128);
  const group = await mallory.client.createGroup([invite], { name });
  await ada.goHome();
  await ada.navigation.getByRole('listitem').filter({ hasText: '<img src=x' }).getByRole('link').click();
  await ada.field(en.talk.write).waitFor();

  const texts = [
    ...[markup, endless, turned, `${piled} end`, 'line\n'.repeat(200)],
    'javascript:alert(1) data:text/html,<script>alert(1)</script> file:///etc/passwd',
    'https://example.org/"onmouseover=alert(1)// https://user:pass@example.org/ http://example.org/\u202egnp.exe',
    '[x](javascript:alert(1)) &lt;b&gt; {{1}} `',
  ];
  for (const text of texts) await group.send(text);
  const files = [
    ['page.html', 'text/html', markup],
    [
      'picture.svg',
      'image/svg+xml',
      `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(4)"><script>alert(5)</script></svg>`,
    ],
    ['no.png', 'image/png', 'no picture at all'],
    [`../../${markup}`.slice(0, 128), 'application/x-sh', 'rm -rf /'],
    ['x\u202egnp.exe', 'image/jpeg', 'MZ'],
    [`holiday.jpg${'\u00a0'.repeat(100)}.exe`, 'image/jpeg', 'MZ'],
  ] as const;
  for (const [file, mediaType, content] of files) {
    await group.send({ name: file, mediaType, data: new TextEncoder().encode(content) });
  }
  await group.send('the last one');
  await ada.hears('the last one');
  await hasOnlyOwnElements(ada);
  await staysInShape(ada);
  // What leads away leads to pages of the web, and nowhere else.
  const away = await ada.conversation
    .locator('a[target]')
    .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  expect(away.filter((href) => !/^https?:\/\/example\.org\//.test(href))).toEqual([]);
  const saved = await ada.conversation
    .locator('a[download]')
    .evaluateAll((links) => links.map((link) => link.getAttribute('download') ?? ''));
  expect(saved).toHaveLength(files.length);
  // What is shown of a name is what is saved under it, its end too.
  const shown = await ada.conversation.locator('.file-name').allTextContents();
  expect(shown.map((file) => file.slice(-4).replace('>', '_'))).toEqual(saved.map((file) => file.slice(-4)));
  for (const file of saved) expect(file).not.toMatch(/[/\\<>"\p{C}]/u);

  for (const pane of [en.members.title, /^Safety number/, en.group.inside, en.group.about]) {
    await ada.page.setViewportSize({ width: 1280, height: 800 });
    await ada.openPane(pane);
    await hasOnlyOwnElements(ada);
    await staysInShape(ada);
  }
  await ada.goHome();
  await staysInShape(ada);
  for (const page of [en.home.contacts, en.home.newGroup]) {
    await ada.page.setViewportSize({ width: 1280, height: 800 });
    await ada.goTo(page);
    await hasOnlyOwnElements(ada);
    await staysInShape(ada);
  }
  await mallory.client.close();
});

test('a picture that is small as a file and needs gigabytes to be shown is a file', async () => {
  const mallory = await Device.register(world.relay, 'mallory.picture');
  const ada = await world.person('Ada Picture');
  await ada.keep(`${world.relay.url}/#${mallory.client.invite()}`, 'Mallory');
  const invite = (await ada.inviteLink()).replace(/^.*(?=cliquet:)/, '');
  const group = await mallory.client.createGroup([invite], { name: 'Gallery' });
  await ada.openGroup('Gallery');
  for (const side of [20_000, 20]) {
    await group.send({ name: `${side}.png`, mediaType: 'image/png', data: emptyPicture(side) });
  }
  const shown = (name: string) => ada.conversation.getByRole('img', { name: en.talk.picture(name) });
  await shown('20.png').waitFor();
  await ada.conversation.getByRole('link', { name: /20000\.png/ }).waitFor();
  expect(await shown('20000.png').count()).toBe(0);
  await mallory.client.close();
});

/** A PNG (RFC 2083) of one colour. */
function emptyPicture(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = deflateSync(Buffer.alloc((Math.ceil(side / 8) + 1) * side), { level: 9 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

test('messages as long as can be: one sees their beginnings, and all of one if one wants', async () => {
  const mallory = await Device.register(world.relay, 'mallory.long');
  const ada = await world.person('Ada Long');
  await ada.keep(`${world.relay.url}/#${mallory.client.invite()}`, 'Mallory');
  const invite = (await ada.inviteLink()).replace(/^.*(?=cliquet:)/, '');
  const group = await mallory.client.createGroup([invite], { name: 'Long' });
  await ada.openGroup('Long');
  const longest = 64 * 1024;
  const texts = [
    ...['W'.repeat(longest), '\n'.repeat(longest), 'https://'.repeat(longest / 8), 'http://a '.repeat(7000)],
    ...[`https://${'.'.repeat(longest - 9)}a`, 'a\u0300'.repeat(longest / 3), '\u202e\u{1f600}'.repeat(longest / 7)],
  ];
  for (let i = 0; i < 40; i++) await group.send(texts[i % texts.length] ?? '');
  await group.send('the last one');
  await ada.hears('the last one');
  await ada.page.reload();
  await ada.unlock();
  await ada.openGroup('Long');
  await ada.hears('the last one');
  expect((await ada.page.locator('body').textContent())?.length).toBeLessThan(150_000);
  await ada.navigation.getByRole('listitem').filter({ hasText: 'the last one' }).waitFor();
  await staysInShape(ada);
  const cut = ada.conversation
    .getByRole('listitem')
    .filter({ hasText: /^\W*M?W{2000}/ })
    .last();
  await ada.button(en.talk.showAll, cut).click();
  await expect.poll(async () => (await cut.textContent())?.length).toBeGreaterThan(longest);
  await mallory.client.close();
});

test('a stranger’s group that nobody has asked for', async () => {
  const mallory = await Device.register(world.relay, 'mallory.stranger');
  const ada = await world.person('Ada Stranger');
  const invite = (await ada.inviteLink()).replace(/^.*(?=cliquet:)/, '');
  for (const name of [markup.slice(0, 128), endless.slice(0, 128), turned]) {
    await mallory.client.createGroup([invite], { name });
    await ada.goHome();
    await ada.navigation.getByText(en.home.invited).first().click();
    await ada.page.getByText(en.group.invitedStranger).waitFor();
    await hasOnlyOwnElements(ada);
    await staysInShape(ada);
    await ada.press(en.group.decline);
    await ada.agree(en.group.decline);
    await ada.page.setViewportSize({ width: 1280, height: 800 });
  }
  await mallory.client.close();
});

test('a group whose founder has given it an id that begins as another one’s does', async () => {
  const ada = await world.person('Ada Alike');
  const invite = (await ada.inviteLink()).replace(/^.*(?=cliquet:)/, '');
  // Whoever founds a group chooses its id.
  let beginning: Uint8Array = new Uint8Array();
  const random = (length: number) => {
    const bytes = systemRandom(length);
    if (length === 32) bytes.set(beginning);
    return bytes;
  };
  const mallory = await Device.register(world.relay, 'mallory.alike', { random });
  await ada.keep(`${world.relay.url}/#${mallory.client.invite()}`, 'Mallory');
  const groups = ['First', 'Second'];
  for (const name of groups) {
    const { id } = await mallory.client.createGroup([invite], { name });
    beginning = Buffer.from(id, 'base64url').subarray(0, 12);
  }
  for (const name of groups) await ada.openGroup(name);
  // One that is called as a person is does not pass for the talk with them.
  await mallory.client.createGroup([invite], { name: 'Bob' });
  await ada.openGroup('Bob');
  await ada.page.getByText(`${en.group.count(2)} · \u2068Mallory\u2069`).waitFor();
  await mallory.client.close();
});

test('a page has no way to run what is not its own', async () => {
  const ada = await world.visitor('Ada Policy');
  const outcome = await ada.page.evaluate(() => {
    const refused: string[] = [];
    const attempt = (name: string, work: () => unknown) => {
      try {
        work();
      } catch {
        refused.push(name);
      }
    };
    attempt('script', () => {
      document.createElement('script').text = 'alert(6)';
    });
    attempt('source', () => {
      document.createElement('script').src = 'https://example.org/script.js';
    });
    attempt('innerHTML', () => {
      document.body.innerHTML = '<b>x</b>';
    });
    attempt('policy', () =>
      (
        window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } }
      ).trustedTypes.createPolicy('other', {}),
    );
    return refused;
  });
  expect(outcome).toEqual(['script', 'source', 'innerHTML', 'policy']);
  // They were violations, as they should be.
  expect((await world.leave()).length).toBeGreaterThan(3);
});
