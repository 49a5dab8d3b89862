// What brings an identity back, and what is made for that: words and backups. One part, loaded when somebody asks for it.

import { seedFromPhrase } from './crypto/recovery-phrase.ts';
import { type BackupContent, openBackup, restoreBackup } from './state/backup.ts';
import type { State } from './state/state.ts';
import { httpRelay } from './transport/http.ts';
import type { Bytes } from './wire/bytes.ts';
import { CliquetError } from './wire/errors.ts';

export { recoveryPhrase } from './crypto/recovery-phrase.ts';
export { writeBackup } from './state/backup.ts';

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
