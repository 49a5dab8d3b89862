// Real mailboxes and the model of what they promise, driven by the same random commands: they must agree.

import fc from 'fast-check';
import { describe, expect, inject, test } from 'vitest';
import type { Bytes } from '../../../client/wire/bytes.ts';
import { closeReplaced } from '../../../client/wire/routes.ts';
import { Accepted, type Send } from '../../../client/wire/send.ts';
import { maxQueueEntries } from '../../../worker/limits.ts';
import { connectInside, deliverInside, inside } from '../../support/inside.ts';
import { readProblem } from '../../support/request.ts';
import { until } from '../../support/until.ts';
import { Model } from './model.ts';
import { agree, everybody, Real, size, stranger } from './real.ts';

type Command = fc.AsyncCommand<Model, Real>;

/** What a registered client does; afterwards all agree. */
function command(name: string, who: number, act: (model: Model, real: Real) => Promise<void>, isHere = true): Command {
  return {
    check: (model) => model.at(who).isHere === isHere,
    async run(model, real) {
      await act(model, real);
      await agree(model, real);
    },
    toString: () => `${who} ${name}`,
  };
}

const send = (who: number, to: readonly number[], count: number) =>
  command(`sends ${count} to ${to}`, who, async (model, real) => {
    for (let i = 0; i < count; i++) {
      const message = real.message(who, to, model.at(who).era, model.at(who).next);
      real.sent[who] = message;
      const { refused } = Accepted.decode(await bodyOf(await real.post(who, message)));
      const codes = new Map(refused.map(({ index, code }) => [to[index] ?? stranger, code]));
      for (const each of to) {
        const code = codes.get(each);
        // What a recipient has said is remembered for a minute, unless the object sleeps.
        if (code === 'gone') expect(model.at(each).era).toBeGreaterThan(0);
        else if (code === 'refused') expect(real.haveRefused).toContain(each);
        else expect(code, `${who} to ${each}`).toBe(model.mayWait(who, each) ? undefined : 'mailbox-full');
      }
      model.send(who, to, codes);
      real.answers[who] = refused;
    }
  });

const repeat = (who: number) =>
  command('repeats its newest send, then another under its number, then one too far on', who, async (model, real) => {
    const { era, next } = model.at(who);
    const newest = real.sent[who];
    const problem = async (message: Send) => readProblem(await real.post(who, message));
    if (newest?.n === next - 1) {
      const { n, refused } = Accepted.decode(await bodyOf(await real.post(who, newest)));
      expect({ n, refused }).toEqual({ n: next - 1, refused: real.answers[who] });
      const other = { ...newest, body: Uint8Array.of(0) };
      expect(await problem(other)).toMatchObject({ code: 'number-reused', expected: next });
    }
    const later = real.message(who, [(who + 1) % size], era, next + 1);
    expect(await problem(later)).toMatchObject({ code: 'out-of-order', expected: next });
  });

type Way = 'over HTTP' | 'over its stream' | 'and nobody hears of it';

const acknowledge = (who: number, part: number, way: Way) =>
  command(`acknowledges ${part} ${way}`, who, async (model, real) => {
    const { acked, last, stream } = model.at(who);
    // Nothing is what was acknowledged before; more than all is beyond the queue.
    const seq = part > 1 ? last + 1 : acked + Math.floor(part * (last - acked));
    const ack = { epoch: (await real.at(who).queue()).hello.epoch, seq };
    if (seq > last) {
      expect((await readProblem(await real.at(who).acknowledge(ack))).code).toBe('beyond-queue');
      return;
    }
    const loseReports = way === 'and nobody hears of it' ? await real.keepRecords() : null;
    if (way === 'over its stream' && stream) await real.streams[who]?.send({ type: 'ack', ack });
    else expect((await real.at(who).acknowledge(ack)).status).toBe(204);
    model.acknowledge(who, seq);
    // Who found no room is called back, unless nobody remembers; a farewell comes when it is tried again.
    await until(async () => {
      const { acked } = await real.view(model, who);
      return acked === model.at(who).acked && (real.hasSlept || model.isSettled(who, true));
    });
    if (!model.isSettled(who)) await real.pass();
    await agree(model, real);
    // The senders ask for it when they wake.
    await loseReports?.();
  });

