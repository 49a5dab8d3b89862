import { describe, expect, test } from 'vitest';
import { ClientFrame } from '../../../client/wire/frame.ts';
import { maxFramesInFlight, maxSendBytes } from '../../../client/wire/limits.ts';
import { closeReplaced } from '../../../client/wire/routes.ts';
import { unwrap } from '../../../worker/errors.ts';
import { maxRefusedFrames, maxWaitingFrameBytes, maxWaitingFrames } from '../../../worker/limits.ts';
import type { StreamState } from '../../../worker/mailbox/stream.ts';
import type { TestSocket } from '../../support/socket.ts';
import { type Resident, Town } from '../../support/town.ts';

function populate() {
  const town = new Town();
  const [a, b, c] = town.populate(3);
  if (a === undefined || b === undefined || c === undefined) throw new Error('three');
  return { town, a, b, c };
}

const sendFrame = (from: Resident, to: Resident[], n?: number) =>
  ClientFrame.encode({
    type: 'send',
    send: from.client.message(
      to.map(({ client }) => client),
      Uint8Array.of(n ?? from.client.next),
      n === undefined ? {} : { n },
    ),
  });

async function ackFrame(resident: Resident, seq: number) {
  const { hello } = await resident.page();
  return ClientFrame.encode({ type: 'ack', ack: { epoch: hello.epoch, seq } });
}

const seqs = (socket: TestSocket<StreamState>) =>
  socket.frames.flatMap((frame) => (frame.type === 'entry' ? frame.entry.seq : []));

