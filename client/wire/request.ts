// Asking to be let in again: a member who has lost its keys, or cannot read what the others say, sends this to them.
//
//   RejoinRequest  [group 32, askedAt, [[generation 32, [v…]|null]…], UploadedPackage]
//   SignedRequest  [RejoinRequest bytes, signature 64]      signature over "cliquet/1 request" ‖ RejoinRequest

import { bytes, bytesUpTo, list, struct, uint, type ValueOf } from './codec.ts';
import { UploadedPackage } from './key-package.ts';
import { hashBytes, signatureBytes } from './limits.ts';
import { HeldGeneration } from './record.ts';

/** Generations that a request names at most, the newest first. */
export const maxHeldGenerations = 8;

export const RejoinRequest = struct('rejoin request', {
  group: bytes(hashBytes),
  /** By the asking client's clock, in seconds since 1970; a later request replaces an earlier one. */
  askedAt: uint(),
  held: list(HeldGeneration, maxHeldGenerations),
  /** Fresh: what the answer is sealed to. */
  package: UploadedPackage,
});
export type RejoinRequest = ValueOf<typeof RejoinRequest>;

export const SignedRequest = struct('signed request', {
  request: bytesUpTo(32 * 1024),
  signature: bytes(signatureBytes),
});
export type SignedRequest = ValueOf<typeof SignedRequest>;
