// Never run: what a strict project sees of every entry. It has no types of Node.

import { Client, type ClientEvent, type ClientOptions, encryptedStore, safetyNumber } from 'cliquet';
import { indexedDbStore } from 'cliquet/indexeddb';
import { sqliteStore } from 'cliquet/sqlite';

export async function open(options: Omit<ClientOptions, 'store'>, name: string, isBrowser: boolean): Promise<Client> {
  const inner = isBrowser ? await indexedDbStore(name) : sqliteStore(name);
  return Client.open({ ...options, store: await encryptedStore(inner, 'a good passphrase') });
}

export function describe(event: ClientEvent): string {
  return event.type === 'message' && event.content.type === 'text' ? event.content.text : event.type;
}

export const number: string = safetyNumber([{ hrid: new Uint8Array(32), pk: new Uint8Array(32) }]);
