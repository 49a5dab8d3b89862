// Rows written are nine tenths of a deployment's bill. They are counted where the platform counts them, and the number
// is fixed here: whoever raises it has to say so.

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { inside } from '../../support/inside.ts';
import { Client } from '../../support/request.ts';
import { until } from '../../support/until.ts';

/** Counts what all mailboxes write from here on. */
async function countRows(): Promise<() => { rows: number; alarms: number }> {
  const cursors: { readonly rowsWritten: number }[] = [];
  let alarms = 0;
  for (const id of await listDurableObjectIds(env.MAILBOX)) {
    await runInDurableObject(env.MAILBOX.get(id), (_, { storage }) => {
      const exec = storage.sql.exec.bind(storage.sql);
      storage.sql.exec = <T extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]) => {
        const cursor = exec<T>(query, ...values);
        cursors.push(cursor);
        return cursor;
      };
      const setAlarm = storage.setAlarm.bind(storage);
      storage.setAlarm = (...time) => {
        alarms++;
        return setAlarm(...time);
      };
    });
  }
  return () => ({ rows: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0), alarms });
}

async function deliverAndAcknowledge(sender: Client, recipients: Client[], messages: number): Promise<void> {
  for (let i = 0; i < messages; i++) await sender.send(recipients, new Uint8Array(500));
  for (const recipient of recipients) {
    const { hello } = await until(async () => {
      const page = await recipient.queue();
      return page.hello.last - page.hello.acked === messages && page;
    });
    await recipient.acknowledge({ epoch: hello.epoch, seq: hello.last });
  }
  await until(async () => (await sender.outbox()).records.length === 0);
}

async function measure(members: number, messages: number) {
  const clients = await Promise.all(Array.from({ length: members }, () => Client.register(inside)));
  const [sender, ...recipients] = clients;
  if (sender === undefined) throw new Error('nobody sends');
  await deliverAndAcknowledge(sender, recipients, 1);
  // Whatever is done once, or once a day, is done: what is counted is the steady state.
  for (const id of await listDurableObjectIds(env.MAILBOX)) await runDurableObjectAlarm(env.MAILBOX.get(id));
  const count = await countRows();
  await deliverAndAcknowledge(sender, recipients, messages);
  return count();
}

describe('rows written', () => {
  test('for one message at N = 3, acknowledged alone: 10, and one alarm', async () => {
    expect(await measure(3, 1)).toEqual({ rows: 10, alarms: 1 });
  });

  test('for 50 messages at N = 3, acknowledged together: 7 a message, and one alarm in all', async () => {
    // Beside 7 a message: one mark a recipient, and the number of the newest.
    expect(await measure(3, 50)).toEqual({ rows: 50 * 7 + 3, alarms: 1 });
  });

  test('for a question about an HRID that nobody registered: none, and no table', async () => {
    const stranger = env.MAILBOX.getByName('nobody');
    expect(
      await stranger.deliver({
        sender: new Uint8Array(32),
        senderEpoch: new Uint8Array(16),
        recipientEpoch: null,
        items: [],
      }),
    ).toEqual({ status: 'gone' });
    expect(await stranger.claim(new Uint8Array(32), new Uint8Array(16))).toEqual({ code: 'unregistered' });
    const tables = await runInDurableObject(stranger, (_, { storage }) =>
      storage.sql.exec('select name from sqlite_master').toArray(),
    );
    expect(tables).toEqual([]);
  });
});