const connect = (who: number) =>
  command('connects', who, async (model, real) => {
    const before = real.streams[who];
    const stream = await connectInside(real.at(who));
    real.streams[who] = stream;
    model.connect(who);
    expect((await until(() => stream.frames[0])).type).toBe('hello');
    if (before) expect(await before.closeCode()).toBe(closeReplaced);
  });

const drop = (who: number) =>
  command('drops its connection', who, async (model, real) => {
    const stream = real.streams[who];
    real.streams[who] = undefined;
    model.at(who).stream = null;
    stream?.close();
    await stream?.closeCode();
  });

const sleep = (webSockets: 'hibernate' | 'close'): Command => ({
  check: () => true,
  async run(model, real) {
    await real.evict(webSockets);
    if (webSockets === 'close') {
      for (const mailbox of model.mailboxes) mailbox.stream = null;
      for (const stream of real.streams.splice(0)) await stream?.closeCode();
    }
    // Nobody looks: the next command wakes whom it needs.
  },
  toString: () => `all sleep (${webSockets})`,
});

/** @param after  those up to that part have more time */
const expire = (who: number, part: number, after = 0) =>
  command(`finds ${part} of its messages too old, but for ${after}`, who, async (model, real) => {
    const count = model.at(who).next - 1;
    await real.expire(who, Math.floor(after * count), Math.floor(part * count));
    model.expire(who, Math.floor(after * count), Math.floor(part * count));
  });

/** A queue is filled by a stranger, but for a few places. */
const fill = (who: number, places: number) =>
  command(`is filled but for ${places}`, who, async (model, real) => {
    const first = real.strangers + 1;
    const count = Math.max(0, maxQueueEntries - places - model.at(who).queue.length);
    real.strangers += count;
    for (let n = first; n < first + count; n++) model.put(stranger, who, n, null);
    await deliverInside(real.at(who), first, first + count - 1, `${stranger}.0`);
  });

/** Senders ask for what they have not heard, and write it. Whoever has acknowledged and goes before that counts as gone. */
async function hear(model: Model, real: Real): Promise<void> {
  await agree(model, real);
  await real.fireAlarms();
}

const refuse = (who: number, senders: readonly number[]) =>
  command(`refuses ${senders}`, who, async (model, real) => {
    await hear(model, real);
    real.haveRefused.push(who);
    await real.refuse(who, senders);
    model.refuse(who, senders);
    await real.pass();
  });

const deregister = (who: number) =>
  command('deregisters', who, async (model, real) => {
    await hear(model, real);
    const { epoch } = (await real.at(who).queue()).hello;
    expect((await real.at(who).deregister(epoch)).status).toBe(204);
    model.deregister(who);
    await real.streams[who]?.closeCode();
    real.streams[who] = undefined;
    await real.pass();
  });

const register = (who: number) =>
  command(
    'registers again',
    who,
    async (model, real) => {
      const { challenge } = await real.at(who).challenge();
      expect((await real.at(who).answer(challenge, await inside.inbox(real.at(who).uid))).status).toBe(200);
      model.at(who).isHere = true;
    },
    false,
  );

/** Everybody reads everything: what must be left then is nothing. */
async function finish(model: Model, real: Real): Promise<void> {
  for (const who of everybody) {
    if (!model.at(who).isHere) await register(who).run(model, real);
    await refuse(who, []).run(model, real);
  }
  while (model.mailboxes.some(({ queue }) => queue.length > 0)) {
    for (const who of everybody) await acknowledge(who, 1, 'over HTTP').run(model, real);
  }
  for (const who of everybody) {
    const missed = [...model.at(who).records.keys()].map((n) => ({ n, body: 0 }));
    const nothing = { record: missed, entry: [], gap: [], backoff: [], farewell: [] };
    await until(async () => JSON.stringify(await real.left(who)) === JSON.stringify(nothing)).catch(async () =>
      expect(await real.left(who)).toEqual(nothing),
    );
  }
}

