// The codes of errors. What stands here of each is what its error says (errors.ts; a test compares them): what happened and
// what to do next, whether the same call may succeed later without any change, and the HTTP status if a relay answers it.

/**
 * What has gone wrong ([PROTOCOL.md §17](../../docs/PROTOCOL.md)): see {@link CliquetError}.
 * @category Errors
 */
export type ErrorCode =
  // Bytes and requests
  /** The bytes are not what the protocol expects; nothing was changed. (HTTP 400) */
  | 'malformed'
  /** The request is larger than the relay accepts; send less at once. (HTTP 413) */
  | 'too-large'
  /** This route speaks another media type; see the specification. (HTTP 415) */
  | 'unsupported-media-type'
  /** There is nothing at this path; check the address of the relay. (HTTP 404) */
  | 'not-found'
  /** The request took too long to arrive; send it again. The same call may succeed later. (HTTP 408) */
  | 'too-slow'
  /** This relay does not answer under this name; use the name that its operator gives. (HTTP 421) */
  | 'wrong-host'
  /** The relay failed; nothing was lost. Try again. The same call may succeed later. (HTTP 500) */
  | 'internal-error'
  /** Too many requests; wait for the time in Retry-After. The same call may succeed later. (HTTP 429) */
  | 'rate-limited'
  // Registration
  /** This is neither an e-mail address nor a phone number in international form (+…); check it. (HTTP 400) */
  | 'address-invalid'
  /** This relay cannot send codes to this kind of address; use another one. (HTTP 400) */
  | 'channel-unavailable'
  /** This challenge does not exist or was given up; register again. (HTTP 404) */
  | 'challenge-unknown'
  /** The code has expired; ask for a new one. (HTTP 410) */
  | 'challenge-expired'
  /** Too many wrong answers; ask for a new code. (HTTP 429) */
  | 'challenge-exhausted'
  /** That is not the code; check it and try again. (HTTP 403) */
  | 'challenge-wrong'
  /**
   * Codes were sent to this address lately; wait for the time in Retry-After before asking again. The same call may
   * succeed later. (HTTP 429)
   */
  | 'challenge-too-soon'
  /** The code could not be sent; try again, or use another address. The same call may succeed later. (HTTP 502) */
  | 'challenge-undeliverable'
  // Signed requests
  /** The relay does not know this client under this key; register first. (HTTP 403) */
  | 'not-registered'
  /** The signature of this request does not verify. (HTTP 401) */
  | 'bad-signature'
  /**
   * The request was signed too long ago or in the future; correct the clock by the relay's time. The same call may
   * succeed later. (HTTP 401)
   */
  | 'stale-signature'
  /**
   * The ticket is unknown, expired or was used before; ask for a new one. The same call may succeed later. (HTTP 401)
   */
  | 'ticket-invalid'
  /** This origin may not connect; configure it on the relay. (HTTP 403) */
  | 'origin-refused'
  // Mailbox
  /** Another message was accepted under this number; this store is older than what was sent from it. (HTTP 409) */
  | 'number-reused'
  /** The relay expects another number; post the earlier messages first. The same call may succeed later. (HTTP 409) */
  | 'out-of-order'
  /** A message goes to at most 255 recipients. (HTTP 400) */
  | 'too-many-recipients'
  /** A recipient stands twice in the message. (HTTP 400) */
  | 'duplicate-recipient'
  /** The queue was created anew since; read it from its beginning. (HTTP 409) */
  | 'epoch-mismatch'
  /** There is no such entry in the queue to acknowledge. (HTTP 400) */
  | 'beyond-queue'
  /** Too much is waiting to be delivered; wait for Retry-After. The same call may succeed later. (HTTP 429) */
  | 'mailbox-full'
  /** The mailbox holds at most 50 key packages. (HTTP 400) */
  | 'too-many-key-packages'
  // Answers about one recipient of a message or a claim
  /** This recipient is not registered with the relay. */
  | 'unregistered'
  /** This client has left no key package; ask its owner to connect once. The same call may succeed later. */
  | 'no-key-package'
  // Client: reaching the relay
  /** The relay cannot be reached; what is unsent goes out when it can. The same call may succeed later. */
  | 'unreachable'
  /**
   * Another connection of this client took its place; connect again to take it back. The same call may succeed later.
   */
  | 'replaced'
  /** The relay gave an answer that makes no sense; try again or use another. The same call may succeed later. */
  | 'relay-misbehaved'
  // Client: identity and contacts
  /** This client is registered already; unregister first, or open another store. */
  | 'already-registered'
  /** The registration was given up; register again when you have the code. */
  | 'registration-cancelled'
  /** This is not an invite; ask for a new one. */
  | 'invite-invalid'
  /**
   * This belongs to another relay; a client has its contacts and groups at one. Name that relay, or use another store.
   */
  | 'other-relay'
  /** There is no such contact here. */
  | 'contact-unknown'
  /** A known client appears with another key; compare safety numbers with its owner before you go on. */
  | 'identity-conflict'
  /** A key package is forged, expired or not for this client. */
  | 'key-package-invalid'
  // Client: groups and messages
  /** This invitation was answered before. */
  | 'already-accepted'
  /** There is no such group here. */
  | 'group-unknown'
  /** A group has between 2 and 256 members. */
  | 'group-size'
  /** A member stands twice in the roster. */
  | 'duplicate-member'
  /** Content is at most 64 KiB; send it in parts. */
  | 'content-too-large'
  /** The invitation to this group has not been accepted yet. */
  | 'not-accepted'
  /** This store is older than what was sent from it; the members are asked to let it in again with new keys. */
  | 'rolled-back'
  /** An agreement was refused; nothing was changed. */
  | 'agreement-invalid'
  /** This is sealed to a key package that is gone; the client asks its group to let it in again by itself. */
  | 'package-gone'
  /** The agreement is sealed with keys that are not on this device; it asks the members to let it in again. */
  | 'keys-gone'
  /** A message could not be opened, or its sender had been removed; nothing was changed. */
  | 'message-refused'
  /** This message was opened before. */
  | 'duplicate'
  /** Two different messages carry one number of one member: that member was copied. */
  | 'clone'
  /** A member has seen other messages than this client under the same numbers. */
  | 'fork'
  /** The message is too far ahead of what was received. The same call may succeed later. */
  | 'too-far-ahead'
  /** Too many invitations wait for an answer; accept or decline some, and ask to be invited again. */
  | 'too-many-invitations'
  /** You are not in this group any more; ask an admin of it to add you. */
  | 'not-member'
  /** There is no such member in this group. */
  | 'member-unknown'
  /** Only admins may do that, and only to members who came after them; ask one of them. */
  | 'not-permitted'
  /**
   * This device has fallen behind the group and is being let in again by itself; try again when it is. The same call
   * may succeed later.
   */
  | 'behind'
  /** This group was founded by an earlier version and cannot be changed; found a new one with its members. */
  | 'group-fixed'
  /** There is nobody else in this group; add somebody first. */
  | 'alone'
  /** The keys of this group are not on this device; its members are asked to let it in again. */
  | 'group-lost'
  /**
   * The message reaches nobody: the mailboxes of all recipients are full or gone. Send it again later. The same call
   * may succeed later.
   */
  | 'undeliverable'
  /** There is no such message here. */
  | 'message-unknown'
  /** Only its author can change a message. */
  | 'not-own-message'
  /** The safety numbers differ: somebody may stand in the middle. Trust this group with nothing private. */
  | 'safety-number-differs'
  // Client: store and backup
  /** The store was closed; open the client again. */
  | 'store-closed'
  /** Another program is using this store; end it first, or open another store. The same call may succeed later. */
  | 'store-in-use'
  /** This store is damaged and was left as it is; restore a backup into a new one. */
  | 'store-damaged'
  /** This store was written by a newer version of Cliquet; update this one. */
  | 'store-too-new'
  /**
   * The store cannot be written, nothing was changed; see to free space and access, then try again. The same call may
   * succeed later.
   */
  | 'store-unwritable'
  /** The passphrase does not open this; nothing was changed. Try again. */
  | 'wrong-passphrase'
  /** This is not a backup, or it is damaged; use another copy. */
  | 'backup-invalid'
  /** These are not the 24 words of a recovery phrase; check their spelling and order. */
  | 'phrase-invalid'
  /** This store holds a client already; restore into a new one. */
  | 'store-not-empty'
  /** The client was closed; open it again. */
  | 'client-closed'
  // Client: its own program
  /** A part of the program could not be loaded; try again, or load the page again. The same call may succeed later. */
  | 'not-loaded';
