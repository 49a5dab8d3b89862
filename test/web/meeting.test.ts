// The first minute: registering, and meeting somebody by a link, a picture or the camera.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { en } from '../../client/web/messages/en.ts';
import { fr } from '../../client/web/messages/fr.ts';
import { decodeInvite, encodeInvite } from '../../client/wire/invite.ts';
import { cameraArgs, holdUp } from './camera.ts';
import { passphrase } from './person.ts';
import { World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'cliquet-camera-'));
const camera = join(folder, 'camera.y4m');
// People, each with a browser's profile and a slow passphrase, take their time.
vi.setConfig({ testTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  holdUp(camera, null);
  world = await World.start({}, cameraArgs(camera));
});
afterEach(async () => expect(await world.leave()).toEqual([]));
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the first visit', () => {
  test('says what this is and what the relay sees, and leads to a locked store in three steps', async () => {
    const ada = await world.visitor('Ada');
    const { welcome } = en;
    await ada.heading(welcome.title).waitFor();
    await ada.page.getByText(welcome.what).waitFor();
    await ada.press(welcome.begin);
    await ada.field(welcome.address).fill('nobody at all');
    await ada.press(welcome.sendCode);
    await ada.page.getByRole('alert').getByText(en.errors['address-invalid']).waitFor();
    await ada.field(welcome.address).fill(ada.address);
    await ada.press(welcome.sendCode);
    await ada.field(welcome.code).fill('000000');
    await ada.press(welcome.confirm);
    await ada.page.getByRole('alert').getByText(welcome.codeWrong).waitFor();
    const [inbox] = await Promise.all([ada.context.waitForEvent('page'), ada.link(welcome.inbox).click()]);
    const code = await inbox.getByRole('row').filter({ hasText: ada.address }).getByRole('cell').nth(1).textContent();
    await ada.field(welcome.code).fill(code ?? '');
    await ada.press(welcome.confirm);
    await ada.field(welcome.passphrase).fill('short');
    await ada.press(welcome.finish);
    await ada.page.getByRole('alert').getByText(welcome.passphraseShort).waitFor();
    await ada.field(welcome.passphrase).fill(passphrase);
    await ada.field(welcome.passphraseAgain).fill('four other words');
    await ada.press(welcome.finish);
    await ada.page.getByRole('alert').getByText(welcome.passphraseDiffers).waitFor();
    await ada.field(welcome.passphraseAgain).fill(passphrase);
    await ada.press(welcome.finish);
    await ada.isHome();

    await ada.page.reload();
    await ada.field(en.unlock.passphrase).fill('not this one');
    await ada.press(en.unlock.go);
    await ada.page.getByRole('alert').getByText(en.errors['wrong-passphrase']).waitFor();
    await ada.unlock();
  });

  test('ends without half a store when there is no room for one, and is gone on with when there is', async () => {
    const ada = await world.visitor('No Room');
    const { welcome } = en;
    await ada.press(welcome.begin);
    await ada.giveAddress();
    await ada.page.getByLabel(welcome.passphrase, { exact: true }).waitFor();
    // There is room for the lock, and not for what is behind it.
    await ada.page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      let count = 0;
      IDBObjectStore.prototype.put = function (...entry) {
        if (++count === 2) IDBObjectStore.prototype.put = put;
        if (count === 2) throw new DOMException('full', 'QuotaExceededError');
        return put.apply(this, entry);
      };
    });
    for (const label of [welcome.passphrase, welcome.passphraseAgain]) {
      await ada.page.getByLabel(label, { exact: true }).fill('the first that came to mind');
    }
    await ada.press(welcome.finish);
    await ada.page.getByRole('alert').getByText(en.errors['store-unwritable']).waitFor();
    await ada.choosePassphrase();
    await ada.page.reload();
    await ada.unlock();
    await ada.inviteLink();
  });

  test('goes by the keyboard alone', async () => {
    const ada = await world.visitor('Keyboard');
    const { keyboard } = ada.page;
    const type = async (text: string) => {
      await keyboard.insertText(text);
      await keyboard.press('Enter');
    };
    await ada.heading(en.welcome.title).waitFor();
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await ada.page.locator('input:focus').waitFor();
    await type(ada.address);
    await ada.field(en.welcome.code).waitFor();
    await type(await world.relay.inbox(ada.address));
    await ada.field(en.welcome.passphrase).waitFor();
    await keyboard.insertText(passphrase);
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await type(passphrase);
    await ada.isHome();
  });

  test('speaks French to who does, and what was chosen afterwards', async () => {
    const eve = await world.visitor('Eve', { locale: 'fr-CA' });
    await eve.heading(fr.welcome.title).waitFor();
    expect(await eve.page.getAttribute('html', 'lang')).toBe('fr');
    await eve.press('English');
    await eve.heading(en.welcome.title).waitFor();
    await eve.page.reload();
    await eve.heading(en.welcome.title).waitFor();
    expect(await eve.page.getAttribute('html', 'lang')).toBe('en');
  });
});

