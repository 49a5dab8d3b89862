// What is in an empty store at first: a new identity, or one that is brought back from a backup or from its words alone.

import type { RandomSource } from './crypto/random.ts';
import { seedFromPhrase } from './crypto/recovery-phrase.ts';
import { createIdentity } from './protocol/identity.ts';
import { type BackupContent, openBackup, restoreBackup } from './state/backup.ts';
import type { IdentityRecord } from './state/records.ts';
import { beginStore } from './state/schema.ts';
import type { State } from './state/state.ts';
import { httpRelay } from './transport/http.ts';
import type { Bytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

/**
 * What brings an identity back: the words, or a backup with the words or with its passphrase.
 * @category Clients
 */
export interface RestoreOptions {
  /** What {@link Client.backup} gave. */
  readonly backup?: Bytes;
  /** The 24 words of {@link Client.recoveryPhrase}; case, and white space around them, do not matter. */
  readonly phrase?: string;
  /** The passphrase that the backup was made with. */
  readonly passphrase?: string;
  /** Hears how far the passphrase has been turned into a key: 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * @param options  relay: only needed without a backup; with one, it has to be the same
 * @throws CliquetError `backup-invalid`, `wrong-passphrase`, `phrase-invalid`, `store-not-empty`, `other-relay`;
 *   TypeError if what is given opens nothing
 */
export async function restore(state: State, options: RestoreOptions & { readonly relay?: string }): Promise<void> {
  const content = await contentOf(options);
  // Before anything is written: a store that is not empty any more takes no other backup.
  if (httpRelay(options.relay ?? content.relay).url !== content.relay) {
    throw new CliquetError('other-relay');
  }
  await state.transact((tx) => restoreBackup(tx, content));
}

async function contentOf({
  backup,
  phrase,
  passphrase,
  relay,
  onProgress,
}: RestoreOptions & { readonly relay?: string }): Promise<BackupContent> {
  if (backup !== undefined) {
    if (phrase !== undefined) return openBackup(backup, { phrase });
    if (passphrase !== undefined) return openBackup(backup, { passphrase, ...(onProgress ? { onProgress } : {}) });
    throw new TypeError('"phrase" or "passphrase" expected to open the backup');
  }
  if (phrase === undefined || relay === undefined) throw new TypeError('"backup", or "phrase" and "relay", expected');
  const seed = await seedFromPhrase(phrase);
  return { relay: httpRelay(relay).url, seed, hrid: null, createdAt: 0, contacts: [], verified: [], groups: [] };
}

/** A new client. @throws TypeError if no relay is said */
export async function createClient(
  state: State,
  random: RandomSource,
  relay: string | undefined,
): Promise<IdentityRecord> {
  if (relay === undefined) throw new TypeError('"relay" expected for a new store');
  const { seed } = createIdentity(random);
  const record: IdentityRecord = { relay, seed, hrid: null };
  await state.transact((tx) => beginStore(tx, record));
  return record;
}
