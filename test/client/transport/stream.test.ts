import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpRelay } from '../../../client/transport/http.ts';
import type { Credentials, Link, LinkListener } from '../../../client/transport/relay.ts';
import { openStream } from '../../../client/transport/stream.ts';
import type { ServerFrame } from '../../../client/wire/frame.ts';
import type { Hello } from '../../../client/wire/queue.ts';
import { closeReplaced } from '../../../client/wire/routes.ts';
import { type ScriptedRelay, type ScriptedSocket, startScriptedRelay } from '../../support/scripted-relay.ts';
import { until } from '../../support/until.ts';

const as: Credentials = { hrid: new Uint8Array(32), sign: async () => new Uint8Array(64) };
const hello: Hello = {
  epoch: new Uint8Array(16),
  last: 0,
  acked: 0,
  nextSend: 1,
  keyPackages: 20,
  lastResortFresh: true,
  now: 1_800_000_000,
};
const entry = (seq: number): ServerFrame => ({
  type: 'entry',
  entry: { type: 'gap', seq, from: new Uint8Array(32), fromN: 1, toN: 1, reason: 'expired' },
});
const send = (n: number) => ({
  n,
  to: [{ hrid: new Uint8Array(32), header: new Uint8Array() }],
  body: new Uint8Array(300),
  ttlSeconds: 60,
});

class Listener implements LinkListener {
  readonly heard: string[] = [];
  hello = () => this.#hear('hello');
  entry = ({ seq }: { seq: number }) => this.#hear(`entry ${seq}`);
  drained = () => this.#hear('drained');
  delivered = ({ n }: { n: number }) => this.#hear(`delivered ${n}`);
  problem = (code: string) => this.#hear(`problem ${code}`);
  closed = (reason: string) => this.#hear(`closed ${reason}`);

  #hear(what: string): void {
    this.heard.push(what);
  }
}

let server: ScriptedRelay;
let link: Link | undefined;
beforeEach(async () => {
  server = await startScriptedRelay();
});
afterEach(async () => {
  vi.useRealTimers();
  link?.close();
  await server.stop();
});

async function open(...frames: ServerFrame[]): Promise<{ link: Link; listener: Listener; socket: ScriptedSocket }> {
  const listener = new Listener();
  const opening = openStream(httpRelay(server.url), as, listener);
  const socket = await server.socket();
  socket.say(...frames);
  link = await opening;
  expect(listener.heard).toEqual([]);
  await until(() => listener.heard.length >= frames.length);
  return { link, listener, socket };
}

