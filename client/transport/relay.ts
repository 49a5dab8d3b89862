// The port to a relay: what a client can ask of it. All answers are checked against the structs of `wire/`; whatever
// goes wrong is a CliquetError, with `unreachable` for lost lines and `relay-misbehaved` for answers that make no sense.

import type { Bytes } from '../wire/bytes.ts';
import type { CliquetError, ErrorCode } from '../wire/errors.ts';
import type { Info } from '../wire/info.ts';
import type { KeyPackageClaim, KeyPackageClaimResult, KeyPackageCount, KeyPackageUpload } from '../wire/key-package.ts';
import type { OutboxPage } from '../wire/outbox.ts';
import type { Ack, Hello, QueueEntry, QueuePage } from '../wire/queue.ts';
import type { Registration, RegistrationChallenge } from '../wire/registration.ts';
import type { Accepted, Delivered, Send } from '../wire/send.ts';

/** Who signs the requests. */
export interface Credentials {
  readonly hrid: Bytes;
  /** Ed25519 by the identity's key. */
  sign(message: Bytes): Promise<Bytes>;
}

export interface Relay {
  /** The relay's origin. */
  readonly url: string;
  info(): Promise<Info>;
  /** @param language  of the letter with the code: a BCP 47 tag */
  requestRegistration(
    uid: string,
    vaults: readonly { pk: Bytes; hashVid: Bytes }[],
    language: string,
  ): Promise<RegistrationChallenge>;
  answerRegistration(as: Credentials, challenge: string, answer: string): Promise<Registration>;
  deregister(as: Credentials, epoch: Bytes): Promise<void>;
  uploadKeyPackages(as: Credentials, upload: KeyPackageUpload): Promise<KeyPackageCount>;
  claimKeyPackages(as: Credentials, claim: KeyPackageClaim): Promise<KeyPackageClaimResult>;
  /** May be repeated under the same number until it is answered. */
  send(as: Credentials, send: Send): Promise<Accepted>;
  readQueue(as: Credentials, cursor: Ack | null): Promise<QueuePage>;
  acknowledge(as: Credentials, ack: Ack): Promise<void>;
  readOutbox(as: Credentials, after: number): Promise<OutboxPage>;
  createTicket(as: Credentials): Promise<string>;
}

/** What a link tells its owner. Calls come one at a time, in the order of the queue. */
export interface LinkListener {
  hello(hello: Hello): void;
  entry(entry: QueueEntry): void;
  /** Everything that had waited has been told. May come again. */
  drained(): void;
  /** Everyone has acknowledged a message of the owner's, or never will. */
  delivered(delivered: Delivered): void;
  /** The relay refused an acknowledgement, or spoke nonsense; the link closes after it. */
  problem(code: ErrorCode): void;
  /** The link has ended; `replaced` if another connection of the same client took its place; `error`: the relay's refusal. */
  closed(reason: 'lost' | 'replaced' | 'closed', error?: CliquetError): void;
}

/** A line that stays open: the relay pushes the queue, the client sends and acknowledges. */
export interface Link {
  /** How many sends may be under way at once. */
  readonly window: number;
  send(send: Send): Promise<Accepted>;
  acknowledge(ack: Ack): Promise<void>;
  close(): void;
}

/**
 * Opens a link. The listener hears nothing before the promise is fulfilled, and never if it is rejected.
 * @param signal  nobody waits for the link any more: the attempt ends as `unreachable`
 */
export type OpenLink = (relay: Relay, as: Credentials, listener: LinkListener, signal?: AbortSignal) => Promise<Link>;
