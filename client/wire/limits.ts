// Numbers that both sides of the line must agree on. Each with what it trades.

/** SHA-256 digests, X25519 and Ed25519 keys, HRIDs, group and agreement ids: all 32 bytes. */
export const hashBytes = 32;
export const signatureBytes = 64;
/** An X-Wing public key and ciphertext (draft-connolly-cfrg-xwing-kem, §5.1). */
export const kemPublicKeyBytes = 1216;
export const kemCiphertextBytes = 1120;
/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha §2): random nonces never repeat in practice. */
export const nonceBytes = 24;
export const tagBytes = 16;
/** The envelope shows this much of the agreement id: enough to find the generation, 16 bytes shorter. */
export const generationPrefixBytes = 16;
export const messageIdBytes = 16;

/** A send costs the sender O(members); beyond this the design is the wrong one. */
export const maxMembers = 256;
export const maxRecipients = maxMembers - 1;

/** Records that one agreement tells of: whoever was away for longer is invited anew. */
export const maxHistory = 512;
/** Removals that one generation carries out. */
export const maxBecause = 256;

/** A group's name, in UTF-16 units. */
export const maxNameLength = 128;

/** Content of one message before padding. Larger things belong into a store of their own, with the key sent here. */
export const maxContentBytes = 64 * 1024;
/** The body of a content in its encoding: 64 KiB of text or data, a media type, a name. */
export const maxContentBodyBytes = maxContentBytes + 1024;
/** A media type, in UTF-16 units. */
export const maxMediaTypeLength = 128;
/** The name of a kind of content, in ASCII. */
export const maxKindLength = 128;
/** Messages disappear after a year at most. */
export const maxTimerSeconds = 366 * 24 * 3600;
/** Messages that one receipt names. */
export const maxReadIds = 64;
/** The body of one envelope: content, padding (Padmé adds at most 12 %) and overhead; agreements included. */
export const maxBodyBytes = 128 * 1024;
/** What one recipient gets beside the body: 48 bytes for a message, about 1.3 KiB for an agreement. */
export const maxHeaderBytes = 1536;
/** A whole send: a body and 255 agreement headers of their real size, 1,210 bytes, fit. */
export const maxSendBytes = 512 * 1024;
/** JSON control routes carry little. */
export const maxJsonBytes = 16 * 1024;

/** One-time key packages that a mailbox holds, beside the last-resort one: 1.5 KiB each. */
export const maxKeyPackages = 50;
export const keyPackageLifetimeSeconds = 90 * 24 * 3600;

/** A message waits this long for its last recipient unless its sender asks for less. */
export const messageTtlSeconds = 30 * 24 * 3600;
/** A day longer: what was sent has come by then, or never comes. */
export const settledSeconds = messageTtlSeconds + 24 * 3600;

/** Entries in one page of the queue. */
export const maxQueuePage = 128;
/** Not acknowledged frames in flight on a stream: enough for a fast reader, bounded for a slow one. */
export const maxFramesInFlight = 64;
export const maxBytesInFlight = 1024 * 1024;

/** Senders that one client refuses: each is looked up at every delivery. */
export const maxRefusals = 1000;

/** How far a request's `created` may lie from the relay's clock. */
export const signatureToleranceSeconds = 60;

/** Vaults that one challenge can register. */
export const maxVaults = 5;
/** Of a language tag: what RFC 5646 §4.4.1 says is enough for any. */
export const maxLanguageLength = 35;
export const maxAddressLength = 254;
export const challengeDigits = 6;
