// 16. Filling a mailbox, filling many, never acknowledging, acknowledging beyond what was sent. Others are unaffected;
// nothing accepted is lost.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesKey, decodeUtf8, encodeUtf8 } from '../../client/wire/bytes.ts';
import type { QueueEntry } from '../../client/wire/queue.ts';
import { Refusals } from '../../client/wire/refusals.ts';
import { routes } from '../../client/wire/routes.ts';
import type { Accepted } from '../../client/wire/send.ts';
import { maxPendingPerRecipient, maxQueueEntries } from '../../worker/limits.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { Client, readProblem } from '../support/request.ts';
import { until } from '../support/until.ts';

const size = 5;
const chunk = 200;
const flooded = maxQueueEntries + maxPendingPerRecipient;

let relay: TestRelay;
let attacker: Client;
/** One reads everything, one refuses the attacker, one never acknowledges. */
let patient: Client;
let strict: Client;
let silent: Client;
let anna: Client;
let bert: Client;

const register = () => Client.register(relay);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Sends that many more, without a signature each: over the stream. */
async function flood(sender: Client, to: readonly Client[], count: number): Promise<Accepted[]> {
  const stream = await sender.stream();
  await stream.take('hello');
  const accepted = () => stream.frames.flatMap((frame) => (frame.type === 'accepted' ? frame.accepted : []));
  for (const i of range(1, count)) {
    await stream.send({ type: 'send', send: sender.message(to, encodeUtf8(String(sender.next))) });
    sender.next++;
    if (i % chunk === 0 || i === count) await until(() => accepted().length === i);
  }
  stream.close();
  return accepted();
}

/** What a client finds when it reads and acknowledges everything, per sender. */
async function readAll(reader: Client, expected: number): Promise<(of: Client) => string[]> {
  const found: QueueEntry[] = [];
  const of = (sender: Client) =>
    found
      .filter(({ from }) => bytesKey(from) === bytesKey(sender.hrid))
      .map((entry) =>
        entry.type === 'message' ? decodeUtf8(entry.body) : `${entry.reason} ${entry.fromN}-${entry.toN}`,
      );
  await until(async () => {
    const { hello, entries } = await reader.queue();
    found.push(...entries);
    const seq = entries.at(-1)?.seq;
    if (seq !== undefined) await reader.acknowledge({ epoch: hello.epoch, seq });
    return found.length >= expected;
  });
  const first = found[0]?.seq ?? 0;
  expect(found.map(({ seq }) => seq)).toEqual(range(first, first + expected - 1));
  return of;
}

beforeAll(async () => {
  relay = await startRelay();
  attacker = await register();
  [patient, strict, silent] = [await register(), await register(), await register()];
  [anna, bert] = [await register(), await register()];
  const victims = [patient, strict, silent];
  while (attacker.next <= maxQueueEntries) {
    await flood(attacker, victims, chunk);
    // Else more might wait for a moment than may.
    for (const victim of victims) await until(async () => (await victim.queue()).hello.last === attacker.next - 1);
  }
  const more = await flood(attacker, victims, maxPendingPerRecipient);
  expect(more.flatMap(({ refused }) => refused)).toEqual([]);
});
afterAll(() => relay.stop());

