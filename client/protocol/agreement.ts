// Agreements: how the members of a generation get its first key, IKabc. What both sides of it have in common stands
// here; `opening.ts` opens a generation, `accept.ts` accepts it.
//
//   record        what the generation is; agreement id = H(record), in the clear on the envelope
//   g             32 fresh bytes, sealed to each other member; the record commits to it
//   IKabc = S     KDF(g, "generation" ‖ id)
//   body          AEAD(KDF(S, "agreement body" ‖ id), {record, signature of the author, details})
//
// One header seals g for one member under KDF(ss ‖ dh ‖ X, …): the X-Wing secret of a claimed key package, X25519 with
// the newest leaf of the member that the author knows, the export secret of a generation in which it was heard. A
// newcomer has ss only. So neither a stolen package, nor an old leaf, nor a broken X25519 alone opens anything, and a
// new generation never undoes healing.

import { hashLabeled } from '../crypto/hash.ts';
import { deriveKey } from '../crypto/kdf.ts';
import { type Bytes, concatBytes } from '../wire/bytes.ts';
import type { AgreementHeader } from '../wire/envelope.ts';
import { LeafOrigin } from '../wire/record.ts';

export function agreementId(record: Bytes): Bytes {
  return hashLabeled('agreement id', record);
}

export function commitAgreementSecret(g: Bytes): Bytes {
  return hashLabeled('agreement secret commitment', g);
}

export function hashDetails(details: Bytes): Bytes {
  return hashLabeled('details', details);
}

/** The key of the body, from IKabc. */
export function agreementBodyKey(secret: Bytes, id: Bytes): Bytes {
  return deriveKey(secret, 'agreement body', [id]);
}

/** The secrets that seal g for one member, those that there are; 32 bytes each. */
export interface HeaderSecrets {
  readonly kem: Bytes | null;
  readonly leaf: Bytes | null;
  readonly exportSecret: Bytes | null;
}

const none = new Uint8Array(0);

/**
 * The key that seals g for one member. At least one secret is there; their number shows in the length of the input and
 * what they come from in the context, so no two combinations give the same key. The id commits to the whole record, the
 * author and the roster included.
 */
export function agreementHeaderKey(
  secrets: HeaderSecrets,
  id: Bytes,
  recipient: { readonly hrid: Bytes; readonly pk: Bytes },
  header: Omit<AgreementHeader, 'sealed' | 'kemCiphertext'>,
): Bytes {
  const { kem, leaf, exportSecret } = secrets;
  if (kem === null && leaf === null) throw new RangeError('a header needs a key package or a leaf');
  return deriveKey(concatBytes(kem ?? none, leaf ?? none, exportSecret ?? none), 'agreement header', [
    id,
    recipient.hrid,
    recipient.pk,
    header.package ?? none,
    header.leaf === null ? none : LeafOrigin.encode(header.leaf),
    header.exportGeneration ?? none,
  ]);
}

/** The key under which those who are removed from a generation are told, from its export secret. */
export function noticeKey(exportSecret: Bytes): Bytes {
  return deriveKey(exportSecret, 'notice');
}
