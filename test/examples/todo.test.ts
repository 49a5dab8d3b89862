// docs/examples/todo: the page as its README serves it, in a real Chromium, with people who share a list.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Edit, List } from '../../docs/examples/todo/list.ts';
import { type Browser, launchChromium, type Page } from '../runtimes/chromium.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';
import { violations } from '../web/axe.ts';
import { Cable } from '../web/cable.ts';

vi.setConfig({ testTimeout: 180_000 });

const checkout = join(import.meta.dirname, '../..');
const patienceMs = 60_000;
let server: ChildProcess;
let origin: string;
let relay: TestRelay;
let browser: Browser;

/** Runs the command that the README names, at a port of its own. */
async function serve(): Promise<string> {
  const readme = readFileSync(join(checkout, 'docs/examples/README.md'), 'utf8');
  const [, args = ''] = /^npx esbuild (.+) --serve=localhost:8000$/m.exec(readme) ?? [];
  const program = join(checkout, 'node_modules/.bin/esbuild');
  server = spawn(program, [...args.split(' '), '--serve=localhost:0'], { cwd: checkout });
  let said = '';
  server.stderr?.on('data', (data) => {
    said += data;
  });
  return until(() => /http:\/\/localhost:\d+/.exec(said)?.[0], patienceMs);
}

beforeAll(async () => {
  origin = await serve();
  [relay, browser] = await Promise.all([startRelay({ vars: { ALLOWED_ORIGINS: origin } }), launchChromium()]);
});
afterAll(async () => {
  await browser.close();
  await relay.stop();
  server.kill();
});

/** Somebody with a browser profile and a network cable of their own. */
class Person {
  readonly page: Page;
  readonly cable: Cable;
  readonly troubles: string[] = [];

  private constructor(page: Page, cable: Cable) {
    this.page = page;
    this.cable = cable;
    page.on('pageerror', ({ message }) => void this.troubles.push(message));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !text.includes('net::ERR_')) this.troubles.push(text);
    });
  }

  static async arrive(name: string): Promise<Person> {
    const cable = await Cable.lay();
    cable.changes.set('/', (text) => text.replace('http://localhost:8787', relay.url));
    const proxy = { server: cable.url, bypass: '<-loopback>' };
    const context = await browser.newContext({ proxy, viewport: { width: 390, height: 844 }, locale: 'en-GB' });
    context.setDefaultTimeout(patienceMs);
    const person = new Person(await context.newPage(), cable);
    const { page } = person;
    await page.goto(origin);
    await person.openWith(`passphrase of ${name}`);
    await page.getByLabel('Your e-mail address').fill(`${name}@example.org`);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByLabel('The code that you got').fill(await relay.inbox(`${name}@example.org`));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Up to date').waitFor();
    return person;
  }

  async openWith(passphrase: string): Promise<void> {
    await this.page.getByLabel('Passphrase').fill(passphrase);
    await this.page.getByRole('button', { name: 'Open' }).click();
  }

  invite(): Promise<string> {
    return this.page.getByLabel('Your invite').inputValue();
  }

  async share(invite: string): Promise<void> {
    await this.page.getByLabel('The invite of somebody else').fill(invite);
    await this.page.getByRole('button', { name: /^Start|Add them$/ }).click();
  }

  async add(text: string): Promise<void> {
    await this.page.getByPlaceholder('What is to be done?').fill(text);
    await this.page.getByRole('button', { name: 'Add', exact: true }).click();
    await this.page.getByRole('checkbox', { name: text }).waitFor();
  }

  tick(text: string): Promise<void> {
    return this.page.getByRole('checkbox', { name: text }).click();
  }

  remove(text: string): Promise<void> {
    return this.page.getByRole('button', { name: `Remove ${text}` }).click();
  }

  /** Each item, with a mark if it is done. */
  async list(): Promise<string[]> {
    const rows = this.page.locator('#items li');
    return rows.evaluateAll((all) =>
      all.map((row) => `${row.querySelector('input')?.checked ? '✓ ' : ''}${row.querySelector('span')?.textContent}`),
    );
  }

  sees(items: readonly string[]): Promise<void> {
    return expect.poll(() => this.list(), { timeout: patienceMs }).toEqual(items);
  }
}

