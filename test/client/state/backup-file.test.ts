import { hkdfSync } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { encode } from 'cborg';
import { describe, expect, test } from 'vitest';
import { recoveryPhrase } from '../../../client/crypto/recovery-phrase.ts';
import { type BackupKey, maxBackupBytes, openBackupFile, sealBackupFile } from '../../../client/state/backup-file.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '../../../client/wire/bytes.ts';
import { CliquetError } from '../../../client/wire/errors.ts';
import { putTogether, readHeading, takeApart, withHeading } from '../../support/backup-parts.ts';
import { refusal } from '../../support/chat.ts';
import { seededRandom } from '../../support/random.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

const random = seededRandom('backup file');
const seed = random.bytes(32);
const phrase = await recoveryPhrase(seed);
const content = encodeUtf8('what the backup holds');
const passphrase = 'Gänsefüßchen und ﬁnger';
const parameters = { memoryKib: 8192, passes: 1 };

const byWords = await sealBackupFile(random.bytes, seed, null, content);
const byBoth = await sealBackupFile(
  random.bytes,
  seed,
  { text: passphrase, parameters, onProgress: undefined },
  content,
);

const refused = (file: Bytes, key: BackupKey = { phrase }) => refusal(() => openBackupFile(file, key));

/** All that is said of a refusal. */
async function told(file: Bytes, key: BackupKey = { phrase }): Promise<string> {
  const error = await openBackupFile(file, key).catch((reason: unknown) => reason);
  return error instanceof CliquetError ? error.message : 'accepted';
}

function flipped(file: Bytes, position: number): Bytes {
  const copy = file.slice();
  copy[position] = (copy[position] ?? 0) ^ (1 << (position % 8));
  return copy;
}

describe('openBackupFile()', () => {
  test('opens with the words, and with the passphrase if there is one', async () => {
    expect(await openBackupFile(byWords, { phrase })).toEqual(content);
    expect(await openBackupFile(byBoth, { phrase: phrase.toUpperCase() })).toEqual(content);
    expect(await openBackupFile(byBoth, { passphrase })).toEqual(content);
  });

  test('tells how far the passphrase has been turned into a key', async () => {
    const heard: number[] = [];
    await openBackupFile(byBoth, { passphrase, onProgress: (fraction) => heard.push(fraction) });
    expect(heard.at(-1)).toBe(1);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
  });

  test('wrong words and passphrases are told from damage', async () => {
    expect(await refused(byBoth, { passphrase: 'another' })).toBe('wrong-passphrase');
    expect(await refused(byWords, { passphrase })).toBe('wrong-passphrase');
    expect(await told(byWords, { passphrase })).toContain('its 24 words open it');
    expect(await refused(byWords, { phrase: await recoveryPhrase(random.bytes(32)) })).toBe('wrong-passphrase');
    expect(await told(byWords, { phrase: await recoveryPhrase(random.bytes(32)) })).toContain(
      'belong to another backup',
    );
    expect(await refused(byWords, { phrase: phrase.replace(/^\S+/, 'nonsense') })).toBe('phrase-invalid');
  });

  test('refuses every truncation, and an extension', async () => {
    for (let length = 0; length < byBoth.length; length++) {
      expect(await refused(byBoth.slice(0, length))).toBe('backup-invalid');
    }
    expect(await refused(concatBytes(byBoth, new Uint8Array(1)))).toBe('backup-invalid');
  });

  test('refuses every flipped byte as damage, before it asks for a passphrase', async () => {
    for (let position = 0; position < byBoth.length; position++) {
      expect(await refused(flipped(byBoth, position), { passphrase: 'another' })).toBe('backup-invalid');
    }
  });

  test('refuses what somebody has changed on purpose, with a checksum that fits', async () => {
    // All of the heading, and the content at both ends; in between, samples: it is one ciphertext with one tag.
    const isTried = (position: number) => position < 512 || position >= byBoth.length - 64 || position % 53 === 0;
    for (let position = 50; position < byBoth.length; position++) {
      if (!isTried(position)) continue;
      const changed = putTogether(takeApart(flipped(byBoth, position)));
      expect(await refused(changed)).toMatch(/^(backup-invalid|wrong-passphrase)$/);
    }
    const { start, ...rest } = takeApart(byBoth);
    expect(await refused(putTogether({ start: flipped(start, 0), ...rest }))).toBe('backup-invalid');
  });

  test('reads what stands at an offset of a larger buffer, and a Buffer as a file gives it', async () => {
    for (const key of [{ phrase }, { passphrase }]) {
      expect(await openBackupFile(Buffer.from(byBoth), key)).toEqual(content);
    }
    const around = concatBytes(new Uint8Array(7), byBoth, new Uint8Array(3));
    expect(await openBackupFile(around.subarray(7, 7 + byBoth.length), { phrase })).toEqual(content);
  });

  test('says that another version is newer, and that an older one is none', async () => {
    const { start, ...rest } = takeApart(byWords);
    const as = (version: number) =>
      putTogether({ start: concatBytes(start.slice(0, 15), new Uint8Array([version])), ...rest });
    expect(as(1)).toEqual(byWords);
    expect(await refused(as(2))).toBe('backup-invalid');
    expect(await told(as(2))).toContain('written by a newer version');
    // A newer version need not look like this one at all.
    expect(await told(concatBytes(start.slice(0, 15), new Uint8Array(100).fill(9)))).toContain('newer version');
    expect(await refused(as(0))).toBe('backup-invalid');
    expect(await told(as(0))).not.toContain('newer');
  });

  test('does not look at a file of more than 32 MiB', async () => {
    const huge = putTogether({ ...takeApart(byWords), sealed: new Uint8Array(maxBackupBytes) });
    expect(await refused(huge, { phrase: 'it would be told that these are no words' })).toBe('backup-invalid');
  });

  test('refuses parameters that would take all memory, before it takes any', async () => {
    for (const [memoryKib, passes] of [
      [2 ** 32 - 1, 1],
      [Number.MAX_SAFE_INTEGER, 1],
      [8192, 2 ** 31],
      [0, 1],
      [8192, 0],
    ] as const) {
      const hostile = withHeading(byBoth, ([salt, words, pass]) => [
        salt,
        words,
        [memoryKib, passes, pass?.[2] ?? salt],
      ]);
      expect(await refused(hostile, { passphrase })).toBe('backup-invalid');
    }
  });
});

