// What the relay carries: one body for everybody and a header for each recipient.
//
//   Agreement body  [0, agreementId 32, nonce 24, ephemeral 32|null, sealed]
//   Message body    [1, generationPrefix 16, nonce 24, header, outer, inner]
//   Notice body     [2, generationPrefix 16, nonce 24, sealed]
//   Request body    [3, nonce 24, sealed]
//
//   Agreement header, per recipient  [packageId 32|null, kemCiphertext 1120|null, leaf origin|null, exportGeneration 32|null, sealed 48]
//   Message header, per recipient    48 bytes: the sealed secret of the contribution; empty for a light message
//   Notice header                    empty
//   Request header, per recipient    [packageId 32, kemCiphertext 1120, sealed 48]

import { bytes, bytesUpTo, list, nullable, struct, uint, union, type ValueOf } from './codec.ts';
import {
  generationPrefixBytes,
  hashBytes,
  kemCiphertextBytes,
  maxBodyBytes,
  maxMembers,
  nonceBytes,
  signatureBytes,
  tagBytes,
} from './limits.ts';
import { LeafOrigin } from './record.ts';

export const sealedSecretBytes = hashBytes + tagBytes;

export const Envelope = union('envelope', {
  agreement: struct('agreement', {
    id: bytes(hashBytes),
    nonce: bytes(nonceBytes),
    /** X25519 public key, for the members who are known by a leaf; null when all are newcomers. */
    ephemeral: nullable(bytes(hashBytes)),
    sealed: bytesUpTo(maxBodyBytes),
  }),
  message: struct('message', {
    generation: bytes(generationPrefixBytes),
    nonce: bytes(nonceBytes),
    /** AEAD(header key, MessageHeader) */
    header: bytesUpTo(4096),
    /** AEAD(outer key, Contribution or nothing) */
    outer: bytesUpTo(128),
    /** AEAD(content key, padded content) */
    inner: bytesUpTo(maxBodyBytes),
  }),
  notice: struct('notice', {
    /** Of the generation that the recipients are removed from. */
    generation: bytes(generationPrefixBytes),
    nonce: bytes(nonceBytes),
    /** AEAD(notice key, Notice) */
    sealed: bytesUpTo(maxBodyBytes),
  }),
  request: struct('request', {
    nonce: bytes(nonceBytes),
    /** AEAD(request key, SignedRequest) */
    sealed: bytesUpTo(maxBodyBytes),
  }),
});
export type Envelope = ValueOf<typeof Envelope>;
export type MessageEnvelope = Extract<Envelope, { type: 'message' }>;
export type AgreementEnvelope = Extract<Envelope, { type: 'agreement' }>;
export type NoticeEnvelope = Extract<Envelope, { type: 'notice' }>;
export type RequestEnvelope = Extract<Envelope, { type: 'request' }>;

export const AgreementHeader = struct('agreement header', {
  /** The claimed key package's id, and the X-Wing ciphertext to it. */
  package: nullable(bytes(hashBytes)),
  kemCiphertext: nullable(bytes(kemCiphertextBytes)),
  /** The leaf of this recipient that the author knew. */
  leaf: nullable(LeafOrigin),
  /** The generation whose export secret goes in. */
  exportGeneration: nullable(bytes(hashBytes)),
  /** The generation's secret g, sealed. */
  sealed: bytes(sealedSecretBytes),
});
export type AgreementHeader = ValueOf<typeof AgreementHeader>;

export const RequestHeader = struct('request header', {
  /** The claimed key package's id, and the X-Wing ciphertext to it. */
  package: bytes(hashBytes),
  kemCiphertext: bytes(kemCiphertextBytes),
  /** The request's key, sealed. */
  sealed: bytes(sealedSecretBytes),
});
export type RequestHeader = ValueOf<typeof RequestHeader>;

/** What every member can read of a message before it has any message key. */
export const MessageHeader = struct('message header', {
  /** How many messages of each member, in roster order, the sender had opened; its own entry is this one's number. */
  vector: list(uint(), maxMembers, 1),
  /** Over the transcripts at `vector`. */
  digest: bytes(hashBytes),
  signature: bytes(signatureBytes),
});
export type MessageHeader = ValueOf<typeof MessageHeader>;

/** The sender's next contribution: its new leaf, and the commitment to its new secret. */
export const Contribution = struct('contribution', { leaf: bytes(hashBytes), commitment: bytes(hashBytes) });
export type Contribution = ValueOf<typeof Contribution>;
