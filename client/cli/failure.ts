// What went wrong, as one sentence for a person that says what to do next, and the exit code.

import type { CliquetError, ErrorCode } from '../index.ts';
import { type Safe, text } from './escape.ts';

export const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure of the command itself. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly sentence: Safe;
  readonly exitCode: number;

  constructor(sentence: Safe, exitCode: number = exitCodes.failed) {
    super(String(sentence));
    this.sentence = sentence;
    this.exitCode = exitCode;
  }
}

/** The person pressed Ctrl-C, or the system asked the process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(exitCode: number = exitCodes.interrupted) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** What was typed makes no sense. */
export const usage = (sentence: Safe): Failure => new Failure(sentence, exitCodes.usage);

/** Where the library's sentence is not yet what a person at a terminal needs. */
const sentences: Partial<Record<ErrorCode, Safe>> = {
  'not-registered': text`You are not registered with the relay; type: cliquet register you@example.org`,
  'already-registered': text`You are registered already; to start over, type: cliquet unregister`,
  'store-in-use': text`Another program is using this store, such as 'cliquet listen'; end it first. To listen and send at once, type: cliquet chat GROUP`,
  'wrong-passphrase': text`That is not the passphrase; nothing was changed. Try again.`,
  'not-accepted': text`You have not accepted the invitation to this group yet; type: cliquet group accept GROUP`,
  'rate-limited': text`Too many requests; wait a while before the next.`,
  'mailbox-full': text`Too much is waiting to be delivered; wait until the others have connected.`,
  'challenge-too-soon': text`Codes were sent to this address lately; wait a while before you ask for another.`,
  'challenge-exhausted': text`Too many wrong answers; register again to get a new code.`,
  'store-not-empty': text`There is a store already; restore into a new one, with --store FILE.`,
  unreachable: text`The relay cannot be reached; check your connection and its address.`,
  malformed: text`The relay does not understand this version of Cliquet; update it, or use another relay.`,
  'too-large': text`This is more than the relay takes at once; send it in parts.`,
  'unsupported-media-type': text`The relay does not understand this version of Cliquet; update it, or use another relay.`,
  'wrong-host': text`The relay does not answer under this name; check its address.`,
  'not-found': text`There is no relay at this address; check it.`,
  'bad-signature': text`The relay does not accept this client's signature; unregister, then register again.`,
  'stale-signature': text`The clock of this device is wrong; set it, then try again.`,
  'ticket-invalid': text`The relay did not let this client in; try again.`,
  'origin-refused': text`The relay did not let this client in; ask who runs it.`,
  'challenge-unknown': text`The relay does not know of this registration any more; register again.`,
  'challenge-expired': text`The code has expired; register again to get a new one.`,
  'no-key-package': text`One of them has to connect once before they can be in a group; ask them to type: cliquet listen`,
  'invite-invalid': text`This is no invite; ask for a new one, and copy all of it.`,
  'other-relay': text`This belongs to another relay than yours; use a store of your own for each, with --store FILE.`,
  'contact-unknown': text`There is no such contact here; see them with: cliquet contacts`,
  'duplicate-member': text`Somebody is named twice, or you yourself; name each of the others once.`,
  'group-size': text`A group has between 2 and 256 members; name 1 to 255 others.`,
  'content-too-large': text`A message or a file has at most 64 KiB; send it in parts.`,
  'not-own-message': text`This message is somebody else's; you can change and delete your own.`,
  'already-accepted': text`You have answered this invitation before; see: cliquet group list`,
  'group-lost': text`The keys of this group are not on this device yet: it asks the members to let you in again. Under another address than before, ask them to add you.`,
  'group-fixed': text`This group was founded by an earlier version and cannot be changed; found a new one, with: cliquet group create`,
  'not-member': text`You are not in this group any more; ask one of its admins to add you.`,
  'member-unknown': text`There is no such member in this group; see its members with: cliquet group show GROUP`,
  'not-permitted': text`Only admins may do that, and only to members who came after them; ask one of them.`,
  alone: text`There is nobody else in this group; add somebody, with: cliquet group add GROUP WHO`,
  'keys-gone': text`The keys for it are not on this device any more; stay connected, so that the members let it in again.`,
  'key-package-invalid': text`The relay gave a forged key for one of them; compare safety numbers before you trust it again.`,
  'channel-unavailable': text`This relay cannot send codes to this kind of address; register with another one.`,
  'safety-number-differs': text`The safety numbers differ: somebody may stand in the middle. Check the digits, and trust this group with nothing private.`,
  'number-reused': text`This store is older than what was sent from it; use the newest copy only, and stay connected, so that its groups let it in again.`,
  'rolled-back': text`This store is older than what was sent from it; stay connected, so that its groups let it in again, then say it again.`,
  'out-of-order': text`The relay expects something else first; try again.`,
  'too-many-recipients': text`A message goes to at most 255 others; found a smaller group.`,
  'duplicate-recipient': text`Somebody stands twice in the message; update Cliquet, then try again.`,
  'epoch-mismatch': text`The relay has made the mailbox anew; try again.`,
  'beyond-queue': text`The relay knows less than was fetched from it; try again.`,
  'too-many-key-packages': text`The relay keeps no more keys for this client; try again later.`,
  replaced: text`Another program has connected as you, with a copy of this store; end it, then try again.`,
  'identity-conflict': text`Somebody appears under another key than before; compare safety numbers with them on another way before you go on.`,
  'group-unknown': text`There is no such group here; see yours with: cliquet group list`,
  'agreement-invalid': text`A change of a group was passed over, as it goes against what is known here; update Cliquet if it happens again.`,
  'package-gone': text`The key for it is not on this device any more; stay connected, so that the group lets it in again, or ask to be added again.`,
  'message-refused': text`A message does not open here, or its sender had been removed; ask them to say it again if they are in the group.`,
  duplicate: text`This message has come before; nothing has to be done.`,
  clone: text`Two devices use the keys of one member; ask them on another way which one is theirs.`,
  fork: text`A member was given other messages than you; compare on another way what was said.`,
  'too-far-ahead': text`Too much of what was said before is missing here; stay connected, so that it is sent again.`,
  'message-unknown': text`There is no such message here; see them with: cliquet history`,
  undeliverable: text`It reaches nobody: the others have unregistered, take nothing from you, or have not connected for long; ask them to, then send it again.`,
  behind: text`This device has fallen behind the group and asks to be let in again; stay connected, with: cliquet listen, then try again.`,
  'store-closed': text`The store was closed meanwhile; try again.`,
  'client-closed': text`The program was ending; try again.`,
  'not-loaded': text`A part of this program could not be read; try again, or install it again.`,
  unregistered: text`One of them is not registered with the relay any more; ask for a new invite.`,
};