describe('somebody who fills the mailboxes of others', () => {
  test('is refused for each of them once 256 more wait, and gets no further', async () => {
    const codes = (await flood(attacker, [patient, strict, silent, anna], 2)).map(({ refused }) => refused);
    const full = [0, 1, 2].map((index) => ({ index, code: 'mailbox-full' }));
    expect(codes).toEqual([full, full]);
    for (const victim of [patient, strict, silent]) expect((await victim.queue()).hello.last).toBe(maxQueueEntries);
    await until(async () => (await anna.queue()).hello.last === 2);
  });

  test('does not hold up what friends of the victims say to each other, and nothing of it is refused', async () => {
    for (const [friend, other] of [
      [anna, bert],
      [bert, anna],
    ] as const) {
      const before = (await other.queue()).hello.last;
      for (const _ of range(1, size)) {
        const text = encodeUtf8(String(friend.next));
        expect((await friend.send([other, patient, strict], text)).refused).toEqual([]);
      }
      const { hello, entries } = await until(async () => {
        const page = await other.queue();
        return page.hello.last === before + size && page;
      });
      const texts = entries.slice(-size).map((entry) => (entry.type === 'message' ? decodeUtf8(entry.body) : entry));
      expect(texts).toEqual(range(1, size).map(String));
      await other.acknowledge({ epoch: hello.epoch, seq: hello.last });
      await until(async () => {
        const { records } = await friend.outbox();
        return records.every(({ recipients }) => recipients.map(({ state }) => state).join() === 'pending,pending');
      });
    }
  });

  test('cannot keep a victim from what waits for it: all of it comes once it reads, in order and once', async () => {
    const of = await readAll(patient, flooded + 1 + 2 * size);
    for (const friend of [anna, bert]) expect(of(friend)).toEqual(range(1, size).map(String));
    const waited = range(1, flooded).map(String);
    expect(of(attacker)).toEqual([...waited, `full ${flooded + 1}-${flooded + 2}`]);
  });

  test('is refused altogether by who has enough, whose friends are served at once', async () => {
    const senders = { senders: [attacker.hrid] };
    expect((await strict.cbor('PUT', routes.refusals, Refusals, senders)).status).toBe(204);
    const of = await readAll(strict, maxQueueEntries + 2 * size);
    for (const friend of [anna, bert]) expect(of(friend)).toEqual(range(1, size).map(String));
    // What was in the queue already stays.
    expect(of(attacker)).toEqual(range(1, maxQueueEntries).map(String));

    const { n } = await attacker.send([strict], encodeUtf8('again'));
    await until(async () => {
      const { records } = await attacker.outbox(n - 1);
      return records.length === 0 || records[0]?.recipients[0]?.state === 'refused';
    });
    expect((await attacker.send([strict], encodeUtf8('and again'))).refused).toEqual([{ index: 0, code: 'refused' }]);
    expect((await strict.queue()).entries).toEqual([]);
  });
});

describe('a member that never acknowledges', () => {
  const count = maxPendingPerRecipient + size;

  test('is refused alone, by name; the others have everything', async () => {
    const first = anna.next;
    const accepted = await flood(anna, [bert, silent], count);
    expect(accepted.map(({ n }) => n)).toEqual(range(first, first + count - 1));
    expect(accepted.map(({ refused }) => refused)).toEqual(
      range(1, count).map((i) => (i > maxPendingPerRecipient ? [{ index: 1, code: 'mailbox-full' }] : [])),
    );
    const of = await readAll(bert, count);
    expect(of(anna)).toEqual(range(first, first + count - 1).map(String));
  });

  test('finds, when it comes back, all that was accepted for it and one gap for the rest', async () => {
    const first = anna.next - count;
    const full = [first + maxPendingPerRecipient, first + count - 1];
    const of = await readAll(silent, flooded + 1 + maxPendingPerRecipient + 1);
    expect(of(anna)).toEqual([
      ...range(first, first + maxPendingPerRecipient - 1).map(String),
      `full ${full.join('-')}`,
    ]);
  });
});

describe('an acknowledgement of what was never sent', () => {
  test.each([1, 1000, 2 ** 32 - 1])('by %i too many is refused, and nothing is taken for read', async (more) => {
    const [a, b] = [await register(), await register()];
    await a.send([b], encodeUtf8('unread'));
    const { hello } = await until(async () => {
      const page = await b.queue();
      return page.hello.last === 1 && page;
    });
    const response = await b.acknowledge({ epoch: hello.epoch, seq: hello.last + more });
    expect((await readProblem(response)).code).toBe('beyond-queue');
    expect((await b.queue()).entries).toHaveLength(1);
    expect((await a.outbox()).records).toMatchObject([{ n: 1, recipients: [{ state: 'queued' }] }]);
    // The next message is not acknowledged before it came.
    await a.send([b], encodeUtf8('later'));
    await until(async () => (await b.queue()).entries.length === 2);
  });

  test('of the queue of somebody else is one of the own', async () => {
    const [a, b, thief] = [await register(), await register(), await register()];
    await a.send([b], encodeUtf8('not yours'));
    const { hello } = await until(async () => {
      const page = await b.queue();
      return page.hello.last === 1 && page;
    });
    const response = await thief.acknowledge({ epoch: hello.epoch, seq: 1 });
    expect((await readProblem(response)).code).toBe('epoch-mismatch');
    expect((await b.queue()).entries).toHaveLength(1);
  });
});
