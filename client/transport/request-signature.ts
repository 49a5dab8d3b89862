// The signature of a request: RFC 9421 in the one profile that the protocol has (docs/PROTOCOL.md), so that a client need
// not carry a reader of everybody's signatures. The relay reads it with a library that takes all of them.

import { type Bytes, encodeBase64, encodeUtf8 } from '../wire/bytes.ts';
import { signatureAlgorithm, signatureLabel, signatureTag, signedComponents } from '../wire/signature.ts';

export interface UnsignedRequest {
  readonly method: string;
  /** Where it goes, in full. */
  readonly url: string;
  /** `Content-Digest` of its body; null if it has none. */
  readonly contentDigest: string | null;
}

export interface SignatureParameters {
  /** Seconds since 1970. */
  readonly created: number;
  /** In base64url, as the key id. */
  readonly nonce: string;
  readonly keyId: string;
}

/** @returns the fields `Signature-Input` and `Signature` */
export async function signRequest(
  { method, url, contentDigest }: UnsignedRequest,
  { created, nonce, keyId }: SignatureParameters,
  sign: (data: Bytes) => Promise<Bytes>,
): Promise<Readonly<Record<'signature-input' | 'signature', string>>> {
  const { host, pathname, search } = new URL(url);
  const values: Readonly<Record<string, string>> = {
    '@method': method,
    '@authority': host,
    '@path': pathname,
    // RFC 9421 §2.2.7: the question mark alone where there is no query.
    '@query': search === '' ? '?' : search,
    'content-digest': contentDigest ?? '',
  };
  const components = signedComponents(contentDigest !== null);
  const covered = components.map((name) => `"${name}"`).join(' ');
  const parameters = `;created=${created};nonce="${nonce}";keyid="${keyId}";alg="${signatureAlgorithm}";tag="${signatureTag}"`;
  const input = `(${covered})${parameters}`;
  const lines = [...components.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${input}`];
  const signature = await sign(encodeUtf8(lines.join('\n')));
  return {
    'signature-input': `${signatureLabel}=${input}`,
    signature: `${signatureLabel}=:${encodeBase64(signature)}:`,
  };
}
