// Somebody at the web client: what they do and see there, by the names that things have on the page.

import { en } from '../../client/web/messages/en.ts';
import type { BrowserContext, Locator, Page } from '../runtimes/chromium.ts';
import type { TestRelay } from '../support/relay.ts';
import type { Cable } from './cable.ts';

const stations = ['unsent', 'sealed', 'accepted', 'delivered', 'confirmed'] as const;

export const passphrase = 'four words of mine';

export class Person {
  readonly name: string;
  readonly address: string;
  readonly context: BrowserContext;
  readonly cable: Cable;
  readonly #relay: TestRelay;
  #page: Page | undefined;

  constructor(name: string, address: string, relay: TestRelay, context: BrowserContext, cable: Cable) {
    this.name = name;
    this.address = address;
    this.context = context;
    this.cable = cable;
    this.#relay = relay;
  }

  /** The tab that they look at. */
  get page(): Page {
    if (this.#page === undefined) throw new Error(`${this.name} has no page open`);
    return this.#page;
  }

  /** Opens a tab, and looks at it from then on. */
  async open(path = '/'): Promise<Page> {
    this.#page = await this.context.newPage();
    await this.#page.goto(path);
    return this.#page;
  }

  lookAt(page: Page): void {
    this.#page = page;
  }

  button(name: string | RegExp, within: Page | Locator = this.page): Locator {
    return within.getByRole('button', { name, exact: true });
  }

  field(name: string): Locator {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  heading(name: string): Locator {
    return this.page.getByRole('heading', { name, exact: true });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.button(name).click();
  }

  /** The network goes; the browser notices, as it does on a phone in a tunnel. */
  async unplug(): Promise<void> {
    this.cable.pull();
    await this.context.setOffline(true);
  }

  async plug(): Promise<void> {
    this.cable.plug();
    await this.context.setOffline(false);
  }

  async register(): Promise<void> {
    await this.press(en.welcome.begin);
    await this.giveAddress();
    await this.choosePassphrase();
  }

  /** Gives the address, and the code that it gets. */
  async giveAddress(label: string = en.welcome.address): Promise<void> {
    await this.field(label).fill(this.address);
    await this.press(en.welcome.sendCode);
    await this.answerCode();
  }

  async answerCode(): Promise<void> {
    // It is asked for once the code has been sent: an earlier one may still be there.
    await this.field(en.welcome.code).waitFor();
    await this.field(en.welcome.code).fill(await this.#relay.inbox(this.address));
    await this.press(en.welcome.confirm);
  }

  async choosePassphrase(): Promise<void> {
    for (const label of [en.welcome.passphrase, en.welcome.passphraseAgain]) {
      await this.page.getByLabel(label, { exact: true }).fill(passphrase);
    }
    await this.press(en.welcome.finish);
    await this.isHome();
  }

  async unlock(): Promise<void> {
    await this.page.getByLabel(en.unlock.passphrase, { exact: true }).fill(passphrase);
    await this.press(en.unlock.go);
    await this.isHome();
  }

  /** Waits until the store is open. On a phone the list of groups is not seen beside another page. */
  async isHome(): Promise<void> {
    const navigation = this.page.getByRole('navigation', { name: en.home.navigation, includeHidden: true });
    await navigation.waitFor({ state: 'attached' });
  }

  /** The list of groups and what stands around it. */
  get navigation(): Locator {
    return this.page.getByRole('navigation', { name: en.home.navigation });
  }

  link(name: string | RegExp, within: Page | Locator = this.page): Locator {
    return within.getByRole('link', typeof name === 'string' ? { name, exact: true } : { name });
  }

  /** Follows a link in this tab, as from a letter. */
  async follow(link: string): Promise<void> {
    await this.page.evaluate((href) => location.assign(href), link);
  }

  /** Their invite as a link, as it stands on the page. */
  async inviteLink(called: string = this.name): Promise<string> {
    await this.goTo(en.home.meet);
    await this.field(en.meet.name).fill(called);
    return this.field(en.meet.mine).inputValue();
  }

  /** Opens a page from the list; on a phone that is a page of its own. */
  async goTo(name: string): Promise<void> {
    await this.goHome();
    await this.link(name, this.navigation).click();
  }

  async goHome(): Promise<void> {
    await this.page.evaluate(() => {
      location.hash = '#/';
    });
    await this.navigation.waitFor();
  }

  /** Keeps who has sent a link as a contact. */
  async keep(link: string, called: string): Promise<void> {
    await this.follow(link);
    await this.field(en.meet.call).fill(called);
    await this.press(en.meet.add);
    await this.page.getByText(en.meet.kept(called)).waitFor();
  }

  async createGroup(name: string, members: readonly string[]): Promise<void> {
    await this.goTo(en.home.newGroup);
    await this.field(en.newGroup.name).fill(name);
    for (const member of members) await this.page.getByRole('checkbox', { name: member }).check();
    await this.press(en.newGroup.go);
    await this.heading(name).waitFor();
  }

  /** Opens a group of the list, as soon as it is there. */
  async openGroup(name: string): Promise<void> {
    await this.goHome();
    await this.navigation.getByRole('listitem').filter({ hasText: name }).getByRole('link').click();
    await this.heading(name).waitFor();
  }

  /** Opens one of a group's pages, from its conversation. */
  async openPane(name: string | RegExp): Promise<void> {
    await this.link(name).first().click();
  }

  get conversation(): Locator {
    return this.page.getByRole('region', { name: en.talk.conversation });
  }

  /** The messages, and what happened, in which these words stand. */
  saying(text: string): Locator {
    return this.conversation.getByRole('listitem').filter({ has: this.page.getByText(text, { exact: true }) });
  }

  async say(text: string): Promise<void> {
    await this.field(en.talk.write).fill(text);
    await this.press(en.talk.send);
    await this.saying(text).waitFor();
  }

  async hears(text: string): Promise<void> {
    await this.saying(text).waitFor();
  }

  /** Reads in the conversation what happened. */
  async reads(line: string, options: { readonly timeout?: number } = {}): Promise<void> {
    await this.conversation.getByText(line).first().waitFor(options);
  }

  /** Waits until a message of theirs has come so far, or further. */
  async reaches(text: string, state: (typeof stations)[number]): Promise<void> {
    const names = stations.slice(stations.indexOf(state)).map((each) => en.talk.states[each]);
    const marks = names.map((name) => this.saying(text).getByRole('img', { name, exact: true }));
    await marks.reduce((any, mark) => any.or(mark)).waitFor();
  }

  /** What is said of a message, behind its button. */
  async act(text: string, deed: string): Promise<void> {
    const message = this.saying(text);
    await message.getByRole('button', { name: /^Actions for/ }).click();
    await this.button(deed, message).click();
  }

  /** Answers a question of the page with yes. */
  async agree(action: string): Promise<void> {
    await this.button(action, this.page.getByRole('dialog')).click();
  }

  /** Gives a picture to the page that looks for a code in it. */
  async readPicture(picture: Buffer): Promise<void> {
    const [chooser] = await Promise.all([this.page.waitForEvent('filechooser'), this.press(en.meet.image)]);
    await chooser.setFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  }

  /** What the code of this name looks like on the screen. */
  picture(name: string): Promise<Buffer> {
    return this.page.getByRole('img', { name, exact: true }).screenshot();
  }
}

/** Some people, each of whom the first one has as a contact, in one group that all have opened. */
export async function foundGroup(name: string, [founder, ...others]: readonly [Person, ...Person[]]): Promise<void> {
  for (const other of others) await founder.keep(await other.inviteLink(), other.name);
  // Who knows the founder is not asked whether they want to be in it.
  const link = await founder.inviteLink();
  for (const other of others) await other.keep(link, founder.name);
  await founder.createGroup(
    name,
    others.map((other) => other.name),
  );
  for (const other of others) await other.openGroup(name);
}
