// What people say to each other, through a real relay: every kind of content, histories, receipts and timers.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Client, type HistoryEntry, historyEntryToJson, memoryStore } from '../../client/index.ts';
import { closeAll, type Device, foundGroupOf, registerDevices } from '../support/device.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

let relay: TestRelay;
let open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(() => closeAll(open.splice(0)));
afterAll(() => relay.stop());

/** Three who know each other, in a group whose history is kept. */
async function friends(name: string, options: Parameters<typeof registerDevices>[3] = { history: 'all' }) {
  open = await registerDevices(relay, name, 3, options);
  await foundGroupOf(open);
  return open as [Device, Device, Device];
}

const textIn = ({ content }: HistoryEntry) => (content?.type === 'text' ? content.text : (content?.type ?? 'deleted'));
const shown = async (device: Device) => (await device.group.history()).reverse().map(textIn);
async function found(device: Device, query: Parameters<Device['client']['search']>[0]): Promise<string[]> {
  const texts: string[] = [];
  for await (const entry of device.client.search(query)) texts.push(textIn(entry));
  return texts;
}

describe('Group.send()', () => {
  it('carries text, bytes with a type and a name, extensions, and answers to a message', async () => {
    const [a, b, c] = await friends('kinds');
    const data = new Uint8Array([0, 255, 1]);
    const question = await a.group.send('lunch?');
    await b.event('message');
    await b.group.send('yes', { reply: question });
    await c.event('message', ({ sender }) => sender === b.hrid);
    await c.group.send({ mediaType: 'image/png', name: 'menu.png', data });
    await a.event('message', ({ sender }) => sender === c.hrid);
    await a.group.send({ kind: 'org.example.poll', version: 2, data });
    await until(() => b.all('message').length === 3);
    const [first, second, third] = b.all('message');
    expect(first).toMatchObject({
      id: question,
      sender: a.hrid,
      content: { type: 'text', text: 'lunch?' },
      reply: null,
    });
    expect(second?.content).toEqual({ type: 'bytes', mediaType: 'image/png', name: 'menu.png', data });
    expect(third?.content).toEqual({ type: 'extension', kind: 'org.example.poll', version: 2, data });
    expect(await shown(a)).toEqual(['lunch?', 'yes', 'bytes', 'extension']);
    expect((await b.group.history())[2]).toMatchObject({ reply: question, isSelf: true });
  });

  it('with an id that was used before sends nothing, also after everybody has confirmed it', async () => {
    const [a, b] = await friends('again');
    const id = Buffer.alloc(16, 7).toString('base64url');
    expect(await a.group.send('once', { id })).toBe(id);
    await a.group.send('once', { id });
    await until(() => open.slice(1).every(({ texts }) => texts.includes('once')));
    for (const other of open.slice(1)) await other.group.send('answer');
    await a.event('confirmed', (event) => event.id === id);
    await a.reopen();
    await a.group.send('once', { id });
    await a.group.send('twice');
    await until(() => b.texts.includes('twice'));
    expect(b.texts.filter((text) => text === 'once')).toHaveLength(1);
  });

  it('refuses ids, names and types that cannot be', async () => {
    const [a] = await friends('misuse');
    const data = new Uint8Array(1);
    const long = 'x'.repeat(129);
    await expect(a.group.send('x', { id: 'abc' })).rejects.toThrow(RangeError);
    await expect(a.group.send('x', { reply: 'Ä' })).rejects.toThrow(RangeError);
    await expect(a.group.send({ mediaType: long, data })).rejects.toThrow(RangeError);
    await expect(a.group.send({ mediaType: 'a/b', name: long, data })).rejects.toThrow(RangeError);
    await expect(a.group.send({ kind: 'poll', version: 1, data })).rejects.toThrow(RangeError);
    expect(a.client.pending.unsent).toBe(0);
  });
});

