// Sealing and opening a request to be let in again. It goes to each member through a key package of that one, so that the
// relay does not learn which group it is about, and it is signed, so that nobody asks in another's name.

import { open, seal } from '../crypto/aead.ts';
import type { Curves } from '../crypto/curves.ts';
import { sha256 } from '../crypto/hash.ts';
import { deriveKey } from '../crypto/kdf.ts';
import { decapsulate, encapsulate, kemEntropyBytes } from '../crypto/kem.ts';
import { hedgedSecret, type RandomSource } from '../crypto/random.ts';
import { signLabeled, verifyLabeled } from '../crypto/sign.ts';
import type { Bytes } from '../wire/bytes.ts';
import { Envelope, type RequestEnvelope, RequestHeader } from '../wire/envelope.ts';
import { CliquetError } from '../wire/errors.ts';
import { nonceBytes } from '../wire/limits.ts';
import { RejoinRequest, SignedRequest } from '../wire/request.ts';
import type { Self } from './identity.ts';
import type { KeptPackage } from './kept-package.ts';
import type { VerifiedKeyPackage } from './key-package.ts';

/** Whom a request goes to, and through which package. */
export interface Asked {
  readonly hrid: Bytes;
  readonly package: VerifiedKeyPackage;
}

const headerKey = (secret: Bytes, nonce: Bytes, hrid: Bytes, id: Bytes) =>
  deriveKey(secret, 'request header', [nonce, hrid, id]);
const bodyKey = (secret: Bytes) => deriveKey(secret, 'request body');

/** @returns the envelope, and what each of those asked alone gets, in their order; null for a package that is not valid */
export async function sealRequest(
  curves: Curves,
  random: RandomSource,
  { identity }: Self,
  request: RejoinRequest,
  asked: readonly Asked[],
): Promise<{ readonly body: Bytes; readonly headers: readonly (Bytes | null)[] }> {
  const encoded = RejoinRequest.encode(request);
  const signature = await signLabeled(curves, identity.seed, 'request', encoded);
  const secrets = [identity.seed, sha256(encoded)];
  const secret = hedgedSecret(random, secrets, 'hedge request', []);
  const nonce = random(nonceBytes);
  const sealed = seal(bodyKey(secret), nonce, SignedRequest.encode({ request: encoded, signature }));
  const headers = asked.map(({ hrid, package: { id, kem } }) => {
    const entropy = hedgedSecret(random, secrets, 'hedge kem', [nonce, id], kemEntropyBytes);
    const encapsulated = encapsulate(kem, entropy);
    if (encapsulated === null) return null;
    const key = headerKey(encapsulated.secret, nonce, hrid, id);
    return RequestHeader.encode({
      package: id,
      kemCiphertext: encapsulated.ciphertext,
      sealed: seal(key, nonce, secret),
    });
  });
  return { body: Envelope.encode({ type: 'request', nonce, sealed }), headers };
}

/**
 * @param own          this client's HRID
 * @param findPackage  the secrets of a key package by its id, or null if they are gone
 * @returns what is asked, as signed; who has signed it is still to be checked
 * @throws CliquetError `package-gone`, `message-refused`, `malformed`
 */
export function openRequest(
  own: Bytes,
  header: Bytes,
  { nonce, sealed }: RequestEnvelope,
  findPackage: (id: Bytes) => KeptPackage | null,
): { readonly signed: SignedRequest; readonly request: RejoinRequest; readonly keyPackage: KeptPackage } {
  const decoded = RequestHeader.decode(header);
  const keyPackage = findPackage(decoded.package);
  if (keyPackage === null) throw new CliquetError('package-gone');
  const kem = decapsulate(keyPackage.kemSeed, decoded.kemCiphertext);
  const secret = kem && open(headerKey(kem, nonce, own, keyPackage.id), nonce, decoded.sealed);
  const body = secret && open(bodyKey(secret), nonce, sealed);
  if (body === null) throw new CliquetError('message-refused');
  const signed = SignedRequest.decode(body);
  return { signed, request: RejoinRequest.decode(signed.request), keyPackage };
}

/** Whether a member has asked this. */
export function isRequestOf(curves: Curves, pk: Bytes, { request, signature }: SignedRequest): Promise<boolean> {
  return verifyLabeled(curves, pk, 'request', request, signature);
}
