// What the client keeps in its store: one table for each kind of record.

import { KeptPackage } from '../protocol/kept-package.ts';
import { KeptContribution, MemberCore, RatchetCore, WaitingMessage } from '../protocol/ratchet.ts';
import { Step } from '../protocol/step.ts';
import {
  bytes,
  bytesUpTo,
  flag,
  list,
  nullable,
  oneOf,
  struct,
  text,
  uint,
  union,
  type ValueOf,
} from '../wire/codec.ts';
import { Content } from '../wire/content.ts';
import { type ErrorCode, errorCodes } from '../wire/errors.ts';
import { UploadedPackage } from '../wire/key-package.ts';
import {
  generationPrefixBytes,
  hashBytes,
  maxBodyBytes,
  maxContentBodyBytes,
  maxContentBytes,
  maxHeaderBytes,
  maxKindLength,
  maxMembers,
  maxNameLength,
  maxReadIds,
  maxRecipients,
  maxTimerSeconds,
  messageIdBytes,
  messageTtlSeconds,
} from '../wire/limits.ts';
import { Base, HeldGeneration, RosterEntry, roles, SignedRecord } from '../wire/record.ts';
import { epochBytes } from '../wire/registration.ts';
import { maxHeldGenerations } from '../wire/request.ts';
import { Recipient, refusalCodes } from '../wire/send.ts';
import { archive, table } from './table.ts';

const hash = bytes(hashBytes);
const gapReason = oneOf('expired', 'full', 'withdrawn');
export const maxHistoryDays = 36_500;
/** Requests of this client that may still be answered: the newest. */
export const maxAsked = 8;
/** Agreements that could not be opened, and are remembered: the newest. */
export const maxUnopened = 8;
/** Generations whose agreements have not come, and that are remembered: the newest. */
export const maxUnheld = 32;
/** Changes of one message that are remembered. */
export const maxChangedBy = 32;
const messageId = bytes(messageIdBytes);
const errorCode = oneOf(...(Object.keys(errorCodes) as ErrorCode[]));

