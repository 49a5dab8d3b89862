// Signed requests (RFC 9421; the profile stands in client/wire/signature.ts). The edge hashes the body and compares it
// with Content-Digest; the caller's mailbox, which has the key, verifies the signature.

import { verifySignature, webcrypto } from 'http-message-sig';
import { type Bytes, decodeBase64Url, encodeBase64Url } from '../client/wire/bytes.ts';
import { signatureToleranceSeconds } from '../client/wire/limits.ts';
import {
  signatureAlgorithm,
  signatureLabel,
  signatureParameters,
  signatureTag,
  signedComponents,
} from '../client/wire/signature.ts';
import { Refusal } from './errors.ts';

/** What of a request is signed, in a form that crosses calls between objects. */
export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** SHA-256 of the body, already compared with Content-Digest; null without a body. */
  readonly digest: Bytes | null;
}

const signedFields = ['signature', 'signature-input', 'content-digest'];

/** @throws Refusal `bad-signature` if a field is missing */
export function signedRequest(request: Request, digest: Bytes | null): SignedRequest {
  const fields = signedFields.flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [{ name, value }];
  });
  return { method: request.method, url: request.url, fields, digest };
}

/**
 * Whom the request claims to come from. Nothing is verified yet.
 * @throws Refusal `bad-signature` unless there is exactly one key id, and it is an HRID
 */
export function claimedCaller(headers: Headers): Bytes {
  const input = headers.get('signature-input') ?? '';
  const [match, ...others] = input.matchAll(/;keyid="([A-Za-z0-9_-]{43})"/g);
  if (match === undefined || others.length > 0) throw new Refusal('bad-signature', { detail: 'one key id is needed' });
  try {
    return decodeBase64Url(match[1] ?? '');
  } catch {
    throw new Refusal('bad-signature', { detail: 'the key id is not an HRID' });
  }
}

/**
 * Verifies that the owner of `hrid` signed this request lately.
 *
 * @param key  the owner's Ed25519 public key
 * @param now  milliseconds since 1970
 * @returns when it was signed, seconds since 1970
 * @throws Refusal `bad-signature`, or `stale-signature` with the relay's time
 */
export async function verifyRequest(request: SignedRequest, hrid: Bytes, key: CryptoKey, now: number): Promise<number> {
  const time = Math.floor(now / 1000);
  const { method, url, fields, digest } = request;
  let created: number | undefined;
  try {
    const verified = await verifySignature(
      { kind: 'request', method, targetUri: url, fields },
      {
        label: signatureLabel,
        policy: {
          algorithms: [signatureAlgorithm],
          requiredComponents: signedComponents(digest !== null),
          requiredParameters: signatureParameters,
          // Freshness is judged below: a stale signature must be told from a bad one, and only after it verified.
          clockSkew: Number.MAX_SAFE_INTEGER,
          now: time,
          validate: ({ parameters }) => parameters.tag === signatureTag && parameters.keyid === encodeBase64Url(hrid),
        },
        resolveVerifier: () => webcrypto.verifier(key),
      },
    );
    created = verified.parameters.created;
  } catch {
    throw new Refusal('bad-signature');
  }
  if (created === undefined) throw new Refusal('bad-signature');
  if (Math.abs(time - created) > signatureToleranceSeconds) throw new Refusal('stale-signature', { time });
  return created;
}

export async function importPublicKey(pk: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', pk, signatureAlgorithm, false, ['verify']);
}
