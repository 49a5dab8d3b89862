/**
 * The client library: identity, contacts, groups and events over one store and one relay. Start at {@link Client}.
 * @module cliquet
 */

export { Client } from './client.ts';
export type { ClientEvent } from './client-event.ts';
export type { ClientOptions } from './client-options.ts';
export type { ConnectionState } from './courier/connection.ts';
export type { Parcel } from './courier/parcel.ts';
export type { Curves } from './crypto/curves.ts';
export type { PassphraseParameters } from './crypto/passphrase.ts';
export type { RandomSource } from './crypto/random.ts';
export { Group } from './group.ts';
export type { GroupStatus } from './group-status.ts';
export type {
  Entrance,
  GroupChange,
  Happening,
  Happenings,
  InGroup,
  OfMessage,
  RefusedMember,
  Said,
  ShownStep,
  WithStep,
} from './happening.ts';
export type { HistoryPolicy } from './history-policy.ts';
export type { Member } from './member.ts';
export { safetyNumber } from './protocol/safety-number.ts';
export type { RestoreOptions } from './recovery.ts';
export type { AskForCode, RegistrationOptions } from './registration.ts';
export { messageIdFor, newMessageId, type Sendable, type SendOptions } from './sendable.ts';
export type { MemberStage, Stage } from './stage.ts';
export type { ContactEntry } from './state/contacts.ts';
export {
  type HistoryEntry,
  historyEntryToJson,
  type MessageContent,
  type MessageState,
} from './state/history-entry.ts';
export type { Pending } from './state/pending.ts';
export type { HistoryQuery } from './state/search.ts';
export { changePassphrase, type EncryptionOptions, encryptedStore, isEmptyStore } from './store/encrypted.ts';
export { type MemoryStore, memoryStore } from './store/memory.ts';
export { type Entry, numberKey, type Range, type Store, type Write } from './store/store.ts';
export type { Bytes } from './wire/bytes.ts';
export { CliquetError, type ErrorCode } from './wire/errors.ts';
export type { Role } from './wire/record.ts';
export type { MissCode, RefusalCode } from './wire/send.ts';
