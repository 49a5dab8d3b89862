// A mailbox that an earlier version of the relay has written goes on as it is.

import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { epoch1, putMailbox1 } from '../../support/mailbox-1.ts';
import { Town } from '../../support/town.ts';

function populate() {
  const town = new Town();
  const [b, c] = town.populate(2);
  const a = town.add();
  if (b === undefined || c === undefined) throw new Error('two');
  putMailbox1(a.host.sql, { hrid: a.hrid, pk: a.client.pk, b: b.hrid, c: c.hrid });
  a.client.next = 4;
  return { town, a, b, c, epoch: epoch1 };
}

describe('a mailbox of version 1', () => {
  test('keeps its epoch, queue, numbers and messages', async () => {
    const { town, a, b, epoch } = populate();
    const { hello } = await a.page();
    expect(encodeBase64Url(hello.epoch)).toBe(encodeBase64Url(epoch));
    expect(hello).toMatchObject({ last: 5, acked: 4, nextSend: 4 });
    expect(await a.received()).toEqual([66]);
    const [record] = (await a.outbox()).records;
    expect(record?.recipients.map(({ state }) => state)).toEqual(['queued', 'unregistered', 'mailbox-full']);
    await town.settle();
    expect((await b.page()).entries).toMatchObject([{ header: Uint8Array.of(1, 2), body: Uint8Array.of(42) }]);
    await a.send([b]);
    await town.settle();
    expect(await b.received()).toEqual([42, 4]);
    // It counts as used from now on, so it is not dropped for having been idle.
    await a.mailbox.alarm();
    expect(a.host.sql.query('select schema from registration')).toEqual([{ schema: 2 }]);
  });

  test('whose upgrade fails is whole and is upgraded later', async () => {
    const { a } = populate();
    const { query } = a.host.sql;
    a.host.sql.query = (statement, ...values) => {
      if (statement.startsWith('drop table claim_1')) throw new Error('no space');
      return query.call(a.host.sql, statement, ...values) as never;
    };
    await expect(a.page()).rejects.toThrow('no space');
    a.host.sql.query = query;
    expect((await a.page()).hello).toMatchObject({ last: 5, acked: 4, nextSend: 4 });
  });
});

describe('a mailbox of a newer version', () => {
  test('is left as it is', async () => {
    const town = new Town();
    const [a, b] = town.populate(2);
    if (a === undefined || b === undefined) throw new Error('two');
    await b.send([a]);
    await town.settle();
    a.host.sql.query('update registration set schema = 3');
    a.restart();
    await expect(a.page()).rejects.toThrow('newer version');
    await expect(a.mailbox.alarm()).rejects.toThrow('newer version');
    expect(a.host.sql.query('select count(*) as count from entry')).toEqual([{ count: 1 }]);
  });
});