export function isCliquetError(error: unknown): error is CliquetError {
  return error instanceof Error && error.name === 'CliquetError' && 'code' in error;
}

export const hasCode = (error: unknown, code: ErrorCode): boolean => isCliquetError(error) && error.code === code;

export function exitCodeOf(error: unknown): number {
  return error instanceof Failure || error instanceof Interrupted ? error.exitCode : exitCodes.failed;
}

/** One sentence that tells a person what went wrong. */
export function sentenceOf(error: unknown): Safe {
  if (error instanceof Failure) return error.sentence;
  if (isCliquetError(error)) return sentences[error.code] ?? text`${error.message}`;
  const system = systemSentence(error);
  if (system !== null) return system;
  const message = error instanceof Error ? error.message : String(error);
  return text`Something unexpected happened (${message}); CLIQUET_DEBUG=1 shows where.`;
}

/** The system's refusals around files that the person has named. */
function systemSentence(error: unknown): Safe | null {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return null;
  const path = String(error.path);
  switch (error.code) {
    case 'ENOENT':
      return text`There is no ${path}; check the path.`;
    case 'EEXIST':
      return text`${path} exists already; name another file, or say --force to overwrite it.`;
    case 'EISDIR':
      return text`${path} is a folder; name a file.`;
    case 'ENOTDIR':
      return text`A part of the path ${path} is no folder; check it.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return text`${path} may not be opened; check its permissions.`;
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return text`There is no space left for ${path}; free some and try again.`;
    case 'ENAMETOOLONG':
      return text`The name ${path} is too long; choose a shorter one.`;
    default:
      return text`${path} cannot be used (${String(error.code)}); name another file.`;
  }
}
