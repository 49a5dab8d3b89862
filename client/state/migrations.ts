// How a store of an older form becomes one of the next: schema.ts says when.
//
// A migration takes CBOR as it stands in the store, and not by the structs of records.ts, which move on.

import { decode } from 'cborg';
import { numberKey, type Store, type Write } from '../store/store.ts';
import { type Bytes, bytesKey } from '../wire/bytes.ts';
import { encodeItem } from '../wire/cbor.ts';
import { CliquetError } from '../wire/errors.ts';

/** Each makes one version out of the one before, beginning with version 1. */
export const migrations: readonly ((store: Store, now: number) => Promise<Write[]>)[] = [
  separateRuns,
  followGenerations,
];

function fieldsOf(value: Bytes, count: number): unknown[] {
  const fields: unknown = decode(value);
  if (!Array.isArray(fields) || fields.length !== count) throw new CliquetError('store-damaged');
  return fields;
}

const toWrite = (key: string, fields: unknown): Write => ({ key, value: encodeItem(fields) });

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
    const [hrid, pk, opened, chainKey, contributions, transcripts, ...rest] = fieldsOf(value, 9) as OldMember;
    const run = (table: string, number: number) => `${table}/${key.slice('member/'.length)}.${numberKey(number)}`;
    writes.push(toWrite(key, [hrid, pk, opened, chainKey, ...rest]));
    for (const each of contributions) writes.push(toWrite(run('contribution', each[0]), each));
    const first = opened + 1 - transcripts.length;
    transcripts.forEach((hash, i) => {
      writes.push(toWrite(run('transcript', first + i), [hash]));
    });
  }
  for (const { key, value } of await store.list('outgoing/')) {
    const [n, to, body, ttl, group, generation, message, state] = fieldsOf(value, 8) as OldOutgoing;
    const name = message === null ? 'agreement' : numberKey(message[1]);
    writes.push(toWrite(key, [n, group, generation, message, state, now]));
    writes.push(toWrite(`envelope/${bytesKey(generation)}/${name}`, [to, body, ttl]));
  }
  return writes;
}
type OldMember = [unknown, unknown, number, unknown, [number, ...unknown[]][], unknown[], ...unknown[]];
type OldOutgoing = [number, unknown, unknown, unknown, unknown, Bytes, [unknown, number, ...unknown[]] | null, unknown];

/**
 * Version 3: groups have more than one generation. Of a group that is older, the founding record was not kept: it talks on
 * as it is, and cannot be changed.
 *
 *   2  group         [id, name, status, generation, roster]
 *      ratchet       [group, generation, self, …]
 *      member        [hrid, pk, opened, chainKey, vector, recent, cloned]
 *      conversation  [nextMessage, history, timerSeconds, [count, id]|null]
 *      waiting       [sender, signed, nonce, outer, inner, sealedSecret]
 *      unsent        [group, content of 9 fields]
 *      outgoing      [n, group, generation, message, state, sealedAt]
 *      history       [8 fields, editedAt, 6 fields]
 *
 * And an id counts for its sender: a message-number stood by group and message id.
 */
async function followGenerations(store: Store, now: number): Promise<Write[]> {
  const writes: Write[] = [];
  const rewrite = async (table: string, count: number, change: (fields: unknown[]) => unknown[]) => {
    for (const { key, value } of await store.list(`${table}/`))
      writes.push(toWrite(key, change(fieldsOf(value, count))));
  };
  const author = [0];
  await rewrite('group', 5, (fields) => [...fields, now, false, 0]);
  await rewrite('ratchet', 14, ([group, generation, self, ...rest]) => [
    group,
    generation,
    0,
    now,
    null,
    self,
    0,
    ...rest,
  ]);
  await rewrite('member', 7, ([hrid, pk, opened, ...rest]) => [hrid, pk, opened, opened, ...rest, author, 0, null]);
  await rewrite('waiting', 6, (fields) => [...fields, now]);
  await rewrite('conversation', 4, ([next, history, seconds, setBy]) => [
    next,
    history,
    seconds,
    setBy === null ? null : [0, ...(setBy as unknown[]), new Uint8Array(32)],
  ]);
  await rewrite('unsent', 2, ([group, content]) => [group, [...(content as unknown[]), [], null]]);
  await rewrite('outgoing', 6, ([n, group, generation, message, ...rest]) => {
    const part = message === null ? 'agreement' : numberKey((message as [unknown, number])[1]);
    return [n, group, generation, part, message, ...rest, []];
  });
  await rewrite('history', 15, (fields) => [...fields.slice(0, 9), [], ...fields.slice(9)]);
  for (const { key } of await store.list('message-number/')) writes.push({ key, value: null });
  for (const { key, value } of await store.list('history/')) {
    const [, group = '', number] = key.split('/');
    const [id, sender] = fieldsOf(value, 15) as [Bytes, Bytes];
    writes.push(toWrite(`message-number/${group}/${bytesKey(id)}/${bytesKey(sender)}`, [Number(number)]));
  }
  return writes;
}
