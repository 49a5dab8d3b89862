// The one class of domain errors, with a closed table of codes. What a code means and what to do next stands here
// and nowhere else; `status` is the HTTP status when the relay answers with it (RFC 9457 problem documents).
//
// No message ever carries a secret, an address, an identifier or foreign text.

import type { ErrorCode } from './error-code.ts';

export type { ErrorCode };

interface CodeEntry {
  /** A sentence for people: what happened, and what to do next. */
  readonly title: string;
  /** Whether the same call may succeed later without any change. */
  readonly retry: boolean;
  /** HTTP status, for the codes that the relay answers. */
  readonly status?: number;
}

export const errorCodes = {
  // Bytes and requests
  malformed: { title: 'The bytes are not what the protocol expects; nothing was changed.', retry: false, status: 400 },
  'too-large': { title: 'The request is larger than the relay accepts; send less at once.', retry: false, status: 413 },
  'unsupported-media-type': {
    title: 'This route speaks another media type; see the specification.',
    retry: false,
    status: 415,
  },
  'not-found': { title: 'There is nothing at this path; check the address of the relay.', retry: false, status: 404 },
  'too-slow': { title: 'The request took too long to arrive; send it again.', retry: true, status: 408 },
  'wrong-host': {
    title: 'This relay does not answer under this name; use the name that its operator gives.',
    retry: false,
    status: 421,
  },
  'internal-error': { title: 'The relay failed; nothing was lost. Try again.', retry: true, status: 500 },
  'rate-limited': { title: 'Too many requests; wait for the time in Retry-After.', retry: true, status: 429 },

  // Registration
  'address-invalid': {
    title: 'This is neither an e-mail address nor a phone number in international form (+…); check it.',
    retry: false,
    status: 400,
  },
  'channel-unavailable': {
    title: 'This relay cannot send codes to this kind of address; use another one.',
    retry: false,
    status: 400,
  },
  'challenge-unknown': {
    title: 'This challenge does not exist or was given up; register again.',
    retry: false,
    status: 404,
  },
  'challenge-expired': { title: 'The code has expired; ask for a new one.', retry: false, status: 410 },
  'challenge-exhausted': {
    title: 'Too many wrong answers; ask for a new code.',
    retry: false,
    status: 429,
  },
  'challenge-wrong': { title: 'That is not the code; check it and try again.', retry: false, status: 403 },
  'challenge-too-soon': {
    title: 'Codes were sent to this address lately; wait for the time in Retry-After before asking again.',
    retry: true,
    status: 429,
  },
  'challenge-undeliverable': {
    title: 'The code could not be sent; try again, or use another address.',
    retry: true,
    status: 502,
  },

  // Signed requests
  'not-registered': {
    title: 'The relay does not know this client under this key; register first.',
    retry: false,
    status: 403,
  },
  'bad-signature': { title: 'The signature of this request does not verify.', retry: false, status: 401 },
  'stale-signature': {
    title: "The request was signed too long ago or in the future; correct the clock by the relay's time.",
    retry: true,
    status: 401,
  },
  'ticket-invalid': {
    title: 'The ticket is unknown, expired or was used before; ask for a new one.',
    retry: true,
    status: 401,
  },
  'origin-refused': { title: 'This origin may not connect; configure it on the relay.', retry: false, status: 403 },

  // Mailbox
  'number-reused': {
    title: 'Another message was accepted under this number; this store is older than what was sent from it.',
    retry: false,
    status: 409,
  },
  'out-of-order': {
    title: 'The relay expects another number; post the earlier messages first.',
    retry: true,
    status: 409,
  },
  'too-many-recipients': { title: 'A message goes to at most 255 recipients.', retry: false, status: 400 },
  'duplicate-recipient': { title: 'A recipient stands twice in the message.', retry: false, status: 400 },
  'epoch-mismatch': {
    title: 'The queue was created anew since; read it from its beginning.',
    retry: false,
    status: 409,
  },
  'beyond-queue': { title: 'There is no such entry in the queue to acknowledge.', retry: false, status: 400 },
  'mailbox-full': { title: 'Too much is waiting to be delivered; wait for Retry-After.', retry: true, status: 429 },
  'too-many-key-packages': { title: 'The mailbox holds at most 50 key packages.', retry: false, status: 400 },

  // Answers about one recipient of a message or a claim
  unregistered: { title: 'This recipient is not registered with the relay.', retry: false },
  'no-key-package': { title: 'This client has left no key package; ask its owner to connect once.', retry: true },

  // Client: reaching the relay
  unreachable: { title: 'The relay cannot be reached; what is unsent goes out when it can.', retry: true },
  replaced: { title: 'Another connection of this client took its place; connect again to take it back.', retry: true },
  'relay-misbehaved': { title: 'The relay gave an answer that makes no sense; try again or use another.', retry: true },

  // Client: identity and contacts
  'already-registered': {
    title: 'This client is registered already; unregister first, or open another store.',
    retry: false,
  },
  'registration-cancelled': {
    title: 'The registration was given up; register again when you have the code.',
    retry: false,
  },
  'invite-invalid': { title: 'This is not an invite; ask for a new one.', retry: false },
  'other-relay': {
    title:
      'This belongs to another relay; a client has its contacts and groups at one. Name that relay, or use another store.',
    retry: false,
  },
  'contact-unknown': { title: 'There is no such contact here.', retry: false },
  'identity-conflict': {
    title: 'A known client appears with another key; compare safety numbers with its owner before you go on.',
    retry: false,
  },
  'key-package-invalid': { title: 'A key package is forged, expired or not for this client.', retry: false },

  // Client: groups and messages
  'already-accepted': { title: 'This invitation was answered before.', retry: false },
  'group-unknown': { title: 'There is no such group here.', retry: false },
  'group-size': { title: 'A group has between 2 and 256 members.', retry: false },
  'duplicate-member': { title: 'A member stands twice in the roster.', retry: false },
  'content-too-large': { title: 'Content is at most 64 KiB; send it in parts.', retry: false },
  'not-accepted': { title: 'The invitation to this group has not been accepted yet.', retry: false },
  'rolled-back': {
    title: 'This store is older than what was sent from it; the members are asked to let it in again with new keys.',
    retry: false,
  },
  'agreement-invalid': { title: 'An agreement was refused; nothing was changed.', retry: false },
  'package-gone': {
    title: 'This is sealed to a key package that is gone; the client asks its group to let it in again by itself.',
    retry: false,
  },
  'keys-gone': {
    title: 'The agreement is sealed with keys that are not on this device; it asks the members to let it in again.',
    retry: false,
  },
  'message-refused': {
    title: 'A message could not be opened, or its sender had been removed; nothing was changed.',
    retry: false,
  },
  duplicate: { title: 'This message was opened before.', retry: false },
  clone: { title: 'Two different messages carry one number of one member: that member was copied.', retry: false },
  fork: { title: 'A member has seen other messages than this client under the same numbers.', retry: false },
  'too-far-ahead': { title: 'The message is too far ahead of what was received.', retry: true },

  'too-many-invitations': {
    title: 'Too many invitations wait for an answer; accept or decline some, and ask to be invited again.',
    retry: false,
  },
  'not-member': { title: 'You are not in this group any more; ask an admin of it to add you.', retry: false },
  'member-unknown': { title: 'There is no such member in this group.', retry: false },
  'not-permitted': {
    title: 'Only admins may do that, and only to members who came after them; ask one of them.',
    retry: false,
  },
  behind: {
    title: 'This device has fallen behind the group and is being let in again by itself; try again when it is.',
    retry: true,
  },
  'group-fixed': {
    title: 'This group was founded by an earlier version and cannot be changed; found a new one with its members.',
    retry: false,
  },
  alone: { title: 'There is nobody else in this group; add somebody first.', retry: false },
  'group-lost': {
    title: 'The keys of this group are not on this device; its members are asked to let it in again.',
    retry: false,
  },
  undeliverable: {
    title: 'The message reaches nobody: the mailboxes of all recipients are full or gone. Send it again later.',
    retry: true,
  },
  'message-unknown': { title: 'There is no such message here.', retry: false },
  'not-own-message': { title: 'Only its author can change a message.', retry: false },
  'safety-number-differs': {
    title: 'The safety numbers differ: somebody may stand in the middle. Trust this group with nothing private.',
    retry: false,
  },

  // Client: store and backup
  'store-closed': { title: 'The store was closed; open the client again.', retry: false },
  'store-in-use': {
    title: 'Another program is using this store; end it first, or open another store.',
    retry: true,
  },
  'store-damaged': {
    title: 'This store is damaged and was left as it is; restore a backup into a new one.',
    retry: false,
  },
  'store-too-new': { title: 'This store was written by a newer version of Cliquet; update this one.', retry: false },
  'store-unwritable': {
    title: 'The store cannot be written, nothing was changed; see to free space and access, then try again.',
    retry: true,
  },
  'wrong-passphrase': { title: 'The passphrase does not open this; nothing was changed. Try again.', retry: false },
  'backup-invalid': { title: 'This is not a backup, or it is damaged; use another copy.', retry: false },
  'phrase-invalid': {
    title: 'These are not the 24 words of a recovery phrase; check their spelling and order.',
    retry: false,
  },
  'store-not-empty': { title: 'This store holds a client already; restore into a new one.', retry: false },
  'client-closed': { title: 'The client was closed; open it again.', retry: false },

  // Client: its own program
  'not-loaded': { title: 'A part of the program could not be loaded; try again, or load the page again.', retry: true },
} as const satisfies Record<ErrorCode, CodeEntry>;

/**
 * Every error that the library or the relay raises on purpose; misuse of the API is a TypeError or RangeError. Its message
 * says what happened and what to do next; none carries a secret, an address, an identifier or foreign text.
 * @category Errors
 * @example
 * ```ts
 * import { CliquetError } from 'cliquet';
 *
 * try {
 *   await client.addContact('not an invite');
 * } catch (error) {
 *   if (!(error instanceof CliquetError)) throw error;
 *   console.log(error.code, error.retry, error.message); // invite-invalid false This is not an invite; ask for a new one.
 * }
 * ```
 */
export class CliquetError extends Error {
  /** `CliquetError`. */
  override readonly name = 'CliquetError';
  /** What has gone wrong. */
  readonly code: ErrorCode;

  /**
   * An error of this code.
   * @param code     what has gone wrong
   * @param detail   what exactly, in a few words of the program's own
   * @param options  the cause
   */
  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? errorCodes[code].title : `${errorCodes[code].title} (${detail})`, options);
    this.code = code;
  }

  /** Whether the same call may succeed later without any change. */
  get retry(): boolean {
    return errorCodes[this.code].retry;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}