describe('stream', () => {
  test('greets, sends what waits in order, then says that it is drained', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < 3; i++) await a.send([b]);
    await town.settle();
    const socket = await b.connect();
    expect(socket.frames[0]).toMatchObject({ type: 'hello', hello: { last: 3, acked: 0, nextSend: 1 } });
    expect(seqs(socket)).toEqual([1, 2, 3]);
    expect(socket.frames.at(-1)).toEqual({ type: 'drained', last: 3 });
    socket.take();
    await a.send([b]);
    await town.settle();
    expect(socket.take()).toEqual(['entry']);
  });

  test('says drained at once when nothing waits', async () => {
    const { b } = populate();
    expect((await b.connect()).take()).toEqual(['hello', 'drained']);
  });

  test('sends no more than the window holds until it is acknowledged, also after hibernation', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < maxFramesInFlight + 10; i++) await a.send([b]);
    await town.settle();
    const socket = await b.connect();
    expect(seqs(socket)).toHaveLength(maxFramesInFlight);
    expect(socket.take()).not.toContain('drained');
    b.restart();
    await a.send([b]);
    await town.settle();
    expect(socket.take()).toEqual([]);
    await b.mailbox.receive(socket, await ackFrame(b, 5));
    expect(seqs(socket)).toEqual([65, 66, 67, 68, 69]);
    await b.mailbox.receive(socket, await ackFrame(b, 69));
    expect(seqs(socket)).toHaveLength(11);
    // What came after `hello` is sent too, but is not waited for by `drained`.
    expect(socket.take().filter((type) => type === 'drained')).toHaveLength(1);
  });

  test('bounds the bytes in flight as well', async () => {
    const { town, a, b } = populate();
    for (let i = 0; i < 12; i++) await a.send([b], { body: new Uint8Array(128 * 1024) });
    await town.settle();
    const socket = await b.connect();
    expect(seqs(socket).length).toBeLessThanOrEqual(8);
    expect(seqs(socket).length).toBeGreaterThanOrEqual(7);
  });

  test('of a newer connection closes the older one, which loses nothing', async () => {
    const { town, a, b } = populate();
    await a.send([b]);
    await town.settle();
    const first = await b.connect();
    const second = await b.connect();
    expect(first.closed).toMatchObject({ code: closeReplaced });
    expect(second.closed).toBeUndefined();
    expect(seqs(second)).toEqual([1]);
  });

  test('of a replayed request for a ticket is refused, before and after an eviction', async () => {
    const { a } = populate();
    const request = await a.sign({ method: 'POST', path: '/v1/tickets' });
    const [first, second] = [unwrap(await a.mailbox.ticket(request)), unwrap(await a.mailbox.ticket(request))];
    await a.connectWith(first);
    await expect(a.connectWith(second)).rejects.toThrow('ticket-invalid');
    a.restart();
    await expect(a.connectWith(unwrap(await a.mailbox.ticket(request)))).rejects.toThrow('ticket-invalid');
    await expect(a.connectWith({ ...second, signed: second.signed - 1, request: new Uint8Array(16) })).rejects.toThrow(
      'ticket-invalid',
    );
    await a.connect();
  });

  test('takes a ticket once, also after the object was evicted', async () => {
    const { b } = populate();
    const claim = unwrap(await b.mailbox.ticket(await b.sign({ method: 'POST', path: '/v1/tickets' })));
    const older = await b.connectWith(claim);
    b.restart();
    await expect(b.connectWith(claim)).rejects.toThrow('ticket-invalid');
    await expect(b.connectWith({ ...claim, epoch: new Uint8Array(16), issued: claim.issued + 1 })).rejects.toThrow(
      'ticket-invalid',
    );
    expect(older.closed).toBeUndefined();
  });

  test('accepts sends in order, and tells when everybody has acknowledged', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    socket.take();
    const frames = [1, 2, 3].map((n) => sendFrame(a, [b], n));
    await Promise.all(frames.map((frame) => a.mailbox.receive(socket, frame)));
    expect(socket.frames.map((frame) => frame.type === 'accepted' && frame.accepted.n)).toEqual([1, 2, 3]);
    socket.take();
    await town.settle();
    expect(await b.received()).toEqual([1, 2, 3]);
    await b.acknowledge();
    await town.settle();
    expect(socket.frames).toEqual(
      [1, 2, 3].map((n) => ({ type: 'delivered', delivered: { n, acknowledged: 1, missed: [] } })),
    );
  });

  test('and HTTP are one path: the same send over both is one message', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    await a.mailbox.receive(socket, sendFrame(a, [b], 1));
    expect(await a.send([b], { n: 1 })).toEqual({ n: 1, refused: [] });
    await town.settle();
    expect(await b.received()).toEqual([1]);
  });

  test('says that a send failed which could not be stored, and takes it when it comes again', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    const { sql } = a.host;
    const { transaction } = sql;
    sql.transaction = (work) =>
      transaction(() => {
        work();
        throw new Error('no space');
      });
    await a.mailbox.receive(socket, sendFrame(a, [b]));
    sql.transaction = transaction;
    expect(socket.frames.at(-1)).toMatchObject({ type: 'problem', code: 'internal-error', n: 1 });
    await a.mailbox.receive(socket, sendFrame(a, [b]));
    expect(socket.frames.at(-1)).toMatchObject({ type: 'accepted' });
    await town.settle();
    expect(await b.received()).toEqual([1]);
  });

  test('refuses what HTTP refuses, by frames', async () => {
    const { a, b } = populate();
    const socket = await a.connect();
    socket.take();
    await a.mailbox.receive(socket, sendFrame(a, [b], 7));
    await a.mailbox.receive(socket, sendFrame(a, [b, b], 1));
    await a.mailbox.receive(socket, await ackFrame(a, 9));
    await a.mailbox.receive(socket, ClientFrame.encode({ type: 'ack', ack: { epoch: new Uint8Array(16), seq: 0 } }));
    await a.mailbox.receive(socket, Uint8Array.of(1, 2, 3));
    await a.mailbox.receive(socket, new Uint8Array(maxSendBytes + 17));
    const problem = (code: string, n: number | null, expected: number | null) => ({
      type: 'problem',
      code,
      n,
      expected,
      retryAfter: null,
    });
    expect(socket.frames).toEqual([
      problem('out-of-order', 7, 1),
      problem('duplicate-recipient', 1, null),
      problem('beyond-queue', null, null),
      problem('epoch-mismatch', null, null),
      problem('malformed', null, null),
      problem('too-large', null, null),
    ]);
    expect((await a.outbox()).nextSend).toBe(1);
  });

  test('counts sends, and acknowledgements that change nothing, against the budget', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    const ack = await ackFrame(a, 0);
    Object.assign(town.requests, { burst: 2, perSecond: 0 });
    a.restart();
    socket.take();
    await a.mailbox.receive(socket, sendFrame(a, [b], 1));
    await a.mailbox.receive(socket, ack);
    await a.mailbox.receive(socket, ack);
    await a.mailbox.receive(socket, sendFrame(a, [b], 2));
    expect(socket.frames.slice(1)).toMatchObject([
      { code: 'rate-limited', n: null },
      { code: 'rate-limited', n: 2 },
    ]);
  });

  test('counts what is no frame against the budget too, says how long to wait, and cuts who does not listen', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    Object.assign(town.requests, { burst: 2, perSecond: 0.5 });
    a.restart();
    socket.take();
    const junk = Uint8Array.of(1, 2, 3);
    for (const frame of [junk, new Uint8Array(maxSendBytes + 17), junk]) await a.mailbox.receive(socket, frame);
    expect(socket.frames).toMatchObject([
      { code: 'malformed', retryAfter: null },
      { code: 'too-large', retryAfter: null },
      { code: 'rate-limited', retryAfter: 2 },
    ]);
    for (let i = 1; i < maxRefusedFrames; i++) await a.mailbox.receive(socket, sendFrame(a, [b], 1));
    expect(socket.closed).toBeUndefined();
    await a.mailbox.receive(socket, junk);
    expect(socket.closed).toMatchObject({ code: 1008 });
  });

  test('keeps what is left of the budget while the object sleeps, and over to the next connection', async () => {
    const { town, a, b } = populate();
    Object.assign(town.requests, { burst: 10, perSecond: 0.001 });
    a.restart();
    const socket = await a.connect();
    for (let n = 1; n <= 8; n++) await a.mailbox.receive(socket, sendFrame(a, [b], n));
    a.restart();
    socket.take();
    // One was for the ticket.
    await a.mailbox.receive(socket, sendFrame(a, [b], 9));
    a.restart();
    await a.mailbox.receive(socket, sendFrame(a, [b], 10));
    expect(socket.take()).toEqual(['accepted', 'problem']);
    town.clock.advance(1_000_000);
    const next = await a.connect();
    next.take();
    await a.mailbox.receive(next, sendFrame(a, [b], 10));
    expect(next.frames).toMatchObject([{ type: 'problem', code: 'rate-limited' }]);
  });

  test('cuts a client that sends faster than it is served', async () => {
    const { a, b } = populate();
    const socket = await a.connect();
    const work = Array.from({ length: maxWaitingFrames + 1 }, (_, i) =>
      a.mailbox.receive(socket, sendFrame(a, [b], i + 1)),
    );
    expect(socket.closed).toMatchObject({ code: 1008 });
    await Promise.all(work);
  });

  test('cuts a client whose frames would fill memory while they wait, and answers one that is too large alone', async () => {
    const { a } = populate();
    const socket = await a.connect();
    socket.take();
    await a.mailbox.receive(socket, new Uint8Array(maxWaitingFrameBytes + 1));
    expect(socket.frames).toMatchObject([{ type: 'problem', code: 'too-large' }]);
    const frame = new Uint8Array(maxSendBytes);
    const count = maxWaitingFrameBytes / frame.length;
    const work = Array.from({ length: count }, () => a.mailbox.receive(socket, frame));
    await Promise.all(work);
    expect(socket.closed).toBe(undefined);
    const more = Array.from({ length: count + 1 }, () => a.mailbox.receive(socket, frame));
    expect(socket.closed).toMatchObject({ code: 1008 });
    await Promise.all(more);
  });

  test('that breaks under an answer takes no frame of a later connection with it', async () => {
    const { a, b } = populate();
    const broken = await a.connect();
    broken.send = () => {
      throw new Error('broken');
    };
    await expect(a.mailbox.receive(broken, sendFrame(a, [b], 1))).rejects.toThrow('broken');
    const socket = await a.connect();
    await a.mailbox.receive(socket, sendFrame(a, [b], 2));
    expect(socket.frames.at(-1)).toMatchObject({ type: 'accepted', accepted: { n: 2 } });
  });

  test('of an ended registration sends nothing in the next one, also what waits for its turn', async () => {
    const { town, a, b } = populate();
    const socket = await a.connect();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    town.duringLookup = () => {
      asked.resolve();
      return answer.promise;
    };
    const frames = [1, 1].map((n) => a.mailbox.receive(socket, sendFrame(a, [b], n)));
    await asked.promise;
    await a.deregister((await a.page()).hello.epoch);
    a.register();
    answer.resolve();
    await Promise.all(frames);
    expect((await a.outbox()).nextSend).toBe(1);
  });

  test('ends with the registration', async () => {
    const { a, b } = populate();
    const socket = await a.connect();
    await a.deregister((await a.page()).hello.epoch);
    expect(socket.closed).toBeDefined();
    const frames = socket.frames.length;
    await a.mailbox.receive(socket, sendFrame(a, [b], 1));
    expect(socket.frames).toHaveLength(frames);
    expect(a.host.tables()).toEqual([]);
  });

  test('that was replaced or has ended speaks for nobody, even if its peer goes on', async () => {
    const { a, b } = populate();
    const replaced = await a.connect();
    const newest = await a.connect();
    await a.mailbox.receive(replaced, sendFrame(a, [b], 1));
    expect((await a.page()).hello.nextSend).toBe(1);
    await a.mailbox.receive(newest, sendFrame(a, [b], 1));
    expect((await a.page()).hello.nextSend).toBe(2);

    await a.deregister((await a.page()).hello.epoch);
    a.mailbox.register(a.hrid, a.client.pk);
    await a.mailbox.receive(newest, sendFrame(a, [b], 1));
    expect((await a.page()).hello.nextSend).toBe(1);
  });
});
