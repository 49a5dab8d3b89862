// Ed25519 signatures under a label, so that none means something elsewhere.

import { type Bytes, concatBytes } from '../wire/bytes.ts';
import type { Curves } from './curves.ts';
import { labelBytes, type SignatureLabel } from './labels.ts';

const labeled = (label: SignatureLabel, message: Bytes) => concatBytes(labelBytes(label), message);

/** @returns Ed25519 over "cliquet/1 " ‖ label ‖ message, 64 bytes */
export function signLabeled(curves: Curves, seed: Bytes, label: SignatureLabel, message: Bytes): Promise<Bytes> {
  return curves.sign(seed, labeled(label, message));
}

export function verifyLabeled(
  curves: Curves,
  publicKey: Bytes,
  label: SignatureLabel,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  return curves.verify(publicKey, labeled(label, message), signature);
}
