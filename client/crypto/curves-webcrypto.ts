// X25519 and Ed25519 by the platform's WebCrypto.

import { type Bytes, concatBytes } from '../wire/bytes.ts';
import type { Curves } from './curves.ts';

// PKCS #8 wrappers of a bare 32-byte key (RFC 8410 §7); the last arc of the OID tells X25519 (110) from Ed25519 (112).
const pkcs8 = (arc: number) => [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, arc, 4, 0x22, 4, 0x20];
const x25519Prefix = new Uint8Array(pkcs8(110));
const ed25519Prefix = new Uint8Array(pkcs8(112));

type SubtleKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/**
 * Keys as the platform has them. To import one takes as long as half of what it is for, and most serve often: a key is kept
 * for as long as somebody holds its bytes, and not longer.
 */
function imported(importKey: (bytes: Bytes) => Promise<SubtleKey>): (bytes: Bytes) => Promise<SubtleKey> {
  const keys = new WeakMap<Bytes, Promise<SubtleKey>>();
  return (bytes) => {
    const known = keys.get(bytes);
    if (known !== undefined) return known;
    const key = importKey(bytes);
    keys.set(bytes, key);
    return key;
  };
}

const leafSecret = imported((secret) =>
  crypto.subtle.importKey('pkcs8', concatBytes(x25519Prefix, secret), 'X25519', false, ['deriveBits']),
);
const leaf = imported((publicKey) => crypto.subtle.importKey('raw', publicKey, 'X25519', false, []));
const signingKey = imported((seed) =>
  crypto.subtle.importKey('pkcs8', concatBytes(ed25519Prefix, seed), 'Ed25519', false, ['sign']),
);
const identityKey = imported((publicKey) => crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']));

export const webCryptoCurves: Curves = {
  name: 'webcrypto',

  async agree(secret, publicKey) {
    try {
      const [key, peer] = await Promise.all([leafSecret(secret), leaf(publicKey)]);
      const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, key, 256));
      // Platforms must refuse an all-zero result (RFC 7748 §6.1); some once did not.
      return shared.some((byte) => byte !== 0) ? shared : null;
    } catch {
      return null;
    }
  },

  async sign(seed, message) {
    return new Uint8Array(await crypto.subtle.sign('Ed25519', await signingKey(seed), message));
  },

  async verify(publicKey, message, signature) {
    try {
      return await crypto.subtle.verify('Ed25519', await identityKey(publicKey), signature, message);
    } catch {
      return false;
    }
  },
};