describe('Group.edit(), delete()', () => {
  it('change a text everywhere, and take a message back', async () => {
    const [a, b] = await friends('edits');
    const id = await a.group.send('at noo');
    await b.event('message');
    await a.group.edit(id, 'at noon');
    expect(await b.event('edited')).toMatchObject({ id, sender: a.hrid, text: 'at noon' });
    expect(await shown(b)).toEqual(['at noon']);
    expect((await b.group.message(id))?.editedAt).toBeGreaterThan(0);
    await a.group.delete(id);
    expect(await b.event('deleted')).toMatchObject({ id, sender: a.hrid });
    for (const device of open) {
      await until(async () => (await shown(device))[0] === 'deleted');
      expect((await device.group.message(id))?.content).toBeNull();
    }
    await expect(a.group.edit(id, 'late')).rejects.toMatchObject({ code: 'message-unknown' });
  });

  it('are for own messages that are here only', async () => {
    const [a, b] = await friends('foreign');
    const id = await a.group.send('mine');
    await b.event('message');
    await expect(b.group.edit(id, 'x')).rejects.toMatchObject({ code: 'not-own-message' });
    await expect(b.group.delete(id)).rejects.toMatchObject({ code: 'not-own-message' });
    const unknown = Buffer.alloc(16).toString('base64url');
    await expect(b.group.delete(unknown)).rejects.toMatchObject({ code: 'message-unknown' });
  });

  it('of a message that has not left yet send nothing at all', async () => {
    const [a, b] = await friends('unsent');
    await a.client.close();
    const store = memoryStore(a.store.entries());
    const offline = await Client.open({ store, connect: false });
    const [group] = offline.groups;
    const id = (await group?.send('oops')) ?? '';
    expect([offline.connection, offline.pending.unsent]).toEqual(['offline', 1]);
    await group?.delete(id);
    expect(offline.pending.unsent).toBe(0);
    await group?.send('fine');
    await offline.close();
    await a.reopen(store.entries());
    await until(() => b.texts.length > 0);
    expect(b.texts).toEqual(['fine']);
  });
});

describe('Group.markRead()', () => {
  it('tells the author once, if the message asked, and says who has read it', async () => {
    const [a, b, c] = await friends('receipts');
    const asked = await a.group.send('did you see?', { asksReceipt: true });
    const other = await a.group.send('never mind');
    for (const device of [b, c]) {
      await until(() => device.texts.length === 2);
      await device.group.markRead([asked, other]);
      await device.group.markRead([asked]);
    }
    await until(() => a.all('read').length === 2);
    expect(a.all('read').map(({ ids, reader }) => [ids, reader])).toEqual(
      expect.arrayContaining([
        [[asked], b.hrid],
        [[asked], c.hrid],
      ]),
    );
    expect((await a.group.message(asked))?.readBy).toHaveLength(2);
    await b.client.settled();
    expect(b.client.pending.unsent).toBe(0);
  });
});

describe('Group.setTimer()', () => {
  it('lets what follows disappear everywhere, also while a client is closed', async () => {
    const time = { ms: Date.now() };
    const [a, b] = await friends('timer', { history: 'all', now: () => time.ms });
    await a.group.send('before');
    await a.group.setTimer(60);
    expect(a.group.timerSeconds).toBe(60);
    expect(await b.event('timer')).toMatchObject({ by: a.hrid, seconds: 60 });
    expect(b.group.timerSeconds).toBe(60);
    await b.group.send('after');
    await a.event('message', ({ content }) => content.type === 'text' && content.text === 'after');
    expect((await a.group.history())[0]?.expiresAt).toBe(Math.floor(time.ms / 1000) + 60);
    expect(await shown(a)).toEqual(['before', 'after']);
    time.ms += 30_000; // within what the relay takes for a clock
    expect(await shown(a)).toEqual(['before', 'after']);
    const entries = a.store.entries();
    time.ms += 30_000;
    await a.reopen(entries);
    expect(await shown(a)).toEqual(['before']);
  });
});

describe('history', () => {
  it('is searched by group, time and text, newest first, and goes to JSON', async () => {
    const [a, b] = await friends('search');
    for (const text of ['Käse', 'Brot', 'käsekuchen']) await a.group.send(text);
    await until(() => b.texts.length === 3);
    await a.client.createGroup([b.client.invite()], { name: 'Second', history: 'all' });
    await b.event('joined', ({ group }) => group.name === 'Second');
    const second = a.client.groups.find(({ name }) => name === 'Second');
    await second?.send('more KÄSE');
    await until(() => b.texts.length === 4);
    // Newest first; what came within one second of another group stands either way.
    expect((await found(b, { text: 'käse' })).sort()).toEqual(['Käse', 'käsekuchen', 'more KÄSE']);
    const first = b.client.groups.find(({ name }) => name === 'Test');
    expect(await found(b, { group: first?.id ?? '', text: 'KÄSE' })).toEqual(['käsekuchen', 'Käse']);
    expect(await found(b, { from: Math.floor(Date.now() / 1000) + 100 })).toEqual([]);
    expect(await found(b, { to: 1 })).toEqual([]);
    await expect(found(b, { group: 'nowhere' })).rejects.toMatchObject({ code: 'group-unknown' });
    const json = JSON.parse(JSON.stringify((await first?.history())?.map(historyEntryToJson)));
    expect(json).toHaveLength(3);
    expect(json[0]).toMatchObject({ sender: a.hrid, content: { type: 'text', text: 'käsekuchen' } });
  });

  it('says how far an own message has come', async () => {
    const [a, b, c] = await friends('states');
    const id = await a.group.send('x');
    expect(['unsent', 'sealed', 'accepted', 'delivered']).toContain((await a.group.message(id))?.state);
    await a.event('delivered');
    expect((await a.group.message(id))?.state).toBe('delivered');
    for (const device of [b, c]) {
      expect((await device.group.message(id))?.state).toBe('received');
      await device.group.send('answer');
    }
    await a.event('confirmed');
    expect((await a.group.message(id))?.state).toBe('confirmed');
  });

  it('is not kept if the application does not want it, and goes when it wants it no more', async () => {
    const [a, b] = await friends('none', {});
    await a.group.send('secret words');
    await b.event('message');
    await b.client.settled();
    await until(async () => (await shown(b)).length === 0);
    expect(b.group.historyPolicy).toBe('none');
    await b.group.setHistory({ days: 3 });
    await a.group.send('kept words');
    await until(() => b.texts.includes('kept words'));
    expect(await shown(b)).toEqual(['kept words']);
    await b.group.setHistory('none');
    await until(async () => (await shown(b)).length === 0);
    const stored = [...b.store.entries().values()].map((value) => Buffer.from(value).toString('latin1')).join();
    expect(stored).not.toMatch(/secret words|kept words/);
  });
});

