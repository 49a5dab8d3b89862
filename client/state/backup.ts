// What a backup holds: the identity, contacts, and who is in which group, so that a new device is the same person to the
// same people. Nothing of a ratchet, no key package, no message: what was said before stays closed to whoever gets the
// backup, and restoring one never sends under a key that was used before.

import { defaultPassphraseParameters, type PassphraseParameters } from '../crypto/passphrase.ts';
import type { RandomSource } from '../crypto/random.ts';
import { type Bytes, bytesKey, decodeBase64Url } from '../wire/bytes.ts';
import { bytes, list, nullable, struct, text, uint, type ValueOf } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { hashBytes, maxMembers, maxNameLength, maxTimerSeconds } from '../wire/limits.ts';
import { RosterEntry } from '../wire/record.ts';
import { type BackupKey, openBackupFile, sealBackupFile } from './backup-file.ts';
import { HistoryRule, tables } from './records.ts';
import { beginStore } from './schema.ts';
import type { Reader, Transaction } from './state.ts';

const maxContacts = 100_000;
const maxGroups = 10_000;
const hash = bytes(hashBytes);

const BackupContent = struct('backup content', {
  /** Seconds since 1970. */
  createdAt: uint(),
  relay: text(256),
  /** Secret: the identity. */
  seed: hash,
  /** Null if the client was not registered. */
  hrid: nullable(hash),
  contacts: list(struct('backup contact', { hrid: hash, pk: hash, name: text(maxNameLength) }), maxContacts),
  /** Whom the person has verified, contacts or not. */
  verified: list(struct('backup verified key', { hrid: hash, pk: hash }), maxContacts),
  /** Those that the client was in; an invitation that is not answered, or was declined, is not a group yet. */
  groups: list(
    struct('backup group', {
      id: hash,
      name: text(maxNameLength),
      generation: hash,
      roster: list(RosterEntry, maxMembers, 1),
      history: HistoryRule,
      timerSeconds: nullable(uint(maxTimerSeconds)),
    }),
    maxGroups,
  ),
});
export type BackupContent = ValueOf<typeof BackupContent>;

/**
 * Makes a backup of what a client has in its store.
 * @param options  now: seconds since 1970; passphrase: opens the backup beside the 24 words, which always do
 */
export function writeBackup(
  reader: Reader,
  random: RandomSource,
  options: {
    readonly now: number;
    readonly passphrase?: string;
    readonly parameters?: PassphraseParameters;
    readonly onProgress?: (fraction: number) => void;
  },
): Promise<Bytes> {
  const { now, passphrase, parameters = defaultPassphraseParameters, onProgress } = options;
  const content = collect(reader, now);
  const protection = passphrase === undefined ? null : { text: passphrase, parameters, onProgress };
  return sealBackupFile(random, content.seed, protection, BackupContent.encode(content));
}

/**
 * Opens a backup; nothing is changed by that.
 * @throws CliquetError `backup-invalid`, `wrong-passphrase`, `phrase-invalid`
 */
export async function openBackup(file: Bytes, key: BackupKey): Promise<BackupContent> {
  const content = await openBackupFile(file, key);
  try {
    return BackupContent.decode(content);
  } catch {
    throw new CliquetError('backup-invalid');
  }
}

/**
 * Puts what a backup holds into an empty store.
 * @throws CliquetError `store-not-empty`
 */
export function restoreBackup(tx: Transaction, content: BackupContent): void {
  const { relay, seed, hrid } = content;
  if (tx.get(tables.identity, '') !== undefined) throw new CliquetError('store-not-empty');
  beginStore(tx, { relay, seed, hrid });
  for (const contact of content.contacts) tx.put(tables.contacts, bytesKey(contact.hrid), { ...contact, relay });
  for (const { hrid, pk } of content.verified) tx.put(tables.verified, bytesKey(hrid), { pk });
  for (const { history, timerSeconds, ...group } of content.groups) {
    const lost = { status: 'lost', since: content.createdAt, pending: false, invitedFrom: 0 } as const;
    tx.put(tables.groups, bytesKey(group.id), { ...group, ...lost });
    const conversation = { nextMessage: 0, history, timerSeconds, timerSetBy: null };
    tx.put(tables.conversations, bytesKey(group.id), conversation);
  }
}

function collect(reader: Reader, createdAt: number): BackupContent {
  const identity = reader.get(tables.identity, '');
  if (identity === undefined) throw new TypeError('expected a store with an identity');
  const { relay, seed, hrid } = identity;
  return {
    createdAt,
    relay,
    seed,
    hrid,
    contacts: reader.all(tables.contacts).map(({ value: { hrid, pk, name } }) => ({ hrid, pk, name })),
    verified: reader.all(tables.verified).map(({ key, value: { pk } }) => ({ hrid: decodeBase64Url(key), pk })),
    groups: reader
      .all(tables.groups)
      .filter(({ value }) => value.status === 'active' || value.status === 'lost')
      .map(({ key, value: { id, name, generation, roster } }) => {
        const conversation = reader.get(tables.conversations, key);
        const { history = { type: 'none' }, timerSeconds = null } = conversation ?? {};
        return { id, name, generation, roster, history, timerSeconds };
      }),
  };
}
