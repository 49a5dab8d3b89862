// A key from a passphrase: Argon2id (RFC 9106). Slow on purpose: about half a second on a small machine.

import { type Bytes, encodeUtf8 } from '../wire/bytes.ts';
import { CliquetError } from '../wire/errors.ts';
import { loaded } from '../wire/loaded.ts';

/**
 * What a passphrase costs to try: Argon2id (RFC 9106) with one lane.
 * @category Stores
 */
export interface PassphraseParameters {
  /** Memory in KiB: 8 to 1,048,576; 32,768 if nothing is said. */
  readonly memoryKib: number;
  /** How often it goes over the memory: 1 to 16; 3 if nothing is said. */
  readonly passes: number;
}

/** Above the least that OWASP's Password Storage Cheat Sheet asks for (19 MiB, 2 passes); phones can bear it. */
export const defaultPassphraseParameters: PassphraseParameters = { memoryKib: 32 * 1024, passes: 3 };

const maxMemoryKib = 1024 * 1024;
const maxPasses = 16;
export const passphraseSaltBytes = 16;

/**
 * @param passphrase  taken in Unicode's form NFKC, so that it is the same from every keyboard
 * @param salt        16 bytes or more
 * @param onProgress  hears how far it is, from 0 to 1
 * @returns 32 bytes
 * @throws CliquetError `malformed` for parameters that no honest writer uses, before any memory is taken; `not-loaded`
 */
export async function derivePassphraseKey(
  passphrase: string,
  salt: Bytes,
  { memoryKib, passes }: PassphraseParameters,
  onProgress?: (fraction: number) => void,
): Promise<Bytes> {
  if (memoryKib < 8 || memoryKib > maxMemoryKib || passes < 1 || passes > maxPasses) {
    throw new CliquetError('malformed', 'the cost of the passphrase');
  }
  // Loaded when it is wanted: a page that is opened for the first time has no passphrase yet.
  const { argon2idAsync } = await loaded(import('@noble/hashes/argon2.js'));
  const options = { t: passes, m: memoryKib, p: 1, dkLen: 32, ...(onProgress === undefined ? {} : { onProgress }) };
  return new Uint8Array(await argon2idAsync(encodeUtf8(passphrase.normalize('NFKC')), salt, options));
}
