// A second client, written from docs/PROTOCOL.md alone, talks with real ones over a real relay: the page is enough.

import { readdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client, type ClientEvent, type Group, memoryStore } from '../../client/index.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';
import { SecondClient, type SecondEvent } from './second-client.ts';

let relay: TestRelay;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));
afterAll(() => relay.stop());

class Real {
  readonly client: Client;
  readonly events: ClientEvent[] = [];

  constructor(client: Client) {
    this.client = client;
    open.push(client);
    void this.#read();
  }

  static async register(address: string): Promise<Real> {
    const client = await Client.open({ relay: relay.url, store: memoryStore() });
    const real = new Real(client);
    await client.register(address, () => relay.inbox(address));
    await client.settled();
    return real;
  }

  get group(): Group {
    const [group] = this.client.groups;
    if (group === undefined) throw new Error('no group');
    return group;
  }

  say(text: string): Promise<unknown> {
    return this.group.send(text);
  }

  get texts(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'message' && event.content.type === 'text' ? [event.content.text] : [],
    );
  }

  async #read(): Promise<void> {
    for await (const event of this.client.events()) this.events.push(event);
  }
}

class Second {
  readonly client: SecondClient;
  readonly events: SecondEvent[] = [];

  constructor(address: string) {
    this.client = new SecondClient(relay.url, address, (event) => this.events.push(event));
    open.push(this.client);
  }

  static async register(address: string): Promise<Second> {
    const second = new Second(address);
    await second.client.register(() => relay.inbox(address));
    await second.client.uploadPackages();
    await second.client.connect();
    return second;
  }

  get group(): Uint8Array {
    const [group] = this.client.groups();
    if (group === undefined) throw new Error('no group');
    return group.id;
  }

  get hrid(): string {
    return Buffer.from(this.client.hrid).toString('base64url');
  }

  say(text: string): Promise<unknown> {
    return this.client.say(this.group, text);
  }

  get texts(): string[] {
    return this.events.flatMap((event) => (event.type === 'content' && event.text !== null ? [event.text] : []));
  }
}

/** Two real clients and a second one, whose contact the first is, in a group. */
async function threeOf(name: string): Promise<[Real, Real, Second]> {
  const [a, b] = [await Real.register(`a.${name}@example.org`), await Real.register(`b.${name}@example.org`)];
  const c = await Second.register(`c.${name}@example.org`);
  c.client.addContact(a.client.invite());
  await b.client.addContact(a.client.invite());
  await a.client.createGroup([b.client.invite(), c.client.invite()], { name: 'Holidays' });
  await until(() => c.client.groups().length === 1 && b.client.groups.length === 1);
  return [a, b, c];
}

/** All say ten things at once, and all hear all of it, each author's in order. */
async function everybodySays(all: (Real | Second)[], what: string): Promise<void> {
  const said = all.map((_, who) => Array.from({ length: 10 }, (_, i) => `${what}: ${who}.${i}`));
  await Promise.all(all.flatMap((one, who) => (said[who] ?? []).map((text) => one.say(text))));
  for (const one of all) {
    for (const [who, texts] of said.entries()) {
      if (all[who] === one) continue;
      await until(() => texts.every((text) => one.texts.includes(text)));
      expect(one.texts.filter((text) => texts.includes(text))).toEqual(texts);
    }
    expect(one.events.filter(({ type }) => type === 'refused')).toEqual([]);
  }
}

