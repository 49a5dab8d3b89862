// Key packages: what a client leaves at its mailbox so that others can open a generation with it while it is away.
//
//   KeyPackage       [hrid 32, leaf 32, kemHash 32, notBefore, expires, kind]
//   SignedKeyPackage [keyPackage bytes, signature 64]          signature over "cliquet/1 key package" ‖ keyPackage
//   UploadedPackage  [SignedKeyPackage bytes, kem 1216]        kem hashes to kemHash
//
//   PUT  /v1/key-packages        KeyPackageUpload → 200 KeyPackageCount
//   POST /v1/key-packages/claim  KeyPackageClaim  → 200 KeyPackageClaimResult

import { bytes, bytesUpTo, flag, list, nullable, oneOf, struct, uint, type ValueOf } from './codec.ts';
import {
  hashBytes,
  kemPublicKeyBytes,
  maxKeyPackages,
  maxRecipients,
  messageIdBytes,
  signatureBytes,
} from './limits.ts';

export const KeyPackage = struct('key package', {
  hrid: bytes(hashBytes),
  /** X25519 public key: the member's first leaf. */
  leaf: bytes(hashBytes),
  /** SHA-256 of the X-Wing public key. */
  kemHash: bytes(hashBytes),
  /** Seconds since 1970. */
  notBefore: uint(),
  expires: uint(),
  kind: oneOf('one-time', 'last-resort'),
});
export type KeyPackage = ValueOf<typeof KeyPackage>;

export const SignedKeyPackage = struct('signed key package', {
  keyPackage: bytesUpTo(256),
  signature: bytes(signatureBytes),
});
export type SignedKeyPackage = ValueOf<typeof SignedKeyPackage>;

export const UploadedPackage = struct('uploaded key package', {
  signed: bytesUpTo(384),
  kem: bytes(kemPublicKeyBytes),
});
export type UploadedPackage = ValueOf<typeof UploadedPackage>;

export const KeyPackageUpload = struct('key package upload', {
  /** True after a restore: what the mailbox holds goes first. */
  replace: flag,
  oneTime: list(UploadedPackage, maxKeyPackages),
  lastResort: nullable(UploadedPackage),
});
export type KeyPackageUpload = ValueOf<typeof KeyPackageUpload>;

export const KeyPackageCount = struct('key package count', {
  /** One-time packages that the mailbox now holds. */
  oneTime: uint(maxKeyPackages),
  /** Whether the last-resort package is there and has not served yet. */
  lastResortFresh: flag,
});
export type KeyPackageCount = ValueOf<typeof KeyPackageCount>;

export const KeyPackageClaim = struct('key package claim', {
  /** Random; the same id is answered alike for an hour. */
  id: bytes(messageIdBytes),
  hrids: list(bytes(hashBytes), maxRecipients, 1),
});
export type KeyPackageClaim = ValueOf<typeof KeyPackageClaim>;

export const KeyPackageClaimResult = struct('key package claim result', {
  /** One for each HRID of the claim, in order: the package, or why there is none. */
  results: list(
    struct('claimed key package', {
      package: nullable(UploadedPackage),
      code: nullable(oneOf('unregistered', 'no-key-package', 'rate-limited')),
    }),
    maxRecipients,
  ),
});
export type KeyPackageClaimResult = ValueOf<typeof KeyPackageClaimResult>;
