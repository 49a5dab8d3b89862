// Encryption over any store, under a passphrase or a key. Whoever has the store without it learns how many entries there
// are, how long they are, and which were written when; neither keys nor values.
//
//   header   under "store": version ‖ [Argon2id cost | null, salt 16, master key sealed, checksum]
//   keys     each part between slashes is replaced by a PRF of it and of what stands before it; running numbers stay,
//            so that ranges work
//   values   nonce 24 ‖ AEAD(value key, length of the key ‖ key ‖ value), bound to the key under which they stand
//
// A single old value that is put back cannot be noticed here, nor can a whole old store: the protocol notices that.

import { open, seal, zeroNonce } from '../crypto/aead.ts';
import { hashLabeled } from '../crypto/hash.ts';
import { deriveKey } from '../crypto/kdf.ts';
import { defaultPassphraseParameters, derivePassphraseKey, type PassphraseParameters } from '../crypto/passphrase.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { type Bytes, concatBytes, decodeUtf8, encodeBase64Url, encodeUtf8, sameBytes } from '../wire/bytes.ts';
import { bytes, nullable, struct, uint } from '../wire/codec.ts';
import { CliquetError } from '../wire/errors.ts';
import { nonceBytes, tagBytes } from '../wire/limits.ts';
import type { Entry, Range, Store, Write } from './store.ts';

const version = 1;
const headerKey = 'store';
const keyBytes = 32;
const maskBytes = 16;
const maxMasks = 4096;

const Header = struct('store header', {
  /** Null: the secret is a key itself. */
  cost: nullable(struct('passphrase cost', { memoryKib: uint(), passes: uint() })),
  salt: bytes(16),
  sealedMaster: bytes(keyBytes + tagBytes),
  /** Tells damage from a wrong passphrase. */
  checksum: bytes(32),
});

/**
 * How a store is encrypted.
 * @category Stores
 */
