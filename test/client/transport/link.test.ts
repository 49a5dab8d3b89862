// Both links over a real relay: a client must not see a difference.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPolling } from '../../../client/transport/polling.ts';
import type { Link, LinkListener, OpenLink } from '../../../client/transport/relay.ts';
import { openStream } from '../../../client/transport/stream.ts';
import type { Hello, QueueEntry } from '../../../client/wire/queue.ts';
import { registerMailbox, type TestMailbox } from '../../support/device.ts';
import { startRelay, type TestRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

let relay: TestRelay;
beforeAll(async () => {
  relay = await startRelay();
});
afterAll(() => relay.stop());

class Recorder implements LinkListener {
  hellos: Hello[] = [];
  entries: QueueEntry[] = [];
  /** What was heard, without repetitions of `drained`. */
  heard: string[] = [];

  hello(hello: Hello): void {
    this.hellos.push(hello);
    this.heard.push('hello');
  }
  entry(entry: QueueEntry): void {
    this.entries.push(entry);
    this.heard.push(`entry ${entry.seq}`);
  }
  drained(): void {
    if (this.heard.at(-1) !== 'drained') this.heard.push('drained');
  }
  delivered(): void {}
  problem(code: string): void {
    this.heard.push(`problem ${code}`);
  }
  closed(reason: string): void {
    this.heard.push(`closed ${reason}`);
  }
}

async function connect(openLink: OpenLink, { relay: http, as }: TestMailbox) {
  const recorder = new Recorder();
  const link = await openLink(http, as, recorder);
  await until(() => recorder.heard.includes('drained'));
  return { link, recorder };
}

const links: [string, OpenLink][] = [
  ['openStream()', openStream],
  ['openPolling()', openPolling(20)],
];

describe.each(links)('%s', (name, openLink) => {
  async function mailboxes(
    what: string,
  ): Promise<[TestMailbox, TestMailbox, (...bytes: number[]) => Promise<unknown>]> {
    const [from, to] = (await Promise.all(
      ['from', 'to'].map((end) => registerMailbox(relay, `${what}-${end}-${name.slice(4, 8)}`)),
    )) as [TestMailbox, TestMailbox];
    let n = 0;
    const send = async (...bytes: number[]) => {
      for (const byte of bytes) {
        const recipient = { hrid: to.hrid, header: new Uint8Array([n]) };
        await from.relay.send(from.as, { n: ++n, to: [recipient], body: new Uint8Array([byte]), ttlSeconds: 3600 });
      }
      const expected = n;
      await until(async () => (await to.relay.readQueue(to.as, null)).hello.last === expected);
    };
    return [from, to, send];
  }

  it('tells the queue in order, from its beginning until it is acknowledged, and what comes later', async () => {
    const [, to, send] = await mailboxes('order');
    await send(10, 11, 12);
    const first = await connect(openLink, to);
    expect(first.recorder.heard).toEqual(['hello', 'entry 1', 'entry 2', 'entry 3', 'drained']);
    expect(first.recorder.entries.map((entry) => entry.type === 'message' && entry.body[0])).toEqual([10, 11, 12]);
    expect(first.recorder.hellos[0]).toMatchObject({ epoch: to.epoch, last: 3, acked: 0, nextSend: 1 });
    await send(13);
    await until(() => first.recorder.entries.length === 4);
    await first.link.acknowledge({ epoch: to.epoch, seq: 2 });
    await until(async () => (await to.relay.readQueue(to.as, null)).hello.acked === 2);
    first.link.close();

    const second = await connect(openLink, to);
    expect(second.recorder.heard).toEqual(['hello', 'entry 3', 'entry 4', 'drained']);
    expect(second.recorder.hellos[0]).toMatchObject({ last: 4, acked: 2 });
    second.link.close();
    expect(second.recorder.heard.at(-1)).toBe('closed closed');
  });

  it('sends, answers a repeated number alike, and refuses a later one with the number that is next', async () => {
    const [from, to] = await mailboxes('send');
    const { link } = await connect(openLink, from);
    const send = (n: number) =>
      link.send({
        n,
        to: [{ hrid: to.hrid, header: new Uint8Array() }],
        body: new Uint8Array([n]),
        ttlSeconds: 3600,
      });
    expect(await send(1)).toEqual({ n: 1, refused: [] });
    expect(await send(1)).toEqual({ n: 1, refused: [] });
    await expect(send(3)).rejects.toMatchObject({ code: 'out-of-order', expected: 2 });
    // A whole window at once arrives in order.
    const numbers = Array.from({ length: link.window }, (_, i) => i + 2);
    expect((await Promise.all(numbers.map(send))).map(({ n }) => n)).toEqual(numbers);
    const { entries } = await to.relay.readQueue(to.as, null);
    expect(entries.map((entry) => entry.type === 'message' && entry.body[0])).toEqual([1, ...numbers]);
    link.close();
  });

  it('ends when the relay refuses an acknowledgement, or the client is gone', async () => {
    const [, to] = await mailboxes('refused');
    const { link, recorder } = await connect(openLink, to);
    const refused = link.acknowledge({ epoch: new Uint8Array(16), seq: 0 });
    if (name === 'openStream()') await refused;
    else await expect(refused).rejects.toMatchObject({ code: 'epoch-mismatch' });
    if (name === 'openStream()') await until(() => recorder.heard.includes('problem epoch-mismatch'));
    await to.relay.deregister(to.as, to.epoch);
    await until(() => recorder.heard.at(-1)?.startsWith('closed'));
    expect(recorder.heard.at(-1)).toBe('closed lost');
    await expect(openLink(to.relay, to.as, new Recorder())).rejects.toMatchObject({ code: 'not-registered' });
  });

  it('is told of a relay that goes away, and of one that is back', async () => {
    const [, to, send] = await mailboxes('crash');
    const { link, recorder } = await connect(openLink, to);
    const pending: Link = link;
    await send(1);
    await until(() => recorder.entries.length === 1);
    await relay.crash();
    await until(() => recorder.heard.at(-1)?.startsWith('closed') || name !== 'openStream()');
    link.close();
    expect(recorder.heard.at(-1)).toMatch(/^closed (lost|closed)$/);
    if (name === 'openStream()') {
      await expect(pending.acknowledge({ epoch: to.epoch, seq: 1 })).rejects.toMatchObject({ code: 'unreachable' });
    }
    const again = await connect(openLink, to);
    expect(again.recorder.heard).toEqual(['hello', 'entry 1', 'drained']);
    again.link.close();
  });
});
