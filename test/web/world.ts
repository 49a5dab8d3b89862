// A relay and a browser for a test file, and the people in it. Each person has a profile of the browser to themselves.
// Whatever a page must never do is gathered as it happens: a violation of its policy, an error that nobody caught, a
// request to anybody but the relay.

import { type Browser, type BrowserContextOptions, launchChromium, type Page } from '../runtimes/chromium.ts';
import { startRelay, type TestRelay, type TestRelayOptions } from '../support/relay.ts';
import { Cable } from './cable.ts';
import { Person } from './person.ts';

export interface PersonOptions extends BrowserContextOptions {
  /** What they register with, if not under their name. */
  readonly address?: string;
}

const patienceMs = 60_000;

/** What a browser says of its own accord when there is no network. */
const ofNetwork = [
  /^Failed to load resource: net::ERR_/,
  /^WebSocket connection to '[^']+' failed/,
  /ERR_INTERNET_DISCONNECTED/,
];

export class World {
  readonly relay: TestRelay;
  readonly browser: Browser;
  readonly #troubles: string[] = [];
  readonly #people: Person[] = [];

  private constructor(relay: TestRelay, browser: Browser) {
    this.relay = relay;
    this.browser = browser;
  }

  /** @param chromiumArgs  such as what its camera sees */
  static async start(options: TestRelayOptions = {}, chromiumArgs: readonly string[] = []): Promise<World> {
    const [relay, browser] = await Promise.all([startRelay(options), launchChromium(chromiumArgs)]);
    return new World(relay, browser);
  }

  /** Somebody who opens the pages for the first time. */
  async visitor(name: string, options: PersonOptions = {}): Promise<Person> {
    const { address = `${name.toLowerCase().replace(/\W+/g, '.')}@example.org`, ...context } = options;
    const cable = await Cable.lay();
    const made = await this.browser.newContext({
      // Browsers do not ask a proxy for what is on their own machine, unless they are told to.
      proxy: { server: cable.url, bypass: '<-loopback>' },
      locale: 'en-GB',
      baseURL: this.relay.url,
      // A window would not be asked.
      permissions: ['clipboard-write'],
      ...context,
    });
    // Sooner than the test's own, so that it is said what was waited for.
    made.setDefaultTimeout(patienceMs);
    made.on('page', (page) => void this.#watch(name, page));
    await made.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
        console.error(`policy violated: ${violatedDirective} ${blockedURI} ${sample}`),
      );
    });
    const person = new Person(name, address, this.relay, made, cable);
    this.#people.push(person);
    await person.open();
    return person;
  }

  /** Somebody who has registered, and sees their groups. */
  async person(name: string, options: PersonOptions = {}): Promise<Person> {
    const person = await this.visitor(name, options);
    await person.register();
    return person;
  }

  /** Ends everybody's pages. @returns what went wrong in them since the last time */
  async leave(): Promise<readonly string[]> {
    for (const { context, cable } of this.#people.splice(0)) {
      await context.close();
      await cable.remove();
    }
    return this.#troubles.splice(0);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.relay.stop();
  }

  #watch(name: string, page: Page): void {
    const tell = (trouble: string) => void this.#troubles.push(`${name}: ${trouble}`);
    page.on('pageerror', ({ message }) => tell(message));
    page.on('dialog', (dialog) => {
      tell(`a script has asked: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      const text = message.text();
      const isOfPolicy = /policy|refused to|trusted/i.test(text);
      // Browsers call it an error when the relay refuses something; the pages tell it to the person.
      const isRefusal = new URL(message.location().url || page.url()).pathname.startsWith('/v1/');
      const isKnown = isRefusal || ofNetwork.some((known) => known.test(text));
      if (isOfPolicy || (message.type() === 'error' && !isKnown)) tell(text);
    });
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (['http:', 'https:', 'ws:', 'wss:'].includes(protocol) && origin !== this.relay.url) tell(`asks ${origin}`);
    });
  }
}