export interface EncryptionOptions {
  /** Fresh random bytes; the platform's generator if not said. */
  readonly random?: RandomSource;
  /** The cost of a new passphrase; 32 MiB and 3 passes of Argon2id if not said. */
  readonly parameters?: PassphraseParameters;
  /** Hears how far the passphrase has been turned into a key: 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Opens what is stored encrypted in another store; an empty one becomes encrypted under this secret. Whoever has the inner
 * store without the secret learns how many entries there are, how long they are, and which were written when; neither keys
 * nor values (XChaCha20-Poly1305; [STORAGE.md](../../docs/STORAGE.md), "Encrypted").
 * @category Stores
 * @param inner   belongs to the encrypted store from now on; it is closed if it does not open
 * @param secret  a passphrase (Unicode NFKC is taken of it), or a key of 32 bytes
 * @throws CliquetError `wrong-passphrase`, `store-damaged`, `store-too-new`, and nothing is written then;
 *   `store-unwritable`; RangeError for a key of another length
 * @example
 * ```ts
 * import { Client, encryptedStore } from 'cliquet';
 * import { sqliteStore } from 'cliquet/sqlite';
 *
 * const store = await encryptedStore(sqliteStore('me.db'), 'a good passphrase', {
 *   onProgress: (fraction) => console.log(`${Math.round(100 * fraction)} %`),
 * });
 * const client = await Client.open({ relay: 'http://localhost:8787', store });
 * await client.close(); // closes the stores too
 * ```
 */
export async function encryptedStore(
  inner: Store,
  secret: string | Bytes,
  options: EncryptionOptions = {},
): Promise<Store> {
  const random = options.random ?? systemRandom;
  try {
    const header = await inner.get(headerKey);
    if (header !== null) return new EncryptedStore(inner, await openHeader(header, secret, options), random);
    if ((await inner.list('')).length > 0) throw new CliquetError('store-damaged', 'its header is missing');
    const master = random(keyBytes);
    await inner.commit([{ key: headerKey, value: await sealHeader(master, secret, random, options) }]);
    return new EncryptedStore(inner, master, random);
  } catch (error) {
    await inner.close();
    throw error;
  }
}

/**
 * Whether nothing is kept there yet: so that a person can be asked for a new passphrase, or for the one that there is.
 * A store that is in order is not read for that, however large it is.
 * @category Stores
 * @param inner  the store under the encrypted one; it stays open
 * @example
 * ```ts
 * import { encryptedStore, isEmptyStore } from 'cliquet';
 * import { sqliteStore } from 'cliquet/sqlite';
 *
 * const inner = sqliteStore('me.db');
 * const question = (await isEmptyStore(inner)) ? 'Choose a passphrase:' : 'Your passphrase:';
 * const store = await encryptedStore(inner, (await prompt(question)) ?? '');
 * await store.close();
 * ```
 */
export async function isEmptyStore(inner: Store): Promise<boolean> {
  return (await inner.get(headerKey)) === null && (await inner.list('')).length === 0;
}

/**
 * Puts another secret in the place of the old one. What is stored stays as it is; so does a copy under the old one.
 * @category Stores
 * @param inner  the store under the encrypted one; it stays open
 * @param from   the old secret: a passphrase, or a key of 32 bytes
 * @param to     the new one, alike
 * @throws CliquetError `wrong-passphrase`, `store-damaged`, `store-too-new`, and nothing is written then;
 *   `store-unwritable`; RangeError for a key of another length
 * @example
 * ```ts
 * import { changePassphrase, encryptedStore } from 'cliquet';
 * import { sqliteStore } from 'cliquet/sqlite';
 *
 * await (await encryptedStore(sqliteStore('me.db'), 'a good passphrase')).close();
 *
 * const inner = sqliteStore('me.db');
 * await changePassphrase(inner, 'a good passphrase', 'a better passphrase');
 * const store = await encryptedStore(inner, 'a better passphrase');
 * await store.close();
 * ```
 */
export async function changePassphrase(
  inner: Store,
  from: string | Bytes,
  to: string | Bytes,
  options: EncryptionOptions = {},
): Promise<void> {
  const header = await inner.get(headerKey);
  if (header === null) throw new CliquetError('store-damaged', 'its header is missing');
  const master = await openHeader(header, from, options);
  const value = await sealHeader(master, to, options.random ?? systemRandom, options);
  await inner.commit([{ key: headerKey, value }]);
}

async function sealHeader(
  master: Bytes,
  secret: string | Bytes,
  random: RandomSource,
  { parameters = defaultPassphraseParameters, onProgress }: EncryptionOptions,
): Promise<Bytes> {
  const salt = random(16);
  const cost = typeof secret === 'string' ? { memoryKib: parameters.memoryKib, passes: parameters.passes } : null;
  const sealedMaster = seal(await lockKey(secret, cost, salt, onProgress), zeroNonce, master);
  const unchecked = { cost, salt, sealedMaster };
  return concatBytes(new Uint8Array([version]), Header.encode({ ...unchecked, checksum: checksumOf(unchecked) }));
}

async function openHeader(header: Bytes, secret: string | Bytes, { onProgress }: EncryptionOptions): Promise<Bytes> {
  if ((header[0] ?? 0) > version) throw new CliquetError('store-too-new');
  const { checksum, ...rest } = decodeHeader(header);
  if (header[0] !== version || !sameBytes(checksumOf(rest), checksum)) throw new CliquetError('store-damaged');
  if ((rest.cost === null) !== (typeof secret !== 'string')) throw new CliquetError('wrong-passphrase');
  const master = open(await lockKey(secret, rest.cost, rest.salt, onProgress), zeroNonce, rest.sealedMaster);
  if (master === null) throw new CliquetError('wrong-passphrase');
  return master;
}

function decodeHeader(header: Bytes) {
  try {
    return Header.decode(header.subarray(1));
  } catch (error) {
    throw new CliquetError('store-damaged', undefined, { cause: error });
  }
}

const checksumOf = (header: Omit<ReturnType<typeof decodeHeader>, 'checksum'>): Bytes =>
  hashLabeled('store checksum', Header.encode({ ...header, checksum: new Uint8Array(32) }));

/** The key that seals the master key; its salt is fresh, so it seals one thing only. */
async function lockKey(
  secret: string | Bytes,
  cost: PassphraseParameters | null,
  salt: Bytes,
  onProgress: ((fraction: number) => void) | undefined,
): Promise<Bytes> {
  if (typeof secret !== 'string' && secret.length !== keyBytes) {
    throw new RangeError(`"secret" expected a passphrase or ${keyBytes} bytes, got length=${secret.length}`);
  }
  try {
    const key = typeof secret === 'string' && cost ? await derivePassphraseKey(secret, salt, cost, onProgress) : secret;
    return deriveKey(key as Bytes, 'store lock', [salt]);
  } catch (error) {
    // A cost that no honest writer asks for: refused before any memory is taken.
    if (error instanceof CliquetError && error.code === 'malformed') throw new CliquetError('store-damaged');
    throw error;
  }
}

class EncryptedStore implements Store {
  readonly #inner: Store;
  readonly #random: RandomSource;
  readonly #nameKey: Bytes;
  readonly #valueKey: Bytes;
  /** The PRF of what stands before the last slash: few, and asked for again and again. */
  readonly #masks = new Map<string, string>();