describe('SecondClient', () => {
  it('talks with real clients in turn and at the same time, and has their safety number', async () => {
    const [a, b, c] = await threeOf('talk');
    expect(c.client.groups()).toMatchObject([{ name: 'Holidays', invited: false }]);
    expect(c.client.safetyNumber(c.group)).toBe(a.group.safetyNumber());

    await a.group.send('a first');
    await until(() => c.texts.includes('a first') && b.texts.includes('a first'));
    await c.client.say(c.group, 'c answers');
    await until(() => [a, b].every(({ texts }) => texts.includes('c answers')));

    await everybodySays([a, b, c], 'at once');
  });

  it('follows a group that is renamed, again and again, while all talk', async () => {
    const [a, b, c] = await threeOf('rename');
    for (const [i, name] of ['First', 'Second', 'Third', 'Fourth'].entries()) {
      // The name changes while messages are under way in the generation before.
      const said = everybodySays([a, b, c], name);
      await (i % 2 === 0 ? a : b).group.rename(name);
      await said;
      await until(() => c.client.groups()[0]?.name === name && b.group.name === name && a.group.name === name);
    }
    await everybodySays([a, b, c], 'after all');
    expect(c.client.safetyNumber(c.group)).toBe(b.group.safetyNumber());
  });

  it('follows when it has said nothing for some generations, and has no package left but the one of last resort', async () => {
    const [a, b, c] = await threeOf('silent');
    await c.client.uploadPackages(0);
    for (const name of ['First', 'Second', 'Third']) {
      await a.group.rename(name);
      await until(() => c.client.groups()[0]?.name === name && b.group.name === name);
    }
    // It was reached by a package of last resort: it contributes at once.
    await until(() => a.events.some((event) => event.type === 'contribution' && event.sender === c.hrid));
    await everybodySays([a, b, c], 'after all');
  });

  it('comes into a group that has changed before, by an invitation, and is removed again', async () => {
    const [a, b] = [await Real.register('a.added@example.org'), await Real.register('b.added@example.org')];
    await b.client.addContact(a.client.invite());
    await a.client.createGroup([b.client.invite()], { name: 'Two' });
    for (const name of ['Three', 'Four']) {
      await a.group.rename(name);
      await until(() => b.client.groups[0]?.name === name);
    }
    const c = await Second.register('c.added@example.org');
    await a.group.add([c.client.invite()]);
    await until(() => c.client.groups().length === 1);
    expect(c.client.groups()).toMatchObject([{ name: 'Four', invited: true }]);
    c.client.accept(c.group);
    await until(() => b.group.members.length === 3);
    await everybodySays([a, b, c], 'added');
    await a.group.promote(c.hrid);
    await b.group.rename('Five');
    await until(() => c.client.groups()[0]?.name === 'Five');
    expect(c.client.groups()[0]?.members.map(({ role }) => role)).toEqual(['admin', 'member', 'admin']);
    await everybodySays([a, b, c], 'promoted');
    await a.group.remove(c.hrid);
    await until(() => c.events.some(({ type }) => type === 'removed'));
    await b.group.send('without c');
    await until(() => a.texts.includes('without c'));
    expect(c.client.groups()).toEqual([]);
    expect(c.texts).not.toContain('without c');

    c.client.addContact(a.client.invite());
    await a.group.add([c.client.invite()]);
    await until(() => c.client.groups().length === 1);
    expect(c.client.groups()).toMatchObject([{ name: 'Five', invited: true }]);
    c.client.accept(c.group);
    await until(() => b.group.members.length === 3);
    await everybodySays([a, b, c], 'again');
    expect(c.client.safetyNumber(c.group)).toBe(b.group.safetyNumber());
  });

  it('opens light messages, in a group of more than sixteen', async () => {
    const a = await Real.register('a.light@example.org');
    const others = await Promise.all(
      Array.from({ length: 17 }, async (_, i) => {
        const other = await Second.register(`${i}.light@example.org`);
        other.client.addContact(a.client.invite());
        return other;
      }),
    );
    await a.client.createGroup(others.map(({ client }) => client.invite()));
    const texts = ['full', 'light', 'light too'];
    for (const text of texts) await a.group.send(text);
    await until(() => others.every((other) => other.texts.length === 3));
    for (const other of others) expect(other.texts).toEqual(texts);
    const steps = a.events.flatMap((event) => (event.type === 'accepted' ? [event.step.leaf !== null] : []));
    expect(steps).toEqual([true, false, false]);
    const [first, ...rest] = others;
    await first?.client.say(first.group, 'after light ones');
    await until(() => a.texts.length === 1 && rest.every((other) => other.texts.length === 4));
  });
});

describe('second-*.ts', () => {
  it('imports nothing of the client or the relay', async () => {
    const folder = new URL('./', import.meta.url);
    const files = (await readdir(folder)).filter((file) => /^second-.*(?<!\.test)\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const source = await readFile(new URL(file, folder), 'utf8');
      expect(source).not.toMatch(/(from|import)\s*\(?\s*['"][^'"]*(client|worker|cliquet)\//);
      expect(source).not.toMatch(/(from|import)\s*\(?\s*['"](\.\.|cliquet)/);
    }
  });
});
