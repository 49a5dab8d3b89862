// A mailbox whose tables are of an earlier version. Version 1 had, in `record`, a bitmap `remaining` over the recipients
// that had been taken, and the answer to the send in `refused`; in `registration`, the last upload of key packages.

import { type Bytes, concatBytes } from '../../client/wire/bytes.ts';
import { hashBytes } from '../../client/wire/limits.ts';
import { Accepted } from '../../client/wire/send.ts';
import type { Sql } from '../ports.ts';
import { acknowledged, refusedState, waited } from './recipient.ts';

const kept = ['entry', 'mark', 'package', 'claim'];

type Record1 = {
  n: number;
  expires: number;
  remaining: Bytes;
  digest: Bytes;
  refused: Bytes | null;
  recipients: Bytes;
  lengths: Bytes;
  headers: Bytes;
  body: Bytes;
};

/**
 * Within a transaction.
 * @param createTables  makes the tables of the newest version
 * @param now           milliseconds since 1970: from now on the owner counts as idle
 */
export function upgradeFrom1(sql: Sql, createTables: () => void, version: number, now: number): void {
  for (const name of ['registration', 'record', ...kept]) sql.query(`alter table ${name} rename to ${name}_1`);
  createTables();
  sql.query(
    `insert into registration (id, schema, hrid, pk, epoch, seq, n, digest, refused, ticket, signed, request, seen, generation)
     select 0, ?, hrid, pk, epoch, seq, n, digest, refused, ticket, signed, request, ?, 1 from registration_1`,
    ...[version, now],
  );
  sql.query(`insert into change (kind, signed, digests)
             select 'key packages', uploaded, upload from registration_1 where upload is not null`);
  for (const record of sql.query<Record1>('select * from record_1')) insertRecord(sql, record);
  for (const name of kept) sql.query(`insert into ${name} select * from ${name}_1`);
  for (const name of ['registration', 'record', ...kept]) sql.query(`drop table ${name}_1`);
}

/** Refused recipients were not stored: they stand there as zeros, so that the others keep their places. */
function insertRecord(
  sql: Sql,
  { n, expires, remaining, digest, refused, recipients, lengths, headers, body }: Record1,
) {
  const codes = new Map((refused ? Accepted.decode(refused).refused : []).map(({ index, code }) => [index, code]));
  const states: number[] = [];
  const hrids: Bytes[] = [];
  const cuts: Bytes[] = [];
  for (let taken = 0; taken < recipients.length / hashBytes || codes.has(states.length); ) {
    const code = codes.get(states.length);
    if (code !== undefined) {
      states.push(refusedState(code));
      hrids.push(new Uint8Array(hashBytes));
      cuts.push(new Uint8Array(2));
      continue;
    }
    const waits = (((remaining[taken >> 3] ?? 0) >> (taken & 7)) & 1) === 1;
    states.push(waits ? waited : acknowledged);
    hrids.push(recipients.slice(taken * hashBytes, (taken + 1) * hashBytes));
    cuts.push(lengths.slice(2 * taken, 2 * taken + 2));
    taken++;
  }
  sql.query(
    `insert into record (n, expires, states, digest, recipients, lengths, headers, body) values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[n, expires, Uint8Array.from(states), digest, concatBytes(...hrids), concatBytes(...cuts), headers, body],
  );
}
