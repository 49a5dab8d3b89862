// The form of what a client stores, and how a store of an older form becomes one of this: when it is opened, in one
// commit a version, so that at any instant all of it is of one form.
// What makes it so is loaded when a store is older: few are.

import type { Store, Write } from '../store/store.ts';
import { CliquetError } from '../wire/errors.ts';
import { loaded } from '../wire/loaded.ts';
import { type IdentityRecord, tables } from './records.ts';
import { decodeRecord, State, type Transaction } from './state.ts';

/** What the last migration makes. */
const newest = 3;

const schemaKey = `${tables.schema.name}/`;
const identityKey = `${tables.identity.name}/`;

/** Makes an empty store that of a new client: it has sent, heard and taken in nothing. */
export function beginStore(tx: Transaction, identity: IdentityRecord): void {
  tx.put(tables.schema, '', { version: newest });
  tx.put(tables.identity, '', identity);
  tx.put(tables.numbers, '', { nextSend: 1, nextEvent: 0, cursor: null });
}

/**
 * The state that lies in a store, in the form of this version.
 * @param now    seconds since 1970
 * @param clock  the same from then on; the system's if not given
 * @throws CliquetError `store-too-new`, `store-damaged`, `not-loaded`; nothing is written then
 */
export async function loadState(store: Store, now: number, clock?: () => number): Promise<State> {
  const version = await versionOf(store);
  if (version > newest) throw new CliquetError('store-too-new');
  if (version < newest) await migrate(store, version, now);
  return State.load(store, Object.values(tables), clock);
}

async function migrate(store: Store, version: number, now: number): Promise<void> {
  const { migrations } = await loaded(import('./migrations.ts'));
  const reached = (to: number): Write => ({ key: schemaKey, value: tables.schema.struct.encode({ version: to }) });
  for (const [i, migration] of migrations.entries()) {
    if (version > i + 1) continue;
    const writes = await migration(store, now).catch((error: unknown) => {
      // What no client of that version has written.
      throw error instanceof CliquetError ? error : new CliquetError('store-damaged', undefined, { cause: error });
    });
    await store.commit([...writes, reached(i + 2)]);
  }
}

async function versionOf(store: Store): Promise<number> {
  const record = await store.get(schemaKey);
  if (record !== null) {
    const { version } = decodeRecord(tables.schema, record);
    if (version < 1) throw new CliquetError('store-damaged');
    return version;
  }
  // Version 1 did not say so.
  if ((await store.get(identityKey)) !== null) return 1;
  // What lies here is not a client's, as in an encrypted store that is opened without its passphrase.
  if ((await store.list('')).length > 0) throw new CliquetError('store-damaged', 'no client has written it');
  return newest;
}
