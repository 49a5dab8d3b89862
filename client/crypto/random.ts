// Randomness, as an argument everywhere, and hedged: a broken generator alone gives nothing away.

import type { Bytes } from '../wire/bytes.ts';
import { type Context, deriveKey } from './kdf.ts';
import type { KdfLabel } from './labels.ts';

/**
 * Gives `length` fresh random bytes.
 * @category Platform
 */
export type RandomSource = (length: number) => Bytes;

/** The platform's generator. */
export const systemRandom: RandomSource = (length) => crypto.getRandomValues(new Uint8Array(length));

type HedgeLabel = Extract<KdfLabel, `hedge ${string}`>;

/**
 * A fresh secret from 32 random bytes and from secrets that the caller holds, each of 32 bytes: it is unpredictable if
 * either is.
 * @param length  bytes, 32 if not said
 */
export function hedgedSecret(
  random: RandomSource,
  secrets: readonly Bytes[],
  label: HedgeLabel,
  context: Context,
  length?: number,
): Bytes {
  return deriveKey([random(32), ...secrets], label, context, length);
}
