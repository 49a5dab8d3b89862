// What stands between a client and its relay: a relay that breaks the rules, and the size of what travels.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeBase64Url } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { routes } from '../../client/wire/routes.ts';
import { closeAll, type Device, registerTalkers } from '../support/device.ts';
import { meddle } from '../support/meddler.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
let open: Device[] = [];

beforeAll(async () => {
  relay = await startRelay();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await closeAll(open.splice(0));
});
afterAll(() => relay.stop());

async function group(name: string): Promise<[Device, Device, Device]> {
  const talkers = await registerTalkers(relay, name);
  open = talkers;
  return talkers;
}

describe('bytes on the wire', () => {
  it('of a 20-byte text in a group of three, addressing included', async () => {
    const sizes = { send: [] as number[], entry: [] as number[] };
    const stop = meddle({
      outgoing: (frame, bytes) => {
        if (frame.type === 'send') sizes.send.push(bytes.length);
        return true;
      },
      incoming: (frame, bytes) => {
        if (frame.type === 'entry') sizes.entry.push(bytes.length);
        return true;
      },
    });
    const [a, b, c] = await group('bytes');
    stop();
    sizes.send.length = sizes.entry.length = 0;
    await a.group.send('twenty bytes of text');
    await Promise.all([b, c].map((device) => device.read(3)));
    await a.client.settled();
    expect(sizes).toEqual({ send: [713], entry: [622, 622] });
  });
});

describe('a relay that breaks the rules of the stream', () => {
  it('loses nothing by sending entries twice, or with numbers that were taken in before', async () => {
    let doubled = 0;
    const stop = meddle({
      incoming: (frame, _, say) => {
        if (frame.type !== 'entry') return true;
        doubled++;
        say(frame);
        say(frame);
        return false;
      },
    });
    const [a, b] = await group('doubled');
    stop();
    for (let i = 0; i < 3; i++) await a.group.send(`${i}`);
    await b.read(5);
    await b.client.settled();
    expect(b.texts.slice(-3)).toEqual(['0', '1', '2']);
    expect(b.texts).toHaveLength(5);
    expect(doubled).toBeGreaterThan(5);
    expect(b.all('refused')).toEqual([]);
  });

  it('cannot have a message read twice or taken for another sender’s, and what it withholds is missed', async () => {
    const [a, b, c] = await group('withheld');
    let mode: 'honest' | 'replay' | 'forge' = 'honest';
    let genuine: QueueEntry | undefined;
    const stop = meddle({
      incoming: (frame, _, say) => {
        if (frame.type !== 'entry') return true;
        const { entry } = frame;
        if (mode === 'honest') genuine = entry;
        if (mode === 'replay' && genuine) say({ type: 'entry', entry: { ...genuine, seq: entry.seq } });
        if (mode === 'forge') say({ type: 'entry', entry: { ...entry, from: decodeBase64Url(c.hrid) } });
        return mode === 'honest';
      },
    });
    await b.reopen();
    await b.client.settled();
    stop();
    const send = async (text: string) => {
      const sent = await a.group.send(text);
      await a.event('delivered', ({ id }) => id === sent);
    };
    await send('one');
    expect(b.texts.slice(2)).toEqual(['one']);
    mode = 'replay';
    await send('two');
    expect(b.all('refused')).toEqual([]);
    expect(b.group.stage().waiting).toBe(0);
    mode = 'honest';
    await send('three');
    expect(b.group.stage().waiting).toBe(1);
    mode = 'forge';
    await send('four');
    expect((await b.event('refused')).code).toBe('message-refused');
    expect(b.texts.slice(2)).toEqual(['one']);
    await c.read(6);
  });

  it('cannot keep a client busy with one page of the outbox for ever', async () => {
    const [a, , c] = await group('outbox');
    await c.client.close();
    const sent = await a.group.send('for whoever is there');
    await a.event('accepted', ({ id }) => id === sent);
    const honest = fetch;
    let page: Response | undefined;
    let asked = 0;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (!url.includes(routes.outbox)) return honest(url, init);
      asked++;
      page ??= await honest(url, init);
      return page.clone();
    });
    await a.reopen();
    await a.client.settled();
    expect(asked).toBe(1);
    // The page stays as it is, and so never comes to the second message.
    const second = await a.group.send('and once more');
    await a.event('accepted', ({ id }) => id === second);
    await a.reopen();
    await a.client.settled();
    expect(asked).toBe(3);
    for (const id of [sent, second]) expect(a.all('delivered').map((event) => event.id)).not.toContain(id);
  });
});
