// A backup as a file: content sealed under a key of its own, and locks that hold this key: one that the 24 words open,
// and one for a passphrase, if there is one.
//
//   File            "cliquet backup\n" ‖ version ‖ checksum 32 ‖ length of the heading (2 bytes) ‖ Heading ‖ sealed
//   Heading         [salt 16, phraseLock 48, PassphraseLock|null]
//   PassphraseLock  [memoryKib, passes, sealed 48]
//
//   phraseLock            = AEAD(KDF(seed, "backup phrase", [salt]), file key)
//   PassphraseLock.sealed = AEAD(KDF(Argon2id(passphrase, salt), "backup passphrase", [salt, memoryKib, passes]), file key)
//   sealed                = AEAD(KDF(file key, "backup content", [version, Heading]), padded content)
//
// Nobody without the words or the passphrase can make a file that opens, nor change one: the content's key is bound to
// the version and to both locks, so a lock that is taken off or exchanged closes the file. The salt is fresh, so each of
// these keys seals one thing once. The checksum only tells damage from a wrong passphrase.

import { open, seal, zeroNonce } from '../crypto/aead.ts';
import { hashLabeled, sha256 } from '../crypto/hash.ts';
import { deriveKey } from '../crypto/kdf.ts';
import { derivePassphraseKey, type PassphraseParameters, passphraseSaltBytes } from '../crypto/passphrase.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import { seedFromPhrase } from '../crypto/recovery-phrase.ts';
import { pad, unpad } from '../protocol/padding.ts';
import { type Bytes, concatBytes, encodeUtf8, sameBytes } from '../wire/bytes.ts';
import { bytes, nullable, struct, uint } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { hashBytes, tagBytes } from '../wire/limits.ts';

/** Room for a thousand groups of 256; what is longer is not looked at. */
export const maxBackupBytes = 32 * 1024 * 1024;

/** Padded to this size, the backups of most people look alike; of a longer one shows within 6 % how long it is. */
const minContentBytes = 16 * 1024;

const version = 1;
const magic = encodeUtf8('cliquet backup\n');
const checksumStart = magic.length + 1;
const headingStart = checksumStart + hashBytes + 2;

const lock = bytes(hashBytes + tagBytes);
const PassphraseLock = struct('passphrase lock', { memoryKib: uint(), passes: uint(), sealed: lock });
const Heading = struct('backup heading', {
  salt: bytes(passphraseSaltBytes),
  phraseLock: lock,
  passphraseLock: nullable(PassphraseLock),
});

type OnProgress = (fraction: number) => void;

/** What opens a backup: the 24 words of its identity, or the passphrase that it was made with. */
export type BackupKey = { readonly phrase: string } | { readonly passphrase: string; readonly onProgress?: OnProgress };

export interface PassphraseOptions {
  readonly text: string;
  readonly parameters: PassphraseParameters;
  readonly onProgress: OnProgress | undefined;
}

/**
 * @param seed  whose words open the file
 * @throws RangeError for a passphrase that is empty, and for more than 32 MiB
 */
export async function sealBackupFile(
  random: RandomSource,
  seed: Bytes,
  passphrase: PassphraseOptions | null,
  content: Bytes,
): Promise<Bytes> {
  if (passphrase?.text === '') throw new RangeError('"passphrase" expected at least 1 character, got 0');
  const fresh = hedgedSecret(random, [seed], 'hedge backup', [sha256(content)], hashBytes + passphraseSaltBytes);
  const [fileKey, salt] = [fresh.slice(0, hashBytes), fresh.slice(hashBytes)];
  const heading = Heading.encode({
    salt,
    phraseLock: seal(phraseKey(seed, salt), zeroNonce, fileKey),
    passphraseLock: passphrase && {
      memoryKib: passphrase.parameters.memoryKib,
      passes: passphrase.parameters.passes,
      sealed: seal(await passphraseKey(passphrase, salt), zeroNonce, fileKey),
    },
  });
  const sealed = seal(contentKey(fileKey, heading), zeroNonce, pad(content, minContentBytes));
  const start = concatBytes(magic, new Uint8Array([version]));
  const body = concatBytes(new Uint8Array([heading.length >> 8, heading.length & 255]), heading, sealed);
  const file = concatBytes(start, checksum(start, body), body);
  if (file.length > maxBackupBytes) {
    throw new RangeError(`the backup expected at most ${maxBackupBytes} bytes, got ${file.length}`);
  }
  return file;
}

/**
 * @returns the content
 * @throws CliquetError `backup-invalid`, `wrong-passphrase`, `phrase-invalid`
 */
export async function openBackupFile(file: Bytes, key: BackupKey): Promise<Bytes> {
  const { heading, sealed } = split(file);
  const fileKey = await unlock(heading, key).catch((error: unknown) => {
    const isMalformed = error instanceof CliquetError && error.code === 'malformed';
    throw isMalformed ? new CliquetError('backup-invalid') : error;
  });
  const padded = open(contentKey(fileKey, heading), zeroNonce, sealed);
  const content = padded && unpad(padded, minContentBytes);
  if (content === null) throw new CliquetError('backup-invalid');
  return content;
}

function split(file: Bytes): { heading: Bytes; sealed: Bytes } {
  const isBackup = file.length <= maxBackupBytes && sameBytes(file.subarray(0, magic.length), magic);
  if (!isBackup || file.length < headingStart) throw new CliquetError('backup-invalid');
  // Before the checksum: another version may have none.
  const written = file[magic.length] ?? 0;
  if (written > version) throw new CliquetError('backup-invalid', 'written by a newer version');
  const start = file.slice(0, checksumStart);
  const body = file.slice(checksumStart + hashBytes);
  const stated = file.subarray(checksumStart, checksumStart + hashBytes);
  if (written < version || !sameBytes(checksum(start, body), stated)) throw new CliquetError('backup-invalid');
  const end = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
  return { heading: body.slice(2, end), sealed: body.slice(end) };
}

/** @throws CliquetError `malformed` too, for a heading that is none and for parameters that nobody uses */
async function unlock(heading: Bytes, key: BackupKey): Promise<Bytes> {
  const { salt, phraseLock, passphraseLock } = Heading.decode(heading);
  if ('phrase' in key) {
    const fileKey = open(phraseKey(await seedFromPhrase(key.phrase), salt), zeroNonce, phraseLock);
    if (fileKey === null) throw new CliquetError('wrong-passphrase', 'these words belong to another backup');
    return fileKey;
  }
  if (passphraseLock === null) {
    throw new CliquetError('wrong-passphrase', 'this backup was made without one; its 24 words open it');
  }
  const { sealed, ...parameters } = passphraseLock;
  const { passphrase: text, onProgress } = key;
  const fileKey = open(await passphraseKey({ text, parameters, onProgress }, salt), zeroNonce, sealed);
  if (fileKey === null) throw new CliquetError('wrong-passphrase');
  return fileKey;
}

const checksum = (start: Bytes, body: Bytes) => hashLabeled('backup checksum', start, body);

const phraseKey = (seed: Bytes, salt: Bytes) => deriveKey(seed, 'backup phrase', [salt]);

const contentKey = (fileKey: Bytes, heading: Bytes) => deriveKey(fileKey, 'backup content', [version, heading]);

async function passphraseKey({ text, parameters, onProgress }: PassphraseOptions, salt: Bytes): Promise<Bytes> {
  const { memoryKib, passes } = parameters;
  const secret = await derivePassphraseKey(text, salt, parameters, onProgress);
  return deriveKey(secret, 'backup passphrase', [salt, memoryKib, passes]);
}