describe('meeting somebody', () => {
  test('by a link: it waits for who has to register first, and no server sees it', async () => {
    const ada = await world.person('Ada Link');
    const link = await ada.inviteLink('Ada');
    expect(link).toMatch(/^http:\/\/localhost:\d+\/#n=Ada&cliquet:/);
    const bob = await world.visitor('Bob Link');
    const asked: string[] = [];
    bob.page.on('request', (request) => asked.push(request.url()));
    await bob.page.goto(link);
    await bob.page.reload();
    await bob.page.getByText(en.welcome.invited('Ada')).waitFor();
    await bob.register();
    expect(await bob.field(en.meet.call).inputValue()).toBe('Ada');
    await bob.press(en.meet.talk);
    await bob.say('hello from a link');
    await ada.goHome();
    await ada.navigation.getByText(en.home.invited).click();
    await ada.field(en.group.callThem).fill('Bob');
    await ada.press(en.group.accept);
    await ada.hears('hello from a link');
    expect(asked.filter((url) => url.includes('cliquet:'))).toEqual([]);
  });

  test('by a link that comes while the store is locked, comes twice, or was mangled on its way', async () => {
    const [ada, bob] = [await world.person('Ada Links'), await world.person('Bob Links')];
    const link = await bob.inviteLink('Bob');
    const clean = async () => {
      expect(ada.page.url()).not.toMatch(/cliquet/i);
      expect(JSON.stringify(await ada.page.evaluate(() => history.state))).not.toMatch(/cliquet/i);
    };
    for (const sent of [link, link, link.replace('cliquet:', 'cliquet%3A')]) {
      await ada.page.goto('about:blank');
      await ada.page.goto(sent);
      await ada.heading(en.unlock.title).waitFor();
      // One sees why one is here.
      await ada.page.getByText(en.welcome.invited('Bob')).waitFor();
      await clean();
      await ada.unlock();
      await ada.field(en.meet.call).waitFor();
      expect(await ada.field(en.meet.call).inputValue()).toBe('Bob');
      if ((await ada.page.getByText(en.meet.known('Bob')).count()) === 0) await ada.press(en.meet.add);
      else await ada.press(en.meet.drop);
      await ada.field(en.meet.paste).waitFor();
      await clean();
    }
    await ada.follow(link);
    await ada.page.getByText(en.meet.known('Bob')).waitFor();
    await ada.press(en.meet.drop);
    // Nor does one come upon it on the way back.
    await ada.page.goBack();
    await clean();
    // A letter's link opens a tab of its own.
    await ada.open(link);
    await ada.heading(en.elsewhere.title).waitFor();
    await ada.page.getByText(en.welcome.invited('Bob')).waitFor();
    await ada.press(en.elsewhere.go);
    await ada.unlock();
    await ada.page.getByText(en.meet.known('Bob')).waitFor();
  });

  test('not by a link of another relay, nor by one that is endless', async () => {
    const ada = await world.person('Ada Foreign');
    const own = decodeInvite(await ada.inviteLink());
    const foreign = encodeInvite({ ...own, relay: 'https://relay.example' });
    const links = {
      [`${world.relay.url}/#${foreign}`]: en.errors['other-relay'],
      [`${world.relay.url}/#n=${'A'.repeat(500_000)}&cliquet:${'A'.repeat(500_000)}`]: en.errors['invite-invalid'],
    };
    for (const [link, error] of Object.entries(links)) {
      await ada.follow(link);
      await ada.field(en.meet.call).fill('Somebody');
      await ada.press(en.meet.talk);
      await ada.page.getByRole('alert').getByText(error).waitFor();
      expect(ada.page.url().length).toBeLessThan(100);
      const kept = await ada.page.evaluate(() => Object.values(sessionStorage).join('').length);
      expect(kept).toBeLessThan(3000);
      await ada.press(en.meet.drop);
    }
  });

  test('by pasting the link, and not by anything else; one’s own is told apart', async () => {
    const [ada, bob] = [await world.person('Ada Paste'), await world.person('Bob Paste')];
    const adas = await ada.inviteLink();
    await bob.inviteLink();
    await bob.press(en.meet.copy);
    await bob.page.getByRole('status').getByText(en.copied).waitFor();
    await ada.field(en.meet.paste).fill('https://example.org/');
    await ada.press(en.meet.read);
    await ada.page.getByRole('alert').getByText(en.errors['invite-invalid']).waitFor();
    await ada.field(en.meet.paste).fill(adas);
    await ada.page.getByText(en.meet.self).waitFor();
    await ada.press(en.common.close);
    await ada.field(en.meet.paste).focus();
    await ada.page.keyboard.press('ControlOrMeta+V');
    expect(await ada.field(en.meet.call).inputValue()).toBe('Bob Paste');
    await ada.press(en.meet.talk);
    await ada.say('hello from a paste');
  });

  test('by a picture of the code', async () => {
    const [ada, bob] = [await world.person('Ada Picture'), await world.person('Bob Picture')];
    await ada.inviteLink();
    const picture = await ada.picture(en.meet.qr);
    await bob.goTo(en.home.meet);
    await bob.readPicture(await bob.page.screenshot({ clip: { x: 0, y: 0, width: 50, height: 50 } }));
    await bob.page.getByRole('alert').getByText(en.scan.none).waitFor();
    await bob.readPicture(picture);
    expect(await bob.field(en.meet.call).inputValue()).toBe('Ada Picture');
    await bob.press(en.meet.talk);
    await bob.say('hello from a picture');
  });

  test('by the camera', async () => {
    const [ada, bob] = [await world.person('Ada Camera'), await world.person('Bob Camera')];
    holdUp(camera, await ada.inviteLink());
    await bob.goTo(en.home.meet);
    await bob.press(en.meet.scan);
    await bob.field(en.meet.call).waitFor();
    expect(await bob.field(en.meet.call).inputValue()).toBe('Ada Camera');
    await bob.press(en.meet.talk);
    await bob.say('hello from a camera');
  });
});