const whoever = fc.nat({ max: size - 1 });
const others = fc.subarray([1, 2], { minLength: 1 });
const part = fc.constantFrom(0, 0.5, 1, 1, 1.5);
const way = fc.constantFrom<Way>('over HTTP', 'over its stream', 'and nobody hears of it');

const commands = [
  fc.tuple(whoever, others, fc.integer({ min: 1, max: 4 })).map(([who, steps, count]) => sendBy(who, steps, count)),
  fc.tuple(whoever, others, fc.integer({ min: 1, max: 4 })).map(([who, steps, count]) => sendBy(who, steps, count)),
  whoever.map(repeat),
  fc.tuple(whoever, part, way).map((args) => acknowledge(...args)),
  fc.tuple(whoever, part, way).map((args) => acknowledge(...args)),
  whoever.map(connect),
  whoever.map(drop),
  fc.constantFrom('hibernate' as const, 'close' as const).map(sleep),
  fc.tuple(whoever, fc.constantFrom(0.5, 1), fc.constantFrom(0, 0.5)).map((args) => expire(...args)),
  fc.tuple(whoever, fc.nat({ max: 2 })).map((args) => fill(...args)),
  fc.tuple(whoever, fc.subarray([...everybody])).map((args) => refuse(...args)),
  whoever.map(deregister),
  whoever.map(register),
];

function sendBy(who: number, steps: readonly number[], count: number): Command {
  return send(
    who,
    steps.map((step) => (who + step) % size),
    count,
  );
}

async function story(commands: Iterable<Command>): Promise<void> {
  const [model, real] = [new Model(size), await Real.start()];
  await fc.asyncModelRun(() => ({ model, real }), commands);
  await finish(model, real);
}

const isSlow = inject('slow');
const minutes = 60_000;

describe('mailboxes and the model of what they promise', () => {
  test(
    'agree after every step of random stories',
    () =>
      fc.assert(fc.asyncProperty(fc.commands(commands, { maxCommands: isSlow ? 60 : 25, size: 'max' }), story), {
        numRuns: isSlow ? 100 : 6,
        endOnFailure: !isSlow,
      }),
    isSlow ? 60 * minutes : 2 * minutes,
  );

  test.each<[string, Command[]]>([
    [
      'more wait than may, sleep, expiry, and room again',
      [
        fill(1, 1),
        send(0, [1, 2], 1),
        send(0, [1, 2], 258),
        sleep('hibernate'),
        send(0, [1, 2], 2),
        connect(1),
        expire(0, 0.01),
        acknowledge(1, 0.5, 'over its stream'),
        send(0, [1], 1),
        acknowledge(2, 1, 'and nobody hears of it'),
      ],
    ],
    [
      'what has come later is too old before what waits in front of it',
      [fill(1, 0), send(0, [1, 2], 4), expire(0, 1, 0.5), expire(0, 0.5), acknowledge(1, 1, 'over HTTP')],
    ],
    [
      'what nobody has heard of is said before who has acknowledged it goes, or refuses its sender',
      [
        send(0, [1, 2], 2),
        acknowledge(1, 1, 'and nobody hears of it'),
        deregister(1),
        acknowledge(2, 1, 'and nobody hears of it'),
        refuse(2, [0]),
      ],
    ],
    [
      'the farewell of a sender comes after what it sends when it has come back',
      [fill(1, 0), send(0, [1], 2), deregister(0), register(0), send(0, [1], 1), acknowledge(1, 1, 'over HTTP')],
    ],
    [
      'one message is acknowledged, and its sender does not hear of it',
      [
        send(0, [1], 1),
        acknowledge(1, 1, 'over HTTP'),
        send(0, [1], 1),
        acknowledge(1, 1, 'and nobody hears of it'),
        send(0, [1], 2),
        sleep('close'),
        send(0, [1], 1),
      ],
    ],
  ])('agree in a story that chance rarely tells: %s', (_, commands) => story(commands), 2 * minutes);
});

async function bodyOf(response: Response): Promise<Bytes> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}
