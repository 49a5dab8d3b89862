// What the client keeps in its store: one table for each kind of record.

import { KeptPackage } from './protocol/key-package.ts';
import { MemberState, RatchetCore, WaitingMessage } from './protocol/ratchet.ts';
import { RosterEntry } from './protocol/roster.ts';
import { Step } from './protocol/step.ts';
import {
  bytes,
  bytesUpTo,
  flag,
  list,
  nullable,
  oneOf,
  type Struct,
  struct,
  text,
  uint,
  union,
  type ValueOf,
} from './wire/codec.ts';
import { Content } from './wire/content.ts';
import { type ErrorCode, errorCodes } from './wire/errors.ts';
import {
  generationPrefixBytes,
  hashBytes,
  maxBodyBytes,
  maxHeaderBytes,
  maxMembers,
  maxNameLength,
  maxRecipients,
  messageIdBytes,
  messageTtlSeconds,
} from './wire/limits.ts';
import { epochBytes } from './wire/registration.ts';
import { Recipient, refusalCodes } from './wire/send.ts';

const hash = bytes(hashBytes);
const messageId = bytes(messageIdBytes);
const errorCode = oneOf(...(Object.keys(errorCodes) as ErrorCode[]));

const IdentityRecord = struct('identity record', {
  relay: text(256),
  /** Secret. */
  seed: hash,
  /** Secret. */
  vid: hash,
  /** Null until registered. */
  hrid: nullable(hash),
});
export type IdentityRecord = ValueOf<typeof IdentityRecord>;

const Numbers = struct('numbers', {
  /** The number of the next send. */
  nextSend: uint(),
  nextEvent: uint(),
  /** Up to where the queue was taken in; null before the first connection. */
  cursor: nullable(struct('cursor', { epoch: bytes(epochBytes), seq: uint() })),
});

const Contact = struct('contact', { hrid: hash, pk: hash, relay: text(256) });
export type Contact = ValueOf<typeof Contact>;

const GroupRecord = struct('group record', {
  id: hash,
  name: text(maxNameLength),
  /** invited: somebody without a contact entry added this client, and nothing is sent until the person accepts. */
  status: oneOf('invited', 'active', 'declined'),
  generation: hash,
  roster: list(RosterEntry, maxMembers, 2),
});
export type GroupRecord = ValueOf<typeof GroupRecord>;

/** Content that the application has sent and that is not sealed yet: a client seals only after its queue is drained. */
const Unsent = struct('unsent content', { group: hash, content: Content });

/** An envelope under its number, kept until everybody has confirmed it. Ciphertext only. */
const Outgoing = struct('outgoing envelope', {
  n: uint(),
  to: list(Recipient, maxRecipients, 1),
  body: bytesUpTo(maxBodyBytes),
  ttlSeconds: uint(messageTtlSeconds),
  group: hash,
  generation: hash,
  /** Of a message; null for an agreement. */
  message: nullable(struct('outgoing message', { id: messageId, number: uint(), isContent: flag, step: Step })),
  /** again: accepted before, and to be posted once more because the relay has lost or withdrawn it. */
  state: oneOf('sealed', 'accepted', 'again', 'delivered'),
});
export type Outgoing = ValueOf<typeof Outgoing>;

/** A message that came before its agreement. */
const Early = struct('early message', {
  generation: bytes(generationPrefixBytes),
  from: hash,
  header: bytesUpTo(maxHeaderBytes),
  body: bytesUpTo(maxBodyBytes),
  receivedAt: uint(),
});
export type Early = ValueOf<typeof Early>;

/** What the application is told, kept until it has taken it. */
const StoredEvent = union('event', {
  invited: struct('invited event', { group: hash, by: hash, generationKey: bytes(8) }),
  joined: struct('joined event', { group: hash, by: hash, generationKey: bytes(8) }),
  message: struct('message event', { group: hash, sender: hash, content: Content, step: Step }),
  contribution: struct('contribution event', { group: hash, sender: hash, step: Step }),
  accepted: struct('accepted event', {
    group: hash,
    id: messageId,
    step: Step,
    refused: list(struct('refused recipient', { hrid: hash, code: oneOf(...refusalCodes) }), maxRecipients),
  }),
  delivered: struct('delivered event', { group: hash, id: messageId }),
  confirmed: struct('confirmed event', { group: hash, id: messageId }),
  failed: struct('failed event', { group: hash, id: messageId, code: errorCode }),
  gap: struct('gap event', { sender: hash, reason: oneOf('expired', 'full', 'withdrawn') }),
  clone: struct('clone event', { group: hash, member: hash, reporter: hash }),
  fork: struct('fork event', { group: hash, member: hash }),
  'rolled-back': struct('rolled back event', { group: hash }),
  refused: struct('refused event', { sender: hash, code: errorCode }),
});
export type StoredEvent = ValueOf<typeof StoredEvent>;

/** A named part of the store, with one kind of record. */
export interface Table<T> {
  readonly name: string;
  readonly struct: Struct<T>;
}

const table = <T>(name: string, of: Struct<T>): Table<T> => ({ name, struct: of });

export const tables = {
  identity: table('identity', IdentityRecord),
  numbers: table('numbers', Numbers),
  /** Private parts of key packages, by id. Secret. */
  keyPackages: table('key-package', KeptPackage),
  /** By HRID. */
  contacts: table('contact', Contact),
  /** By group id. */
  groups: table('group', GroupRecord),
  /** By generation; members by generation and position, waiting messages by generation, sender and signature. Secret. */
  ratchets: table('ratchet', RatchetCore),
  members: table('member', MemberState),
  waiting: table('waiting', WaitingMessage),
  /** By running number. Secret: plaintext. */
  unsent: table('unsent', Unsent),
  outgoing: table('outgoing', Outgoing),
  early: table('early', Early),
  /** By running number; events of an invitation that is not answered are held back. Secret: plaintext. */
  events: table('event', StoredEvent),
  held: table('held', StoredEvent),
};