describe('the locks of a backup', () => {
  test('a lock that is taken off closes it', async () => {
    const stripped = withHeading(byBoth, ([salt, words]) => [salt, words, null]);
    expect(await refused(stripped)).toBe('backup-invalid');
    expect(await refused(stripped, { passphrase })).toBe('wrong-passphrase');
  });

  test('a lock of another backup closes it, also of one by the same words and passphrase', async () => {
    const other = await sealBackupFile(
      random.bytes,
      seed,
      { text: passphrase, parameters, onProgress: undefined },
      content,
    );
    const [salt, words, pass] = readHeading(takeApart(other).heading);
    const swaps = {
      passphraseLock: withHeading(byBoth, (own) => [own[0], own[1], pass]),
      phraseLock: withHeading(byBoth, (own) => [own[0], words, own[2]]),
      salt: withHeading(byBoth, (own) => [salt, own[1], own[2]]),
      all: withHeading(byBoth, () => [salt, words, pass]),
      content: putTogether({ ...takeApart(byBoth), sealed: takeApart(other).sealed }),
    };
    for (const [part, file] of Object.entries(swaps)) {
      for (const key of [{ phrase }, { passphrase }]) {
        expect(await refused(file, key), part).toMatch(/^(backup-invalid|wrong-passphrase)$/);
      }
    }
    expect(await refused(swaps.passphraseLock)).toBe('backup-invalid');
    expect(await refused(swaps.all)).toBe('backup-invalid');
  });

  test('a lock cannot be added', async () => {
    const lock = readHeading(takeApart(byBoth).heading)[2];
    expect(await refused(withHeading(byWords, ([salt, words]) => [salt, words, lock]))).toBe('backup-invalid');
  });
});

describe('sealBackupFile()', () => {
  test('writes the format as it is described, by other implementations', () => {
    const { start, heading, sealed } = takeApart(byBoth);
    const kdf = (secret: Uint8Array, label: string, context: readonly unknown[]) =>
      new Uint8Array(
        hkdfSync('sha256', secret, '', concatBytes(encodeUtf8(`cliquet/1 ${label}`), encode(context)), 32),
      );
    const unseal = (key: Uint8Array, box: Uint8Array) => xchacha20poly1305(key, new Uint8Array(24)).decrypt(box);
    expect(start).toEqual(encodeUtf8('cliquet backup\n\u0001'));

    const [salt, phraseLock, passphraseLock] = readHeading(heading);
    const fileKey = unseal(kdf(seed, 'backup phrase', [salt]), phraseLock);
    const [memoryKib, passes, lock] = passphraseLock ?? [0, 0, salt];
    expect({ memoryKib, passes }).toEqual(parameters);
    const secret = argon2id(encodeUtf8(passphrase.normalize('NFKC')), salt, {
      t: passes,
      m: memoryKib,
      p: 1,
      dkLen: 32,
    });
    expect(unseal(kdf(secret, 'backup passphrase', [salt, memoryKib, passes]), lock)).toEqual(fileKey);

    const padded = unseal(kdf(fileKey, 'backup content', [1, heading]), sealed);
    expect(padded.slice(0, content.length)).toEqual(content);
    expect(padded.slice(content.length)).toEqual(new Uint8Array(16384 - content.length).fill(0x80, 0, 1));
  });

  test('refuses a passphrase that everybody knows', async () => {
    const empty = { text: '', parameters, onProgress: undefined };
    await expect(sealBackupFile(random.bytes, seed, empty, content)).rejects.toThrow(RangeError);
  });

  test('refuses to write what could not be read', async () => {
    const huge = new Uint8Array(maxBackupBytes);
    await expect(sealBackupFile(random.bytes, seed, null, huge)).rejects.toThrow(RangeError);
  });
});

describe('a backup of version 1', () => {
  const golden = readVectors<{ file: string; words: string; passphrase: string; content: string }>('backup');

  test('opens for ever', async () => {
    const { words, content: expected } = golden;
    expect(toHex(await openBackupFile(fromHex(golden.file), { phrase: words }))).toBe(expected);
    expect(toHex(await openBackupFile(fromHex(golden.file), { passphrase: golden.passphrase }))).toBe(expected);
  });
});
