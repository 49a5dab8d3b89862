// Every label of the protocol. A label says what a derived key, a hash or a signature is for; none is used twice.

import { type Bytes, encodeUtf8 } from '../wire/bytes.ts';

/** The prefix binds everything to this protocol and version. */
export const labelPrefix = 'cliquet/1 ';

const encoded = new Map<string, Bytes>();

/** "cliquet/1 " ‖ label: what every derivation, hash and signature begins with or ends in. */
export function labelBytes(label: KdfLabel | HashLabel | SignatureLabel): Bytes {
  const known = encoded.get(label);
  if (known !== undefined) return known;
  const bytes = encodeUtf8(labelPrefix + label);
  encoded.set(label, bytes);
  return bytes;
}

/** Keys: HKDF-SHA-256 with the label and its context as info. */
export type KdfLabel =
  | 'agreement body'
  | 'agreement header'
  | 'backup content'
  | 'backup passphrase'
  | 'backup phrase'
  | 'chain key'
  | 'content'
  | 'export secret'
  | 'first secret'
  | 'generation'
  | 'group key'
  | 'header key'
  | 'hedge agreement secret'
  | 'hedge backup'
  | 'hedge contribution secret'
  | 'hedge kem'
  | 'hedge leaf'
  | 'hedge nonce'
  | 'hedge request'
  | 'message key'
  | 'next'
  | 'notice'
  | 'outer'
  | 'request body'
  | 'request header'
  | 'safety number'
  | 'store entry'
  | 'store lock'
  | 'store names'
  | 'store values'
  | 'vault id'
  | 'wrap';

/** Hashes: SHA-256 over the label and the parts. */
export type HashLabel =
  | 'agreement id'
  | 'agreement secret commitment'
  | 'backup checksum'
  | 'contribution commitment'
  | 'details'
  | 'digest'
  | 'fingerprint'
  | 'first transcript'
  | 'key package id'
  | 'roster'
  | 'store checksum'
  | 'transcript';

/** Signatures: Ed25519 over the label and the message. */
export type SignatureLabel = 'agreement' | 'key package' | 'message' | 'request';
