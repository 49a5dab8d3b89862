// The form of what a client stores, and how a store of an older form becomes one of this: when it is opened, in one
// commit a version, so that at any instant all of it is of one form.
//
// A migration takes CBOR as it stands in the store, and not by the structs of records.ts, which move on.

import { decode, encode } from 'cborg';
import { tables } from './records.ts';
import { decodeRecord, State } from './state.ts';
import { numberKey, type Store, type Write } from './store/store.ts';
import { type Bytes, bytesKey } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

/** Each makes one version out of the one before, beginning with version 1. */
const migrations: readonly ((store: Store, now: number) => Promise<Write[]>)[] = [separateRuns];
const newest = migrations.length + 1;

const schemaKey = `${tables.schema.name}/`;
const identityKey = `${tables.identity.name}/`;

/**
 * The state that lies in a store, in the form of this version; an empty store takes it on.
 * @param now  seconds since 1970
 * @throws CliquetError `store-too-new`, `store-damaged`; nothing is written then
 */
export async function loadState(store: Store, now: number): Promise<State> {
  const record = await store.get(schemaKey);
  const isEmpty = record === null && (await store.get(identityKey)) === null;
  const version = record === null ? (isEmpty ? newest : 1) : decodeRecord(tables.schema, record).version;
  if (version > newest) throw new CliquetError('store-too-new');
  if (version < 1) throw new CliquetError('store-damaged');
  const reached = (to: number): Write => ({ key: schemaKey, value: tables.schema.struct.encode({ version: to }) });
  if (isEmpty) await store.commit([reached(newest)]);
  for (const [i, migration] of migrations.entries()) {
    if (version > i + 1) continue;
    const writes = await migration(store, now).catch((error: unknown) => {
      // What no client of that version has written.
      throw error instanceof CliquetError ? error : new CliquetError('store-damaged', undefined, { cause: error });
    });
    await store.commit([...writes, reached(i + 2)]);
  }
  return State.load(store, Object.values(tables));
}

const toWrite = (key: string, fields: unknown): Write => ({ key, value: new Uint8Array(encode(fields)) });

/**
 * Version 2: contributions and transcripts stand apart from their member, and envelopes from what is outgoing, so that
 * what grows is not written again and again, and what is large not kept in memory.
 *
 *   1  member    [hrid, pk, opened, chainKey, contributions, transcripts, vector, recent, cloned]
 *      outgoing  [n, to, body, ttlSeconds, group, generation, message, state]
 */
async function separateRuns(store: Store, now: number): Promise<Write[]> {
  const writes: Write[] = [];
  for (const { key, value } of await store.list('member/')) {
    const [hrid, pk, opened, chainKey, contributions, transcripts, ...rest] = decode(value) as OldMember;
    const run = (table: string, number: number) => `${table}/${key.slice('member/'.length)}.${numberKey(number)}`;
    writes.push(toWrite(key, [hrid, pk, opened, chainKey, ...rest]));
    for (const each of contributions) writes.push(toWrite(run('contribution', each[0]), each));
    const first = opened + 1 - transcripts.length;
    transcripts.forEach((hash, i) => {
      writes.push(toWrite(run('transcript', first + i), [hash]));
    });
  }
  for (const { key, value } of await store.list('outgoing/')) {
    const [n, to, body, ttl, group, generation, message, state] = decode(value) as OldOutgoing;
    const name = message === null ? 'agreement' : numberKey(message[1]);
    writes.push(toWrite(key, [n, group, generation, message, state, now]));
    writes.push(toWrite(`envelope/${bytesKey(generation)}/${name}`, [to, body, ttl]));
  }
  return writes;
}
type OldMember = [unknown, unknown, number, unknown, [number, ...unknown[]][], unknown[], ...unknown[]];
type OldOutgoing = [number, unknown, unknown, unknown, unknown, Bytes, [unknown, number, ...unknown[]] | null, unknown];
