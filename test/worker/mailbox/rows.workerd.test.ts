// Rows written are nine tenths of a deployment's bill. They are counted where the platform counts them, and the number
// is fixed here: whoever raises it has to say so.

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { inside } from '../../support/inside.ts';
import { Client } from '../../support/request.ts';
import { countRows } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

interface Group {
  readonly sender: Client;
  readonly recipients: readonly Client[];
}

/** A group in which whatever is done once, or once a day, is done: what is counted later is the steady state. */
async function startGroup(members: number): Promise<Group> {
  const sender = await Client.register(inside);
  const recipients = await Promise.all(Array.from({ length: members - 1 }, () => Client.register(inside)));
  const group = { sender, recipients };
  await deliverAndAcknowledge(group, 1);
  for (const id of await listDurableObjectIds(env.MAILBOX)) await runDurableObjectAlarm(env.MAILBOX.get(id));
  return group;
}

async function deliverAndAcknowledge({ sender, recipients }: Group, messages: number): Promise<void> {
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

const batch = 50;
const minute = 60_000;

describe('rows written', () => {
  test.each([
    { members: 3, alone: 9, together: 303 },
    { members: 10, alone: 30, together: 1010 },
    { members: 100, alone: 300, together: 10_100 },
  ])(
    'at N = $members: $alone for a message alone, $together for 50 that are acknowledged together',
    async ({ members, alone, together }) => {
      const group = await startGroup(members);
      const recipients = members - 1;
      const count = await countRows((await listDurableObjectIds(env.MAILBOX)).map((id) => env.MAILBOX.get(id)));
      await deliverAndAcknowledge(group, 1);
      const one = count();
      expect(one.rows - one.saves).toBe(alone);
      // An alarm costs a row, too. How often it is set depends on how long all this takes.
      expect(one.alarms).toBeGreaterThan(0);
      expect(one.rows + one.alarms).toBeLessThanOrEqual(4 + 3 * recipients);

      await deliverAndAcknowledge(group, batch);
      const all = count();
      expect(all.rows - all.saves - (one.rows - one.saves)).toBe(together);
      const each = (all.rows - one.rows + all.alarms - one.alarms) / batch;
      expect(each).toBeLessThanOrEqual(3 + 2.1 * recipients);
    },
    3 * minute,
  );

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
