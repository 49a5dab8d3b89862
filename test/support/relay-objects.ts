// What a relay of main at commit 7db1bb8 has kept (test/vectors/relay-objects-2.json): mailboxes, registrars and shards of
// version 2, and the clients that they are of.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes, decodeBase64Url, encodeUtf8 } from '../../client/wire/bytes.ts';
import { Mac } from '../../worker/names.ts';
import type { Sql, SqlValue } from '../../worker/ports.ts';
import { readSettings } from '../../worker/settings.ts';
import { Client } from './request.ts';

type Kept = string | number | null | { readonly blob: string };

interface Table {
  readonly name: string;
  readonly sql: string;
  readonly rows: readonly Readonly<Record<string, Kept>>[];
}

interface Keys {
  readonly uid: string;
  readonly seed: string;
  readonly hashVid: string;
  readonly next: number;
}

export interface KeptObject {
  readonly kind: 'mailbox' | 'registrar' | 'shard';
  readonly name: string;
  readonly tables: readonly Table[];
}

export const kept: {
  /** When it was written, milliseconds since 1970. */
  readonly time: number;
  readonly clients: Readonly<Record<'lone' | 'a' | 'b' | 'c' | 'd', Keys>>;
  /** Has asked for a code, and got it. */
  readonly waiting: Keys & { readonly code: string };
  readonly objects: readonly KeptObject[];
  /** relay.sqlite */
  readonly shared: { readonly tables: readonly Table[] };
} = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/relay-objects-2.json'), 'utf8'));

/** Of development, as what was kept. */
const settings = readSettings({ ENVIRONMENT: 'development' });
export const pepper: Mac = new Mac(settings.secrets.pepper);
export const filterMac: Mac = new Mac(settings.filterKeys[0].key);

/** Makes a client the one whose keys these are. */
export function become(client: Client, { uid, seed: secret, hashVid: vid, next }: Keys): void {
  const [seed, hashVid] = [decodeBase64Url(secret), decodeBase64Url(vid)];
  const pk = ed25519.getPublicKey(seed) as Bytes;
  const hrid = sha256(concatBytes(sha256(encodeUtf8(uid)), sha256(pk), hashVid)) as Bytes;
  Object.assign(client, { uid, seed, hashVid, pk, hrid, next });
}

export function clientOf(keys: Keys): Client {
  const client = new Client({ url: 'https://relay.test' });
  become(client, keys);
  return client;
}

/** @returns the object; undefined if nothing was kept of it */
export async function objectOf(kind: 'mailbox' | 'registrar', of: Bytes): Promise<KeptObject | undefined> {
  const name = await pepper.name(kind, of);
  return kept.objects.find((object) => object.kind === kind && object.name === name);
}

/** Puts the tables of an object into a database. @returns when its alarm is due */
export function restore(sql: Sql, { tables }: Pick<KeptObject, 'tables'>): number | null {
  let due: number | null = null;
  for (const { name, sql: create, rows } of tables) {
    if (name === 'host_alarm') {
      due = (rows[0]?.due ?? null) as number | null;
      continue;
    }
    sql.query(create);
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map(() => '?').join(', ');
      sql.query(`insert into ${name} (${columns.join(', ')}) values (${places})`, ...Object.values(row).map(read));
    }
  }
  return due;
}

/** Every table as it was made, and its rows. */
export function contentOf(sql: Sql): Record<string, unknown> {
  const tables = sql.query<{ name: string; sql: string }>(
    `select name, sql from sqlite_master where type = 'table' order by name`,
  );
  return Object.fromEntries(tables.map((table) => [table.sql, sql.query(`select * from ${table.name}`)]));
}

function read(value: Kept): SqlValue {
  return typeof value === 'object' && value !== null ? decodeBase64Url(value.blob) : value;
}
