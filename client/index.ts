// The public names of the client library.

export { Client } from './client.ts';
export type { ClientEvent, GroupChange, RefusedMember, ShownStep } from './client-event.ts';
export type { ClientOptions } from './client-options.ts';
export type { ConnectionState } from './courier/connection.ts';
export type { Pending } from './courier/outbox.ts';
export type { Parcel } from './courier/parcel.ts';
export { Group, type HistoryPolicy, type Member } from './group.ts';
export { safetyNumber } from './protocol/safety-number.ts';
export type { AskForCode, RegistrationOptions } from './registration.ts';
export type { RestoreOptions } from './restore.ts';
export { messageIdFor, newMessageId, type Sendable, type SendOptions } from './sendable.ts';
export type { MemberStage, Stage } from './stage.ts';
export type { ContactEntry } from './state/contacts.ts';
export {
  type HistoryEntry,
  historyEntryToJson,
  type MessageContent,
  type MessageState,
} from './state/history-entry.ts';
export type { HistoryQuery } from './state/search.ts';
export { changePassphrase, encryptedStore, isEmptyStore } from './store/encrypted.ts';
export { type MemoryStore, memoryStore } from './store/memory.ts';
export { numberKey, type Store, type Write } from './store/store.ts';
export { CliquetError, type ErrorCode } from './wire/errors.ts';
