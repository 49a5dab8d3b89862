// Names of objects and sealed pointers: what the relay derives from its secrets. An operator can search object names,
// so a name is HMAC(pepper, …) and tells nothing.

import { type Bytes, concatBytes, decodeBase64Url, encodeBase64Url, encodeUtf8 } from '../client/wire/bytes.ts';

const ivBytes = 12;

async function importHmac(secret: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/** HMAC-SHA-256 under one secret, each use with a label of its own. */
export class Mac {
  readonly #key: Promise<CryptoKey>;

  constructor(secret: Bytes) {
    this.#key = importHmac(secret);
  }

  async digest(label: string, data: Bytes): Promise<Bytes> {
    const input = concatBytes(encodeUtf8(`cliquet/1 ${label}\0`), data);
    return new Uint8Array(await crypto.subtle.sign('HMAC', await this.#key, input));
  }

  /** The digest as the name of an object. */
  async name(label: string, data: Bytes): Promise<string> {
    return encodeBase64Url(await this.digest(label, data));
  }
}

/** Seals what the client carries for the relay but must neither read nor forge: AES-256-GCM, one label a purpose. */
export class Seal {
  readonly #key: Promise<CryptoKey>;
  /** That were current before. */
  readonly #others: readonly Promise<CryptoKey>[];

  /** @param secrets  the first one seals, any of them opens */
  constructor([current, ...others]: readonly [Bytes, ...Bytes[]], label: string) {
    this.#key = importSealKey(current, label);
    this.#others = others.map((secret) => importSealKey(secret, label));
  }

  async seal(plain: Bytes): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#key, plain);
    return encodeBase64Url(concatBytes(iv, new Uint8Array(sealed)));
  }

  /** The plain bytes, or null if this relay did not seal them. */
  async open(text: string): Promise<Bytes | null> {
    for (const key of [this.#key, ...this.#others]) {
      try {
        const sealed = decodeBase64Url(text);
        const iv = sealed.slice(0, ivBytes);
        const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key, sealed.slice(ivBytes));
        return new Uint8Array(plain);
      } catch {
        // sealed by another one, or by nobody here
      }
    }
    return null;
  }
}

async function importSealKey(secret: Bytes, label: string): Promise<CryptoKey> {
  const key = await new Mac(secret).digest(label, new Uint8Array());
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** Whether two secrets of one length are the same, in a time that does not depend on where they differ. */
export function sameSecret(a: Bytes, b: Bytes): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
