// Every label of the protocol. A label says what a derived key, a hash or a signature is for; none is used twice.

/** The prefix binds everything to this protocol and version. */
export const labelPrefix = 'cliquet/1 ';

/** Keys: HKDF-SHA-256 with the label and its context as info. */
export type KdfLabel =
  | 'agreement body'
  | 'agreement header'
  | 'chain key'
  | 'content'
  | 'export secret'
  | 'first secret'
  | 'generation'
  | 'group key'
  | 'header key'
  | 'hedge agreement secret'
  | 'hedge contribution secret'
  | 'hedge kem'
  | 'hedge leaf'
  | 'hedge nonce'
  | 'message key'
  | 'next'
  | 'outer'
  | 'safety number'
  | 'wrap';

/** Hashes: SHA-256 over the label and the parts. */
export type HashLabel =
  | 'agreement id'
  | 'agreement secret commitment'
  | 'contribution commitment'
  | 'details'
  | 'digest'
  | 'fingerprint'
  | 'first transcript'
  | 'key package id'
  | 'roster'
  | 'transcript';

/** Signatures: Ed25519 over the label and the message. */
export type SignatureLabel = 'agreement' | 'key package' | 'message';
