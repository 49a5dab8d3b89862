// What a client keeps of a key package that it has left at its mailbox.

import { bytes, oneOf, struct, uint, type ValueOf } from '../wire/codec.ts';
import { hashBytes } from '../wire/limits.ts';

/** The private part, kept until an agreement has used it. Secret. */
export const KeptPackage = struct('kept key package', {
  id: bytes(hashBytes),
  kind: oneOf('one-time', 'last-resort'),
  /** Seconds since 1970. A last-resort package that was replaced ends 48 hours after. */
  expires: uint(),
  leafSecret: bytes(hashBytes),
  leaf: bytes(hashBytes),
  /** The X-Wing private key. */
  kemSeed: bytes(hashBytes),
});
export type KeptPackage = ValueOf<typeof KeptPackage>;
