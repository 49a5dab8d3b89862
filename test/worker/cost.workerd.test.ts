// What a registration and a message make the platform count, and bill: rows, calls, alarms, reads and writes of the key-value
// store. docs/OPERATIONS.md derives prices from these figures; whoever changes them changes them there.

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import { encodeUtf8 } from '../../client/wire/bytes.ts';
import { kemPublicKeyBytes } from '../../client/wire/limits.ts';
import { positionOf } from '../../worker/filter/layers.ts';
import { writerName } from '../../worker/filter/reader.ts';
import { Mailbox, Registrar, Shard } from '../../worker/index.ts';
import { Mac } from '../../worker/names.ts';
import { readSettings } from '../../worker/settings.ts';
import { messageTo, registration } from '../bench/counts.ts';
import { connectInside, inside, mailboxOf } from '../support/inside.ts';
import { Client } from '../support/request.ts';
import { type Counted, countRows } from '../support/rows.ts';
import { until } from '../support/until.ts';

afterEach(() => void vi.useRealTimers());

const calls: string[] = [];
for (const [kind, prototype] of Object.entries({
  mailbox: Mailbox.prototype,
  registrar: Registrar.prototype,
  shard: Shard.prototype,
})) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method: unknown = Reflect.get(prototype, name);
    if (name === 'constructor' || typeof method !== 'function') continue;
    Reflect.set(prototype, name, function count(this: object, ...values: unknown[]) {
      calls.push(`${kind}.${name}`);
      return Reflect.apply(method, this, values) as unknown;
    });
  }
}

test('a registration', async () => {
  const client = new Client(inside);
  const settings = readSettings(env);
  const registrar = env.REGISTRAR.getByName(
    await new Mac(settings.secrets.pepper).name('registrar', encodeUtf8(client.uid)),
  );
  const { shard } = positionOf(await new Mac(settings.filterKeys[0].key).digest('filter', client.hrid));
  const writer = env.SHARD.getByName(writerName(1, shard));
  const mailbox = await mailboxOf(client);
  // The shard has others already.
  await writer.add(shard, { upper: 1, lower: 1 }, 1);
  await runDurableObjectAlarm(writer);
  const counts = [await countRows([registrar]), await countRows([writer]), await countRows([mailbox])];
  calls.length = 0;
  const { challenge } = await client.challenge();
  expect((await client.answer(challenge, await inside.inbox(client.uid))).status).toBe(200);
  await runDurableObjectAlarm(writer);
  const pkg = { signed: new Uint8Array(384), kem: new Uint8Array(kemPublicKeyBytes) };
  await client.upload({ replace: true, oneTime: Array.from({ length: 49 }, () => pkg), lastResort: pkg });
  await connectInside(client);
  const bytes = await runInDurableObject(mailbox, (_, { storage }) => storage.sql.databaseSize);
  // When what it holds ends, and a day later.
  const inTime = async (milliseconds: number) => {
    vi.useFakeTimers({ now: Date.now() + milliseconds, toFake: ['Date'] });
    await runDurableObjectAlarm(registrar);
  };
  await inTime(700_000);
  await inTime(24 * 3_600_000);
  const counted = counts.map((each) => each());
  const sum = (of: keyof Counted) => counted.reduce((total, each) => total + each[of], 0);
  expect({ rows: sum('rows') + sum('alarms'), objectRequests: calls.length, bytes }).toEqual({
    rows: registration.rows,
    objectRequests: registration.objectRequests,
    bytes: registration.bytes,
  });
  expect(sum('rowsRead')).toBeLessThanOrEqual(registration.rowsRead);
});

test.each([1, 2])('a message to %i', async (count) => {
  const sender = await Client.register(inside);
  const recipients: Client[] = [];
  while (recipients.length < count) recipients.push(await Client.register(inside));
  const round = async (n: number) => {
    for (let i = 0; i < n; i++) await sender.send(recipients, new Uint8Array(1000));
    for (const each of recipients) {
      const { hello } = await until(async () => {
        const page = await each.queue();
        return page.hello.last - page.hello.acked === n && page;
      });
      await each.acknowledge({ epoch: hello.epoch, seq: hello.last });
    }
    await until(async () => (await sender.outbox()).records.length === 0);
  };
  await round(1);
  for (const id of await listDurableObjectIds(env.MAILBOX)) await runDurableObjectAlarm(env.MAILBOX.get(id));
  const counted = await countRows(await Promise.all([sender, ...recipients].map(mailboxOf)));
  calls.length = 0;
  await round(1);
  const { rows, rowsRead, alarms, saves } = counted();
  const expected = messageTo(count);
  expect(rows - saves + alarms).toBe(expected.rows);
  expect(rowsRead).toBeLessThanOrEqual(expected.rowsRead);
  // Between objects; the client's own would come as frames of its stream.
  const between = calls.filter((name) => ['mailbox.deliver', 'mailbox.acked'].includes(name));
  expect(between).toHaveLength(Math.floor(expected.objectRequests) - alarms);
});