  constructor(inner: Store, master: Bytes, random: RandomSource) {
    this.#inner = inner;
    this.#random = random;
    this.#nameKey = deriveKey(master, 'store names');
    this.#valueKey = deriveKey(master, 'store values');
  }

  async get(key: string): Promise<Bytes | null> {
    const masked = this.#mask(key);
    const value = await this.#inner.get(masked);
    return value && this.#open({ key: masked, value }).value;
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const entries = await this.#inner.list(this.#maskPrefix(prefix));
    const opened = entries.filter(({ key }) => key !== headerKey).map((entry) => this.#open(entry));
    return opened.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async range(prefix: string, range: Range): Promise<readonly Entry[]> {
    return (await this.#inner.range(this.#maskPrefix(prefix), range)).map((entry) => this.#open(entry));
  }

  async commit(writes: readonly Write[]): Promise<void> {
    await this.#inner.commit(writes.map((write) => this.#seal(write)));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #seal({ key, value }: Write): Write {
    const masked = this.#mask(key);
    if (value === null) return { key: masked, value };
    const name = encodeUtf8(key);
    const plaintext = new Uint8Array(2 + name.length + value.length);
    new DataView(plaintext.buffer).setUint16(0, name.length);
    plaintext.set(name, 2);
    plaintext.set(value, 2 + name.length);
    const nonce = this.#random(nonceBytes);
    return { key: masked, value: concatBytes(nonce, seal(this.#valueKey, nonce, plaintext, encodeUtf8(masked))) };
  }

  #open({ key: masked, value }: Entry): Entry {
    const sealed = value.slice(nonceBytes);
    const plaintext = open(this.#valueKey, value.slice(0, nonceBytes), sealed, encodeUtf8(masked));
    if (plaintext === null) throw new CliquetError('store-damaged');
    const end = 2 + new DataView(plaintext.buffer, plaintext.byteOffset).getUint16(0);
    return { key: decodeUtf8(plaintext.subarray(2, end)), value: plaintext.slice(end) };
  }

  #mask(key: string): string {
    const slash = key.lastIndexOf('/') + 1;
    const parent = this.#maskPrefix(key.slice(0, slash));
    return parent + this.#maskPart(parent, key.slice(slash));
  }

  /** @param prefix  empty, or ends with a slash */
  #maskPrefix(prefix: string): string {
    if (prefix === '') return '';
    const known = this.#masks.get(prefix);
    if (known !== undefined) return known;
    if (!prefix.endsWith('/')) throw new RangeError('"prefix" expected to be empty or to end with a slash');
    const masked = `${this.#mask(prefix.slice(0, -1))}/`;
    if (this.#masks.size >= maxMasks) this.#masks.clear();
    this.#masks.set(prefix, masked);
    return masked;
  }

  #maskPart(parent: string, part: string): string {
    if (/^\d{16}$/.test(part)) return part;
    // The dot sorts before all digits, so that no name stands among the numbers of a range.
    return `.${encodeBase64Url(deriveKey(this.#nameKey, 'store entry', [parent, part], maskBytes))}`;
  }
}