const IdentityRecord = struct('identity record', {
  relay: text(256),
  /** Secret. */
  seed: hash,
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

/** `name` is what the person calls the contact; nobody else learns it. */
const Contact = struct('contact', { hrid: hash, pk: hash, relay: text(256), name: text(maxNameLength) });
export type Contact = ValueOf<typeof Contact>;

const GroupRecord = struct('group record', {
  id: hash,
  name: text(maxNameLength),
  /**
   * invited: somebody without a contact entry added this client, and nothing is sent until the person accepts.
   * lost: the keys are not here, as after a restored backup or a registration under another address; nothing can be
   * read or sent.
   */
  status: oneOf('invited', 'active', 'declined', 'lost', 'removed', 'left'),
  /** The one that counts; its ratchet may be on its way still. */
  generation: hash,
  roster: list(RosterEntry, maxMembers, 1),
  /** When that became so: seconds since 1970. */
  since: uint(),
  /** A removal stands that this generation does not carry out yet: no content is sealed before. */
  pending: flag,
  /** The first message in the history that has come with the invitation; 0 if it is the first one. */
  invitedFrom: uint(),
});
export type GroupRecord = ValueOf<typeof GroupRecord>;

/** A generation of a group by its record; the first one that is known stands for all before it. */
const LineageRecord = struct('lineage record', { signed: SignedRecord, base: nullable(Base) });

/** X of a generation whose ratchet is gone, and who was heard in it: what later agreements may be sealed with. */
const ExportRecord = struct('export record', {
  group: hash,
  secret: hash,
  heard: list(hash, maxMembers),
  /** Who has come, or come back, with this generation: they may have no secret of an earlier one. */
  begun: list(hash, maxMembers),
  /** Seconds since 1970. */
  since: uint(),
});

/** What this client's person has changed in a group, until it is sure to count. */
export const Change = union('change', {
  add: struct('added member', { hrid: hash, pk: hash }),
  remove: struct('removed member', { hrid: hash, joined: nullable(hash) }),
  role: struct('changed role', { hrid: hash, role: oneOf(...roles) }),
  rename: struct('new name', { name: text(maxNameLength) }),
});
export type Change = ValueOf<typeof Change>;
const ChangeRecord = struct('change record', {
  group: hash,
  generation: hash,
  changes: list(Change, maxMembers, 1),
  /** Seconds since 1970. */
  since: uint(),
});
export type ChangeRecord = ValueOf<typeof ChangeRecord>;

/** A group whose keys are to be restored: why, and what was done about it. Times are in seconds since 1970. */
const HealingRecord = struct('healing record', {
  /** Since when the group cannot be read or written here, and requests made since. */
  since: nullable(uint()),
  requests: uint(),
  /** When was asked last; and not to be asked before. */
  askedAt: nullable(uint()),
  askAt: uint(),
  /** The packages that the newest requests have sent: any of them may be answered. */
  packages: list(hash, maxAsked),
  /** Agreements that could not be opened, and when they came: the members may be ahead. */
  unopened: list(struct('unopened agreement', { id: hash, at: uint() }), maxUnopened),
  /**
   * Generations that this client was in, whose agreements have not come; when it was heard that something was said there;
   * and whether all members but those in `unasked` were asked for it before this client was let in.
   */
  unheld: list(struct('generation not held', { generation: hash, saidAt: nullable(uint()), asked: flag }), maxUnheld),
  unasked: list(hash, maxMembers),
  /** Senders of whom something is lost, as the relay says: what was opened of them, and when they were asked for it. */
  gaps: list(
    struct('lost messages', {
      sender: hash,
      reason: gapReason,
      generation: hash,
      opened: uint(),
      askedAt: nullable(uint()),
    }),
    maxMembers,
  ),
  /** When this client was last let in again. */
  returnedAt: nullable(uint()),
  /** When missing messages were asked for last. */
  missingAt: nullable(uint()),
  /** When this client has last moved the group on so that somebody who is behind notices. */
  nudgedAt: uint(),
});
export type HealingRecord = ValueOf<typeof HealingRecord>;

/** A member that asks to be let in again. */
const RequestRecord = struct('request record', {
  group: hash,
  askedAt: uint(),
  receivedAt: uint(),
  held: list(HeldGeneration, maxHeldGenerations),
  package: UploadedPackage,
  /** Whether this client's person was asked. */
  told: flag,
  /** Whether this client's person has agreed that it is let in without any key of before. */
  agreed: flag,
  /** Whether it is done: kept so that the same request counts once. */
  done: flag,
  /** Who has answered it last, or the one before, and when. */
  answered: nullable(struct('answer', { by: hash, at: uint() })),
});
export type RequestRecord = ValueOf<typeof RequestRecord>;

/** How long a group's messages are kept here: not beyond the application's having heard them, so many days, always. */
export const HistoryRule = union('history rule', {
  none: struct('no history', {}),
  days: struct('history of days', { days: uint(maxHistoryDays) }),
  all: struct('whole history', {}),
});
export type HistoryRule = ValueOf<typeof HistoryRule>;

/** What a group has beside its keys. */
const Conversation = struct('conversation', {
  nextMessage: uint(),
  history: HistoryRule,
  /** Messages disappear so long after they came; and which message said so: the newest rules everywhere. */
  timerSeconds: nullable(uint(maxTimerSeconds)),
  timerSetBy: nullable(struct('timer order', { generation: uint(), count: uint(), id: messageId, sender: hash })),
});

/** A message of a group, this client's own included. The record outlives the content, so that none is taken twice. */
const HistoryRecord = struct('history record', {
  id: messageId,
  sender: hash,
  isOwn: flag,
  /** Null: not kept, deleted by its author, or disappeared. Secret: plaintext. */
  said: nullable(struct('said', { kind: text(maxKindLength), version: uint(), body: bytesUpTo(maxContentBodyBytes) })),
  reply: nullable(messageId),
  asksReceipt: flag,
  /** Seconds since 1970: by the sender's clock, and when it came. */
  sentAt: uint(),
  receivedAt: uint(),
  editedAt: nullable(uint()),
  /** The messages that have changed it last: each counts once, also if it is sent again. */
  changedBy: list(messageId, maxChangedBy),
  /** For how long it shows; the clock starts when it came, or, for an own one, when it was sealed. */
  timerSeconds: nullable(uint(maxTimerSeconds)),
  expiresAt: nullable(uint()),
  /** Deleted by its author. */
  deleted: flag,
  /** An own message that will not be sent or reaches nobody, or that somebody had not confirmed when its envelope went. */
  ended: nullable(oneOf('failed', 'unconfirmed')),
  /** HRIDs of those who said that they read it; for others' messages, whether this client has said so. */
  readBy: list(hash, maxRecipients),
  receiptSent: flag,
});
export type HistoryRecord = ValueOf<typeof HistoryRecord>;

/** Content that the application has sent and that is not sealed yet: a client seals only after its queue is drained. */
const Unsent = struct('unsent content', { group: hash, content: Content });

/** What was sealed under a number, kept until everybody has confirmed it. */
const Outgoing = struct('outgoing', {
  n: uint(),
  group: hash,
  generation: hash,
  /** What it is, by the end of its envelope's key: the number of a message, `agreement`, `notice`, … */
  part: text(128),
  /** Of a message that is sent for the first time. */
  message: nullable(struct('outgoing message', { id: messageId, number: uint(), isContent: flag, step: Step })),
  /**
   * again: accepted before, and to be posted once more because the relay has lost or withdrawn it. refused: nobody could
   * take it; it is kept, as what follows cannot be opened without it.
   */
  state: oneOf('sealed', 'accepted', 'again', 'delivered', 'refused'),
  /** Seconds since 1970. */
  sealedAt: uint(),
  /** To whom it was posted again lately, as they have missed it, and when. */
  repeated: list(struct('repeated envelope', { hrid: hash, at: uint() }), maxRecipients),
});
export type Outgoing = ValueOf<typeof Outgoing>;

/** Ciphertext only. */
const SealedEnvelope = struct('sealed envelope', {
  to: list(Recipient, maxRecipients, 1),
  body: bytesUpTo(maxBodyBytes),
  ttlSeconds: uint(messageTtlSeconds),
});
export type SealedEnvelope = ValueOf<typeof SealedEnvelope>;

/** A message that came before its agreement. */
const Early = struct('early message', {
  generation: bytes(generationPrefixBytes),
  from: hash,
  header: bytesUpTo(maxHeaderBytes),
  body: bytesUpTo(maxBodyBytes),
  receivedAt: uint(),
});
export type Early = ValueOf<typeof Early>;

const RefusedRecipient = struct('refused recipient', { hrid: hash, code: oneOf(...refusalCodes, 'expired') });

/** What the application is told, kept until it has taken it. */
const StoredEvent = union('event', {
  invited: struct('invited event', { group: hash, by: hash, generationKey: bytes(8) }),
  joined: struct('joined event', { group: hash, by: hash, generationKey: bytes(8) }),
  /** `message` is its number in the group's history, where the content stands. */
  message: struct('message event', { group: hash, message: uint(), step: Step }),
  edited: struct('edited event', { group: hash, message: uint(), text: text(maxContentBytes) }),
  deleted: struct('deleted event', { group: hash, message: uint() }),
  read: struct('read event', { group: hash, reader: hash, ids: list(messageId, maxReadIds, 1) }),
  timer: struct('timer event', { group: hash, by: hash, seconds: nullable(uint(maxTimerSeconds)) }),
  contribution: struct('contribution event', { group: hash, sender: hash, step: Step }),
  accepted: struct('accepted event', {
    group: hash,
    id: messageId,
    step: Step,
    refused: list(RefusedRecipient, maxRecipients),
  }),
  delivered: struct('delivered event', { group: hash, id: messageId }),
  confirmed: struct('confirmed event', { group: hash, id: messageId }),
  failed: struct('failed event', { group: hash, id: messageId, code: errorCode }),
  gap: struct('gap event', { sender: hash, reason: gapReason }),
  clone: struct('clone event', { group: hash, member: hash, reporter: hash }),
  fork: struct('fork event', { group: hash, member: hash }),
  'rolled-back': struct('rolled back event', { group: hash }),
  refused: struct('refused event', { sender: hash, code: errorCode }),
  /** Of the agreement, or of a message that was accepted. */
  unreached: struct('unreached event', { group: hash, refused: list(RefusedRecipient, maxRecipients, 1) }),
  /** What a generation has changed; nothing: it has only brought new keys. undone: another one counts in its place. */
  changed: struct('changed event', {
    group: hash,
    by: hash,
    added: list(hash, maxMembers),
    removed: list(hash, maxMembers),
    promoted: list(hash, maxMembers),
    demoted: list(hash, maxMembers),
    name: nullable(text(maxNameLength)),
    /** Whether it only carries out what others have removed. */
    carried: flag,
    undone: flag,
  }),
  /**
   * A member has come back with new keys, let in by another; `whole`: with what it had before. by null: this client, whose
   * removal does not count any more.
   */
  returned: struct('returned event', { group: hash, member: hash, by: nullable(hash), whole: flag }),
  /** Messages of a member that said something are lost for this client. */
  missed: struct('missed event', { group: hash, sender: hash, count: uint() }),
  /** A member without any key of before asks to be let in again: the person has to agree. */
  asks: struct('asks event', { group: hash, member: hash }),
  /** This client is not in the group any more. */
  removed: struct('removed event', { group: hash, by: hash }),
});
export type StoredEvent = ValueOf<typeof StoredEvent>;

/** In memory, all of them. */
export const tables = {
  /** Never changes: every version has to understand that a store is newer than itself. */
  schema: table('schema', struct('schema', { version: uint() })),
  identity: table('identity', IdentityRecord),
  numbers: table('numbers', Numbers),
  settings: table('settings', struct('settings', { history: HistoryRule })),
  /** Private parts of key packages, by id. Secret. */
  keyPackages: table('key-package', KeptPackage),
  /** When those that the relay has end: seconds since 1970. */
  packagesEnd: table('packages-end', struct('end of packages', { at: uint() })),
  /** By HRID. */
  contacts: table('contact', Contact),
  /** By HRID: the key that the person has verified by a safety number. */
  verified: table('verified', struct('verified key', { pk: hash })),
  /** By group id. */
  groups: table('group', GroupRecord),
  /** By group, number and agreement id: parents stand before their children. */
  lineage: table('lineage', LineageRecord),
  /** By generation. Secret. */
  exports: table('export', ExportRecord),
  /** By group and running number. */
  changes: table('change', ChangeRecord),
  /** By group. */
  healing: table('healing', HealingRecord),
  /** By group and HRID. */
  requests: table('request', RequestRecord),
  conversations: table('conversation', Conversation),
  /** By the time at which a message disappears: so the soonest stands first. */
  expiring: table('expiring', struct('expiry', { group: hash, message: uint() })),
  /** By generation; members by generation and position, waiting messages by generation, sender and signature. Secret. */
  ratchets: table('ratchet', RatchetCore),
  members: table('member', MemberCore),
  /** By generation, position and message number. Secret, the first. */
  contributions: table('contribution', KeptContribution),
  transcripts: table('transcript', struct('transcript', { hash })),
  waiting: table('waiting', WaitingMessage),
  /** By running number. Secret: plaintext. */
  unsent: table('unsent', Unsent),
  outgoing: table('outgoing', Outgoing),
  early: table('early', Early),
  /** By running number; events of an invitation that is not answered are held back. Secret: plaintext. */
  events: table('event', StoredEvent),
  /** When they happened, by the same number: seconds since 1970. */
  eventTimes: table('event-time', struct('time of an event', { at: uint() })),
  held: table('held', StoredEvent),
};

export const archives = {
  /** By group and running number. Secret: plaintext. */
  history: archive('history', HistoryRecord),
  /** Of what is outgoing, by generation and message number. */
  envelopes: archive('envelope', SealedEnvelope),
  /** What this client has said and somebody has not confirmed, by group and message id. Secret: plaintext. */
  sent: archive('sent', struct('sent content', { generation: hash, number: uint(), content: Content })),
  /** By group, message id and sender. */
  messageNumbers: archive('message-number', struct('message number', { number: uint() })),
};