describe('Client.events()', () => {
  it('tells again what was not taken, and drops what the application has dealt with', async () => {
    const [a, b] = await friends('after');
    await b.client.close();
    for (const text of ['one', 'two', 'three']) await a.group.send(text);
    await a.client.settled();
    // Nobody reads the events of this life.
    const store = memoryStore(b.store.entries());
    const unread = await Client.open({ store, relay: relay.url });
    await unread.settled();
    await unread.close();

    const read = async (after?: number) => {
      const client = await Client.open({ store: memoryStore(store.entries()), connect: false });
      const told: { number: number; text: string }[] = [];
      for await (const event of client.events(after === undefined ? {} : { after })) {
        if (event.type !== 'message' || event.content.type !== 'text') continue;
        told.push({ number: event.number, text: event.content.text });
        if (event.content.text === 'three') break;
      }
      await client.close();
      return told;
    };
    const all = await read();
    expect(all.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(await read()).toEqual(all);
    expect(await read(all[1]?.number)).toEqual(all.slice(2));
  });
});

describe('Group.verify()', () => {
  it('marks members by an equal number, in all groups, and only by an equal one', async () => {
    const [a, b] = await friends('verify');
    expect([a.group.isVerified, a.client.contacts.length]).toEqual([false, 2]);
    const wrong = a.group.safetyNumber().replace(/^./, (digit) => String((Number(digit) + 1) % 10));
    await expect(a.group.verify(wrong)).rejects.toMatchObject({ code: 'safety-number-differs' });
    expect(a.group.isVerified).toBe(false);
    await a.group.verify(b.group.safetyNumber().replaceAll(' ', ''));
    expect(a.group.isVerified).toBe(true);
    expect(a.client.contacts.every(({ isVerified }) => isVerified)).toBe(true);
    await a.reopen();
    expect(a.group.isVerified).toBe(true);
    await a.group.unverify();
    expect(a.group.isVerified).toBe(false);
  });
});

describe('Client.contacts', () => {
  it('have the names that the person gives them, which members show too', async () => {
    const [a, b] = await friends('names');
    const hrid = await a.client.addContact(b.client.invite(), { name: 'Ben' });
    expect(a.client.contacts.find((contact) => contact.hrid === hrid)).toMatchObject({
      name: 'Ben',
      isVerified: false,
    });
    expect(a.group.members.find((member) => member.hrid === hrid)?.name).toBe('Ben');
    await a.client.addContact(b.client.invite());
    expect(a.client.contacts.find((contact) => contact.hrid === hrid)?.name).toBe('Ben');
    await a.client.renameContact(hrid, 'Benno');
    await a.reopen();
    expect(a.group.members.find((member) => member.hrid === hrid)?.name).toBe('Benno');
    await a.client.removeContact(hrid);
    expect(a.client.contacts.some((contact) => contact.hrid === hrid)).toBe(false);
    await expect(a.client.removeContact(hrid)).rejects.toMatchObject({ code: 'contact-unknown' });
    await expect(a.client.renameContact('constructor', 'x')).rejects.toMatchObject({ code: 'contact-unknown' });
    await expect(a.client.renameContact(hrid, 'x'.repeat(129))).rejects.toThrow(RangeError);
  });
});
