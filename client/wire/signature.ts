// Signed requests: HTTP Message Signatures (RFC 9421) with the client's Ed25519 key. Both sides take the profile from
// here. The key id is the caller's HRID, so no HRID stands in a URL.

import { type Bytes, decodeBase64, encodeBase64 } from './bytes.ts';
import { CliquetError } from './errors.ts';
import { hashBytes } from './limits.ts';

export const signatureLabel = 'cliquet';
export const signatureTag = 'cliquet';
export const signatureAlgorithm = 'ed25519';
export const signatureParameters = ['created', 'nonce', 'keyid', 'alg', 'tag'] as const;

const everyRequest = ['@method', '@authority', '@path', '@query'] as const;

/** The components that a signature covers (RFC 9421 §2): the digest too whenever there is a body. */
export function signedComponents(hasBody: boolean): string[] {
  return hasBody ? [...everyRequest, 'content-digest'] : [...everyRequest];
}

/** `Content-Digest` of a body whose SHA-256 this is (RFC 9530 §2). */
export function formatContentDigest(sha256: Bytes): string {
  return `sha-256=:${encodeBase64(sha256)}:`;
}

/** @throws CliquetError `bad-signature` unless it is exactly one SHA-256 digest */
export function parseContentDigest(header: string): Bytes {
  const match = /^sha-256=:([A-Za-z0-9+/]{43}=):$/.exec(header);
  try {
    const digest = decodeBase64(match?.[1] ?? '');
    if (digest.length === hashBytes) return digest;
  } catch {
    // not base64: refused below
  }
  throw new CliquetError('bad-signature', 'Content-Digest must be one sha-256');
}
