// A mailbox that an earlier version of the relay has written goes on as it is.

import { describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../../client/wire/bytes.ts';
import { Accepted } from '../../../client/wire/send.ts';
import { Town } from '../../support/town.ts';

/** The tables of version 1, as it made them. */
const version1 = [
  `create table registration (
    id integer primary key check (id = 0), schema integer not null, hrid blob not null, pk blob not null,
    epoch blob not null, seq integer not null, n integer not null, digest blob, refused blob, ticket integer not null,
    signed integer not null, request blob,
    uploaded integer not null, upload blob)`,
  `create table record (
    n integer primary key, expires integer not null, remaining blob not null, digest blob not null, refused blob,
    recipients blob not null, lengths blob not null, headers blob not null, body blob not null)`,
  `create table entry (
    seq integer primary key, sender blob not null, epoch blob not null, n integer not null, reason text, from_n integer,
    expires integer not null, header blob not null, body blob not null)`,
  `create table mark (
    sender blob primary key, epoch blob not null, n integer not null, seq integer not null, used integer not null
  ) without rowid`,
  'create table package (id integer primary key, last_resort integer not null, served integer not null, package blob not null)',
  `create table claim (
    claimer blob not null, id blob not null, made integer not null, one_time integer not null, package blob not null,
    primary key (claimer, id)) without rowid`,
];

function populate() {
  const town = new Town();
  const [b, c] = town.populate(2);
  const a = town.add();
  if (b === undefined || c === undefined) throw new Error('two');
  for (const table of version1) a.host.sql.query(table);
  const epoch = new Uint8Array(16).fill(9);
  const digest = new Uint8Array(32).fill(5);
  a.host.sql.query(
    'insert into registration values (0, 1, ?, ?, ?, 4, 2, ?, null, 0, 0, null, 1800000000, ?)',
    ...[a.hrid, a.client.pk, epoch, digest, digest],
  );
  // To b, to somebody refused, to c, who has acknowledged, and to b's neighbour, refused too.
  const refused = Accepted.encode({
    n: 3,
    refused: [
      { index: 1, code: 'unregistered' },
      { index: 3, code: 'mailbox-full' },
    ],
  });
  a.host.sql.query(
    'insert into record values (3, 1802000000, ?, ?, ?, ?, ?, ?, ?)',
    ...[Uint8Array.of(1), digest, refused, new Uint8Array([...b.hrid, ...c.hrid]), Uint8Array.of(0, 2, 0, 1)],
    ...[Uint8Array.of(1, 2, 3), Uint8Array.of(42)],
  );
  a.host.sql.query(
    'insert into entry values (5, ?, ?, 8, null, null, 1802000000, ?, ?)',
    ...[b.hrid, new Uint8Array(16), Uint8Array.of(6), Uint8Array.of(66)],
  );
  a.host.sql.query('insert into mark values (?, ?, 7, 4, 1)', b.hrid, new Uint8Array(16));
  a.client.next = 4;
  return { town, a, b, c, epoch };
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