describe('openStream()', () => {
  it('opens the stream with a ticket, and tells in order what comes, once it is opened', async () => {
    const { listener, socket } = await open({ type: 'hello', hello }, entry(1), entry(2), { type: 'drained', last: 2 });
    expect(listener.heard).toEqual(['hello', 'entry 1', 'entry 2', 'drained']);
    expect(server.requests).toEqual(['POST /v1/tickets', 'GET /v1/stream']);
    expect(socket.request.headers['sec-websocket-protocol']).toBe('cliquet.v1, cliquet.ticket.a-ticket');
    socket.say(entry(3), { type: 'delivered', delivered: { n: 7, acknowledged: 1, missed: [] } });
    await until(() => listener.heard.length === 6);
    expect(listener.heard.slice(4)).toEqual(['entry 3', 'delivered 7']);
  });

  it('throws unreachable when the socket is refused, and tells nothing', async () => {
    server.upgrades = false;
    const listener = new Listener();
    await expect(openStream(httpRelay(server.url), as, listener)).rejects.toMatchObject({ code: 'unreachable' });
    expect(listener.heard).toEqual([]);
  });

  it('throws what the ticket’s request throws', async () => {
    server.answer = (_, response) => response.end('{}');
    await expect(openStream(httpRelay(server.url), as, new Listener())).rejects.toMatchObject({
      code: 'relay-misbehaved',
    });
  });

  it('throws unreachable when nothing answers in half a minute', async () => {
    server.upgrades = 'hang';
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const opening = expect(openStream(httpRelay(server.url), as, new Listener())).rejects.toMatchObject({
      code: 'unreachable',
    });
    while (server.requests.length < 2) await new Promise((wake) => setImmediate(wake));
    vi.advanceTimersByTime(30_000);
    await opening;
  });

  it('ends the attempt at once when nobody waits for it any more', async () => {
    server.upgrades = 'hang';
    const attempt = new AbortController();
    const opening = openStream(httpRelay(server.url), as, new Listener(), attempt.signal);
    await until(() => server.requests.length === 2);
    attempt.abort();
    await expect(opening).rejects.toMatchObject({ code: 'unreachable' });
    await expect(openStream(httpRelay(server.url), as, new Listener(), attempt.signal)).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  for (const [what, frames] of [
    ['an entry before hello', [entry(1)]],
    [
      'a second hello',
      [
        { type: 'hello', hello },
        { type: 'hello', hello },
      ],
    ],
  ] as const) {
    it(`takes ${what} for nonsense`, async () => {
      const { listener } = await open(...frames);
      await until(() => listener.heard.at(-1) === 'closed lost');
      expect(listener.heard.at(-2)).toBe('problem relay-misbehaved');
      expect(listener.heard).not.toContain('entry 1');
    });
  }

  it('ends at a frame that it cannot read, and hears nothing after it', async () => {
    const { listener, socket } = await open({ type: 'hello', hello });
    socket.sayBytes(new Uint8Array([1, 2, 3]));
    socket.say(entry(1));
    await until(() => listener.heard.length === 3);
    await until(() => socket.ended);
    expect(listener.heard).toEqual(['hello', 'problem relay-misbehaved', 'closed lost']);
  });

  it('tells a problem of an acknowledgement', async () => {
    const { listener, socket } = await open({ type: 'hello', hello });
    socket.say({ type: 'problem', code: 'beyond-queue', n: null, expected: null, retryAfter: null });
    await until(() => listener.heard.length === 2);
    expect(listener.heard[1]).toBe('problem beyond-queue');
  });

  it('is told at once when another connection took its place', async () => {
    const { listener, socket } = await open({ type: 'hello', hello });
    socket.close(closeReplaced);
    await until(() => listener.heard.length === 2);
    expect(listener.heard[1]).toBe('closed replaced');
  });

  it('is lost by any other close', async () => {
    for (const end of [(socket: ScriptedSocket) => socket.close(1000), (socket: ScriptedSocket) => socket.cut()]) {
      const { listener, socket } = await open({ type: 'hello', hello });
      end(socket);
      await until(() => listener.heard.length === 2);
      expect(listener.heard[1]).toBe('closed lost');
    }
  });
});

describe('send()', () => {
  it('is answered by the frame with its number, in whatever order answers come', async () => {
    const { link, socket } = await open({ type: 'hello', hello });
    const sending = [1, 2, 3].map((n) => link.send(send(n)));
    await until(() => socket.frames.length === 3);
    expect(socket.frames.map((frame) => frame.type === 'send' && frame.send.n)).toEqual([1, 2, 3]);
    socket.say(
      { type: 'accepted', accepted: { n: 3, refused: [] } },
      { type: 'accepted', accepted: { n: 99, refused: [] } },
      { type: 'problem', code: 'out-of-order', n: 2, expected: 1, retryAfter: null },
      { type: 'accepted', accepted: { n: 1, refused: [{ index: 0, code: 'gone' }] } },
    );
    const [first, second, third] = await Promise.allSettled(sending);
    expect(first).toMatchObject({ value: { n: 1, refused: [{ index: 0, code: 'gone' }] } });
    expect(second).toMatchObject({ reason: { code: 'out-of-order', expected: 1 } });
    expect(third).toMatchObject({ value: { n: 3 } });
  });

  it('is rejected as unreachable when the line is lost, and after it', async () => {
    const { link, listener, socket } = await open({ type: 'hello', hello });
    const pending = link.send(send(1));
    await until(() => socket.frames.length === 1);
    socket.cut();
    await expect(pending).rejects.toMatchObject({ code: 'unreachable' });
    expect(listener.heard).toEqual(['hello', 'closed lost']);
    await expect(link.send(send(2))).rejects.toMatchObject({ code: 'unreachable' });
    await expect(link.acknowledge({ epoch: hello.epoch, seq: 1 })).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('acknowledge()', () => {
  it('sends the acknowledgement', async () => {
    const { link, socket } = await open({ type: 'hello', hello });
    await link.acknowledge({ epoch: hello.epoch, seq: 12 });
    await until(() => socket.frames.length === 1);
    expect(socket.frames).toEqual([{ type: 'ack', ack: { epoch: hello.epoch, seq: 12 } }]);
  });
});

describe('close()', () => {
  it('ends the link at once: pending sends are rejected, nothing more is told', async () => {
    const { link, listener, socket } = await open({ type: 'hello', hello });
    const pending = link.send(send(1));
    link.close();
    link.close();
    expect(listener.heard).toEqual(['hello', 'closed closed']);
    socket.say(entry(1));
    await expect(pending).rejects.toMatchObject({ code: 'unreachable' });
    await until(() => socket.ended);
    expect(listener.heard).toEqual(['hello', 'closed closed']);
  });
});

describe('the sign of life', () => {
  it('is asked for after half a minute of silence; without an answer the line is lost', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const { listener, socket } = await open({ type: 'hello', hello });
    vi.advanceTimersByTime(30_000);
    expect(socket.texts).toEqual([]);
    vi.advanceTimersByTime(15_000);
    await vi.waitFor(() => expect(socket.texts).toEqual(['ping']));
    socket.sayText('pong');
    socket.say(entry(1));
    await vi.waitFor(() => expect(listener.heard).toEqual(['hello', 'entry 1']));
    vi.advanceTimersByTime(60_000);
    expect(listener.heard).toEqual(['hello', 'entry 1']);
    vi.advanceTimersByTime(15_000);
    expect(listener.heard).toEqual(['hello', 'entry 1', 'closed lost']);
  });
});
