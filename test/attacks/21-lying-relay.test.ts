// 21. A lying relay: acknowledges and drops. The sender sees that nobody has *confirmed*; the next message makes the gap
// visible.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeAll, type Device, registerTalkers } from '../support/device.ts';
import { meddle } from '../support/meddler.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

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

describe('a relay that acknowledges a message and drops it', () => {
  it('is believed as far as "delivered", never as far as "confirmed"; nothing is lost once it is honest again', async () => {
    const [a, b, c] = await group('lied');
    let dropped = 0;
    const stop = meddle({
      outgoing: (frame, _, say) => {
        if (frame.type === 'ack') return true;
        dropped++;
        say({ type: 'accepted', accepted: { n: frame.send.n, refused: [] } });
        say({ type: 'delivered', delivered: { n: frame.send.n, acknowledged: frame.send.to.length, missed: [] } });
        return false;
      },
    });
    await a.reopen();
    await a.client.settled();
    stop();
    const id = await a.group.send('swallowed');
    await a.event('delivered', (event) => event.id === id);
    expect(dropped).toBe(1);
    await Promise.all([b.group.send('anybody there?'), c.group.send('hello?')]);
    await a.read(4);
    await a.client.settled();
    expect(a.all('confirmed').map((event) => event.id)).not.toContain(id);
    expect([...b.texts, ...c.texts]).not.toContain('swallowed');

    await a.reopen();
    await a.group.send('still here');
    await Promise.all([b, c].map((device) => device.read(5)));
    for (const device of [b, c]) expect(device.texts.slice(-2)).toEqual(['swallowed', 'still here']);
    await Promise.all([b.group.send('at last'), c.group.send('at last')]);
    await a.event('confirmed', (event) => event.id === id);
    expect([a, b, c].flatMap((device) => device.all('refused'))).toEqual([]);
  });

  it('and hands on the next one, shows its recipients that something is missing: they hold what came after it', async () => {
    const [a, b, c] = await group('dropped');
    let isLying = false;
    let dropped = 0;
    const stop = meddle({
      incoming: (frame, _, say) => {
        if (!isLying || (frame.type !== 'entry' && frame.type !== 'accepted')) return true;
        if (frame.type === 'entry') dropped++;
        else {
          say(frame);
          say({ type: 'delivered', delivered: { n: frame.accepted.n, acknowledged: 2, missed: [] } });
        }
        return false;
      },
    });
    for (const device of [a, b, c]) {
      await device.reopen();
      await device.client.settled();
    }
    stop();
    isLying = true;
    const lost = await a.group.send('dropped');
    await a.event('delivered', ({ id }) => id === lost);
    await until(() => dropped === 2);
    isLying = false;
    // So far nobody but the sender could know of it, and the sender sees that nobody has confirmed it.
    await b.group.send('nothing new here');
    await Promise.all([a, b, c].map((device) => device.read(device === b ? 2 : 3)));
    for (const device of [b, c]) expect(device.group.stage().waiting).toBe(0);

    const next = await a.group.send('next');
    await a.event('delivered', ({ id }) => id === next);
    await until(() => [b, c].every((device) => device.group.stage().waiting === 1));
    await Promise.all([b.group.send('what is missing?'), c.group.send('I lack something')]);
    await until(() => a.texts.includes('what is missing?') && a.texts.includes('I lack something'));
    await a.client.settled();
    for (const device of [b, c]) {
      expect(device.texts).not.toContain('dropped');
      expect(device.texts).not.toContain('next');
      expect(device.group.stage().waiting).toBe(1);
    }
    for (const id of [lost, next]) expect(a.all('confirmed').map((event) => event.id)).not.toContain(id);
    expect([a, b, c].flatMap((device) => device.all('refused'))).toEqual([]);
  });
});