describe('two people with a page each', () => {
  let ada: Person;
  let bob: Person;

  beforeAll(async () => {
    [ada, bob] = await Promise.all([Person.arrive('ada'), Person.arrive('bob')]);
  });
  afterAll(async () => {
    for (const { page, cable } of [ada, bob]) {
      await page.context().close();
      await cable.remove();
    }
    expect([...ada.troubles, ...bob.troubles]).toEqual([]);
  });

  it('share a list, after one of them has got the invite of the other', async () => {
    await ada.page.getByLabel('What the list is called').fill('Weekend');
    await ada.share(await bob.invite());
    await bob.page.getByText('Somebody shares the list “Weekend” with you.').waitFor();
    expect(await violations(bob.page)).toEqual([]);
    await bob.page.getByRole('button', { name: 'Join' }).click();
    for (const { page } of [ada, bob]) await page.getByRole('heading', { name: 'Weekend' }).waitFor();
  });

  it('see what the other adds, ticks and removes', async () => {
    await ada.add('bread');
    await ada.add('milk');
    await bob.sees(['bread', 'milk']);
    await bob.tick('bread');
    await bob.add('<b>figs</b>');
    await ada.sees(['✓ bread', 'milk', '<b>figs</b>']);
    await ada.remove('milk');
    await bob.sees(['✓ bread', '<b>figs</b>']);
    await ada.page.getByText('1 to do · 2 people').waitFor();
    expect(await violations(ada.page)).toEqual([]);
  });

  it('go on without a network, and come to one list afterwards', async () => {
    for (const { cable } of [ada, bob]) cable.pull();
    for (const { page } of [ada, bob]) await page.getByText('Offline').waitFor();
    await ada.tick('bread'); // not done after all
    await ada.tick('figs');
    await ada.add('tea');
    await bob.remove('bread');
    await bob.add('soap');
    await bob.add('rope');
    await ada.page.getByText('Offline: 3 changes wait').waitFor();
    expect(await ada.list()).toEqual(['bread', '✓ <b>figs</b>', 'tea']);
    expect(await bob.list()).toEqual(['<b>figs</b>', 'soap', 'rope']);

    // What was done without a network outlasts the page.
    for (const { cable } of [ada, bob]) cable.plug();
    await ada.page.reload();
    await ada.openWith('a wrong passphrase');
    await ada.page.getByText('The passphrase does not open this').waitFor();
    await ada.openWith('passphrase of ada');
    await until(async () => (await ada.list()).length === 4 && (await bob.list()).length === 4, patienceMs);
    const [first, ...others] = await ada.list();
    expect(first).toBe('✓ <b>figs</b>');
    expect([...others].sort()).toEqual(['rope', 'soap', 'tea']);
    await bob.sees(await ada.list());
  });

  it('let a third one in, who gets the whole list', async () => {
    const eve = await Person.arrive('eve');
    await ada.share(await eve.invite());
    await eve.page.getByRole('button', { name: 'Join' }).click();
    await eve.sees(await ada.list());
    await eve.tick('tea');
    for (const person of [ada, bob]) await until(async () => (await person.list()).includes('✓ tea'), patienceMs);
    await eve.page.context().close();
    await eve.cable.remove();
    expect(eve.troubles).toEqual([]);
  });

  it('keep nothing in the browser that can be read without the passphrase', async () => {
    const kept = await ada.page.evaluate(async () => {
      const opening = indexedDB.open('todo');
      await new Promise((resolve) => opening.addEventListener('success', resolve));
      const reading = opening.result.transaction('entries').objectStore('entries').getAll();
      await new Promise((resolve) => reading.addEventListener('success', resolve));
      opening.result.close();
      return (reading.result as Uint8Array[]).map((bytes) => new TextDecoder('latin1').decode(bytes)).join('\n');
    });
    expect(kept.length).toBeGreaterThan(1000);
    for (const word of ['figs', 'Weekend', 'org.example.todo']) expect(kept).not.toContain(word);
  });
});

describe('List', () => {
  const fields = { item: fc.constantFrom('a', 'b', 'c'), at: fc.integer({ min: 1, max: 5 }) };
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc.record({ ...fields, field: fc.constant('text' as const), value: fc.constantFrom('x', 'y', 'z') }),
    fc.record({ ...fields, field: fc.constantFrom('done', 'removed'), value: fc.boolean() }),
  );
  const itemsOf = (...parts: readonly (readonly Edit[])[]) => {
    const list = new List();
    for (const part of parts) list.take(part);
    return list.items;
  };

  it('take() comes to the same items in whatever order edits come, and however often', () => {
    const twoOrders = fc
      .array(edit)
      .chain((edits) => fc.tuple(fc.constant(edits), fc.shuffledSubarray(edits, { minLength: edits.length })));
    const isSame = ([edits, others]: readonly [Edit[], Edit[]]) =>
      void expect(itemsOf(others, edits)).toEqual(itemsOf(edits));
    fc.assert(fc.property(twoOrders, isSame));
  });

  it('edits are enough for somebody who has heard nothing else', () => {
    const isEnough = (edits: readonly Edit[]) => {
      const list = new List();
      list.take(edits);
      expect(itemsOf(list.edits)).toEqual(itemsOf(edits));
    };
    fc.assert(fc.property(fc.array(edit), isEnough));
  });

  it('set() goes before all that was there', () => {
    const list = new List();
    list.take([
      { item: 'a', field: 'text', value: 'x', at: 7 },
      { item: 'a', field: 'done', value: true, at: 9 },
    ]);
    list.take([list.set('a', 'done', false)]);
    expect(list.items).toEqual([{ id: 'a', text: 'x', isDone: false }]);
  });
});
